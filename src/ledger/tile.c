#include "ledger/tile.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"

#define LEVEL_MAX 63   /* in a path, tlog-tiles */
#define GROUP     1000 /* of an index: three digits a path element */

const char *tile_path(const Tile *tile, char buffer[TILE_PATH_MAX])
{
    guint64 divisor = 1;
    int length = tile->entries ? g_snprintf(buffer, TILE_PATH_MAX, "tile/entries")
                               : g_snprintf(buffer, TILE_PATH_MAX, "tile/%u", tile->level);
    while (tile->index / divisor >= GROUP)
        divisor *= GROUP;
    for (; divisor > 0; divisor /= GROUP)
        length += g_snprintf(buffer + length, (gulong)(TILE_PATH_MAX - length), "/%s%03u",
                             divisor > 1 ? "x" : "", (guint)(tile->index / divisor % GROUP));
    if (tile->width < TILE_WIDTH)
        g_snprintf(buffer + length, (gulong)(TILE_PATH_MAX - length), ".p/%u", tile->width);
    return buffer;
}

/* Reads "x001/x234/067" up to a "." or the end; *@path is left there. */
static gboolean parse_index(const char **path, guint64 *ret_index)
{
    const char *p = *path;
    guint64 index = 0;
    gboolean more;
    do {
        more = *p == 'x';
        p += more;
        if (!g_ascii_isdigit(p[0]) || !g_ascii_isdigit(p[1]) || !g_ascii_isdigit(p[2]) ||
            index > TILE_INDEX_MAX / GROUP)
            return FALSE;
        index = index * GROUP + (guint64)g_ascii_digit_value(p[0]) * 100 +
                (guint64)g_ascii_digit_value(p[1]) * 10 + (guint64)g_ascii_digit_value(p[2]);
        p += 3;
        /* A first group of nothing would be a second name for the tile. */
        if (more && (index == 0 || *p++ != '/'))
            return FALSE;
    } while (more);
    if (index > TILE_INDEX_MAX)
        return FALSE;
    *path = p;
    *ret_index = index;
    return TRUE;
}

gboolean tile_path_parse(const char *path, Tile *ret_tile, GError **error)
{
    Tile tile = {.width = TILE_WIDTH};
    gsize length = strlen(path);
    const char *p = path;
    guint64 number;
    if (length >= TILE_PATH_MAX || !line_skip(&p, &length, "tile/"))
        return error_input(error, "not the path of a tile");
    tile.entries = line_skip(&p, &length, "entries/");
    if (!tile.entries) {
        gsize digits = strcspn(p, "/");
        if (p[digits] != '/' || !line_number(p, digits, LEVEL_MAX, &number))
            return error_input(error, "a tile's level is a number from 0 to 63");
        tile.level = (guint)number;
        p += digits + 1;
    }
    if (!parse_index(&p, &tile.index))
        return error_input(error, "a tile's index is groups of three digits");
    if (g_str_has_prefix(p, ".p/")) {
        p += strlen(".p/");
        if (!line_number(p, strlen(p), TILE_WIDTH - 1, &number) || number == 0)
            return error_input(error, "a partial tile's width is a number from 1 to 255");
        tile.width = (guint)number;
    } else if (*p != '\0') {
        return error_input(error, "not the path of a tile");
    }
    *ret_tile = tile;
    return TRUE;
}

/* How many nodes the tiles of @level hold in a tree of @size. */
static guint64 nodes(guint level, guint64 size)
{
    return level < TILE_LEVELS ? size >> (TILE_HEIGHT * level) : 0;
}

guint64 tile_count(guint level, guint64 size)
{
    guint64 count = nodes(level, size);
    return count / TILE_WIDTH + (count % TILE_WIDTH > 0);
}

guint tile_width(guint level, guint64 index, guint64 size)
{
    guint64 full = nodes(level, size) / TILE_WIDTH;
    if (index < full)
        return TILE_WIDTH;
    return index == full ? (guint)(nodes(level, size) % TILE_WIDTH) : 0;
}

gboolean tile_is_within(const Tile *tile, guint64 size)
{
    return tile->width > 0 && tile->width <= tile_width(tile->level, tile->index, size);
}

gboolean tile_foreach_new(guint64 old_size, guint64 new_size, TileVisit visit, gpointer user_data,
                          GError **error)
{
    for (guint level = 0; nodes(level, new_size) > nodes(level, old_size); level++) {
        guint64 count = tile_count(level, new_size);
        for (guint64 i = nodes(level, old_size) / TILE_WIDTH; i < count; i++) {
            const Tile tile = {.level = level, .index = i, .width = tile_width(level, i, new_size)};
            if (!visit(&tile, user_data, error))
                return FALSE;
        }
    }
    return TRUE;
}

void tile_node(const guint8 *hashes, guint height, guint first, MerkleHash *ret_hash)
{
    MerkleHash level[TILE_WIDTH];
    guint count = 1u << height;
    g_assert(height <= TILE_HEIGHT && first % count == 0 && first + count <= TILE_WIDTH);
    memcpy(level, hashes + (gsize)first * SHA256_SIZE, (gsize)count * SHA256_SIZE);
    for (; count > 1; count /= 2)
        for (guint i = 0; i < count / 2; i++)
            merkle_node_hash(&level[2 * i], &level[2 * i + 1], &level[i]);
    *ret_hash = level[0];
}

void tile_root(const guint8 hashes[TILE_BYTES_MAX], MerkleHash *ret_hash)
{
    tile_node(hashes, TILE_HEIGHT, 0, ret_hash);
}

void tile_reader_init(TileReader *reader, guint64 size, TileFetch fetch, gpointer user_data)
{
    *reader = (TileReader){.size = size, .fetch = fetch, .user_data = user_data};
}

