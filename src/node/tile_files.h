/* tile_files.h - the ledger's tiles as files: below NODE/ledger/ for the node itself, and in a
 * mirror (node/mirror.h).
 *
 * The store has all of it; files are copies for whoever serves or carries files. A file appears
 * under its name only when it is whole and on the disk. What may be missing after a crash, or was
 * deleted, is written again. */
#pragma once

#include <sys/types.h>

#include "ledger/checkpoint.h"
#include "store/ledger_read.h"
#include "store/writer.h"

typedef struct {
    const char *directory; /* "tile" is made in it */
    mode_t mode;           /* of files; directories too are searchable for whoever may read */
    const gint *stop;      /* atomic; not 0: ends early, with success. NULL: never */
} TileFilesTarget;

/* Writes the full tiles, of hashes and of entries, that a tree of @size entries has and one of
 * @from has not, whether they are there or not. *ret_written (may be NULL) grows by their count. */
gboolean tile_files_write(Store *store, const TileFilesTarget *target, guint64 from, guint64 size,
                          guint64 *ret_written, GError **error);

/* The same for the full tiles of a tree of @size entries that are missing or of wrong length. */
gboolean tile_files_repair(Store *store, const TileFilesTarget *target, guint64 size,
                           guint64 *ret_written, GError **error);

/* Writes the tiles, of hashes and of entries, that a tree of @size entries has in part. */
gboolean tile_files_write_partial(Store *store, const TileFilesTarget *target, guint64 size,
                                  guint64 *ret_written, GError **error);

/* Removes the partial tiles that a tree of @old_size entries has and that are full in one of
 * @size, at whatever width. */
gboolean tile_files_remove_partial(const TileFilesTarget *target, guint64 old_size, guint64 size,
                                   GError **error);

/* Whether @checkpoint is that of a tree which the ledger was once; that what was made of it can be
 * gone on with. */
gboolean tile_files_is_ours(Store *store, const Checkpoint *checkpoint, gboolean *ret_ours,
                            GError **error);

/* What tile_files_start() says of itself, on a thread of its own: @message NULL: all is well again.
 */
typedef void (*TileFilesTell)(const char *message, gpointer user);

typedef struct TileFiles TileFiles;

/* Keeps the full tiles below @directory up with what @writer commits, a second or so behind, until
 * it is stopped. All that is below @directory may be deleted at any time; it comes back. */
TileFiles *tile_files_start(const char *directory, Store *store, Writer *writer, TileFilesTell tell,
                            gpointer user);

void tile_files_stop(TileFiles *files);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TileFiles, tile_files_stop)
