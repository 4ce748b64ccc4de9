#include "exchange/answer.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"
#include "exchange/answer_frame.h"
#include "exchange/card.h"
#include "exchange/dispatch_header.h"
#include "exchange/record_field.h"
#include "ledger/line.h"

static gboolean limit(GError **error, const char *what, guint max)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %u %s", max, what);
    return FALSE;
}

void answer_opening_free(AnswerOpening *opening)
{
    if (!opening)
        return;
    opening_free(opening->opening);
    g_free(opening);
}

void answer_free(Answer *answer)
{
    if (!answer)
        return;
    g_free(answer->origin);
    g_free(answer->checkpoint);
    g_strfreev(answer->changes);
    g_strfreev(answer->gossip);
    g_free(answer->card);
    g_free(answer->statement);
    g_clear_pointer(&answer->openings, g_ptr_array_unref);
    g_free(answer);
}

/* Frames. */

typedef struct {
    GBytes *bytes;
    const guint8 *data;
    gsize length, at;
} Reader;

typedef struct {
    guint8 kind;
    gsize begin, length; /* of its bytes, in the whole */
} AnswerFrame;

static gboolean read_frame(Reader *reader, AnswerFrame *ret_frame, GError **error)
{
    guint32 length;
    const guint8 *at = reader->data + reader->at;
    if (reader->at == reader->length)
        return error_input(error, "the answer ends before its end frame: it was cut off");
    if (reader->length - reader->at < ANSWER_FRAME_HEADER)
        return error_input(error, "byte %" G_GSIZE_FORMAT ": the answer was cut off within a frame",
                           reader->at);
    memcpy(&length, at + 1, sizeof length);
    length = GUINT32_FROM_BE(length);
    if (length > reader->length - reader->at - ANSWER_FRAME_HEADER)
        return error_input(
            error, "byte %" G_GSIZE_FORMAT ": the answer was cut off within a frame of %u bytes",
            reader->at, length);
    *ret_frame = (AnswerFrame){at[0], reader->at + ANSWER_FRAME_HEADER, length};
    reader->at = ret_frame->begin + length;
    return TRUE;
}

/* The kind of the next frame; 0 at the end. */
static guint8 peek_kind(const Reader *reader)
{
    return reader->at < reader->length ? reader->data[reader->at] : 0;
}

static gboolean refuse_kind(const Reader *reader, const char *wanted, GError **error)
{
    guint8 kind = peek_kind(reader);
    if (reader->at == reader->length)
        return error_input(error, "the answer ends where %s should be: it was cut off", wanted);
    return g_ascii_isgraph(kind)
               ? error_input(error, "byte %" G_GSIZE_FORMAT ": a frame \"%c\" where %s should be",
                             reader->at, kind, wanted)
               : error_input(error,
                             "byte %" G_GSIZE_FORMAT ": no frame (0x%02x) where %s should be",
                             reader->at, kind, wanted);
}

/* The JSON object in a frame of at most @max bytes. */
static yyjson_doc *read_json(const Reader *reader, const AnswerFrame *frame, gsize max,
                             GError **error)
{
    if (frame->length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "%" G_GSIZE_FORMAT " bytes, more than %" G_GSIZE_FORMAT, frame->length, max);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc =
        jsonguard_read((const char *)reader->data + frame->begin, frame->length, error);
    if (doc && !yyjson_is_obj(yyjson_doc_get_root(doc))) {
        error_input(error, "not a JSON object");
        return NULL;
    }
    return g_steal_pointer(&doc);
}

static gboolean read_proof(yyjson_val *list, MerkleProof *ret_proof, GError **error)
{
    size_t at, size;
    yyjson_val *hash;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > MERKLE_PROOF_MAX)
        return error_input(error, "not a list of at most %d hashes", MERKLE_PROOF_MAX);
    yyjson_arr_foreach (list, at, size, hash)
        if (!yyjson_is_str(hash) ||
            !line_hash(yyjson_get_str(hash), yyjson_get_len(hash), &ret_proof->hashes[at]))
            return error_input(error, "hash %zu is none in base64", at);
    ret_proof->count = (guint)yyjson_arr_size(list);
    return TRUE;
}

/* Exactly @size bytes in base64. */
static gboolean read_sized(yyjson_val *value, guint8 *ret_bytes, gsize size)
{
    g_autoptr(GBytes) bytes =
        yyjson_is_str(value) ? line_base64(yyjson_get_str(value), yyjson_get_len(value)) : NULL;
    if (!bytes || g_bytes_get_size(bytes) != size)
        return FALSE;
    memcpy(ret_bytes, g_bytes_get_data(bytes, NULL), size);
    return TRUE;
}

