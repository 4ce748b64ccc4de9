#include "ledger/tile.h"

#include <string.h>

#include "base/error.h"
#include "ledger/checkpoint.h"

#define TESSERA_VKEY                                                                               \
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define SUNLIGHT                                                                                   \
    "ledger/sunlight-mirror/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"
#define LARGE 70000 /* leaves of a tree with tiles on three levels: the example of tlog-tiles */

static void test_paths(void)
{
    static const struct {
        const char *path;
        Tile tile;
    } cases[] = {
        {"tile/0/000", {FALSE, 0, 0, 256}},
        {"tile/0/999.p/1", {FALSE, 0, 999, 1}},
        {"tile/1/x001/000", {FALSE, 1, 1000, 256}},
        {"tile/0/x001/x234/067", {FALSE, 0, 1234067, 256}}, /* the example of tlog-tiles */
        {"tile/63/x001/x234/067.p/255", {FALSE, 63, 1234067, 255}},
        {"tile/entries/x001/x234/067.p/12", {TRUE, 0, 1234067, 12}},
        {"tile/entries/000", {TRUE, 0, 0, 256}},
        {"tile/0/x036/x028/x797/x018/x963/967.p/255", {FALSE, 0, TILE_INDEX_MAX, 255}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char buffer[TILE_PATH_MAX];
        Tile tile;
        g_autoptr(GError) error = NULL;
        g_assert_cmpstr(tile_path(&cases[i].tile, buffer), ==, cases[i].path);
        g_assert_true(tile_path_parse(cases[i].path, &tile, &error));
        g_assert_cmpint(tile.entries, ==, cases[i].tile.entries);
        g_assert_cmpuint(tile.level, ==, cases[i].tile.level);
        g_assert_cmpuint(tile.index, ==, cases[i].tile.index);
        g_assert_cmpuint(tile.width, ==, cases[i].tile.width);
    }
    for (guint64 index = 0; index < 3000000; index += 997) {
        char buffer[TILE_PATH_MAX];
        const Tile expected = {FALSE, 2, index, 256};
        Tile tile;
        g_assert_true(tile_path_parse(tile_path(&expected, buffer), &tile, NULL));
        g_assert_cmpuint(tile.index, ==, index);
    }
}

static void test_paths_refused(void)
{
    static const char *const wrong[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile//000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/ 1/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/00a",
        "tile/0/x000",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/x001/x001",
        "tile/0/001/001",
        "tile/0/x000/001",
        "tile/0/x000/x001/001",
        "tile/0/X001/001",
        "tile/0/x001//001",
        "tile/0/x001/../001",
        "tile/0/000/",
        "tile/0/000 ",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/1/",
        "tile/0/000.p/-1",
        "tile/0/000.P/1",
        "tile/entries/0/000",
        "tile/entries",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Tile tile = {.index = 77};
        g_autoptr(GError) error = NULL;
        g_assert_false(tile_path_parse(wrong[i], &tile, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpuint(tile.index, ==, 77);
    }
}

static void test_geometry(void)
{
    /* The examples of tlog-tiles: 70,000 leaves; and 256, whose full tile has one above it. */
    g_assert_cmpuint(tile_count(0, LARGE), ==, 274);
    g_assert_cmpuint(tile_width(0, 272, LARGE), ==, 256);
    g_assert_cmpuint(tile_width(0, 273, LARGE), ==, 112);
    g_assert_cmpuint(tile_width(0, 274, LARGE), ==, 0);
    g_assert_cmpuint(tile_count(1, LARGE), ==, 2);
    g_assert_cmpuint(tile_width(1, 0, LARGE), ==, 256);
    g_assert_cmpuint(tile_width(1, 1, LARGE), ==, 17);
    g_assert_cmpuint(tile_count(2, LARGE), ==, 1);
    g_assert_cmpuint(tile_width(2, 0, LARGE), ==, 1);
    g_assert_cmpuint(tile_count(3, LARGE), ==, 0);
    g_assert_cmpuint(tile_count(0, 256), ==, 1);
    g_assert_cmpuint(tile_width(1, 0, 256), ==, 1);
    g_assert_cmpuint(tile_count(1, 255), ==, 0);
    g_assert_cmpuint(tile_count(0, 0), ==, 0);
    g_assert_cmpuint(tile_width(0, 0, 0), ==, 0);

    g_assert_cmpuint(tile_count(0, MERKLE_SIZE_MAX), ==, G_GUINT64_CONSTANT(1) << 55);
    g_assert_cmpuint(tile_width(0, TILE_INDEX_MAX, MERKLE_SIZE_MAX), ==, 255);
    g_assert_cmpuint(tile_width(7, 0, MERKLE_SIZE_MAX), ==, 127);
    g_assert_cmpuint(tile_count(8, MERKLE_SIZE_MAX), ==, 0);
    g_assert_cmpuint(tile_width(63, 0, MERKLE_SIZE_MAX), ==, 0);

    const Tile narrow = {FALSE, 0, 273, 100}, exact = {FALSE, 0, 273, 112},
               wide = {FALSE, 0, 273, 113}, none = {FALSE, 0, 273, 0}, bundle = {TRUE, 0, 273, 112},
               high = {FALSE, 63, 0, 1};
    g_assert_true(tile_is_within(&narrow, LARGE));
    g_assert_true(tile_is_within(&exact, LARGE));
    g_assert_true(tile_is_within(&bundle, LARGE));
    g_assert_false(tile_is_within(&wide, LARGE));
    g_assert_false(tile_is_within(&none, LARGE));
    g_assert_false(tile_is_within(&high, LARGE));
}

/* A log's tiles: path -> bytes, from memory or from a directory. */
typedef struct {
    GHashTable *tiles;
    const char *directory;
} Log;

static GBytes *fetch(const Tile *tile, gpointer user_data, GError **error)
{
    const Log *log = user_data;
    char path[TILE_PATH_MAX];
    tile_path(tile, path);
    if (log->directory) {
        g_autofree char *file = g_build_filename(log->directory, path, NULL);
        char *bytes;
        gsize length;
        return g_file_get_contents(file, &bytes, &length, error) ? g_bytes_new_take(bytes, length)
                                                                 : NULL;
    }
    GBytes *bytes = g_hash_table_lookup(log->tiles, path);
    if (bytes)
        return g_bytes_ref(bytes);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no %s", path);
    return NULL;
}

typedef struct {
    GArray *levels[TILE_LEVELS]; /* MerkleHash */
    MerkleFrontier frontier;
    MerkleHash root;
    Log log;
} Tree;

static void keep_node(guint level, guint64 index, const MerkleHash *hash, gpointer user_data)
{
    Tree *tree = user_data;
    if (level % TILE_HEIGHT != 0)
        return;
    g_assert_cmpuint(tree->levels[level / TILE_HEIGHT]->len, ==, index);
    g_array_append_val(tree->levels[level / TILE_HEIGHT], *hash);
}

static gboolean write_tile(const Tile *tile, gpointer user_data, GError **error)
{
    Tree *tree = user_data;
    char path[TILE_PATH_MAX];
    const MerkleHash *hashes =
        &g_array_index(tree->levels[tile->level], MerkleHash, tile->index * TILE_WIDTH);
    g_assert_cmpuint(tile->index * TILE_WIDTH + tile->width, <=, tree->levels[tile->level]->len);
    g_hash_table_insert(tree->log.tiles, g_strdup(tile_path(tile, path)),
                        g_bytes_new(hashes, tile->width * SHA256_SIZE));
    return TRUE;
}

static void grow(Tree *tree, guint64 size)
{
    guint64 before = tree->frontier.size;
    while (tree->frontier.size < size) {
        MerkleHash leaf;
        merkle_leaf_hash(&tree->frontier.size, sizeof tree->frontier.size, &leaf);
        g_assert_true(merkle_frontier_extend(&tree->frontier, &leaf, 1, keep_node, tree, NULL));
    }
    g_assert_true(tile_foreach_new(before, size, write_tile, tree, NULL));
    merkle_frontier_root(&tree->frontier, &tree->root);
}

static void tree_init(Tree *tree)
{
    *tree = (Tree){0};
    merkle_frontier_init(&tree->frontier);
    tree->log.tiles =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    for (guint i = 0; i < TILE_LEVELS; i++)
        tree->levels[i] = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
}

static void tree_clear(Tree *tree)
{
    g_hash_table_unref(tree->log.tiles);
    for (guint i = 0; i < TILE_LEVELS; i++)
        g_array_unref(tree->levels[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tree, tree_clear)

static void test_foreach_new(void)
{
    g_auto(Tree) tree;
    tree_init(&tree);
    grow(&tree, LARGE);
    g_assert_cmpuint(g_hash_table_size(tree.log.tiles), ==, 274 + 2 + 1);
    g_assert_true(g_hash_table_contains(tree.log.tiles, "tile/0/273.p/112"));
    g_assert_true(g_hash_table_contains(tree.log.tiles, "tile/1/001.p/17"));
    g_assert_true(g_hash_table_contains(tree.log.tiles, "tile/2/000.p/1"));

    /* Only what changes is told of: nothing of level 1 until a tile of level 0 is full. */
    g_hash_table_remove_all(tree.log.tiles);
    grow(&tree, LARGE + 1);
    g_assert_cmpuint(g_hash_table_size(tree.log.tiles), ==, 1);
    grow(&tree, 70144);
    g_assert_cmpuint(g_hash_table_size(tree.log.tiles), ==, 3);
    g_assert_true(g_hash_table_contains(tree.log.tiles, "tile/0/273"));
    g_assert_true(g_hash_table_contains(tree.log.tiles, "tile/1/001.p/18"));
}

static void test_nodes(void)
{
    g_auto(Tree) tree;
    g_auto(TileReader) reader;
    guint8 bytes[TILE_BYTES_MAX];
    MerkleHash root, expected;
    tree_init(&tree);
    grow(&tree, 256);
    memcpy(bytes, tree.levels[0]->data, sizeof bytes);
    tile_root(bytes, &root);
    g_assert_true(merkle_hash_equal(&root, &tree.root));
    tile_node(bytes, 0, 255, &root);
    g_assert_cmpmem(root.bytes, SHA256_SIZE, bytes + 255 * SHA256_SIZE, SHA256_SIZE);
    merkle_node_hash(&g_array_index(tree.levels[0], MerkleHash, 6),
                     &g_array_index(tree.levels[0], MerkleHash, 7), &expected);
    tile_node(bytes, 1, 6, &root);
    g_assert_true(merkle_hash_equal(&root, &expected));

    tile_reader_init(&reader, 256, fetch, &tree.log);
    g_assert_true(tile_reader_fetch(8, 0, &root, &reader, NULL));
    g_assert_true(merkle_hash_equal(&root, &tree.root));
    g_assert_false(tile_reader_fetch(8, 1, &root, &reader, NULL));
    g_assert_false(tile_reader_fetch(0, 256, &root, &reader, NULL));
    g_assert_false(tile_reader_fetch(63, 0, &root, &reader, NULL));
}

/* Proofs out of tiles, at sizes around which tiles and levels begin and end. */
static void test_proofs(void)
{
    static const guint64 sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, LARGE};
    g_auto(Tree) tree;
    MerkleHash roots[G_N_ELEMENTS(sizes)];
    tree_init(&tree);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint64 size = sizes[i];
        g_auto(TileReader) reader;
        MerkleFrontier frontier;
        MerkleProof proof;
        g_autoptr(GError) error = NULL;
        grow(&tree, size);
        roots[i] = tree.root;
        tile_reader_init(&reader, size, fetch, &tree.log);
        g_assert_true(merkle_frontier_load(size, tile_reader_fetch, &reader, &frontier, &error));
        merkle_frontier_root(&frontier, &roots[i]);
        g_assert_true(merkle_hash_equal(&roots[i], &tree.root));
        for (guint64 index = 0; index < size; index += 1 + size / 97) {
            const MerkleHash *leaf = &g_array_index(tree.levels[0], MerkleHash, index);
            g_assert_true(
                merkle_prove_inclusion(index, size, tile_reader_fetch, &reader, &proof, &error));
            g_assert_true(merkle_verify_inclusion(index, size, leaf, &proof, &tree.root, &error));
        }
        for (guint j = 0; j <= i; j++) {
            g_assert_true(merkle_prove_consistency(sizes[j], size, tile_reader_fetch, &reader,
                                                   &proof, &error));
            g_assert_true(
                merkle_verify_consistency(sizes[j], &roots[j], size, &roots[i], &proof, &error));
        }
    }
}

static gboolean verify_tile(const Tile *tile, gpointer user_data, GError **error)
{
    const Tree *tree = user_data;
    g_auto(TileReader) reader;
    tile_reader_init(&reader, tree->frontier.size, fetch, (gpointer)&tree->log);
    g_autoptr(GBytes) bytes = fetch(tile, (gpointer)&tree->log, error);
    gsize length = g_bytes_get_size(bytes);
    g_autofree guint8 *changed = g_memdup2(g_bytes_get_data(bytes, NULL), length);
    g_assert_true(tile_verify(tile, changed, length, &tree->root, &reader, error));
    g_assert_false(tile_verify(tile, changed, length - 32, &tree->root, &reader, NULL));
    for (guint i = 0; i < tile->width; i++) {
        changed[i * 32 + i % 32] ^= 4;
        g_assert_false(tile_verify(tile, changed, length, &tree->root, &reader, NULL));
        changed[i * 32 + i % 32] ^= 4;
        if (tile->level == 0 && tile->index < 273)
            i += 50;
    }
    return TRUE;
}

static void test_verify(void)
{
    g_auto(Tree) tree;
    g_autoptr(GError) error = NULL;
    tree_init(&tree);
    grow(&tree, 3000);
    tile_foreach_new(0, 3000, verify_tile, &tree, &error);
    g_assert_no_error(error);

    /* A narrower tile than the tree has by now is as good; a full one of another place is not. */
    g_auto(TileReader) reader;
    tile_reader_init(&reader, 3000, fetch, &tree.log);
    const guint8 *leaves = (const guint8 *)tree.levels[0]->data;
    const Tile narrow = {FALSE, 0, 11, 13}, first = {FALSE, 0, 0, 256}, second = {FALSE, 0, 1, 256};
    const Tile bundle = {TRUE, 0, 0, 256};
    g_assert_true(
        tile_verify(&narrow, leaves + 11 * TILE_BYTES_MAX, 13 * 32, &tree.root, &reader, NULL));
    g_assert_true(tile_verify(&first, leaves, TILE_BYTES_MAX, &tree.root, &reader, NULL));
    g_assert_false(tile_verify(&second, leaves, TILE_BYTES_MAX, &tree.root, &reader, NULL));
    g_assert_false(tile_verify(&bundle, leaves, TILE_BYTES_MAX, &tree.root, &reader, NULL));

    /* A tile of a wrong length, or none at all, is no reason to believe anything. */
    g_hash_table_replace(tree.log.tiles, g_strdup("tile/1/000.p/11"), g_bytes_new(leaves, 32));
    g_auto(TileReader) fresh;
    tile_reader_init(&fresh, 3000, fetch, &tree.log);
    g_assert_false(tile_verify(&first, leaves, TILE_BYTES_MAX, &tree.root, &fresh, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_hash_table_remove(tree.log.tiles, "tile/1/000.p/11");
    g_assert_false(tile_verify(&first, leaves, TILE_BYTES_MAX, &tree.root, &fresh, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static void test_bundles(void)
{
    g_autoptr(GByteArray) bundle = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *large = g_malloc0(TILE_ENTRY_MAX + 1);
    TileEntry entries[TILE_WIDTH];
    g_assert_true(tile_bundle_append(bundle, "", 0, &error));
    g_assert_true(tile_bundle_append(bundle, "abc", 3, &error));
    g_assert_true(tile_bundle_append(bundle, large, TILE_ENTRY_MAX, &error));
    g_assert_cmpmem(bundle->data, 7, "\0\0\0\3abc", 7);
    g_assert_cmpuint(bundle->len, ==, 2 + 5 + 2 + TILE_ENTRY_MAX);
    g_assert_true(tile_bundle_split(bundle->data, bundle->len, 3, entries, &error));
    g_assert_cmpuint(entries[0].length, ==, 0);
    g_assert_cmpmem(entries[1].bytes, entries[1].length, "abc", 3);
    g_assert_cmpuint(entries[2].length, ==, TILE_ENTRY_MAX);

    g_assert_false(tile_bundle_append(bundle, large, TILE_ENTRY_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    for (guint width = 0; width <= 4; width++)
        if (width != 3)
            g_assert_false(tile_bundle_split(bundle->data, bundle->len, width, entries, NULL));
    for (gsize cut = 0; cut < bundle->len; cut += cut < 10 ? 1 : 1000)
        g_assert_false(tile_bundle_split(bundle->data, cut, 3, entries, NULL));
    g_assert_false(tile_bundle_split(bundle->data, bundle->len, 257, entries, NULL));
    g_assert_true(tile_bundle_split(NULL, 0, 0, entries, NULL));
}

static char *data_path(const char *name)
{
    const char *data = g_getenv("CONCERT_DATA");
    if (data)
        return g_build_filename(data, name, NULL);
    g_print("# SKIP logs of other programs: no CONCERT_DATA\n");
    g_test_skip("no CONCERT_DATA");
    return NULL;
}

static guint8 *read_file(const char *directory, const char *path, gsize *ret_length)
{
    g_autofree char *file = g_build_filename(directory, path, NULL);
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    g_file_get_contents(file, &bytes, ret_length, &error);
    g_assert_no_error(error);
    return (guint8 *)bytes;
}

/* Tessera's test log at one size: entries, tile and checkpoint say the same, and prove it. */
static void check_tessera(const char *directory, guint size, MerkleHash roots[16])
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(TESSERA_VKEY, NULL);
    const NoteVerifier *keys[] = {key};
    g_autofree char *name = g_strdup_printf("checkpoint.%u", size);
    g_auto(Checkpoint) checkpoint = {0};
    g_autoptr(GError) error = NULL;
    gsize length;
    g_autofree guint8 *text = read_file(directory, name, &length);
    checkpoint_open((char *)text, length, "example.com/log/testdata", keys, 1, &checkpoint, NULL,
                    &error);
    g_assert_no_error(error);
    g_assert_cmpuint(checkpoint.size, ==, size);
    roots[size] = checkpoint.root;
    if (size == 0)
        return;

    char path[TILE_PATH_MAX];
    const Tile bundle = {TRUE, 0, 0, size}, tile = {FALSE, 0, 0, size};
    TileEntry entries[TILE_WIDTH];
    MerkleHash leaves[16], root;
    MerkleFrontier frontier;
    g_autofree guint8 *bundle_bytes = read_file(directory, tile_path(&bundle, path), &length);
    g_assert_true(tile_bundle_split(bundle_bytes, length, size, entries, &error));
    merkle_frontier_init(&frontier);
    for (guint i = 0; i < size; i++) {
        merkle_leaf_hash(entries[i].bytes, entries[i].length, &leaves[i]);
        merkle_frontier_append(&frontier, &leaves[i]);
    }
    merkle_frontier_root(&frontier, &root);
    g_assert_true(merkle_hash_equal(&root, &checkpoint.root));
    g_autofree guint8 *hashes = read_file(directory, tile_path(&tile, path), &length);
    g_assert_cmpmem(hashes, length, leaves, size * SHA256_SIZE);

    Log log = {.directory = directory};
    g_auto(TileReader) reader;
    MerkleProof proof;
    tile_reader_init(&reader, size, fetch, &log);
    for (guint i = 0; i < size; i++) {
        g_assert_true(merkle_prove_inclusion(i, size, tile_reader_fetch, &reader, &proof, &error));
        g_assert_true(merkle_verify_inclusion(i, size, &leaves[i], &proof, &root, &error));
    }
    for (guint old = 0; old <= size; old++) {
        g_assert_true(
            merkle_prove_consistency(old, size, tile_reader_fetch, &reader, &proof, &error));
        g_assert_true(merkle_verify_consistency(old, &roots[old], size, &root, &proof, &error));
    }
    for (gsize i = 0; i < length; i++) {
        hashes[i] ^= 1;
        g_assert_false(tile_verify(&tile, hashes, length, &root, &reader, NULL));
        hashes[i] ^= 1;
    }
    g_assert_true(tile_verify(&tile, hashes, length, &root, &reader, &error));
}

static void test_tessera(void)
{
    g_autofree char *directory = data_path("ledger/tessera");
    MerkleHash roots[16];
    for (guint size = 0; directory && size <= 15; size++)
        check_tessera(directory, size, roots);
}

static gboolean check_sunlight_tile(const Tile *tile, gpointer user_data, GError **error)
{
    Log *log = user_data;
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(TileReader) reader;
    char path[TILE_PATH_MAX];
    gsize length;
    g_autofree guint8 *text = read_file(log->directory, "checkpoint", &length);
    g_autoptr(Note) note = note_parse((char *)text, length, error);
    g_assert_true(checkpoint_parse(note->bytes, note->text_length, &checkpoint, error));
    g_assert_cmpuint(checkpoint.size, ==, 300);
    tile_reader_init(&reader, checkpoint.size, fetch, log);
    g_autofree guint8 *bytes = read_file(log->directory, tile_path(tile, path), &length);
    if (!tile_verify(tile, bytes, length, &checkpoint.root, &reader, error))
        return FALSE;
    for (gsize i = 0; i < length; i += 1 + i / 100) {
        bytes[i] ^= 0x10;
        g_assert_false(tile_verify(tile, bytes, length, &checkpoint.root, &reader, NULL));
        bytes[i] ^= 0x10;
    }
    MerkleFrontier frontier;
    MerkleHash root;
    g_assert_true(merkle_frontier_load(300, tile_reader_fetch, &reader, &frontier, error));
    merkle_frontier_root(&frontier, &root);
    g_assert_true(merkle_hash_equal(&root, &checkpoint.root));
    return TRUE;
}

static void test_sunlight(void)
{
    g_autofree char *directory = data_path(SUNLIGHT);
    Log log = {.directory = directory};
    g_autoptr(GError) error = NULL;
    if (!directory)
        return;
    tile_foreach_new(0, 300, check_sunlight_tile, &log, &error);
    g_assert_no_error(error);

    /* Every leaf again from the tiles of level 0 alone. */
    MerkleFrontier frontier;
    MerkleHash root, from_tiles;
    g_auto(TileReader) reader;
    merkle_frontier_init(&frontier);
    tile_reader_init(&reader, 300, fetch, &log);
    for (guint i = 0; i < 300; i++) {
        MerkleHash leaf;
        g_assert_true(tile_reader_fetch(0, i, &leaf, &reader, NULL));
        merkle_frontier_append(&frontier, &leaf);
    }
    merkle_frontier_root(&frontier, &root);
    g_assert_true(merkle_frontier_load(300, tile_reader_fetch, &reader, &frontier, NULL));
    merkle_frontier_root(&frontier, &from_tiles);
    g_assert_true(merkle_hash_equal(&root, &from_tiles));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tile/paths", test_paths);
    g_test_add_func("/tile/paths-refused", test_paths_refused);
    g_test_add_func("/tile/geometry", test_geometry);
    g_test_add_func("/tile/foreach-new", test_foreach_new);
    g_test_add_func("/tile/nodes", test_nodes);
    g_test_add_func("/tile/proofs", test_proofs);
    g_test_add_func("/tile/verify", test_verify);
    g_test_add_func("/tile/bundles", test_bundles);
    g_test_add_func("/tile/tessera", test_tessera);
    g_test_add_func("/tile/sunlight", test_sunlight);
    return g_test_run();
}
