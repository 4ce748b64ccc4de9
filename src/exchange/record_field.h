/* record_field.h - single members of what nodes write for each other: each has one reader. What is
 * missing or none is CONCERT_ERROR_INPUT, which names the member. */
#pragma once

#include <yyjson.h>

#include "base/error.h"

/* The name of a log. Caller frees. */
gboolean record_field_name(yyjson_val *object, const char *name, char **ret_text, GError **error);

/* "time", with all its digits; microseconds since 1970. */
gboolean record_field_time(yyjson_val *object, gint64 *ret_us, GError **error);

/* A whole number of at most @max. */
gboolean record_field_number(yyjson_val *object, const char *name, guint64 max, guint64 *ret_number,
                             GError **error);

/* A number of entries, or the index of one. */
gboolean record_field_entries(yyjson_val *object, const char *name, guint64 *ret_number,
                              GError **error);
