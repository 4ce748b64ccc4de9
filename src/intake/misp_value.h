/* misp_value.h - the values of MISP's JSON, which writes numbers and truth as text or not, as the
 * version of MISP and the road the event took will have it. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* The text of the string, number or boolean @value; NULL for anything else and for NULL. Caller
 * frees. */
char *misp_value_text(yyjson_val *value);

/* TRUE for true, 1 and "1". */
gboolean misp_value_true(yyjson_val *value);

/* The whole number in @value, a number or its text. FALSE when there is none. */
gboolean misp_value_integer(yyjson_val *value, gint64 *ret_integer);

/* The time in @value, seconds since 1970 or a date, in microseconds; FALSE when there is none
 * between the years 1970 and 9999. */
gboolean misp_value_time(yyjson_val *value, gint64 *ret_us);

/* The UUID in member @key of @object in lower case, or NULL. Caller frees. */
char *misp_value_uuid(yyjson_val *object, const char *key);

/* A UUIDv5 of the texts up to NULL, for what MISP gives no UUID. Caller frees. */
char *misp_value_make_uuid(const char *first, ...) G_GNUC_NULL_TERMINATED;
