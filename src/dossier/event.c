#include "dossier/event.h"

#include <sodium.h>
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "ledger/checkpoint.h"
#include "ledger/line.h"
#include "ledger/opening.h"
#include "ledger/origin.h"

#define ID_PREFIX   "concert/dossier/v1\n"
#define UUID_LENGTH 36

int event_hash_compare(const EventHash *a, const EventHash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

const char *event_hash_format(const EventHash *hash, char buffer[2 * SHA256_SIZE + 1])
{
    return sha256_hex(hash->bytes, buffer);
}

/* One more than the digit's value; 0: it is none. Events are mostly hashes: this is looked up for
 * half of their bytes. */
static const guint8 hex_digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

static int hex_digit(char c)
{
    return (int)hex_digits[(guint8)c] - 1;
}

static gboolean parse_hex(const char *text, gsize length, guint8 *ret_bytes, gsize size)
{
    guint8 bytes[SHA256_SIZE];
    if (length != 2 * size || size > sizeof bytes)
        return FALSE;
    int bad = 0;
    for (gsize i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        bad |= high | low;
        bytes[i] = (guint8)(high * 16 + low);
    }
    if (bad < 0)
        return FALSE;
    memcpy(ret_bytes, bytes, size);
    return TRUE;
}

gboolean event_hash_parse(const char *text, gsize length, EventHash *ret_hash)
{
    return parse_hex(text, length, ret_hash->bytes, sizeof ret_hash->bytes);
}

/* --- the dossier's id --------------------------------------------------------------------------
 */

/* 8-4-4-4-12 lower-case hex digits. */
static gboolean is_uuid(const char *text)
{
    for (guint i = 0; i < UUID_LENGTH; i++) {
        gboolean is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? text[i] != '-' : hex_digit(text[i]) < 0)
            return FALSE;
    }
    return text[UUID_LENGTH] == '\0';
}

gboolean event_dossier_is_valid(const char *text, const char *procedure)
{
    gsize length = strlen(text);
    if (length <= UUID_LENGTH + 1 || length > EVENT_DOSSIER_MAX)
        return FALSE;
    gsize word = length - UUID_LENGTH - 1;
    return text[word] == '-' && is_uuid(text + word + 1) && opening_kind_is_valid(text, word) &&
           (!procedure || (strlen(procedure) == word && memcmp(text, procedure, word) == 0));
}

/* The body of an opening event without its "dossier", in RFC 8785 form: @body must be in that form
 * already, but for white space. */
static gboolean append_without_id(GString *text, yyjson_val *body, GError **error)
{
    size_t at, size;
    yyjson_val *key, *value;
    char separator = '{';
    yyjson_obj_foreach (body, at, size, key, value) {
        if (yyjson_equals_str(key, "dossier"))
            continue;
        g_string_append_c(text, separator);
        canonjson_append_string(text, yyjson_get_str(key), yyjson_get_len(key));
        g_string_append_c(text, ':');
        if (!canonjson_append(text, value, error))
            return FALSE;
        separator = ',';
    }
    g_string_append_c(text, '}');
    return TRUE;
}

/* PROCEDURE-UUID, the UUID of version 8 (RFC 9562 section 5.8) being the first 122 bits that are
 * free in it of the SHA-256 of the opening event. Caller frees. */
static char *make_id(const char *procedure, yyjson_val *body, GError **error)
{
    g_autoptr(GString) text = g_string_new(ID_PREFIX);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    if (!append_without_id(text, body, error))
        return NULL;
    sha256_digest(text->str, text->len, digest);
    digest[6] = (guint8)((digest[6] & 0x0f) | 0x80);
    digest[8] = (guint8)((digest[8] & 0x3f) | 0x80);
    sha256_hex(digest, hex);
    return g_strdup_printf("%s-%.8s-%.4s-%.4s-%.4s-%.12s", procedure, hex, hex + 8, hex + 12,
                           hex + 16, hex + 20);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean refuse(GError **error, const char *member, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" %s", member, what);
    return FALSE;
}

/* A member that is a text of at most @max bytes without control characters; NULL in *ret_text if it
 * is absent. */
static gboolean read_optional(yyjson_val *body, const char *member, gsize max,
                              const char **ret_text, GError **error)
{
    yyjson_val *value = yyjson_obj_get(body, member);
    if (!value)
        return TRUE;
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0)
        return refuse(error, member, "is not a text");
    if (length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "\"%s\" has more than %" G_GSIZE_FORMAT " bytes", member, max);
        return FALSE;
    }
    for (gsize i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]))
            return refuse(error, member, "has a control character");
    *ret_text = text;
    return TRUE;
}

