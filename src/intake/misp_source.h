/* misp_source.h - cuts a stream of MISP JSON into events, without reading it whole.
 *
 * The cutter knows brackets and strings, no more; whether an item is JSON at all is for the parser
 * to say, and one that is not costs nobody else. Items are the elements of a top-level array, the
 * elements of the array named "response" in a top-level object, and otherwise the top-level values
 * themselves. */
#pragma once

#include "base/stream.h"

typedef struct MispSource MispSource;

/* @stream is borrowed. */
MispSource *misp_source_new(Stream *stream);

/* The next item. *ret_bytes is followed by room for a parser's padding, may be written to, and
 * lives until the next call; NULL at the end. *ret_path is its JSON path ("$", "$[3]",
 * "$.response[3]"), likewise. An item over the bound is skipped: *ret_length is then its size and
 * *ret_bytes points to no bytes ("").
 *
 * Fails when the stream does. */
gboolean misp_source_next(MispSource *source, char **ret_bytes, gsize *ret_length,
                          const char **ret_path, GError **error);

/* Whether the input ended inside an item or an array. */
gboolean misp_source_truncated(const MispSource *source);

void misp_source_free(MispSource *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MispSource, misp_source_free)
