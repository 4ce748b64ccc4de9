/* fuzz_tile.c - paths of tiles, bundles of entries, and the right edge of a tree as it is kept. The
 * first byte says how many entries the bundle has. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_path(const char *path)
{
    char buffer[TILE_PATH_MAX];
    Tile tile;
    if (!tile_path_parse(path, &tile, NULL))
        return;
    if (strcmp(tile_path(&tile, buffer), path) != 0)
        g_error("a tile has two paths");
    tile_is_within(&tile, MERKLE_SIZE_MAX);
}

static void read_bundle(const uint8_t *data, size_t size, guint width)
{
    TileEntry entries[TILE_WIDTH];
    g_autoptr(GByteArray) again = g_byte_array_new();
    if (!tile_bundle_split(data, size, width, entries, NULL))
        return;
    for (guint i = 0; i < width; i++)
        tile_bundle_append(again, entries[i].bytes, entries[i].length, NULL);
    if (again->len != size || memcmp(again->data, data, size) != 0)
        g_error("a bundle has two spellings");
}

static void read_frontier(const uint8_t *data, size_t size)
{
    MerkleFrontier frontier;
    MerkleHash root;
    guint8 again[MERKLE_FRONTIER_MAX];
    if (!merkle_frontier_read(data, size, &frontier, NULL))
        return;
    if (merkle_frontier_write(&frontier, again) != size || memcmp(again, data, size) != 0)
        g_error("a frontier has two spellings");
    merkle_frontier_root(&frontier, &root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_strndup((const char *)data, size);
    read_path(path);
    read_frontier(data, size);
    if (size > 1)
        read_bundle(data + 1, size - 1, data[0] + 1u);
    return 0;
}
