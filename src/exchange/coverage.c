#include "exchange/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "exchange/record_field.h"
#include "ledger/line.h"

/* Reading. */

static gboolean read_indices(yyjson_val *body, Coverage *coverage, GError **error)
{
    yyjson_val *list = yyjson_obj_get(body, "indices");
    size_t at, size;
    yyjson_val *value;
    if (!yyjson_is_arr(list))
        return error_input(error, "\"indices\" is not a list");
    if (yyjson_arr_size(list) > COVERAGE_INDICES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d indices",
                    COVERAGE_INDICES_MAX);
        return FALSE;
    }
    coverage->indices = g_new(guint64, yyjson_arr_size(list));
    guint64 least = coverage->from;
    yyjson_arr_foreach (list, at, size, value) {
        guint64 index = yyjson_get_uint(value);
        if (!yyjson_is_uint(value) || index < least || index >= coverage->end)
            return error_input(error,
                               "\"indices\" are not ascending within %" G_GUINT64_FORMAT
                               " to %" G_GUINT64_FORMAT ", at place %zu",
                               coverage->from, coverage->end, at);
        coverage->indices[coverage->n_indices++] = index;
        least = index + 1;
    }
    return TRUE;
}

static gboolean read_body(yyjson_val *body, Coverage *coverage, GError **error)
{
    yyjson_val *root = yyjson_obj_get(body, "root");
    if (!record_field_name(body, "origin", &coverage->origin, error) ||
        !record_field_name(body, "to", &coverage->to, error) ||
        !record_field_entries(body, "from", &coverage->from, error) ||
        !record_field_entries(body, "end", &coverage->end, error) ||
        !record_field_entries(body, "size", &coverage->size, error) ||
        !record_field_time(body, &coverage->time_us, error))
        return FALSE;
    if (coverage->from > coverage->end || coverage->end > coverage->size)
        return error_input(error, "\"from\", \"end\" and \"size\" are not in that order");
    if (!yyjson_is_str(root) ||
        !line_hash(yyjson_get_str(root), yyjson_get_len(root), &coverage->root))
        return error_input(error, "\"root\" is not a hash in base64");
    return read_indices(body, coverage, error);
}

Coverage *coverage_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(Coverage) coverage = g_new0(Coverage, 1);
    coverage->json = signed_json_parse(text, length, COVERAGE_BYTES_MAX, COVERAGE_TYPE, error);
    return coverage->json && read_body(coverage->json->body, coverage, error)
               ? g_steal_pointer(&coverage)
               : NULL;
}

void coverage_free(Coverage *coverage)
{
    if (!coverage)
        return;
    g_free(coverage->origin);
    g_free(coverage->to);
    g_free(coverage->indices);
    signed_json_free(coverage->json);
    g_free(coverage);
}

/* Writing. */

char *coverage_make(const Coverage *coverage, const NoteSigner *signer, GError **error)
{
    char time[TIMESTAMP_MAX];
    g_autoptr(GString) body = g_string_new("{\"origin\":");
    canonjson_append_string(body, coverage->origin, strlen(coverage->origin));
    g_string_append(body, ",\"to\":");
    canonjson_append_string(body, coverage->to, strlen(coverage->to));
    g_string_append_printf(body,
                           ",\"from\":%" G_GUINT64_FORMAT ",\"end\":%" G_GUINT64_FORMAT
                           ",\"size\":%" G_GUINT64_FORMAT ",\"root\":\"",
                           coverage->from, coverage->end, coverage->size);
    line_append_base64(body, coverage->root.bytes, SHA256_SIZE);
    g_string_append_printf(body, "\",\"time\":\"%s\",\"indices\":[",
                           timestamp_format(time, coverage->time_us, OPENING_TIME_DIGITS));
    for (guint i = 0; i < coverage->n_indices; i++)
        g_string_append_printf(body, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "",
                               coverage->indices[i]);
    g_string_append(body, "]}");
    g_autofree char *text =
        signed_json_make_text(COVERAGE_TYPE, body->str, body->len, &signer, 1, error);
    g_autoptr(Coverage) again = text ? coverage_parse(text, strlen(text), error) : NULL;
    return again ? g_steal_pointer(&text) : NULL;
}

/* What it says. */

gboolean coverage_verify(const Coverage *coverage, const NoteVerifier *const *keys, guint n_keys,
                         guint *ret_key, GError **error)
{
    for (guint i = 0; i < n_keys; i++)
        if (signed_json_verify(coverage->json, keys[i], NULL)) {
            if (ret_key)
                *ret_key = i;
            return TRUE;
        }
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        "no message key of the author's that is known has signed the statement");
    return FALSE;
}

static int compare_indices(const void *a, const void *b)
{
    guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;
    return left < right ? -1 : left > right;
}

gboolean coverage_claims(const Coverage *coverage, guint64 index)
{
    return coverage->n_indices > 0 && bsearch(&index, coverage->indices, coverage->n_indices,
                                              sizeof index, compare_indices) != NULL;
}

gboolean coverage_omits(const Coverage *coverage, guint64 index, const Opening *opening)
{
    return index >= coverage->from && index < coverage->end && !opening->is_erased &&
           strcmp(opening->origin, coverage->origin) == 0 &&
           opening_is_for(opening, coverage->to) && !coverage_claims(coverage, index);
}
