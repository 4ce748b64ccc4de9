/* timestamp.h - RFC 3339 timestamps as STIX 2.1 (section 2.16) and TAXII 2.1 use them.
 *
 * In memory a time is a signed count of microseconds since 1970-01-01T00:00:00Z, proleptic
 * Gregorian calendar, without leap seconds. */
#pragma once

#include <glib.h>

/* Longest text timestamp_format() writes, the terminating NUL included. */
#define TIMESTAMP_MAX 40

/* Parses @length bytes of "YYYY-MM-DDThh:mm:ss[.f+]Z" (upper-case T and Z, UTC only, as STIX
 * demands; second 60 is refused). On success *ret_us is the time, digits after the sixth cut off,
 * and *ret_digits (may be NULL) how many digits followed the point, at most 255. Returns FALSE and
 * leaves the outputs alone when the text is no such timestamp. */
gboolean timestamp_parse(const char *text, gsize length, gint64 *ret_us, guint *ret_digits);

/* Like timestamp_parse(), but accepts what people and foreign formats write: lower case, a blank
 * for the T, numeric offsets, no zone (taken as UTC), no seconds, no time of day. */
gboolean timestamp_parse_lenient(const char *text, gsize length, gint64 *ret_us);

/* Writes @us with exactly @digits (0 to 9) digits after the point into @buffer and returns it. */
const char *timestamp_format(char buffer[TIMESTAMP_MAX], gint64 us, guint digits);

/* The time now, in microseconds. */
gint64 timestamp_now(void);
