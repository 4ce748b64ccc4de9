/* The ledger in the store: what is appended is integrated, signed and provable when its request is
 * done; what fails leaves no trace; tiles equal a recomputation. */
#include <glib/gstdio.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "base/timestamp.h"
#include "ledger/checkpoint.h"
#include "store/ledger_read.h"
#include "store/writer.h"

#define ORIGIN "cert.alder.example/ledger"

typedef struct {
    char *directory, *path;
    Writer *writer;
    Store *store;
    NoteSigner *signer;
    guint signatures;
} Fixture;

static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                  GError **error)
{
    Fixture *fixture = user;
    fixture->signatures++;
    g_assert_cmpstr(vkey, ==, "ledger key");
    return checkpoint_sign(&(Checkpoint){.origin = (char *)ORIGIN, .size = size, .root = *root},
                           fixture->signer, error);
}

static const char *const keys[LEDGER_KEYS] = {"ledger key", "cosign key", "recovery key"};

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    return ledger_create(tx, ORIGIN, keys, error);
}

static void open_node(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture->writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    writer_set_sign(fixture->writer, sign, fixture);
    fixture->store = store_open(fixture->path, &error);
    g_assert_no_error(error);
}

static void close_node(Fixture *fixture)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-ledger-XXXXXX", &error);
    fixture->path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->signer = note_signer_generate(ORIGIN, NOTE_ED25519, &error);
    g_assert_no_error(error);
    open_node(fixture);
    g_assert_true(writer_run(fixture->writer, 0, apply_create, NULL, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close_node(fixture);
    note_signer_free(fixture->signer);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
}

/* Entries of one request; number n of all is told by its bytes. */
typedef struct {
    guint64 from, count;
    gboolean fails; /* after appending */
    guint64 first;  /* index of the first */
    const char *header;
    guint8 (*entries)[LEDGER_ENTRY_SIZE];
    guint8 nonce[LEDGER_NONCE_SIZE];
} Append;

static gboolean apply_append(StoreTx *tx, gpointer user, GError **error)
{
    Append *append = user;
    for (guint64 i = 0; i < append->count; i++) {
        const LedgerItem items[] = {{append->nonce, "first item", 10},
                                    {append->nonce, "the second", 10}};
        const LedgerEntry entry = {.entry = append->entries[i],
                                   .nonce = append->nonce,
                                   .header = append->header,
                                   .header_length = strlen(append->header),
                                   .items = items,
                                   .n_items = append->count == 1 ? 2 : 0};
        guint64 index;
        if (!ledger_append(tx, &entry, &index, error))
            return FALSE;
        if (i == 0)
            append->first = index;
        g_assert_cmpuint(index, ==, append->first + i);
    }
    if (append->fails) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "on purpose");
        return FALSE;
    }
    return TRUE;
}

static void entry_bytes(guint64 number, guint8 entry[LEDGER_ENTRY_SIZE])
{
    memset(entry, 0, LEDGER_ENTRY_SIZE);
    entry[0] = 1;
    memcpy(entry + 1, &number, sizeof number);
}

static gboolean append(Fixture *fixture, guint64 from, guint64 count, gboolean fails,
                       GError **error)
{
    Append request = {
        .from = from, .count = count, .fails = fails, .header = "{\"kind\":\"statement\"}"};
    request.entries = g_malloc(count * LEDGER_ENTRY_SIZE);
    for (guint64 i = 0; i < count; i++)
        entry_bytes(from + i, request.entries[i]);
    gboolean good = writer_run(fixture->writer, 0, apply_append, &request, error);
    if (good)
        g_assert_cmpuint(request.first, ==, from);
    g_free(request.entries);
    return good;
}

static void must_append(Fixture *fixture, guint64 from, guint64 count)
{
    g_autoptr(GError) error = NULL;
    append(fixture, from, count, FALSE, &error);
    g_assert_no_error(error);
}

/* The tree of the first @size entries, from nothing. */
static void recompute(guint64 size, MerkleFrontier *ret_frontier)
{
    merkle_frontier_init(ret_frontier);
    for (guint64 i = 0; i < size; i++) {
        guint8 entry[LEDGER_ENTRY_SIZE];
        MerkleHash leaf;
        entry_bytes(i, entry);
        merkle_leaf_hash(entry, sizeof entry, &leaf);
        merkle_frontier_append(ret_frontier, &leaf);
    }
}

static GBytes *fetch(const Tile *tile, gpointer user, GError **error)
{
    return ledger_read_tile(user, tile, error);
}

