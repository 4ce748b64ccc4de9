#include "exchange/dispatch_header.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "exchange/record_field.h"
#include "ledger/line.h"
#include "ledger/note.h"

static gboolean limit(GError **error, const char *name, guint max)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "\"%s\" has more than %u members", name,
                max);
    return FALSE;
}

/* Values. */

/* Words for people: UTF-8 without control characters; of those only newline and tab, and these only
 * if it need not be a single line. */
static gboolean is_words(const char *text, gsize length, gboolean is_single)
{
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (g_unichar_iscntrl(c) && (is_single || (c != '\n' && c != '\t')))
            return FALSE;
    }
    return length > 0 && length <= DISPATCH_HEADER_TEXT_MAX;
}

static gboolean is_origin(const char *text, gsize length)
{
    return note_name_is_valid(text, length);
}

/* "name@node" */
static gboolean is_community(const char *text, gsize length)
{
    const char *at = memchr(text, '@', length);
    return at && at > text && at + 1 < text + length &&
           !memchr(at + 1, '@', (gsize)(text + length - at - 1)) &&
           note_name_is_valid(text, length);
}

static gboolean is_line(const char *text, gsize length)
{
    return is_words(text, length, TRUE);
}

static gboolean is_text(const char *text, gsize length)
{
    return is_words(text, length, FALSE);
}

/* A text for which @is_valid holds; one that is absent and not needed stays NULL. */
static gboolean read_text(yyjson_val *object, const char *name, gboolean is_needed,
                          gboolean (*is_valid)(const char *, gsize), char **ret_text,
                          GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!value && !is_needed)
        return TRUE;
    if (!yyjson_is_str(value) || !is_valid(yyjson_get_str(value), yyjson_get_len(value)))
        return error_input(error, "\"%s\" is %s", name,
                           !value                     ? "missing"
                           : is_valid == is_origin    ? "not the name of a log"
                           : is_valid == is_community ? "not of the form name@node"
                           : is_valid == is_line      ? "not one line of text of at most 4096 bytes"
                                                      : "not a text of at most 4096 bytes");
    *ret_text = g_strdup(yyjson_get_str(value));
    return TRUE;
}

/* A list of at most @max members; *ret_list NULL if it is absent and not needed. */
static gboolean read_list(yyjson_val *object, const char *name, gboolean is_needed, guint max,
                          yyjson_val **ret_list, GError **error)
{
    yyjson_val *list = yyjson_obj_get(object, name);
    *ret_list = list;
    if (!list && !is_needed)
        return TRUE;
    if (!yyjson_is_arr(list))
        return error_input(error, "\"%s\" is not a list", name);
    return yyjson_arr_size(list) <= max || limit(error, name, max);
}

/* The header of an opening of that kind. */
static yyjson_doc *open_header(const Opening *opening, const char *kind, GError **error)
{
    if (opening->is_erased) {
        error_input(error, "the opening was erased");
        return NULL;
    }
    if (strcmp(opening->kind, kind) != 0) {
        error_input(error, "it is of the kind \"%s\", not \"%s\"", opening->kind, kind);
        return NULL;
    }
    return opening_header(opening);
}

/* Writing. Members are written in any order: opening_build() sorts them. */

static GString *members_begin(void)
{
    return g_string_new("{");
}

static void append_name(GString *members, const char *name)
{
    if (members->len > 1 && members->str[members->len - 1] != '{')
        g_string_append_c(members, ',');
    g_string_append_printf(members, "\"%s\":", name);
}

static void append_text(GString *members, const char *name, const char *text)
{
    if (!text)
        return;
    append_name(members, name);
    canonjson_append_string(members, text, strlen(text));
}

static void append_number(GString *members, const char *name, guint64 number)
{
    append_name(members, name);
    g_string_append_printf(members, "%" G_GUINT64_FORMAT, number);
}

