/* durable.h - files that are there, whole, after a crash.
 *
 * A file is written beside its place, synced, renamed into it, and the directory synced: afterwards
 * it has the old bytes or the new ones, never a mixture. When a function returns TRUE the change
 * outlives a loss of power; when it fails after the rename the change may be there or not. */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"

/* What a file under way is called: its name and this. A crash may leave one behind; the next write
 * of the same file takes its place. */
#define DURABLE_SUFFIX ".tmp"

/* Makes or replaces the file @path with @mode whatever the umask. One writer of a path at a time.
 * CONCERT_ERROR_INPUT when @path is there and is no file, such as a device: it would be replaced by
 * one. */
gboolean durable_write(const char *path, const void *bytes, gsize length, mode_t mode,
                       GError **error);

/* One of many files. */
typedef struct {
    char *path;
    GBytes *bytes;
} DurableFile;

/* As durable_write() for files that all lie in one directory, at far less cost: what is written is
 * synced together, and the directory once. At most DURABLE_FILES_MAX. On failure some may have been
 * replaced, each wholly. */
#define DURABLE_FILES_MAX 64
gboolean durable_write_all(const DurableFile *files, guint n_files, mode_t mode, GError **error);

/* Writes to @stream what the file is to hold. What @stream itself could not take need not be looked
 * for: that is found out afterwards. */
typedef gboolean (*DurableFill)(FILE *stream, gpointer user, GError **error);

/* As durable_write() for what is made piece by piece, may be long, and lies where a user says: it
 * has @mode less the umask, several may write the same path at once, and what a crash leaves behind
 * (@path and six random characters more) stays. */
gboolean durable_write_stream(const char *path, mode_t mode, DurableFill fill, gpointer user,
                              GError **error);

/* The same of bytes that are there. */
gboolean durable_write_bytes(const char *path, GBytes *bytes, mode_t mode, GError **error);

/* Makes the directory @path with @mode, and those above it that are missing; all are synced. */
gboolean durable_make_directory(const char *path, mode_t mode, GError **error);

/* Makes the new file @path. CONCERT_ERROR_CONFLICT if it is there already. */
gboolean durable_create(const char *path, const void *bytes, gsize length, mode_t mode,
                        GError **error);

/* Renames within one directory. */
gboolean durable_rename(const char *from, const char *to, GError **error);

/* Syncs the directory in which @path lies. */
gboolean durable_sync_parent(const char *path, GError **error);