static gboolean read_text(yyjson_val *body, const char *member, gsize max, const char **ret_text,
                          GError **error)
{
    const char *text = NULL;
    if (!read_optional(body, member, max, &text, error))
        return FALSE;
    if (!text)
        return refuse(error, member, "is missing");
    *ret_text = text;
    return TRUE;
}

/* A lower-case word, formed as the kind of an entry. */
static gboolean read_word(yyjson_val *body, const char *member, const char **ret_word,
                          GError **error)
{
    const char *word;
    if (!read_text(body, member, EVENT_WORD_MAX, &word, error))
        return FALSE;
    if (!opening_kind_is_valid(word, strlen(word)))
        return refuse(error, member, "is not a lower-case word");
    *ret_word = word;
    return TRUE;
}

static gboolean read_parents(Event *event, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    if (!yyjson_is_arr(list))
        return refuse(error, "parents", "is not a list");
    if (yyjson_arr_size(list) > EVENT_PARENTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d parents",
                    EVENT_PARENTS_MAX);
        return FALSE;
    }
    event->n_parents = (guint)yyjson_arr_size(list);
    event->parents = g_new(EventHash, event->n_parents);
    yyjson_arr_foreach (list, at, size, value) {
        if (!yyjson_is_str(value) ||
            !event_hash_parse(yyjson_get_str(value), yyjson_get_len(value), &event->parents[at]))
            return refuse(error, "parents", "has what is not the hash of an event");
        if (at > 0 && event_hash_compare(&event->parents[at - 1], &event->parents[at]) >= 0)
            return refuse(error, "parents", "is not sorted, or has one twice");
    }
    return TRUE;
}

static gboolean read_marking(Event *event, yyjson_val *marking, GError **error)
{
    yyjson_val *tlp = yyjson_obj_get(marking, "tlp");
    yyjson_val *pap = yyjson_obj_get(marking, "pap");
    if (!yyjson_is_str(tlp) ||
        (event->tlp = marking_tlp_from_name(yyjson_get_str(tlp))) == MARKING_TLP_NONE ||
        strcmp(marking_tlp_name(event->tlp), yyjson_get_str(tlp)) != 0)
        return refuse(error, "marking", "has no TLP level");
    if (pap && (!yyjson_is_str(pap) ||
                (event->pap = marking_pap_from_name(yyjson_get_str(pap))) == MARKING_PAP_NONE ||
                strcmp(marking_pap_name(event->pap), yyjson_get_str(pap)) != 0))
        return refuse(error, "marking", "has what is no PAP level");
    return TRUE;
}

/* "SIZE ROOT", the root in base64 as in a checkpoint. */
static gboolean checkpoint_is_valid(const char *text)
{
    const char *space = strchr(text, ' ');
    guint64 size;
    MerkleHash root;
    return space && line_number(text, (gsize)(space - text), G_MAXINT64, &size) &&
           line_hash(space + 1, strlen(space + 1), &root);
}

/* What an opening event must be besides: the one that the dossier's id names. */
static gboolean check_opening(const Event *event, yyjson_val *body, GError **error)
{
    yyjson_val *nonce = yyjson_obj_get(body, "nonce");
    guint8 bytes[EVENT_NONCE_SIZE];
    if (!yyjson_is_str(nonce) ||
        !parse_hex(yyjson_get_str(nonce), yyjson_get_len(nonce), bytes, sizeof bytes))
        return refuse(error, "nonce", "is not 16 bytes in hex");
    g_autofree char *id = make_id(event->procedure, body, error);
    if (!id)
        return FALSE;
    return strcmp(id, event->dossier) == 0 ||
           refuse(error, "dossier", "is not the id that follows from the event that opens it");
}

static gboolean read_untold(Event *event, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *node;
    const char *before = NULL;
    if (!list)
        return TRUE;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0 ||
        yyjson_arr_size(list) > EVENT_UNTOLD_MAX)
        return refuse(error, "untold", "is not a list of nodes, or a long one");
    yyjson_arr_foreach (list, at, size, node) {
        const char *name = yyjson_get_str(node);
        if (!name || !note_name_is_valid(name, yyjson_get_len(node)) || strchr(name, '/'))
            return refuse(error, "untold", "has what is not the name of a node");
        if (before && strcmp(before, name) >= 0)
            return refuse(error, "untold", "is not sorted, or has one twice");
        before = name;
    }
    event->untold = list;
    return TRUE;
}