/* The members, once a reader finds nothing wrong with an opening of @kind that has them. */
static char *members_end(GString *members, const char *kind,
                         gboolean (*check)(const Opening *, GError **), GError **error)
{
    g_string_append_c(members, '}');
    Opening probe = {.kind = (char *)kind, .header = members->str, .header_length = members->len};
    if (!g_utf8_validate_len(members->str, members->len, NULL)) {
        error_input(error, "a text is not UTF-8");
        return NULL;
    }
    return check(&probe, error) ? g_strndup(members->str, members->len) : NULL;
}

/* "dispatch" */

void dispatch_header_free(DispatchHeader *header)
{
    if (!header)
        return;
    g_free(header->title);
    g_free(header->community);
    g_strfreev(header->named);
    g_free(header->purpose);
    g_free(header->onward_origin);
    g_free(header);
}

static gboolean read_marking(yyjson_val *root, DispatchHeader *header, GError **error)
{
    yyjson_val *marking = yyjson_obj_get(root, "marking");
    yyjson_val *tlp = yyjson_obj_get(marking, "tlp");
    yyjson_val *pap = yyjson_obj_get(marking, "pap");
    if (!yyjson_is_obj(marking))
        return error_input(error, "\"marking\" is not an object");
    header->tlp =
        yyjson_is_str(tlp) ? marking_tlp_from_name(yyjson_get_str(tlp)) : MARKING_TLP_NONE;
    if (header->tlp == MARKING_TLP_NONE || !yyjson_equals_str(tlp, marking_tlp_name(header->tlp)))
        return error_input(error, "\"marking\": \"tlp\" is not a level of TLP");
    if (!pap)
        return TRUE;
    header->pap =
        yyjson_is_str(pap) ? marking_pap_from_name(yyjson_get_str(pap)) : MARKING_PAP_NONE;
    return (header->pap != MARKING_PAP_NONE &&
            yyjson_equals_str(pap, marking_pap_name(header->pap))) ||
           error_input(error, "\"marking\": \"pap\" is not a level of PAP");
}

static gboolean read_named(yyjson_val *root, DispatchHeader *header, GError **error)
{
    yyjson_val *list, *value;
    size_t at, size;
    if (!read_list(root, "named", FALSE, OPENING_AUDIENCE_MAX, &list, error))
        return FALSE;
    if (!list)
        return TRUE;
    header->named = g_new0(char *, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach (list, at, size, value) {
        const char *text = yyjson_get_str(value);
        if (!text || !is_origin(text, yyjson_get_len(value)))
            return error_input(error, "\"named\" has a member that is not the name of a log");
        if (at > 0 && strcmp(header->named[at - 1], text) >= 0)
            return error_input(error, "\"named\" is not sorted, or has \"%s\" twice", text);
        header->named[at] = g_strdup(text);
    }
    return TRUE;
}

static gboolean read_exercise(yyjson_val *root, DispatchHeader *header, GError **error)
{
    yyjson_val *value = yyjson_obj_get(root, "exercise");
    header->is_exercise = value != NULL;
    return !value || yyjson_is_true(value) || error_input(error, "\"exercise\" is not true");
}

static gboolean read_expires(yyjson_val *root, DispatchHeader *header, GError **error)
{
    yyjson_val *value = yyjson_obj_get(root, "expires");
    guint digits = 0;
    header->expires_us = DISPATCH_HEADER_NO_TIME;
    if (!value)
        return TRUE;
    return (yyjson_is_str(value) &&
            timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), &header->expires_us,
                            &digits) &&
            digits == OPENING_TIME_DIGITS) ||
           error_input(error, "\"expires\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ");
}

static gboolean read_onward(yyjson_val *root, DispatchHeader *header, GError **error)
{
    yyjson_val *onward = yyjson_obj_get(root, "onward");
    header->onward_index = DISPATCH_HEADER_NO_INDEX;
    if (!onward)
        return TRUE;
    if (!yyjson_is_obj(onward))
        return error_input(error, "\"onward\" is not an object");
    if (read_text(onward, "origin", TRUE, is_origin, &header->onward_origin, error) &&
        record_field_number(onward, "index", OPENING_INTEGER_MAX, &header->onward_index, error))
        return TRUE;
    g_prefix_error(error, "\"onward\": ");
    return FALSE;
}

