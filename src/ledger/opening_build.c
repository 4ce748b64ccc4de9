/* opening_build.c - openings of our own: the header is written in RFC 8785 form at once, since
 * every append to the ledger makes one. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "ledger/note.h"
#include "ledger/opening.h"

#define VERSION      "1"
#define HEADER_GUESS 512                                   /* bytes that most headers fit in */
#define TIME_FIRST   G_GINT64_CONSTANT(-62167219200000000) /* years that have four digits */
#define TIME_LAST    G_GINT64_CONSTANT(253402300799999999)

/* What the kind adds, in the order of RFC 8785. */
typedef struct {
    yyjson_doc *doc;
    yyjson_val **keys;
    gsize count, next;
} Members;

static void members_clear(Members *members)
{
    yyjson_doc_free(members->doc);
    g_free(members->keys);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Members, members_clear)

/* An integer that a double does not hold would be another one in RFC 8785 form. All values of a
 * document stand in one array (see jsonguard.c). */
static gboolean check_numbers(yyjson_val *root, GError **error)
{
    for (yyjson_val *value = root; value < unsafe_yyjson_get_next(root); value++) {
        if ((yyjson_is_uint(value) && yyjson_get_uint(value) > OPENING_INTEGER_MAX) ||
            (yyjson_is_sint(value) && yyjson_get_sint(value) < -(gint64)OPENING_INTEGER_MAX)) {
            g_autofree char *path = jsonguard_path(root, value);
            return error_input(error, "%s: an integer beyond 2^53 - 1", path);
        }
    }
    return TRUE;
}

static gboolean members_read(const OpeningSpec *spec, Members *members, GError **error)
{
    if (!spec->members)
        return TRUE;
    if (spec->members_length > OPENING_HEADER_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "bytes of a header: more than %u",
                         OPENING_HEADER_MAX);
    members->doc = jsonguard_read(spec->members, spec->members_length, error);
    if (!members->doc)
        return FALSE;
    yyjson_val *root = yyjson_doc_get_root(members->doc);
    if (!yyjson_is_obj(root))
        return error_input(error, "the kind's members are not a JSON object");
    if (!check_numbers(root, error))
        return FALSE;
    members->count = yyjson_obj_size(root);
    members->keys = g_new(yyjson_val *, members->count);
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (root, at, size, key, value)
        members->keys[at] = key;
    if (members->count > 1)
        qsort(members->keys, members->count, sizeof *members->keys, canonjson_compare);
    return TRUE;
}

static void append_key(GString *header, const char *name, gsize length)
{
    if (header->len > 1)
        g_string_append_c(header, ',');
    canonjson_append_string(header, name, length);
    g_string_append_c(header, ':');
}