/* Fills @event from @body, which is in RFC 8785 form and outlives it. */
static gboolean read_body(Event *event, yyjson_val *body, GError **error)
{
    const char *time;
    guint digits;
    yyjson_val *exercise = yyjson_obj_get(body, "exercise");
    if (!read_word(body, "procedure", &event->procedure, error) ||
        !read_text(body, "dossier", EVENT_DOSSIER_MAX, &event->dossier, error) ||
        !read_word(body, "type", &event->type, error) ||
        !read_text(body, "author", CHECKPOINT_ORIGIN_MAX, &event->author, error) ||
        !read_optional(body, "signatory", EVENT_SIGNATORY_MAX, &event->signatory, error) ||
        !read_text(body, "time", TIMESTAMP_MAX, &time, error) ||
        !read_optional(body, "checkpoint", 128, &event->checkpoint, error))
        return FALSE;
    if (!event_dossier_is_valid(event->dossier, event->procedure))
        return refuse(error, "dossier", "is not the name of the procedure, \"-\" and a UUID");
    if (!(event->node = origin_node(event->author)))
        return refuse(error, "author", "is not the origin of a node's ledger");
    if (!timestamp_parse(time, strlen(time), &event->time_us, &digits) ||
        digits != OPENING_TIME_DIGITS)
        return refuse(error, "time", "is not a time in UTC with six digits of a second");
    if (event->checkpoint && !checkpoint_is_valid(event->checkpoint))
        return refuse(error, "checkpoint", "is not a size and a root");
    event->is_exercise = exercise != NULL;
    if (exercise && !yyjson_is_true(exercise))
        return refuse(error, "exercise", "is there and not true");
    if (!yyjson_is_obj(event->payload = yyjson_obj_get(body, "payload")))
        return refuse(error, "payload", "is not an object");
    return read_parents(event, yyjson_obj_get(body, "parents"), error) &&
           read_untold(event, yyjson_obj_get(body, "untold"), error) &&
           read_marking(event, yyjson_obj_get(body, "marking"), error);
}

/* The same, and that the dossier is the one that @body opens if it opens one. */
static gboolean read_whole(Event *event, yyjson_val *body, GError **error)
{
    return read_body(event, body, error) &&
           (event->n_parents > 0 || check_opening(event, body, error));
}

Event *event_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(Event) event = g_new0(Event, 1);
    event->json = signed_json_parse(text, length, EVENT_BYTES_MAX, EVENT_SIGNED_TYPE, error);
    if (!event->json || !read_whole(event, event->json->body, error))
        return NULL;
    signed_json_hash(event->json, event->hash.bytes);
    return g_steal_pointer(&event);
}

Event *event_draft(const char *body, gsize length, GError **error)
{
    g_autoptr(Event) event = g_new0(Event, 1);
    if (!(event->doc = jsonguard_read(body, length, error)) ||
        !read_whole(event, yyjson_doc_get_root(event->doc), error))
        return NULL;
    return g_steal_pointer(&event);
}

Event *event_restore(const char *text, gsize length, const EventHash *hash)
{
    g_autoptr(Event) event = g_new0(Event, 1);
    event->hash = *hash;
    event->doc = yyjson_read(text, length, 0);
    return read_body(event, yyjson_obj_get(yyjson_doc_get_root(event->doc), "body"), NULL)
               ? g_steal_pointer(&event)
               : NULL;
}

gboolean event_verify(const Event *event, const NoteVerifier *key, GError **error)
{
    return signed_json_verify(event->json, key, error);
}

void event_free(Event *event)
{
    if (!event)
        return;
    signed_json_free(event->json);
    yyjson_doc_free(event->doc);
    g_free(event->node);
    g_free(event->parents);
    g_free(event);
}

const char *event_text(const Event *event, const char *member)
{
    return yyjson_get_str(yyjson_obj_get(event->payload, member));
}

gboolean event_is_untold(const Event *event, const char *node)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (event->untold, at, size, one)
        if (strcmp(yyjson_get_str(one), node) == 0)
            return TRUE;
    return FALSE;
}

/* --- building ----------------------------------------------------------------------------------
 */

static int compare_parents(const void *a, const void *b)
{
    return event_hash_compare(a, b);
}

static void append_hex(GString *text, const guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
}

static void append_parents(GString *text, const EventSpec *spec)
{
    g_autofree EventHash *sorted = g_memdup2(spec->parents, spec->n_parents * sizeof(EventHash));
    char hex[2 * SHA256_SIZE + 1];
    if (spec->n_parents > 0)
        qsort(sorted, spec->n_parents, sizeof *sorted, compare_parents);
    g_string_append(text, ",\"parents\":[");
    for (guint i = 0; i < spec->n_parents; i++)
        g_string_append_printf(text, "%s\"%s\"", i > 0 ? "," : "",
                               event_hash_format(&sorted[i], hex));
    g_string_append_c(text, ']');
}

/* A member of texts; NULL is left out. */
static void append_text(GString *text, const char *member, const char *value)
{
    if (!value)
        return;
    g_string_append_printf(text, ",\"%s\":", member);
    canonjson_append_string(text, value, strlen(value));
}

