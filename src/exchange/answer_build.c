/* answer_build.c - answers of our own. What is known last stands first: the frames are written
 * behind a gap, which is address space and not memory until it is filled, and the head is put in
 * front of them. */
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "exchange/answer.h"
#include "exchange/answer_frame.h"
#include "ledger/line.h"

#define GAP         (256 * 1024)         /* bytes that most heads fit in */
#define RESERVE_MAX (64 * 1024 * 1024)   /* bytes taken at once */
#define BYTES_MAX   (1024 * 1024 * 1024) /* of the frames, whatever is in them */

struct AnswerBuilder {
    GByteArray *frames; /* behind the gap */
    gsize max;
    guint n_openings;
    GArray *indices; /* of "O" frames */
};

AnswerBuilder *answer_builder_new(gsize max)
{
    AnswerBuilder *builder = g_new0(AnswerBuilder, 1);
    builder->max = max;
    builder->frames = g_byte_array_sized_new((guint)(GAP + MIN(max, RESERVE_MAX)));
    builder->indices = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_byte_array_set_size(builder->frames, GAP);
    return builder;
}

void answer_builder_free(AnswerBuilder *builder)
{
    if (!builder)
        return;
    g_clear_pointer(&builder->frames, g_byte_array_unref);
    g_array_unref(builder->indices);
    g_free(builder);
}

const guint64 *answer_builder_indices(const AnswerBuilder *builder, guint *ret_count)
{
    *ret_count = builder->indices->len;
    return (const guint64 *)(gpointer)builder->indices->data;
}

static void write_frame_header(guint8 *at, guint8 kind, gsize length)
{
    guint32 size = GUINT32_TO_BE((guint32)length);
    at[0] = kind;
    memcpy(at + 1, &size, sizeof size);
}

static void append_frame(GByteArray *frames, guint8 kind, const void *bytes, gsize length)
{
    guint8 header[ANSWER_FRAME_HEADER];
    write_frame_header(header, kind, length);
    g_byte_array_append(frames, header, sizeof header);
    if (length > 0)
        g_byte_array_append(frames, bytes, (guint)length);
}

static void append_base64_text(GString *json, const void *bytes, gsize length)
{
    g_string_append_c(json, '"');
    line_append_base64(json, bytes, length);
    g_string_append_c(json, '"');
}

static void append_proof(GString *json, const char *name, const MerkleProof *proof)
{
    g_string_append_printf(json, ",\"%s\":[", name);
    for (guint i = 0; i < proof->count; i++) {
        if (i > 0)
            g_string_append_c(json, ',');
        append_base64_text(json, proof->hashes[i].bytes, SHA256_SIZE);
    }
    g_string_append_c(json, ']');
}

/* Openings. */

static gboolean append_items(GString *json, const Opening *opening, GError **error)
{
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        g_string_append(json, i == 0 ? ",\"items\":[" : ",");
        if (item->state == OPENING_WITHHELD)
            return error_input(error, "item %u is withheld", i);
        if (item->state == OPENING_ERASED)
            g_string_append(json, "{\"erased\":true}");
        else
            append_base64_text(json, item->nonce, OPENING_NONCE_SIZE);
    }
    if (opening->n_items > 0)
        g_string_append_c(json, ']');
    return TRUE;
}

/* What goes into an "O" or "G"; NULL for nothing, which is no failure. */
static GString *write_opening(const AnswerOpening *opening, GError **error)
{
    const Opening *content = opening->opening;
    g_autoptr(GString) json = g_string_sized_new(content->header_length + 1024);
    g_string_append_printf(json, "{\"index\":%" G_GUINT64_FORMAT, opening->index);
    append_proof(json, "proof", &opening->proof);
    if (content->is_erased) {
        g_string_append(json, ",\"entry\":");
        append_base64_text(json, content->entry, OPENING_ENTRY_SIZE);
        g_string_append(json, ",\"erased\":true");
    } else {
        g_string_append(json, ",\"nonce\":");
        append_base64_text(json, content->nonce, OPENING_NONCE_SIZE);
        g_string_append(json, ",\"header\":");
        canonjson_append_string(json, content->header, content->header_length);
        if (!append_items(json, content, error))
            return NULL;
    }
    g_string_append_c(json, '}');
    if (json->len > ANSWER_OPENING_MAX) {
        error_input(error, "%" G_GSIZE_FORMAT " bytes without its items", json->len);
        return NULL;
    }
    return g_steal_pointer(&json);
}

/* Bytes that the frames of an opening take. */
static gsize measure(const GString *json, const Opening *opening)
{
    gsize size = ANSWER_FRAME_HEADER + json->len;
    for (guint i = 0; i < opening->n_items; i++)
        if (opening->items[i].state == OPENING_PRESENT)
            size += ANSWER_FRAME_HEADER + g_bytes_get_size(opening->items[i].bytes);
    return size;
}

static void append_opening(AnswerBuilder *builder, guint8 kind, const GString *json,
                           const Opening *opening)
{
    append_frame(builder->frames, kind, json->str, json->len);
    for (guint i = 0; i < opening->n_items; i++) {
        gsize length;
        if (opening->items[i].state != OPENING_PRESENT)
            continue;
        const void *bytes = g_bytes_get_data(opening->items[i].bytes, &length);
        append_frame(builder->frames, ANSWER_FRAME_ITEM, bytes, length);
    }
    builder->n_openings++;
}

