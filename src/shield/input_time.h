/* input_time.h - the times that logs write. */
#pragma once

#include <glib.h>

/* Reads any of: RFC 3339 and what is near it, zones without a colon and commas before fractions
 * included; seconds, milli-, micro- or nanoseconds since 1970; "10/Oct/2000:13:55:36 -0700";
 * "25-Nov-2023 06:25:01.123"; "Oct 10 2000 13:55:36"; "Oct 10 13:55:36"; "/Date(1706695200123)/".
 * Where no zone is written it is UTC; where no year is, the last such date that is no later than a
 * day after @now. Returns the length of the time at the start of @text, 0 when there is none;
 * *ret_us in microseconds. */
gsize input_time_read(const char *text, gsize length, gint64 now, gint64 *ret_us);
