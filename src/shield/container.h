/* container.h - the files in a ZIP archive, one after the other, as streams.
 *
 * Nothing is ever written, and a member's name is only ever shown: it never becomes a path. All
 * members together may unpack to at most STREAM_MAX_RATIO times what was read of the archive (after
 * a grace, as streams do), may be CONTAINER_MAX_MEMBERS, and archives may lie in an archive, but
 * none in those. */
#pragma once

#include "base/stream.h"

#define CONTAINER_MAX_MEMBERS 100000
#define CONTAINER_MAX_DEPTH   2

/* Called for each member: @name is "ARCHIVE:MEMBER"; @stream is to be read as far as wanted, or is
 * NULL, and @error says why. FALSE ends the reading. */
typedef gboolean (*ContainerEach)(gpointer user, const char *name, Stream *stream,
                                  const GError *error);

/* Is it a ZIP archive? */
gboolean container_detect(Stream *stream, gboolean *ret_is, GError **error);

/* Reads the archive @stream, named @name. Members that cannot be read are told to @each; fails when
 * the archive itself cannot be read any further. */
gboolean container_read(Stream *stream, const char *name, ContainerEach each, gpointer user,
                        GError **error);

/* Calls @each for every file that walk_files() finds under @path, and instead of an archive for its
 * members; what cannot be read is told likewise. Logs whose records are no lines come as lines
 * (frame_stream.h), with @records. FALSE when @each said so. */
gboolean container_walk(const char *path, gboolean records, ContainerEach each, gpointer user);