DispatchHeader *dispatch_header_read(const Opening *opening, GError **error)
{
    g_autoptr(yyjson_doc) doc = open_header(opening, DISPATCH_HEADER_DISPATCH, error);
    g_autoptr(DispatchHeader) header = g_new0(DispatchHeader, 1);
    yyjson_val *root = yyjson_doc_get_root(doc);
    return doc && read_text(root, "title", TRUE, is_line, &header->title, error) &&
                   read_marking(root, header, error) &&
                   read_text(root, "community", FALSE, is_community, &header->community, error) &&
                   read_named(root, header, error) &&
                   read_text(root, "purpose", FALSE, is_text, &header->purpose, error) &&
                   read_exercise(root, header, error) && read_expires(root, header, error) &&
                   read_onward(root, header, error)
               ? g_steal_pointer(&header)
               : NULL;
}

static gboolean check_dispatch(const Opening *opening, GError **error)
{
    g_autoptr(DispatchHeader) header = dispatch_header_read(opening, error);
    return header != NULL;
}

static void append_named(GString *members, char **named)
{
    if (!named)
        return;
    append_name(members, "named");
    g_string_append_c(members, '[');
    for (guint i = 0; named[i]; i++) {
        if (i > 0)
            g_string_append_c(members, ',');
        canonjson_append_string(members, named[i], strlen(named[i]));
    }
    g_string_append_c(members, ']');
}

char *dispatch_header_write(const DispatchHeader *header, GError **error)
{
    char time[TIMESTAMP_MAX];
    g_autoptr(GString) members = members_begin();
    append_text(members, "title", header->title);
    append_name(members, "marking");
    g_string_append_c(members, '{');
    append_text(members, "tlp", marking_tlp_name(header->tlp));
    append_text(members, "pap", marking_pap_name(header->pap));
    g_string_append_c(members, '}');
    append_text(members, "community", header->community);
    append_named(members, header->named);
    append_text(members, "purpose", header->purpose);
    if (header->is_exercise) {
        append_name(members, "exercise");
        g_string_append(members, "true");
    }
    if (header->expires_us != DISPATCH_HEADER_NO_TIME)
        append_text(members, "expires",
                    timestamp_format(time, header->expires_us, OPENING_TIME_DIGITS));
    if (header->onward_origin) {
        append_name(members, "onward");
        g_string_append_c(members, '{');
        append_text(members, "origin", header->onward_origin);
        append_number(members, "index", header->onward_index);
        g_string_append_c(members, '}');
    }
    return members_end(members, DISPATCH_HEADER_DISPATCH, check_dispatch, error);
}

/* "grant" */

gboolean dispatch_header_read_grant(const Opening *opening, guint64 *ret_of, GError **error)
{
    g_autoptr(yyjson_doc) doc = open_header(opening, DISPATCH_HEADER_GRANT, error);
    return doc &&
           record_field_number(yyjson_doc_get_root(doc), "of", OPENING_INTEGER_MAX, ret_of, error);
}

static gboolean check_grant(const Opening *opening, GError **error)
{
    guint64 of;
    return dispatch_header_read_grant(opening, &of, error);
}

char *dispatch_header_write_grant(guint64 of, GError **error)
{
    g_autoptr(GString) members = members_begin();
    append_number(members, "of", of);
    return members_end(members, DISPATCH_HEADER_GRANT, check_grant, error);
}

/* "withdrawal" and "recall" */

void dispatch_header_retract_free(DispatchRetract *retract)
{
    if (!retract)
        return;
    g_free(retract->places);
    g_free(retract->reason);
    g_free(retract);
}

static gboolean read_places(yyjson_val *root, DispatchRetract *retract, GError **error)
{
    yyjson_val *list, *value;
    size_t at, size;
    guint64 least = 0;
    if (!read_list(root, "places", FALSE, OPENING_ITEMS_MAX, &list, error))
        return FALSE;
    if (!list)
        return TRUE;
    if (yyjson_arr_size(list) == 0)
        return error_input(error, "\"places\" is empty");
    retract->places = g_new(guint, yyjson_arr_size(list));
    yyjson_arr_foreach (list, at, size, value) {
        guint64 place = yyjson_get_uint(value);
        if (!yyjson_is_uint(value) || place < least || place >= OPENING_ITEMS_MAX)
            return error_input(error, "\"places\" are not places of items, ascending");
        retract->places[retract->n_places++] = (guint)place;
        least = place + 1;
    }
    return TRUE;
}