/* Appends the members that come before @name; all that are left if it is NULL. */
static gboolean members_append(Members *members, const char *name, GString *header, GError **error)
{
    for (; members->next < members->count; members->next++) {
        yyjson_val *key = members->keys[members->next];
        const char *text = yyjson_get_str(key);
        gsize length = yyjson_get_len(key);
        int order = name ? canonjson_compare_keys(text, length, name, strlen(name)) : -1;
        if (order == 0)
            return error_input(
                error, "\"%s\" is a member of every header, not one that a kind adds", name);
        if (order > 0)
            break;
        append_key(header, text, length);
        if (!canonjson_append(header, yyjson_obj_iter_get_val(key), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean append_audience(GString *header, const OpeningSpec *spec, Opening *opening,
                                GError **error)
{
    const char *const *audience = spec->audience;
    opening->is_public = spec->is_public;
    if (spec->is_public) {
        if (audience && audience[0])
            return error_input(error, "an opening for the public has no audience besides");
        g_string_append(header, "\"public\"");
        opening->audience = g_new0(char *, 1);
        return TRUE;
    }
    g_string_append_c(header, '[');
    for (guint i = 0; audience && audience[i]; i++) {
        gsize length = strlen(audience[i]);
        if (i == OPENING_AUDIENCE_MAX)
            return error_set(error, CONCERT_ERROR_LIMIT, "members of \"audience\": more than %u",
                             OPENING_AUDIENCE_MAX);
        if (!note_name_is_valid(audience[i], length))
            return error_input(error, "\"audience\" has a member that is not the name of a log");
        if (i > 0 && strcmp(audience[i - 1], audience[i]) >= 0)
            return error_input(error, "\"audience\" is not sorted, or has \"%s\" twice",
                               audience[i]);
        if (i > 0)
            g_string_append_c(header, ',');
        canonjson_append_string(header, audience[i], length);
    }
    g_string_append_c(header, ']');
    opening->audience = audience ? g_strdupv((char **)audience) : g_new0(char *, 1);
    return TRUE;
}

static gboolean append_items(GString *header, const OpeningSpec *spec, Opening *opening,
                             GError **error)
{
    char hex[2 * SHA256_SIZE + 1];
    gsize length;
    g_string_append_c(header, '[');
    for (guint i = 0; i < spec->n_items; i++) {
        OpeningItem *item = &opening->items[i];
        const char *type = spec->items[i].type;
        if (!opening_type_is_valid(type, strlen(type)))
            return error_input(error, "item %u: \"%s\" is not a media type", i, type);
        item->type = g_strdup(type);
        item->bytes = g_bytes_ref(spec->items[i].bytes);
        const void *bytes = g_bytes_get_data(item->bytes, &length);
        item->length = length;
        opening_hash_item(item->nonce, bytes, length, item->hash);
        g_string_append_printf(header,
                               "%s{\"hash\":\"%s\",\"length\":%" G_GUINT64_FORMAT ",\"type\":",
                               i > 0 ? "," : "", sha256_hex(item->hash, hex), item->length);
        canonjson_append_string(header, type, strlen(type));
        g_string_append_c(header, '}');
    }
    g_string_append_c(header, ']');
    return TRUE;
}

static gboolean append_kind(GString *header, const OpeningSpec *spec, Opening *opening,
                            GError **error)
{
    gsize length = strlen(spec->kind);
    if (!opening_kind_is_valid(spec->kind, length))
        return error_input(error, "\"kind\" is not lower-case words joined by dots");
    opening->kind = g_strdup(spec->kind);
    canonjson_append_string(header, spec->kind, length);
    return TRUE;
}

static gboolean append_origin(GString *header, const OpeningSpec *spec, Opening *opening,
                              GError **error)
{
    gsize length = strlen(spec->origin);
    if (!note_name_is_valid(spec->origin, length))
        return error_input(error, "\"origin\" is not the name of a log");
    opening->origin = g_strdup(spec->origin);
    canonjson_append_string(header, spec->origin, length);
    return TRUE;
}

static gboolean append_time(GString *header, const OpeningSpec *spec, Opening *opening,
                            GError **error)
{
    char text[TIMESTAMP_MAX];
    if (spec->time_us < TIME_FIRST || spec->time_us > TIME_LAST)
        return error_input(error, "\"time\" is not in the years 0 to 9999");
    timestamp_format(text, spec->time_us, OPENING_TIME_DIGITS);
    opening->time_us = spec->time_us;
    canonjson_append_string(header, text, strlen(text));
    return TRUE;
}

static gboolean append_version(GString *header, const OpeningSpec *spec, Opening *opening,
                               GError **error)
{
    g_string_append(header, VERSION);
    return TRUE;
}

/* The members of every header, in the order of RFC 8785. */
static const struct {
    const char *name;
    gboolean is_for_items;
    gboolean (*append)(GString *header, const OpeningSpec *spec, Opening *opening, GError **error);
} own_members[] = {
    {"audience", FALSE, append_audience}, {"items", TRUE, append_items},
    {"kind", FALSE, append_kind},         {"origin", FALSE, append_origin},
    {"time", FALSE, append_time},         {"v", FALSE, append_version},
};

/* Written at once in RFC 8785 form, and the fields of @opening filled on the way. */
static GString *write_header(const OpeningSpec *spec, Opening *opening, GError **error)
{
    g_auto(Members) members = {0};
    if (!members_read(spec, &members, error))
        return NULL;
    g_autoptr(GString) header = g_string_sized_new(HEADER_GUESS);
    g_string_append_c(header, '{');
    for (guint i = 0; i < G_N_ELEMENTS(own_members); i++) {
        const char *name = own_members[i].name;
        if (!members_append(&members, name, header, error))
            return NULL;
        if (own_members[i].is_for_items && spec->n_items == 0)
            continue;
        append_key(header, name, strlen(name));
        if (!own_members[i].append(header, spec, opening, error))
            return NULL;
    }
    if (!members_append(&members, NULL, header, error))
        return NULL;
    g_string_append_c(header, '}');
    if (header->len > OPENING_HEADER_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "bytes of a header: more than %u",
                  OPENING_HEADER_MAX);
        return NULL;
    }
    return g_steal_pointer(&header);
}

/* The items with their nonces, before anything is written: hashing needs them. */
/* Random nonces, drawn from the system so many at a time: a call for each would be a third of the
 * time that an opening takes. What has been given is wiped. */
#define NONCES_AT_ONCE 32

static void draw_nonce(guint8 ret_nonce[OPENING_NONCE_SIZE])
{
    static __thread guint8 drawn[NONCES_AT_ONCE][OPENING_NONCE_SIZE];
    static __thread guint left;
    if (left == 0) {
        randombytes_buf(drawn, sizeof drawn);
        left = NONCES_AT_ONCE;
    }
    left--;
    memcpy(ret_nonce, drawn[left], OPENING_NONCE_SIZE);
    sodium_memzero(drawn[left], OPENING_NONCE_SIZE);
}

static void take_nonces(Opening *opening, const guint8 *nonces)
{
    if (!nonces) {
        draw_nonce(opening->nonce);
        for (guint i = 0; i < opening->n_items; i++)
            draw_nonce(opening->items[i].nonce);
        return;
    }
    memcpy(opening->nonce, nonces, OPENING_NONCE_SIZE);
    for (guint i = 0; i < opening->n_items; i++)
        memcpy(opening->items[i].nonce, nonces + (i + 1) * OPENING_NONCE_SIZE, OPENING_NONCE_SIZE);
}

Opening *opening_build(const OpeningSpec *spec, const guint8 *nonces, GError **error)
{
    if (spec->n_items > OPENING_ITEMS_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "items: more than %u", OPENING_ITEMS_MAX);
        return NULL;
    }
    g_autoptr(Opening) opening = g_new0(Opening, 1);
    opening->n_items = spec->n_items;
    opening->items = g_new0(OpeningItem, spec->n_items);
    take_nonces(opening, nonces);
    GString *header = write_header(spec, opening, error);
    if (!header)
        return NULL;
    opening->header_length = header->len;
    opening->header = g_string_free(header, FALSE);
    opening_commit(opening->nonce, opening->header, opening->header_length, opening->entry);
    return g_steal_pointer(&opening);
}