void tile_reader_clear(TileReader *reader)
{
    for (guint i = 0; i < TILE_LEVELS; i++) {
        g_clear_pointer(&reader->held[i][0].nodes, g_free);
        g_clear_pointer(&reader->held[i][1].nodes, g_free);
    }
}

/* Where the nodes of @height above a tile's hashes begin among the held ones. */
static guint held_offset(guint height)
{
    return 2 * TILE_WIDTH - (2 * TILE_WIDTH >> height);
}

/* A tile's hashes and all complete nodes over them, height by height. */
static void hold(MerkleHash *nodes, const guint8 *hashes, guint width)
{
    memcpy(nodes, hashes, (gsize)width * SHA256_SIZE);
    for (guint height = 1; height < TILE_HEIGHT; height++) {
        const MerkleHash *below = &nodes[held_offset(height - 1)];
        MerkleHash *here = &nodes[held_offset(height)];
        for (guint i = 0; i < width >> height; i++)
            merkle_node_hash(&below[2 * i], &below[2 * i + 1], &here[i]);
    }
}

/* The held nodes of a tile, the reader's; NULL with @error set. */
static const MerkleHash *read_tile(TileReader *reader, const Tile *tile, GError **error)
{
    const guint slot = tile->index + 1 == tile_count(tile->level, reader->size);
    MerkleHash *nodes = reader->held[tile->level][slot].nodes;
    char path[TILE_PATH_MAX];
    if (nodes && reader->held[tile->level][slot].index == tile->index)
        return nodes;
    g_autoptr(GBytes) bytes = reader->fetch(tile, reader->user_data, error);
    if (!bytes)
        return NULL;
    if (g_bytes_get_size(bytes) != (gsize)tile->width * SHA256_SIZE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: %" G_GSIZE_FORMAT " bytes instead of %u", tile_path(tile, path),
                    g_bytes_get_size(bytes), tile->width * SHA256_SIZE);
        return NULL;
    }
    if (!nodes)
        nodes = g_new(MerkleHash, held_offset(TILE_HEIGHT));
    hold(nodes, g_bytes_get_data(bytes, NULL), tile->width);
    reader->held[tile->level][slot].nodes = nodes;
    reader->held[tile->level][slot].index = tile->index;
    return nodes;
}

gboolean tile_reader_fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                           GError **error)
{
    TileReader *reader = user_data;
    if (level >= MERKLE_LEVELS || index >= reader->size >> level)
        return error_input(error, "the tree has no such node");
    guint height = level % TILE_HEIGHT;
    guint64 first = index << height;
    Tile tile = {.level = level / TILE_HEIGHT, .index = first / TILE_WIDTH};
    tile.width = tile_width(tile.level, tile.index, reader->size);
    const MerkleHash *nodes = read_tile(reader, &tile, error);
    if (!nodes)
        return FALSE;
    *ret_hash = nodes[held_offset(height) + (guint)(first % TILE_WIDTH >> height)];
    return TRUE;
}

gboolean tile_verify(const Tile *tile, const guint8 *bytes, gsize length, const MerkleHash *root,
                     TileReader *reader, GError **error)
{
    char path[TILE_PATH_MAX];
    if (tile->entries || !tile_is_within(tile, reader->size) ||
        length != (gsize)tile->width * SHA256_SIZE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: the tree has no such tile of %" G_GSIZE_FORMAT " bytes",
                    tile_path(tile, path), length);
        return FALSE;
    }
    /* A tile is as many complete nodes as its width has bits; a full one is a single node. */
    for (guint height = TILE_HEIGHT + 1, first = 0; height-- > 0;) {
        guint level = tile->level * TILE_HEIGHT + height;
        MerkleProof proof;
        MerkleHash hash;
        g_autoptr(GError) reason = NULL;
        if (!(tile->width >> height & 1))
            continue;
        tile_node(bytes, height, first, &hash);
        guint64 index = (tile->index * TILE_WIDTH + first) >> height;
        if (!merkle_prove_node(level, index, reader->size, tile_reader_fetch, reader, &proof,
                               error))
            return FALSE;
        if (!merkle_verify_node(level, index, reader->size, &hash, &proof, root, &reason)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "%s: its hashes do not lead to the root", tile_path(tile, path));
            return FALSE;
        }
        first += 1u << height;
    }
    return TRUE;
}

gboolean tile_bundle_append(GByteArray *bundle, const void *entry, gsize length, GError **error)
{
    if (length > TILE_ENTRY_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "an entry has %" G_GSIZE_FORMAT " bytes, at most %d fit", length,
                    TILE_ENTRY_MAX);
        return FALSE;
    }
    const guint8 prefix[2] = {(guint8)(length >> 8), (guint8)length};
    g_byte_array_append(bundle, prefix, sizeof prefix);
    g_byte_array_append(bundle, entry, (guint)length);
    return TRUE;
}

gboolean tile_bundle_split(const guint8 *bytes, gsize length, guint width, TileEntry *ret_entries,
                           GError **error)
{
    TileEntry entries[TILE_WIDTH];
    if (width > TILE_WIDTH)
        return error_input(error, "a bundle has at most 256 entries");
    for (guint i = 0; i < width; i++) {
        gsize size = length >= 2 ? (gsize)bytes[0] << 8 | bytes[1] : 0;
        if (length < 2 || length - 2 < size) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "the bundle ends within entry %u", i);
            return FALSE;
        }
        entries[i] = (TileEntry){bytes + 2, size};
        bytes += 2 + size;
        length -= 2 + size;
    }
    if (length > 0)
        return error_input(error, "the bundle has more than its entries");
    memcpy(ret_entries, entries, width * sizeof *entries);
    return TRUE;
}