static DispatchRetract *read_retract(const Opening *opening, const char *kind, GError **error)
{
    g_autoptr(yyjson_doc) doc = open_header(opening, kind, error);
    g_autoptr(DispatchRetract) retract = g_new0(DispatchRetract, 1);
    yyjson_val *root = yyjson_doc_get_root(doc);
    retract->is_recall = strcmp(kind, DISPATCH_HEADER_RECALL) == 0;
    return doc && record_field_number(root, "of", OPENING_INTEGER_MAX, &retract->of, error) &&
                   read_places(root, retract, error) &&
                   read_text(root, "reason", TRUE, is_text, &retract->reason, error)
               ? g_steal_pointer(&retract)
               : NULL;
}

DispatchRetract *dispatch_header_read_retract(const Opening *opening, GError **error)
{
    gboolean is_recall = !opening->is_erased && strcmp(opening->kind, DISPATCH_HEADER_RECALL) == 0;
    return read_retract(opening, is_recall ? DISPATCH_HEADER_RECALL : DISPATCH_HEADER_WITHDRAWAL,
                        error);
}

static gboolean check_retract(const Opening *opening, GError **error)
{
    g_autoptr(DispatchRetract) retract = dispatch_header_read_retract(opening, error);
    return retract != NULL;
}

char *dispatch_header_write_retract(const DispatchRetract *retract, GError **error)
{
    g_autoptr(GString) members = members_begin();
    append_number(members, "of", retract->of);
    if (retract->places) {
        append_name(members, "places");
        for (guint i = 0; i < retract->n_places; i++)
            g_string_append_printf(members, "%c%u", i == 0 ? '[' : ',', retract->places[i]);
        g_string_append(members, retract->n_places > 0 ? "]" : "[]");
    }
    append_text(members, "reason", retract->reason);
    return members_end(members,
                       retract->is_recall ? DISPATCH_HEADER_RECALL : DISPATCH_HEADER_WITHDRAWAL,
                       check_retract, error);
}

/* "receipt" */

void dispatch_header_receipt_free(DispatchReceipt *receipt)
{
    if (!receipt)
        return;
    for (guint i = 0; i < receipt->n_refusals; i++)
        g_free(receipt->refusals[i].reason);
    g_free(receipt->refusals);
    g_free(receipt->indices);
    g_free(receipt->ledger);
    g_free(receipt);
}

static gboolean read_indices(yyjson_val *root, DispatchReceipt *receipt, GError **error)
{
    yyjson_val *list, *value;
    size_t at, size;
    guint64 least = 0;
    if (!read_list(root, "indices", TRUE, OPENING_ITEMS_MAX, &list, error))
        return FALSE;
    receipt->indices = g_new(guint64, yyjson_arr_size(list));
    yyjson_arr_foreach (list, at, size, value) {
        guint64 index = yyjson_get_uint(value);
        if (!yyjson_is_uint(value) || index < least || index >= receipt->end)
            return error_input(error, "\"indices\" are not ascending and below \"end\"");
        receipt->indices[receipt->n_indices++] = index;
        least = index + 1;
    }
    return TRUE;
}

static gboolean read_refusals(yyjson_val *root, DispatchReceipt *receipt, GError **error)
{
    yyjson_val *list, *value;
    size_t at, size;
    if (!read_list(root, "refusals", FALSE, DISPATCH_HEADER_REFUSALS_MAX, &list, error))
        return FALSE;
    receipt->refusals = g_new0(DispatchRefusal, yyjson_arr_size(list));
    yyjson_arr_foreach (list, at, size, value) {
        DispatchRefusal *refusal = &receipt->refusals[receipt->n_refusals++];
        guint64 place = 0;
        if (!record_field_number(value, "index", OPENING_INTEGER_MAX, &refusal->index, error) ||
            !record_field_number(value, "place", OPENING_ITEMS_MAX - 1, &place, error) ||
            !read_text(value, "reason", TRUE, is_text, &refusal->reason, error)) {
            g_prefix_error(error, "\"refusals\", member %zu: ", at);
            return FALSE;
        }
        refusal->place = (guint)place;
    }
    return TRUE;
}