static gboolean check_tile(const Tile *tile, gpointer user, GError **error)
{
    Fixture *fixture = user;
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->store, &state, error));
    g_auto(TileReader) reader = {0};
    tile_reader_init(&reader, state.size, fetch, fixture->store);
    g_autoptr(GBytes) bytes = ledger_read_tile(fixture->store, tile, error);
    return bytes && tile_verify(tile, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                &state.root, &reader, error);
}

/* State, signature, tiles and bundles are those of the first @size entries. */
static void expect(Fixture *fixture, guint64 size)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    ledger_read_state(fixture->store, &state, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(state.size, ==, size);
    MerkleFrontier frontier;
    MerkleHash root;
    recompute(size, &frontier);
    merkle_frontier_root(&frontier, &root);
    g_assert_true(merkle_hash_equal(&root, &state.root));

    const NoteVerifier *key = note_signer_verifier(fixture->signer);
    g_auto(Checkpoint) checkpoint = {0};
    checkpoint_open(state.checkpoint, strlen(state.checkpoint), ORIGIN, &key, 1, &checkpoint, NULL,
                    &error);
    g_assert_no_error(error);
    g_assert_cmpuint(checkpoint.size, ==, size);
    g_assert_true(merkle_hash_equal(&root, &checkpoint.root));

    tile_foreach_new(0, size, check_tile, fixture, &error);
    g_assert_no_error(error);
    guint64 last = (size - 1) / TILE_WIDTH;
    const Tile bundle = {.entries = TRUE, .index = last, .width = tile_width(0, last, size)};
    g_autoptr(GBytes) bytes = ledger_read_tile(fixture->store, &bundle, &error);
    g_assert_no_error(error);
    TileEntry entries[TILE_WIDTH];
    tile_bundle_split(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), bundle.width, entries,
                      &error);
    g_assert_no_error(error);
    guint8 expected[LEDGER_ENTRY_SIZE];
    entry_bytes(size - 1, expected);
    g_assert_cmpmem(entries[bundle.width - 1].bytes, entries[bundle.width - 1].length, expected,
                    sizeof expected);
}

static void test_sizes(Fixture *fixture, gconstpointer data)
{
    static const guint64 sizes[] = {1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537};
    guint64 before = 0;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); before = sizes[i++]) {
        must_append(fixture, before, sizes[i] - before);
        expect(fixture, sizes[i]);
    }
    /* One signature a batch, not an entry. */
    g_assert_cmpuint(fixture->signatures, ==, G_N_ELEMENTS(sizes));
    close_node(fixture);
    open_node(fixture);
    expect(fixture, 65537);
    must_append(fixture, 65537, 300);
    expect(fixture, 65837);
}