static gboolean check_order(const AnswerBuilder *builder, const AnswerOpening *opening,
                            const AnswerOpening *granted, GError **error)
{
    const GArray *indices = builder->indices;
    if (indices->len > 0 && g_array_index(indices, guint64, indices->len - 1) >= opening->index)
        return error_input(error, "opening %" G_GUINT64_FORMAT " comes after %" G_GUINT64_FORMAT,
                           opening->index, g_array_index(indices, guint64, indices->len - 1));
    return !granted || granted->index < opening->index ||
           error_input(error,
                       "opening %" G_GUINT64_FORMAT " grants %" G_GUINT64_FORMAT
                       ", which is no earlier one",
                       opening->index, granted->index);
}

gboolean answer_builder_add(AnswerBuilder *builder, const AnswerOpening *opening,
                            const AnswerOpening *granted, gboolean *ret_is_full, GError **error)
{
    g_autoptr(GString) json = NULL;
    g_autoptr(GString) granted_json = NULL;
    if (!check_order(builder, opening, granted, error))
        return FALSE;
    if (!(json = write_opening(opening, error)) ||
        (granted && !(granted_json = write_opening(granted, error)))) {
        g_prefix_error(error, "opening %" G_GUINT64_FORMAT ": ",
                       json ? granted->index : opening->index);
        return FALSE;
    }
    gsize size =
        measure(json, opening->opening) + (granted ? measure(granted_json, granted->opening) : 0);
    gsize used = builder->frames->len - GAP;
    guint count = granted ? 2 : 1;
    if (size > BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "opening %" G_GUINT64_FORMAT ": %" G_GSIZE_FORMAT
                    " bytes, more than an answer may have",
                    opening->index, size);
        return FALSE;
    }
    *ret_is_full = builder->n_openings > 0 && (used + size > MIN(builder->max, BYTES_MAX) ||
                                               builder->n_openings + count > ANSWER_OPENINGS_MAX);
    if (*ret_is_full)
        return TRUE;
    append_opening(builder, ANSWER_FRAME_OPENING, json, opening->opening);
    g_array_append_val(builder->indices, opening->index);
    if (granted)
        append_opening(builder, ANSWER_FRAME_GRANTED, granted_json, granted->opening);
    return TRUE;
}

/* The head. */

static void append_text(GString *json, const char *name, const char *text)
{
    g_string_append_printf(json, ",\"%s\":", name);
    canonjson_append_string(json, text, strlen(text));
}

static void append_texts(GString *json, const char *name, const char *const *texts)
{
    for (guint i = 0; texts && texts[i]; i++) {
        g_string_append_printf(json, i == 0 ? ",\"%s\":[" : ",", name);
        canonjson_append_string(json, texts[i], strlen(texts[i]));
    }
    if (texts && texts[0])
        g_string_append_c(json, ']');
}

static GString *write_head(const AnswerHead *head)
{
    static const MerkleProof nothing;
    GString *json = g_string_new("{\"origin\":");
    canonjson_append_string(json, head->origin, strlen(head->origin));
    g_string_append_printf(json,
                           ",\"from\":%" G_GUINT64_FORMAT ",\"end\":%" G_GUINT64_FORMAT
                           ",\"size\":%" G_GUINT64_FORMAT,
                           head->from, head->end, head->size);
    if (head->checkpoint)
        append_text(json, "checkpoint", head->checkpoint);
    append_proof(json, "consistency", head->consistency ? head->consistency : &nothing);
    append_texts(json, "changes", head->changes);
    append_texts(json, "gossip", head->gossip);
    if (head->card)
        g_string_append_printf(json, ",\"card\":%s", head->card);
    g_string_append_printf(json, ",\"statement\":%s}", head->statement);
    return json;
}

/* Whether a peer would read the head, of which an answer without entries is made. */
static gboolean check_head(const guint8 *bytes, gsize length, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    g_byte_array_append(whole, bytes, (guint)length);
    append_frame(whole, ANSWER_FRAME_END, NULL, 0);
    g_autoptr(GBytes) copy = g_bytes_new(whole->data, whole->len);
    g_autoptr(Answer) answer = answer_parse(copy, whole->len, error);
    return answer != NULL;
}

GBytes *answer_builder_end(AnswerBuilder *builder, const AnswerHead *head, GError **error)
{
    const gsize magic = strlen(ANSWER_FRAME_MAGIC);
    g_autoptr(GString) json = write_head(head);
    gsize before = magic + ANSWER_FRAME_HEADER + json->len;
    if (before > GAP) {
        gsize frames = builder->frames->len - GAP;
        g_byte_array_set_size(builder->frames, (guint)(before + frames));
        memmove(builder->frames->data + before, builder->frames->data + GAP, frames);
    }
    gsize begin = before > GAP ? 0 : GAP - before;
    guint8 *at = builder->frames->data + begin;
    memcpy(at, ANSWER_FRAME_MAGIC, magic);
    write_frame_header(at + magic, ANSWER_FRAME_HEAD, json->len);
    memcpy(at + magic + ANSWER_FRAME_HEADER, json->str, json->len);
    if (!check_head(at, before, error))
        return NULL;
    append_frame(builder->frames, ANSWER_FRAME_END, NULL, 0);
    gsize length = builder->frames->len - begin;
    g_autoptr(GBytes) all = g_byte_array_free_to_bytes(g_steal_pointer(&builder->frames));
    return g_bytes_new_from_bytes(all, begin, length);
}
