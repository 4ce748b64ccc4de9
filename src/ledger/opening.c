#include "ledger/opening.h"

#include <sodium.h>
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "ledger/note.h"

#define VERSION     1
#define PREFIX      "concert/v1"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define PUBLIC      "public"
#define TIME_LENGTH 27 /* "YYYY-MM-DDThh:mm:ss.ffffffZ" */

gboolean opening_kind_is_valid(const char *kind, gsize length)
{
    gboolean is_start = TRUE;
    for (gsize i = 0; i < length; i++) {
        char c = kind[i];
        if (is_start ? !g_ascii_islower(c)
                     : !g_ascii_islower(c) && !g_ascii_isdigit(c) && c != '-' && c != '.')
            return FALSE;
        is_start = c == '.';
    }
    return length > 0 && length <= OPENING_KIND_MAX && !is_start;
}

gboolean opening_type_is_valid(const char *type, gsize length)
{
    const char *slash = memchr(type, '/', length);
    if (!slash || slash == type || slash + 1 == type + length || length > OPENING_TYPE_MAX ||
        type[length - 1] == ' ')
        return FALSE;
    for (const char *p = type; p < type + length; p++)
        if (!g_ascii_isgraph(*p) && (*p != ' ' || p < slash + 2))
            return FALSE;
    return TRUE;
}

void opening_commit(const guint8 nonce[OPENING_NONCE_SIZE], const char *header, gsize length,
                    guint8 ret_entry[OPENING_ENTRY_SIZE])
{
    guint8 prefix[PREFIX_SIZE + OPENING_NONCE_SIZE];
    memcpy(prefix, PREFIX, PREFIX_SIZE);
    memcpy(prefix + PREFIX_SIZE, nonce, OPENING_NONCE_SIZE);
    ret_entry[0] = OPENING_ENTRY_VERSION;
    sha256_digest_pair(prefix, sizeof prefix, header, length, ret_entry + 1);
}

void opening_hash_item(const guint8 nonce[OPENING_NONCE_SIZE], const void *bytes, gsize length,
                       guint8 ret_hash[SHA256_SIZE])
{
    sha256_digest_pair(nonce, OPENING_NONCE_SIZE, bytes, length, ret_hash);
}

void opening_free(Opening *opening)
{
    if (!opening)
        return;
    for (guint i = 0; i < opening->n_items; i++) {
        g_free(opening->items[i].type);
        g_clear_pointer(&opening->items[i].bytes, g_bytes_unref);
    }
    if (opening->n_items > 0)
        sodium_memzero(opening->items, opening->n_items * sizeof *opening->items);
    sodium_memzero(opening->nonce, sizeof opening->nonce);
    g_free(opening->items);
    g_free(opening->header);
    g_free(opening->origin);
    g_free(opening->kind);
    g_strfreev(opening->audience);
    g_free(opening);
}

void opening_parts_clear(OpeningParts *parts)
{
    for (guint i = 0; i < parts->count; i++)
        g_clear_pointer(&parts->parts[i].bytes, g_bytes_unref);
    g_free(parts->parts);
    g_free(parts->nonces);
}

/* Reading. */

static gboolean read_version(yyjson_val *value, Opening *opening, GError **error)
{
    if (yyjson_is_uint(value) && yyjson_get_uint(value) == VERSION)
        return TRUE;
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) == 0)
        return error_input(error, "\"v\" is not 1");
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                        "the header is of a later version");
    return FALSE;
}

static gboolean read_origin(yyjson_val *value, Opening *opening, GError **error)
{
    const char *text = yyjson_get_str(value);
    if (!text || !note_name_is_valid(text, yyjson_get_len(value)))
        return error_input(error, "\"origin\" is not the name of a log");
    opening->origin = g_strdup(text);
    return TRUE;
}

static gboolean read_kind(yyjson_val *value, Opening *opening, GError **error)
{
    const char *text = yyjson_get_str(value);
    if (!text || !opening_kind_is_valid(text, yyjson_get_len(value)))
        return error_input(error, "\"kind\" is not lower-case words joined by dots");
    opening->kind = g_strdup(text);
    return TRUE;
}

static gboolean read_time(yyjson_val *value, Opening *opening, GError **error)
{
    guint digits = 0;
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    return (text && length == TIME_LENGTH &&
            timestamp_parse(text, length, &opening->time_us, &digits) &&
            digits == OPENING_TIME_DIGITS) ||
           error_input(error, "\"time\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ");
}