static void test_proofs(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    must_append(fixture, 0, 600);
    for (guint64 size = 1; size <= 600; size += 1 + size / 3) {
        MerkleHash root, newest;
        MerkleProof proof;
        g_assert_true(ledger_read_root(fixture->store, size, &root, &error));
        g_assert_true(ledger_read_root(fixture->store, 600, &newest, &error));
        g_assert_true(ledger_read_consistency(fixture->store, size, 600, &proof, &error));
        merkle_verify_consistency(size, &root, 600, &newest, &proof, &error);
        g_assert_no_error(error);
        for (guint64 index = 0; index < size; index += 1 + index / 2) {
            guint8 entry[LEDGER_ENTRY_SIZE];
            MerkleHash leaf;
            entry_bytes(index, entry);
            merkle_leaf_hash(entry, sizeof entry, &leaf);
            g_assert_true(ledger_read_inclusion(fixture->store, index, size, &proof, &error));
            merkle_verify_inclusion(index, size, &leaf, &proof, &root, &error);
            g_assert_no_error(error);
        }
    }
    MerkleProof proof;
    g_assert_false(ledger_read_inclusion(fixture->store, 0, 601, &proof, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* A request that fails takes its entries with it, and its neighbours' are none the worse. */
static void test_failure(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    must_append(fixture, 0, 300);
    g_assert_false(append(fixture, 300, 300, TRUE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    expect(fixture, 300);
    must_append(fixture, 300, 1);
    expect(fixture, 301);

    writer_set_sign(fixture->writer, NULL, NULL);
    g_assert_false(append(fixture, 301, 1, FALSE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    expect(fixture, 301);
    writer_set_sign(fixture->writer, sign, fixture);
    must_append(fixture, 301, 1);
    expect(fixture, 302);
}

typedef struct {
    guint64 index;
    guint places[2];
    guint n_places;
    gboolean erased;
} Erase;

static gboolean apply_erase(StoreTx *tx, gpointer user, GError **error)
{
    Erase *erase = user;
    return ledger_erase(tx, erase->index, erase->places, erase->n_places, &erase->erased, error);
}

static gboolean apply_hold(StoreTx *tx, gpointer held, GError **error)
{
    return ledger_hold(tx, GPOINTER_TO_INT(held), error);
}

static void test_erase(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    must_append(fixture, 0, 1);
    must_append(fixture, 1, 1);
    g_autoptr(LedgerReadEntry) whole = ledger_read_entry(fixture->store, 1, TRUE, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(whole->header, ==, "{\"kind\":\"statement\"}");
    g_assert_cmpuint(whole->n_items, ==, 2);
    g_assert_cmpmem(g_bytes_get_data(whole->items[1].bytes, NULL), 10, "the second", 10);

    Erase one = {.index = 1, .places = {1}, .n_places = 1};
    g_assert_true(writer_run(fixture->writer, 0, apply_erase, &one, &error));
    g_assert_true(one.erased);
    g_assert_true(writer_run(fixture->writer, 0, apply_erase, &one, &error));
    g_assert_false(one.erased);
    g_autoptr(LedgerReadEntry) less = ledger_read_entry(fixture->store, 1, TRUE, &error);
    g_assert_nonnull(less->header);
    g_assert_nonnull(less->items[0].bytes);
    g_assert_null(less->items[1].bytes);
    g_assert_null(less->items[1].nonce);

    Erase all = {.index = 1};
    g_assert_true(writer_run(fixture->writer, 0, apply_erase, &all, &error));
    g_assert_true(all.erased);
    g_autoptr(LedgerReadEntry) nothing = ledger_read_entry(fixture->store, 1, TRUE, &error);
    g_assert_null(nothing->header);
    g_assert_null(nothing->nonce);
    g_assert_null(nothing->items[0].bytes);
    g_assert_cmpmem(nothing->entry, LEDGER_ENTRY_SIZE, whole->entry, LEDGER_ENTRY_SIZE);
    expect(fixture, 2);

    /* Item 4096 of entry 1 would be item 0 of entry 2. */
    must_append(fixture, 2, 1);
    Erase beyond = {.index = 1, .places = {LEDGER_ITEMS_MAX}, .n_places = 1};
    g_assert_false(writer_run(fixture->writer, 0, apply_erase, &beyond, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_autoptr(LedgerReadEntry) next = ledger_read_entry(fixture->store, 2, TRUE, &error);
    g_assert_nonnull(next->items[0].bytes);

    Erase absent = {.index = 1, .places = {7}, .n_places = 1};
    g_assert_false(writer_run(fixture->writer, 0, apply_erase, &absent, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    absent.index = 3;
    g_assert_false(writer_run(fixture->writer, 0, apply_erase, &absent, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);

    /* The text is gone from the files, not only from the rows. */
    writer_close(fixture->writer);
    store_close(fixture->store);
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(fixture->path, &bytes, &length, NULL));
    guint found = 0;
    for (const char *at = bytes; (at = memmem(at, length - (gsize)(at - bytes), "the second", 10));
         at++)
        found++;
    g_assert_cmpuint(found, ==, 2); /* those of entries 0 and 2 */
    open_node(fixture);
}

static void test_held(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    must_append(fixture, 0, 5);
    g_assert_true(writer_run(fixture->writer, 0, apply_hold, GINT_TO_POINTER(TRUE), &error));
    g_assert_false(append(fixture, 5, 1, FALSE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    expect(fixture, 5);
    g_assert_false(writer_run(fixture->writer, 0, apply_create, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_true(writer_run(fixture->writer, 0, apply_hold, GINT_TO_POINTER(FALSE), &error));
    must_append(fixture, 5, 1);
    expect(fixture, 6);
}

#define HOUR_US G_GINT64_CONSTANT(3600000000)

static void set_sealed_at(Fixture *fixture, gint64 us)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_autofree char *sql = g_strdup_printf("UPDATE ledger SET sealed_at = %" G_GINT64_FORMAT, us);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* The size of the checkpoint that the public sees at @now. */
static guint64 hourly_size(Fixture *fixture, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *note = ledger_read_hourly(fixture->store, now, &error);
    g_assert_no_error(error);
    const NoteVerifier *key = note_signer_verifier(fixture->signer);
    g_auto(Checkpoint) checkpoint = {0};
    checkpoint_open(note, strlen(note), ORIGIN, &key, 1, &checkpoint, NULL, &error);
    g_assert_no_error(error);
    return checkpoint.size;
}

static void test_hourly(Fixture *fixture, gconstpointer data)
{
    const gint64 hour = 400000 * HOUR_US;
    g_autoptr(GError) error = NULL;
    g_assert_null(ledger_read_hourly(fixture->store, timestamp_now(), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);

    /* All of what follows must fall into one hour of the clock. */
    while (timestamp_now() % HOUR_US > HOUR_US - 20 * G_USEC_PER_SEC)
        g_usleep(G_USEC_PER_SEC);

    /* Of the first hour the first, until the next begins. */
    must_append(fixture, 0, 2);
    must_append(fixture, 2, 3);
    set_sealed_at(fixture, hour + 1);
    g_assert_cmpuint(hourly_size(fixture, hour + 2), ==, 2);
    g_assert_cmpuint(hourly_size(fixture, hour + HOUR_US - 1), ==, 2);
    g_assert_cmpuint(hourly_size(fixture, hour + HOUR_US), ==, 5);
    g_assert_cmpuint(hourly_size(fixture, hour + 9 * HOUR_US), ==, 5);

    /* Appending in a later hour leaves what was the newest at its beginning. */
    must_append(fixture, 5, 1);
    must_append(fixture, 6, 1);
    g_assert_cmpuint(hourly_size(fixture, timestamp_now()), ==, 5);
    g_assert_cmpuint(hourly_size(fixture, timestamp_now() + HOUR_US), ==, 7);
    close_node(fixture);
    open_node(fixture);
    g_assert_cmpuint(hourly_size(fixture, timestamp_now()), ==, 5);

    /* A clock that was far ahead holds nothing up for longer than an hour. */
    set_sealed_at(fixture, timestamp_now() + 5000 * HOUR_US);
    g_assert_cmpuint(hourly_size(fixture, timestamp_now()), ==, 5);
    must_append(fixture, 7, 1);
    g_assert_cmpuint(hourly_size(fixture, timestamp_now()), ==, 7);
}

static void test_public(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const char *const headers[] = {
        "{\"audience\":\"public\",\"kind\":\"a\"}",
        "{\"audience\":[],\"kind\":\"a\"}",
        "{\"audience\":[\"cert.birch.example/"
        "ledger\"],\"title\":\"\\\"audience\\\":\\\"public\\\"\"}",
        "{\"audience\":\"public\",\"kind\":\"b\"}",
        "{\"audience\":\"public\",\"kind\":\"c\"}",
        "{\"audience\":\"public\",\"kind\":\"d\"}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++) {
        guint8 entry[1][LEDGER_ENTRY_SIZE];
        entry_bytes(i, entry[0]);
        Append request = {.from = i, .count = 1, .header = headers[i], .entries = entry};
        g_assert_true(writer_run(fixture->writer, 0, apply_append, &request, &error));
    }
    Erase all = {.index = 4};
    g_assert_true(writer_run(fixture->writer, 0, apply_erase, &all, &error));
    static const struct {
        guint64 from, end;
        guint max;
        const char *expected;
    } rows[] = {
        {0, 6, 10, "0 3 5 "},          {0, 5, 10, "0 3 "}, {1, 6, 10, "3 5 "}, {0, 6, 2, "0 3 "},
        {0, G_MAXUINT64, 9, "0 3 5 "}, {6, 6, 10, ""}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) list =
            ledger_read_public(fixture->store, rows[i].from, rows[i].end, rows[i].max, &error);
        g_assert_no_error(error);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint k = 0; k < list->len; k++)
            g_string_append_printf(text, "%" G_GUINT64_FORMAT " ", g_array_index(list, guint64, k));
        g_assert_cmpstr(text->str, ==, rows[i].expected);
    }
}

typedef struct {
    guint64 index;
    const char *note;
} Change;

static gboolean apply_change(StoreTx *tx, gpointer user, GError **error)
{
    const Change *change = user;
    return ledger_change_key(tx, change->index, LEDGER_COSIGN_KEY, "next cosign key", change->note,
                             error);
}

static void test_history(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    must_append(fixture, 0, 1);
    for (guint i = 0; i < 2; i++) {
        Change change = {i, i == 0 ? "first" : "second"};
        g_assert_true(writer_run(fixture->writer, 0, apply_change, &change, &error));
    }
    g_auto(LedgerReadState) state = {0};
    g_auto(GStrv) changes = NULL;
    g_assert_true(ledger_read_history(fixture->store, &state, &changes, &error));
    g_assert_cmpuint(state.size, ==, 1);
    g_assert_cmpstr(state.keys[LEDGER_COSIGN_KEY], ==, "next cosign key");
    g_assert_cmpstr(changes[0], ==, "first");
    g_assert_cmpstr(changes[1], ==, "second");
    g_assert_null(changes[2]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/ledger/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(sizes);
    TEST(proofs);
    TEST(failure);
    TEST(erase);
    TEST(held);
    TEST(hourly);
    TEST(public);
    TEST(history);
    return g_test_run();
}
