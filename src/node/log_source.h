/* log_source.h - where the files of a log come from: a directory that mirrors one, or the http(s)
 * URL below which it is served (c2sp.org/tlog-tiles). */
#pragma once

#include <glib.h>

#include "base/fetch.h"
#include "ledger/tile.h"

typedef struct LogSource LogSource;

/* Opens a directory, or remembers a URL. @options (may be NULL) hold for every request: their
 * strings are copied; sizes are the source's own, and so
 * is the waiting time where none is given. */
LogSource *log_source_open(const char *where, const FetchOptions *options, GError **error);
void log_source_free(LogSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogSource, log_source_free)

/* Whether reading is waiting for a network. */
gboolean log_source_is_remote(const LogSource *source);

/* Reads the file @path ("checkpoint") into @buffer, in place of what that holds; several threads
 * may do so at once, each with a buffer of its own. CONCERT_ERROR_NOT_FOUND if it is not there,
 * CONCERT_ERROR_LIMIT if it has more than @max bytes, other codes if nobody can tell. */
gboolean log_source_read(const LogSource *source, const char *path, gsize max, GByteArray *buffer,
                         GError **error);

/* The names in the directory @path, in no order; none if there is no such directory, or if the
 * source is a URL, which tells nobody. NULL-terminated. */
gboolean log_source_list(const LogSource *source, const char *path, char ***ret_names,
                         GError **error);

/* Reads what @tile names: a partial one, or the full one that has taken its place. *ret_width is
 * how wide what was read ought to be. Errors as of log_source_read(). */
gboolean log_source_read_tile(const LogSource *source, const Tile *tile, GByteArray *buffer,
                              guint *ret_width, GError **error);