static void append_untold(GString *text, const char *const *nodes)
{
    if (!nodes || !nodes[0])
        return;
    g_string_append(text, ",\"untold\":[");
    for (guint i = 0; nodes[i]; i++) {
        g_string_append(text, i > 0 ? "," : "");
        canonjson_append_string(text, nodes[i], strlen(nodes[i]));
    }
    g_string_append_c(text, ']');
}

/* The body with the dossier's id, or without one; not in canonical form yet. */
static char *compose(const EventSpec *spec, const char *dossier, const guint8 *nonce)
{
    char time[TIMESTAMP_MAX];
    const char *tlp = marking_tlp_name(spec->tlp), *pap = marking_pap_name(spec->pap);
    GString *text = g_string_new("{\"author\":");
    canonjson_append_string(text, spec->author, strlen(spec->author));
    append_text(text, "checkpoint", spec->checkpoint);
    append_text(text, "dossier", dossier);
    if (spec->is_exercise)
        g_string_append(text, ",\"exercise\":true");
    g_string_append_printf(text, ",\"marking\":{%s%s%s\"tlp\":\"%s\"}", pap ? "\"pap\":\"" : "",
                           pap ? pap : "", pap ? "\"," : "", tlp ? tlp : "");
    if (spec->n_parents == 0) {
        g_string_append(text, ",\"nonce\":\"");
        append_hex(text, nonce, EVENT_NONCE_SIZE);
        g_string_append_c(text, '"');
    }
    append_parents(text, spec);
    g_string_append_printf(text, ",\"payload\":%s", spec->payload ? spec->payload : "{}");
    append_text(text, "procedure", spec->procedure);
    append_text(text, "signatory", spec->signatory);
    append_text(text, "time", timestamp_format(time, spec->time_us, OPENING_TIME_DIGITS));
    append_text(text, "type", spec->type);
    append_untold(text, spec->untold);
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

/* The same text in RFC 8785 form. */
static char *canonical(const char *body, yyjson_doc **ret_doc, GError **error)
{
    g_autoptr(yyjson_doc) doc = jsonguard_read(body, strlen(body), error);
    g_autoptr(GString) text = g_string_new(NULL);
    if (!doc || !canonjson_append(text, yyjson_doc_get_root(doc), error))
        return NULL;
    /* Read again: the id is made from the members in their canonical order. */
    yyjson_doc *sorted = jsonguard_read(text->str, text->len, error);
    if (!sorted)
        return NULL;
    *ret_doc = sorted;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *build_opening(const EventSpec *spec, const guint8 *nonce, GError **error)
{
    guint8 drawn[EVENT_NONCE_SIZE];
    g_autoptr(yyjson_doc) doc = NULL, whole = NULL;
    if (!nonce)
        randombytes_buf(drawn, sizeof drawn);
    g_autofree char *anonymous = compose(spec, NULL, nonce ? nonce : drawn);
    g_autofree char *form = canonical(anonymous, &doc, error);
    g_autofree char *id = form ? make_id(spec->procedure, yyjson_doc_get_root(doc), error) : NULL;
    if (!id)
        return NULL;
    g_autofree char *body = compose(spec, id, nonce ? nonce : drawn);
    return canonical(body, &whole, error);
}

static char *build_later(const EventSpec *spec, GError **error)
{
    g_autoptr(yyjson_doc) doc = NULL;
    g_autofree char *body = compose(spec, spec->dossier, NULL);
    return canonical(body, &doc, error);
}

/* That what is put into a body as text is what it should be. */
static gboolean check_spec(const EventSpec *spec, GError **error)
{
    if (!spec->dossier != (spec->n_parents == 0)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the event that opens a dossier has no parents, every other has some");
        return FALSE;
    }
    if (!spec->payload)
        return TRUE;
    g_autoptr(yyjson_doc) doc = jsonguard_read(spec->payload, strlen(spec->payload), error);
    if (!doc)
        return FALSE;
    return yyjson_is_obj(yyjson_doc_get_root(doc)) || refuse(error, "payload", "is not an object");
}

char *event_build(const EventSpec *spec, const guint8 *nonce, GError **error)
{
    if (!check_spec(spec, error))
        return NULL;
    g_autofree char *body =
        spec->dossier ? build_later(spec, error) : build_opening(spec, nonce, error);
    g_autoptr(Event) event = body ? event_draft(body, strlen(body), error) : NULL;
    return event ? g_steal_pointer(&body) : NULL;
}

char *event_make(const EventSpec *spec, const NoteSigner *signer, GError **error)
{
    g_autofree char *body = event_build(spec, NULL, error);
    if (!body)
        return NULL;
    g_autofree char *text =
        signed_json_make_text(EVENT_SIGNED_TYPE, body, strlen(body), &signer, 1, error);
    if (text && strlen(text) > EVENT_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the event has more than %d bytes",
                    EVENT_BYTES_MAX);
        return NULL;
    }
    return g_steal_pointer(&text);
}
