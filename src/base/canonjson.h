/* canonjson.h - the canonical form of JSON, RFC 8785 (JCS).
 *
 * Two values that mean the same have the same bytes: no white space, keys sorted by UTF-16 code
 * units, numbers as ECMAScript prints doubles, only the necessary escapes. What is hashed or signed
 * is this form. Duplicate keys must have been refused before (jsonguard.h). */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Appends the canonical form of @value to @out. Fails with CONCERT_ERROR_LIMIT when @value nests
 * deeper than JSONGUARD_MAX_DEPTH; @out then holds a part. */
gboolean canonjson_append(GString *out, yyjson_val *value, GError **error);

/* Appends @length bytes of UTF-8 as a JSON string. */
void canonjson_append_string(GString *out, const char *text, gsize length);

/* Appends a finite number, rounded to a double. */
void canonjson_append_number(GString *out, double number);

/* Orders two keys as RFC 8785 section 3.2.3 sorts them: less than, equal to or greater than 0. */
int canonjson_compare_keys(const char *a, gsize a_length, const char *b, gsize b_length);

/* Likewise two elements of an array of strings (yyjson_val *): for qsort(). */
int canonjson_compare(const void *a, const void *b);
