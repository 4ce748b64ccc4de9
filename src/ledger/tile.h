/* tile.h - the tiles of c2sp.org/tlog-tiles: names, contents, and nodes read out of them.
 *
 * A tile (L, N) holds up to 256 consecutive nodes of tree level 8 * L, from node N * 256 on. A full
 * tile is one node of the level above; a partial one never is. Bundles hold the entries of the
 * tile (0, N), each with its length before it. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"

#define TILE_HEIGHT     8
#define TILE_WIDTH      256
#define TILE_BYTES_MAX  (TILE_WIDTH * SHA256_SIZE)
#define TILE_LEVELS     8                                /* levels of tiles of the largest tree */
#define TILE_INDEX_MAX  (MERKLE_SIZE_MAX >> TILE_HEIGHT) /* the last tile of level 0 there */
#define TILE_ENTRY_MAX  65535                            /* bytes of an entry */
#define TILE_BUNDLE_MAX (TILE_WIDTH * (2 + TILE_ENTRY_MAX))
#define TILE_PATH_MAX   64 /* bytes of a path with its NUL */

typedef struct {
    gboolean entries; /* a bundle of entries; level is 0 */
    guint level;
    guint64 index;
    guint width; /* 1 to TILE_WIDTH */
} Tile;

typedef struct {
    const guint8 *bytes; /* the bundle's */
    gsize length;
} TileEntry;

/* Gives the bytes of a tile of hashes, exactly width * 32; NULL with @error set if it cannot. */
typedef GBytes *(*TileFetch)(const Tile *tile, gpointer user_data, GError **error);

/* Writes "tile/0/x001/x234/067.p/12" or "tile/entries/067" and returns @buffer. */
const char *tile_path(const Tile *tile, char buffer[TILE_PATH_MAX]);

/* Reads exactly what tile_path() writes, of levels 0 to 63; CONCERT_ERROR_INPUT otherwise. */
gboolean tile_path_parse(const char *path, Tile *ret_tile, GError **error);

/* How many tiles, the partial one included, a level has in a tree of @size leaves, and how wide
 * tile @index of it is: 0 where there is none. */
guint64 tile_count(guint level, guint64 size);
guint tile_width(guint level, guint64 index, guint64 size);

/* Whether a tree of @size has what @tile names: its nodes are there, be the tile wider by now. */
gboolean tile_is_within(const Tile *tile, guint64 size);

/* Calls @visit for each tile of hashes that a tree of @new_size has and one of @old_size had not
 * yet at that width: lowest level first, left to right. Ends early and returns FALSE as soon as
 * @visit does. */
typedef gboolean (*TileVisit)(const Tile *tile, gpointer user_data, GError **error);
gboolean tile_foreach_new(guint64 old_size, guint64 new_size, TileVisit visit, gpointer user_data,
                          GError **error);

/* The node over 2^@height hashes of a tile from hash @first on, a multiple of 2^@height; @hashes
 * are the tile's bytes. tile_root() is that over all 256: only a full tile has it. */
void tile_node(const guint8 *hashes, guint height, guint first, MerkleHash *ret_hash);
void tile_root(const guint8 hashes[TILE_BYTES_MAX], MerkleHash *ret_hash);

/* Reads nodes out of tiles: `tile_reader_fetch` with a TileReader as user_data is a MerkleFetch.
 * Holds, of each level, the tile last used and the last one of the tree with the nodes inside
 * them, so that proofs of neighbours cost little. Tiles are asked for at the width that a tree of
 * `size` has them, and refused (CONCERT_ERROR_INPUT) when of another length; whether they are the
 * right ones is for proofs to show. For one thread at a time. */
typedef struct {
    guint64 size;
    TileFetch fetch;
    gpointer user_data;
    struct {
        guint64 index;
        MerkleHash *nodes;  /* NULL: no tile yet */
    } held[TILE_LEVELS][2]; /* [1]: the right edge, which nearly every proof needs */
} TileReader;

void tile_reader_init(TileReader *reader, guint64 size, TileFetch fetch, gpointer user_data);
gboolean tile_reader_fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer reader,
                           GError **error);
void tile_reader_clear(TileReader *reader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TileReader, tile_reader_clear)

/* Whether @bytes are what @tile must be in the tree (@size, @root): every hash of it is proven
 * with other tiles that @reader gives. CONCERT_ERROR_INPUT says what does not fit. */
gboolean tile_verify(const Tile *tile, const guint8 *bytes, gsize length, const MerkleHash *root,
                     TileReader *reader, GError **error);

/* Appends an entry and its 16-bit big-endian length. CONCERT_ERROR_LIMIT above TILE_ENTRY_MAX. */
gboolean tile_bundle_append(GByteArray *bundle, const void *entry, gsize length, GError **error);

/* Splits a bundle into exactly @width entries, with nothing left over; they borrow @bytes. */
gboolean tile_bundle_split(const guint8 *bytes, gsize length, guint width, TileEntry *ret_entries,
                           GError **error);