/* A nonce is as long as a hash, and there may be a million of them. */
static gboolean read_nonce(yyjson_val *value, guint8 ret_nonce[OPENING_NONCE_SIZE])
{
    MerkleHash nonce;
    G_STATIC_ASSERT(sizeof nonce.bytes == OPENING_NONCE_SIZE);
    if (!yyjson_is_str(value) || !line_hash(yyjson_get_str(value), yyjson_get_len(value), &nonce))
        return FALSE;
    memcpy(ret_nonce, nonce.bytes, OPENING_NONCE_SIZE);
    return TRUE;
}

/* The head. */

/* A text without NUL; NULL if it is none. */
static char *copy_text(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    return text && strlen(text) == yyjson_get_len(value) ? g_strdup(text) : NULL;
}

static gboolean read_texts(yyjson_val *head, const char *name, guint max, char ***ret_texts,
                           GError **error)
{
    yyjson_val *list = yyjson_obj_get(head, name);
    size_t at, size;
    yyjson_val *value;
    if (list && !yyjson_is_arr(list))
        return error_input(error, "\"%s\" is not a list", name);
    if (yyjson_arr_size(list) > max)
        return limit(error, name, max);
    g_auto(GStrv) texts = g_new0(char *, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach (list, at, size, value)
        if (!(texts[at] = copy_text(value)))
            return error_input(error, "\"%s\" has a member that is not a text, in place %zu", name,
                               at);
    *ret_texts = g_steal_pointer(&texts);
    return TRUE;
}

static gboolean read_signed(yyjson_val *value, const char *type, char **ret_text, GError **error)
{
    g_autoptr(SignedJson) json = signed_json_read(value, type, error);
    if (!json)
        return FALSE;
    *ret_text = signed_json_format(json);
    return TRUE;
}

static gboolean read_range(yyjson_val *head, Answer *answer, GError **error)
{
    yyjson_val *origin = yyjson_obj_get(head, "origin");
    if (!yyjson_is_str(origin) ||
        !note_name_is_valid(yyjson_get_str(origin), yyjson_get_len(origin)))
        return error_input(error, "\"origin\" is not the name of a log");
    answer->origin = g_strdup(yyjson_get_str(origin));
    if (!record_field_entries(head, "from", &answer->from, error) ||
        !record_field_entries(head, "end", &answer->end, error) ||
        !record_field_entries(head, "size", &answer->size, error))
        return FALSE;
    return (answer->from <= answer->end && answer->end <= answer->size) ||
           error_input(error, "\"from\", \"end\" and \"size\" are not in that order");
}

static gboolean read_head_members(yyjson_val *head, Answer *answer, GError **error)
{
    yyjson_val *checkpoint = yyjson_obj_get(head, "checkpoint");
    yyjson_val *consistency = yyjson_obj_get(head, "consistency");
    yyjson_val *card = yyjson_obj_get(head, "card");
    if (!read_range(head, answer, error))
        return FALSE;
    if (checkpoint && !(answer->checkpoint = copy_text(checkpoint)))
        return error_input(error, "\"checkpoint\" is not a text");
    if (consistency && !read_proof(consistency, &answer->consistency, error)) {
        g_prefix_error(error, "consistency: ");
        return FALSE;
    }
    if (!read_texts(head, "changes", KEYCHANGE_LIST_MAX, &answer->changes, error) ||
        !read_texts(head, "gossip", ANSWER_GOSSIP_MAX, &answer->gossip, error))
        return FALSE;
    if (card && !read_signed(card, CARD_TYPE, &answer->card, error)) {
        g_prefix_error(error, "card: ");
        return FALSE;
    }
    if (!read_signed(yyjson_obj_get(head, "statement"), COVERAGE_TYPE, &answer->statement, error)) {
        g_prefix_error(error, "statement: ");
        return FALSE;
    }
    return TRUE;
}

static gboolean read_head(Reader *reader, Answer *answer, GError **error)
{
    AnswerFrame frame = {0};
    if (peek_kind(reader) != ANSWER_FRAME_HEAD)
        return refuse_kind(reader, "the head", error);
    if (!read_frame(reader, &frame, error))
        return FALSE;
    g_autoptr(yyjson_doc) doc = read_json(reader, &frame, ANSWER_HEAD_MAX, error);
    if (!doc || !read_head_members(yyjson_doc_get_root(doc), answer, error)) {
        g_prefix_error(error, "head: ");
        return FALSE;
    }
    return TRUE;
}

/* Openings. */

static gboolean is_erased(yyjson_val *object)
{
    return yyjson_is_true(yyjson_obj_get(object, "erased"));
}

static gboolean read_item(Reader *reader, yyjson_val *value, OpeningPart *part, guint8 *nonce,
                          GError **error)
{
    AnswerFrame frame = {0};
    part->state = yyjson_is_null(value) ? OPENING_WITHHELD : OPENING_ERASED;
    if (yyjson_is_null(value) || is_erased(value))
        return TRUE;
    part->state = OPENING_PRESENT;
    part->nonce = nonce;
    if (!read_nonce(value, nonce))
        return error_input(error, "neither a nonce of 32 bytes in base64, null nor erased");
    if (peek_kind(reader) != ANSWER_FRAME_ITEM)
        return refuse_kind(reader, "the item's bytes", error);
    if (!read_frame(reader, &frame, error))
        return FALSE;
    part->bytes = g_bytes_new_from_bytes(reader->bytes, frame.begin, frame.length);
    return TRUE;
}

static gboolean read_items(Reader *reader, yyjson_val *items, OpeningParts *parts, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    if (items && !yyjson_is_arr(items))
        return error_input(error, "\"items\" is not a list");
    if (yyjson_arr_size(items) > OPENING_ITEMS_MAX)
        return limit(error, "items", OPENING_ITEMS_MAX);
    parts->count = (guint)yyjson_arr_size(items);
    parts->parts = g_new0(OpeningPart, parts->count);
    parts->nonces = g_new0(guint8, parts->count * OPENING_NONCE_SIZE);
    yyjson_arr_foreach (items, at, size, value)
        if (!read_item(reader, value, &parts->parts[at], parts->nonces + at * OPENING_NONCE_SIZE,
                       error)) {
            g_prefix_error(error, "item %zu: ", at);
            return FALSE;
        }
    return TRUE;
}

static Opening *read_content(Reader *reader, yyjson_val *object, GError **error)
{
    yyjson_val *header = yyjson_obj_get(object, "header");
    guint8 nonce[OPENING_NONCE_SIZE], entry[OPENING_ENTRY_SIZE];
    g_auto(OpeningParts) parts = {0};
    if (is_erased(object)) {
        if (read_sized(yyjson_obj_get(object, "entry"), entry, sizeof entry))
            return opening_new_erased(entry);
        error_input(error, "\"entry\" is not 33 bytes in base64");
        return NULL;
    }
    if (!read_sized(yyjson_obj_get(object, "nonce"), nonce, sizeof nonce)) {
        error_input(error, "\"nonce\" is not 32 bytes in base64");
        return NULL;
    }
    if (!yyjson_is_str(header)) {
        error_input(error, "\"header\" is not a text");
        return NULL;
    }
    return read_items(reader, yyjson_obj_get(object, "items"), &parts, error)
               ? opening_new(nonce, yyjson_get_str(header), yyjson_get_len(header), parts.parts,
                             parts.count, error)
               : NULL;
}

/* An "O" or "G" with its items. */
static AnswerOpening *read_opening(Reader *reader, GError **error)
{
    AnswerFrame frame = {0};
    gsize at = reader->at;
    if (!read_frame(reader, &frame, error))
        return NULL;
    g_autoptr(yyjson_doc) doc = read_json(reader, &frame, ANSWER_OPENING_MAX, error);
    yyjson_val *root = yyjson_doc_get_root(doc);
    guint64 index;
    if (!doc || !record_field_entries(root, "index", &index, error)) {
        g_prefix_error(error, "opening at byte %" G_GSIZE_FORMAT ": ", at);
        return NULL;
    }
    AnswerOpening *opening = g_new0(AnswerOpening, 1);
    opening->index = index;
    opening->granted_by = ANSWER_NOT_GRANTED;
    if (!read_proof(yyjson_obj_get(root, "proof"), &opening->proof, error)) {
        g_prefix_error(error, "opening %" G_GUINT64_FORMAT ": proof: ", index);
        answer_opening_free(opening);
        return NULL;
    }
    if (!(opening->opening = read_content(reader, root, error))) {
        g_prefix_error(error, "opening %" G_GUINT64_FORMAT ": ", index);
        answer_opening_free(opening);
        return NULL;
    }
    return opening;
}

/* The index that @opening grants; FALSE if it is no grant, or one that names no earlier entry,
 * which is worth nothing to its audience but is no fault of the answer's. */
static gboolean grants(const AnswerOpening *opening, guint64 *ret_of)
{
    return !opening->opening->is_erased &&
           strcmp(opening->opening->kind, DISPATCH_HEADER_GRANT) == 0 &&
           dispatch_header_read_grant(opening->opening, ret_of, NULL) && *ret_of < opening->index;
}

static gboolean add_opening(Answer *answer, AnswerOpening *opening, GError **error)
{
    g_ptr_array_add(answer->openings, opening);
    return answer->openings->len <= ANSWER_OPENINGS_MAX ||
           limit(error, "openings", ANSWER_OPENINGS_MAX);
}

/* The "G" after a grant, which must be there. */
static gboolean read_granted(Reader *reader, Answer *answer, const AnswerOpening *grant,
                             GError **error)
{
    guint64 of;
    if (!grants(grant, &of))
        return TRUE;
    if (reader->at == reader->length)
        return refuse_kind(reader, "what an opening grants", error);
    if (peek_kind(reader) != ANSWER_FRAME_GRANTED)
        return error_input(error,
                           "opening %" G_GUINT64_FORMAT ": entry %" G_GUINT64_FORMAT
                           ", which it grants, is not there",
                           grant->index, of);
    AnswerOpening *granted = read_opening(reader, error);
    if (!granted)
        return FALSE;
    granted->granted_by = grant->index;
    if (!add_opening(answer, granted, error))
        return FALSE;
    return granted->index == of ||
           error_input(error,
                       "opening %" G_GUINT64_FORMAT ": it grants entry %" G_GUINT64_FORMAT
                       ", and entry %" G_GUINT64_FORMAT " comes after it",
                       grant->index, of, granted->index);
}

static gboolean read_openings(Reader *reader, Answer *answer, GError **error)
{
    guint64 least = answer->from;
    while (peek_kind(reader) == ANSWER_FRAME_OPENING) {
        AnswerOpening *opening = read_opening(reader, error);
        if (!opening || !add_opening(answer, opening, error))
            return FALSE;
        if (opening->index < least || opening->index >= answer->end)
            return error_input(error,
                               "opening %" G_GUINT64_FORMAT
                               ": not ascending within %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                               opening->index, answer->from, answer->end);
        least = opening->index + 1;
        if (!read_granted(reader, answer, opening, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_end(Reader *reader, GError **error)
{
    AnswerFrame frame = {0};
    if (peek_kind(reader) != ANSWER_FRAME_END)
        return refuse_kind(reader, "an opening or the end", error);
    if (!read_frame(reader, &frame, error))
        return FALSE;
    if (frame.length > 0)
        return error_input(error, "the end frame is not empty");
    return reader->at == reader->length ||
           error_input(error, "%" G_GSIZE_FORMAT " bytes follow the end",
                       reader->length - reader->at);
}

static gboolean begin_reading(GBytes *bytes, gsize max, Reader *ret_reader, GError **error)
{
    gsize length;
    Reader reader = {.bytes = bytes, .data = g_bytes_get_data(bytes, &length)};
    reader.length = length;
    if (length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the answer has %" G_GSIZE_FORMAT " bytes, more than %" G_GSIZE_FORMAT, length,
                    max);
        return FALSE;
    }
    reader.at = strlen(ANSWER_FRAME_MAGIC);
    if (length < reader.at || memcmp(reader.data, ANSWER_FRAME_MAGIC, reader.at) != 0)
        return error_input(error, "not an answer: it does not begin with \"concert/answer/v1\"");
    *ret_reader = reader;
    return TRUE;
}

gboolean answer_peek(GBytes *bytes, guint64 *ret_end, guint64 *ret_size)
{
    Reader reader = {0};
    if (!begin_reading(bytes, G_MAXSIZE, &reader, NULL))
        return FALSE;
    g_autoptr(Answer) answer = g_new0(Answer, 1);
    if (!read_head(&reader, answer, NULL))
        return FALSE;
    *ret_end = answer->end;
    *ret_size = answer->size;
    return TRUE;
}

Answer *answer_parse(GBytes *bytes, gsize max, GError **error)
{
    Reader reader = {0};
    if (!begin_reading(bytes, max, &reader, error))
        return NULL;
    g_autoptr(Answer) answer = g_new0(Answer, 1);
    answer->openings = g_ptr_array_new_with_free_func((GDestroyNotify)answer_opening_free);
    return read_head(&reader, answer, error) && read_openings(&reader, answer, error) &&
                   read_end(&reader, error)
               ? g_steal_pointer(&answer)
               : NULL;
}