static gboolean read_audience(yyjson_val *value, Opening *opening, GError **error)
{
    if (yyjson_equals_str(value, PUBLIC)) {
        opening->is_public = TRUE;
        opening->audience = g_new0(char *, 1);
        return TRUE;
    }
    if (!yyjson_is_arr(value))
        return error_input(error, "\"audience\" is neither \"" PUBLIC "\" nor a list of origins");
    if (yyjson_arr_size(value) > OPENING_AUDIENCE_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "members of \"audience\": more than %u",
                         OPENING_AUDIENCE_MAX);
    opening->audience = g_new0(char *, yyjson_arr_size(value) + 1);
    size_t at, size;
    yyjson_val *origin;
    yyjson_arr_foreach (value, at, size, origin) {
        const char *text = yyjson_get_str(origin);
        if (!text || !note_name_is_valid(text, yyjson_get_len(origin)))
            return error_input(error, "\"audience\" has a member that is not the name of a log");
        if (at > 0 && strcmp(opening->audience[at - 1], text) >= 0)
            return error_input(error, "\"audience\" is not sorted, or has \"%s\" twice", text);
        opening->audience[at] = g_strdup(text);
    }
    return TRUE;
}

/* Of a lower-case hex digit; another character gets more than 15. */
static guint read_digit(char c)
{
    guint digit = (guint)((guchar)c - '0'), letter = (guint)((guchar)c - 'a');
    return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

static gboolean read_hash(yyjson_val *value, guint8 ret_hash[SHA256_SIZE])
{
    const char *text = yyjson_get_str(value);
    if (!text || yyjson_get_len(value) != 2 * SHA256_SIZE)
        return FALSE;
    for (guint i = 0; i < SHA256_SIZE; i++) {
        guint high = read_digit(text[2 * i]), low = read_digit(text[2 * i + 1]);
        if (high > 15 || low > 15)
            return FALSE;
        ret_hash[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

static gboolean read_item(yyjson_val *value, OpeningItem *item, guint place, GError **error)
{
    yyjson_val *length = yyjson_obj_get(value, "length");
    yyjson_val *type = yyjson_obj_get(value, "type");
    if (!yyjson_is_obj(value))
        return error_input(error, "item %u: not an object", place);
    if (!read_hash(yyjson_obj_get(value, "hash"), item->hash))
        return error_input(error, "item %u: \"hash\" is not 64 lower-case hex digits", place);
    if (!yyjson_is_uint(length) || yyjson_get_uint(length) > OPENING_INTEGER_MAX)
        return error_input(error, "item %u: \"length\" is not a number of bytes", place);
    if (!yyjson_is_str(type) || !opening_type_is_valid(yyjson_get_str(type), yyjson_get_len(type)))
        return error_input(error, "item %u: \"type\" is not a media type", place);
    item->length = yyjson_get_uint(length);
    item->type = g_strdup(yyjson_get_str(type));
    item->state = OPENING_WITHHELD;
    return TRUE;
}

static gboolean read_items(yyjson_val *value, Opening *opening, GError **error)
{
    if (!value)
        return TRUE;
    if (!yyjson_is_arr(value) || yyjson_arr_size(value) == 0)
        return error_input(error, "\"items\" is not a list of at least one item");
    if (yyjson_arr_size(value) > OPENING_ITEMS_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "items: more than %u", OPENING_ITEMS_MAX);
    opening->n_items = (guint)yyjson_arr_size(value);
    opening->items = g_new0(OpeningItem, opening->n_items);
    size_t at, size;
    yyjson_val *item;
    yyjson_arr_foreach (value, at, size, item)
        if (!read_item(item, &opening->items[at], (guint)at, error))
            return FALSE;
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*read)(yyjson_val *value, Opening *opening, GError **error);
} readers[] = {
    {"v", read_version}, {"origin", read_origin},     {"kind", read_kind},
    {"time", read_time}, {"audience", read_audience}, {"items", read_items},
};

static gboolean read_header(Opening *opening, GError **error)
{
    g_autoptr(yyjson_doc) doc = jsonguard_read(opening->header, opening->header_length, error);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!doc)
        return FALSE;
    if (!yyjson_is_obj(root))
        return error_input(error, "not a JSON object");
    for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
        if (!readers[i].read(yyjson_obj_get(root, readers[i].name), opening, error))
            return FALSE;
    return TRUE;
}

static gboolean take_parts(Opening *opening, const OpeningPart *parts, guint n_parts,
                           GError **error)
{
    if (n_parts != opening->n_items)
        return error_input(error, "the header has %u items, the opening %u", opening->n_items,
                           n_parts);
    for (guint i = 0; i < n_parts; i++) {
        OpeningItem *item = &opening->items[i];
        item->state = parts[i].state;
        if (item->state != OPENING_PRESENT)
            continue;
        memcpy(item->nonce, parts[i].nonce, OPENING_NONCE_SIZE);
        item->bytes = g_bytes_ref(parts[i].bytes);
    }
    return TRUE;
}

Opening *opening_new(const guint8 nonce[OPENING_NONCE_SIZE], const char *header, gsize length,
                     const OpeningPart *parts, guint n_parts, GError **error)
{
    if (length > OPENING_HEADER_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "bytes of a header: more than %u",
                  OPENING_HEADER_MAX);
        return NULL;
    }
    g_autoptr(Opening) opening = g_new0(Opening, 1);
    memcpy(opening->nonce, nonce, OPENING_NONCE_SIZE);
    opening->header = g_strndup(header, length);
    opening->header_length = length;
    if (!read_header(opening, error)) {
        g_prefix_error(error, "header: ");
        return NULL;
    }
    if (!take_parts(opening, parts, n_parts, error))
        return NULL;
    opening_commit(opening->nonce, opening->header, length, opening->entry);
    return g_steal_pointer(&opening);
}

Opening *opening_new_erased(const guint8 entry[OPENING_ENTRY_SIZE])
{
    Opening *opening = g_new0(Opening, 1);
    memcpy(opening->entry, entry, OPENING_ENTRY_SIZE);
    opening->is_erased = TRUE;
    return opening;
}

/* Verifying. */

static gboolean verify_entry(const Opening *opening, const guint8 *entry, gsize length,
                             GError **error)
{
    if (length > 0 && entry[0] > OPENING_ENTRY_VERSION) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER, "the entry is of version %u",
                    entry[0]);
        return FALSE;
    }
    if (length != OPENING_ENTRY_SIZE || entry[0] != OPENING_ENTRY_VERSION)
        return error_input(error, "the entry is not a version byte and a commitment");
    if (memcmp(entry, opening->entry, OPENING_ENTRY_SIZE) == 0)
        return TRUE;
    return opening->is_erased
               ? error_input(error, "the entry is not the one that was erased")
               : error_input(error,
                             "the commitment is not that of the entry: nonce or header differ");
}

