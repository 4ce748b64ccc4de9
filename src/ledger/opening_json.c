/* opening_json.c - openings as they are sent: JSON with a header as text. */
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "ledger/line.h"
#include "ledger/opening.h"

#define FORM        "opening/v1"
#define FORM_FAMILY "opening/v"

static void append_member(GString *json, const char *name, const void *bytes, gsize length)
{
    g_string_append_printf(json, "\"%s\":\"", name);
    line_append_base64(json, bytes, length);
    g_string_append_c(json, '"');
}

static void append_item(GString *json, const OpeningItem *item)
{
    gsize length;
    switch (item->state) {
    case OPENING_WITHHELD:
        g_string_append(json, "null");
        return;
    case OPENING_ERASED:
        g_string_append(json, "{\"erased\":true}");
        return;
    case OPENING_PRESENT:
        g_string_append_c(json, '{');
        append_member(json, "nonce", item->nonce, sizeof item->nonce);
        g_string_append_c(json, ',');
        const void *bytes = g_bytes_get_data(item->bytes, &length);
        append_member(json, "bytes", bytes, length);
        g_string_append_c(json, '}');
        return;
    }
}

void opening_append(GString *json, const Opening *opening)
{
    g_string_append(json, "{\"concert\":\"" FORM "\",");
    if (opening->is_erased) {
        append_member(json, "entry", opening->entry, sizeof opening->entry);
        g_string_append(json, ",\"erased\":true}");
        return;
    }
    append_member(json, "nonce", opening->nonce, sizeof opening->nonce);
    g_string_append(json, ",\"header\":");
    canonjson_append_string(json, opening->header, opening->header_length);
    for (guint i = 0; i < opening->n_items; i++) {
        g_string_append(json, i == 0 ? ",\"items\":[" : ",");
        append_item(json, &opening->items[i]);
    }
    g_string_append(json, opening->n_items > 0 ? "]}" : "}");
}

char *opening_format(const Opening *opening)
{
    GString *json = g_string_new(NULL);
    opening_append(json, opening);
    return g_string_free(json, FALSE);
}

/* The bytes of a member in base64; NULL if it is none. */
static GBytes *read_bytes(yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    return yyjson_is_str(value) ? line_base64(yyjson_get_str(value), yyjson_get_len(value)) : NULL;
}

static gboolean read_sized(yyjson_val *object, const char *name, guint8 *ret_bytes, gsize size)
{
    g_autoptr(GBytes) bytes = read_bytes(object, name);
    if (!bytes || g_bytes_get_size(bytes) != size)
        return FALSE;
    memcpy(ret_bytes, g_bytes_get_data(bytes, NULL), size);
    return TRUE;
}

static gboolean is_erased(yyjson_val *object)
{
    return yyjson_is_true(yyjson_obj_get(object, "erased"));
}

static gboolean read_part(yyjson_val *value, OpeningPart *part, guint8 *nonce, GError **error)
{
    if (yyjson_is_null(value)) {
        part->state = OPENING_WITHHELD;
        return TRUE;
    }
    if (is_erased(value)) {
        part->state = OPENING_ERASED;
        return TRUE;
    }
    part->state = OPENING_PRESENT;
    part->nonce = nonce;
    if (!read_sized(value, "nonce", nonce, OPENING_NONCE_SIZE))
        return error_input_null(error, "\"nonce\" is not 32 bytes in base64") != NULL;
    part->bytes = read_bytes(value, "bytes");
    return part->bytes || error_input_null(error, "\"bytes\" is not base64");
}

static gboolean read_parts(yyjson_val *items, OpeningParts *parts, GError **error)
{
    if (!items)
        return TRUE;
    if (!yyjson_is_arr(items))
        return error_input_null(error, "\"items\" is not a list") != NULL;
    if (yyjson_arr_size(items) > OPENING_ITEMS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d items",
                    OPENING_ITEMS_MAX);
        return FALSE;
    }
    parts->count = (guint)yyjson_arr_size(items);
    parts->parts = g_new0(OpeningPart, parts->count);
    parts->nonces = g_new0(guint8, parts->count * OPENING_NONCE_SIZE);
    size_t at, size;
    yyjson_val *item;
    yyjson_arr_foreach (items, at, size, item)
        if (!read_part(item, &parts->parts[at], parts->nonces + at * OPENING_NONCE_SIZE, error)) {
            g_prefix_error(error, "item %zu: ", at);
            return FALSE;
        }
    return TRUE;
}

static Opening *read_erased(yyjson_val *value, GError **error)
{
    guint8 entry[OPENING_ENTRY_SIZE];
    return read_sized(value, "entry", entry, sizeof entry) && entry[0] == OPENING_ENTRY_VERSION
               ? opening_new_erased(entry)
               : error_input_null(error, "\"entry\" is not an entry in base64");
}

Opening *opening_read(yyjson_val *value, GError **error)
{
    yyjson_val *form = yyjson_obj_get(value, "concert");
    yyjson_val *header = yyjson_obj_get(value, "header");
    guint8 nonce[OPENING_NONCE_SIZE];
    g_auto(OpeningParts) parts = {0};
    if (!yyjson_equals_str(form, FORM)) {
        if (yyjson_is_str(form) && g_str_has_prefix(yyjson_get_str(form), FORM_FAMILY)) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                                "the opening is of a later version");
            return NULL;
        }
        return error_input_null(error, "not an opening: \"concert\" is not \"" FORM "\"");
    }
    if (is_erased(value))
        return read_erased(value, error);
    if (!read_sized(value, "nonce", nonce, sizeof nonce))
        return error_input_null(error, "\"nonce\" is not 32 bytes in base64");
    if (!yyjson_is_str(header))
        return error_input_null(error, "\"header\" is not a text");
    if (!read_parts(yyjson_obj_get(value, "items"), &parts, error))
        return NULL;
    return opening_new(nonce, yyjson_get_str(header), yyjson_get_len(header), parts.parts,
                       parts.count, error);
}

Opening *opening_parse(const char *text, gsize length, gsize max, GError **error)
{
    if (length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the opening has more than %" G_GSIZE_FORMAT " bytes", max);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    return doc ? opening_read(yyjson_doc_get_root(doc), error) : NULL;
}
