/* frame_stream.h - a log as text whose records are lines, whatever it comes as: UTF-16 without a
 * byte order mark, and what frame.h knows. */
#pragma once

#include "base/stream.h"

/* With @records FALSE only the encoding counts, and lines stay as they are.
 *
 * *ret_stream reads @under, which must outlive it and is left alone until it is closed; NULL when
 * @under is such text, or anything else. Nothing of @under is consumed then, and no more waited for
 * than tells it from other text. */
gboolean frame_stream_open(Stream *under, gboolean records, Stream **ret_stream, GError **error);