static gboolean read_tree(yyjson_val *root, DispatchReceipt *receipt, GError **error)
{
    yyjson_val *hash = yyjson_obj_get(root, "root");
    if (!read_text(root, "ledger", TRUE, is_origin, &receipt->ledger, error) ||
        !record_field_number(root, "from", OPENING_INTEGER_MAX, &receipt->from, error) ||
        !record_field_number(root, "end", OPENING_INTEGER_MAX, &receipt->end, error) ||
        !record_field_number(root, "size", OPENING_INTEGER_MAX, &receipt->size, error))
        return FALSE;
    if (receipt->from > receipt->end || receipt->end > receipt->size)
        return error_input(error, "\"from\", \"end\" and \"size\" are not in that order");
    return (yyjson_is_str(hash) &&
            line_hash(yyjson_get_str(hash), yyjson_get_len(hash), &receipt->root)) ||
           error_input(error, "\"root\" is not a hash in base64");
}

DispatchReceipt *dispatch_header_read_receipt(const Opening *opening, GError **error)
{
    g_autoptr(yyjson_doc) doc = open_header(opening, DISPATCH_HEADER_RECEIPT, error);
    g_autoptr(DispatchReceipt) receipt = g_new0(DispatchReceipt, 1);
    yyjson_val *root = yyjson_doc_get_root(doc);
    return doc && read_tree(root, receipt, error) && read_indices(root, receipt, error) &&
                   record_field_number(root, "stored", OPENING_INTEGER_MAX, &receipt->stored,
                                       error) &&
                   record_field_number(root, "known", OPENING_INTEGER_MAX, &receipt->known,
                                       error) &&
                   record_field_number(root, "refused", OPENING_INTEGER_MAX, &receipt->refused,
                                       error) &&
                   read_refusals(root, receipt, error)
               ? g_steal_pointer(&receipt)
               : NULL;
}

static gboolean check_receipt(const Opening *opening, GError **error)
{
    g_autoptr(DispatchReceipt) receipt = dispatch_header_read_receipt(opening, error);
    return receipt != NULL;
}

static void append_refusals(GString *members, const DispatchReceipt *receipt)
{
    append_name(members, "refusals");
    g_string_append_c(members, '[');
    for (guint i = 0; i < receipt->n_refusals; i++) {
        g_string_append(members, i == 0 ? "{" : ",{");
        append_number(members, "index", receipt->refusals[i].index);
        append_number(members, "place", receipt->refusals[i].place);
        append_text(members, "reason", receipt->refusals[i].reason);
        g_string_append_c(members, '}');
    }
    g_string_append_c(members, ']');
}

char *dispatch_header_write_receipt(const DispatchReceipt *receipt, GError **error)
{
    g_autoptr(GString) members = members_begin();
    append_text(members, "ledger", receipt->ledger);
    append_number(members, "from", receipt->from);
    append_number(members, "end", receipt->end);
    append_number(members, "size", receipt->size);
    append_name(members, "root");
    g_string_append_c(members, '"');
    line_append_base64(members, receipt->root.bytes, SHA256_SIZE);
    g_string_append(members, "\"");
    append_name(members, "indices");
    g_string_append_c(members, '[');
    for (guint i = 0; i < receipt->n_indices; i++)
        g_string_append_printf(members, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "",
                               receipt->indices[i]);
    g_string_append_c(members, ']');
    append_number(members, "stored", receipt->stored);
    append_number(members, "known", receipt->known);
    append_number(members, "refused", receipt->refused);
    if (receipt->n_refusals > 0)
        append_refusals(members, receipt);
    return members_end(members, DISPATCH_HEADER_RECEIPT, check_receipt, error);
}