static gboolean verify_form(const Opening *opening, GError **error)
{
    if (opening->is_canonical)
        return TRUE;
    g_autoptr(yyjson_doc) doc = opening_header(opening);
    g_autoptr(GString) canonical = g_string_sized_new(opening->header_length + 1);
    if (!canonjson_append(canonical, yyjson_doc_get_root(doc), error))
        return FALSE;
    return (canonical->len == opening->header_length &&
            memcmp(canonical->str, opening->header, canonical->len) == 0) ||
           error_input(error, "the header is not in RFC 8785 form");
}

static gboolean verify_item(const OpeningItem *item, guint place, GError **error)
{
    guint8 hash[SHA256_SIZE];
    if (item->state != OPENING_PRESENT || item->is_checked)
        return TRUE;
    gsize length;
    const void *bytes = g_bytes_get_data(item->bytes, &length);
    if (length != item->length)
        return error_input(error,
                           "item %u: %" G_GSIZE_FORMAT " bytes, the header says %" G_GUINT64_FORMAT,
                           place, length, item->length);
    opening_hash_item(item->nonce, bytes, length, hash);
    return memcmp(hash, item->hash, sizeof hash) == 0 ||
           error_input(error, "item %u: the hash is not that of the header: nonce or bytes differ",
                       place);
}

void opening_check_form(Opening *opening)
{
    opening->is_canonical = !opening->is_erased && verify_form(opening, NULL);
}

void opening_check_item(Opening *opening, guint item)
{
    opening->items[item].is_checked = opening->items[item].state == OPENING_PRESENT &&
                                      verify_item(&opening->items[item], item, NULL);
}

gboolean opening_verify(const Opening *opening, const char *origin, const guint8 *entry,
                        gsize length, GError **error)
{
    if (!verify_entry(opening, entry, length, error))
        return FALSE;
    if (opening->is_erased)
        return TRUE;
    if (!verify_form(opening, error))
        return FALSE;
    if (strcmp(opening->origin, origin) != 0)
        return error_input(error, "the header is of the log \"%s\", not of \"%s\"", opening->origin,
                           origin);
    for (guint i = 0; i < opening->n_items; i++)
        if (!verify_item(&opening->items[i], i, error))
            return FALSE;
    return TRUE;
}

/* What it says. */

const guint8 *opening_entry(const Opening *opening)
{
    return opening->entry;
}

gboolean opening_is_for(const Opening *opening, const char *origin)
{
    return opening->is_public ||
           (opening->audience && g_strv_contains((const char *const *)opening->audience, origin));
}

yyjson_doc *opening_header(const Opening *opening)
{
    return opening->is_erased ? NULL : yyjson_read(opening->header, opening->header_length, 0);
}

Opening *opening_withhold(const Opening *opening, guint keep, GError **error)
{
    if (keep != OPENING_NO_ITEM &&
        (keep >= opening->n_items || opening->items[keep].state != OPENING_PRESENT)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the opening has no item %u",
                    keep);
        return NULL;
    }
    if (opening->is_erased)
        return opening_new_erased(opening->entry);
    g_autofree OpeningPart *parts = g_new0(OpeningPart, opening->n_items);
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        parts[i].state =
            i == keep || item->state == OPENING_ERASED ? item->state : OPENING_WITHHELD;
        parts[i].nonce = item->nonce;
        parts[i].bytes = item->bytes;
    }
    return opening_new(opening->nonce, opening->header, opening->header_length, parts,
                       opening->n_items, error);
}

void opening_erase_item(Opening *opening, guint item)
{
    g_assert(item < opening->n_items);
    opening->items[item].state = OPENING_ERASED;
    sodium_memzero(opening->items[item].nonce, OPENING_NONCE_SIZE);
    g_clear_pointer(&opening->items[item].bytes, g_bytes_unref);
}
