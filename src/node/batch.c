#include "node/batch.h"
#include "store/placed.h"

#include <string.h>

static void entry_clear(gpointer data)
{
    BatchEntry *entry = data;
    g_free(entry->where);
    g_free(entry->message);
    object_free(entry->object);
}

Batch *batch_new(const char *source, gint64 collection, ObjectLevel level)
{
    Batch *batch = g_new0(Batch, 1);
    batch->source = g_strdup(source);
    batch->collection = collection;
    batch->level = level;
    batch->bytes = g_string_sized_new(256 * 1024);
    batch->entries = g_array_new(FALSE, TRUE, sizeof(BatchEntry));
    g_array_set_clear_func(batch->entries, entry_clear);
    return batch;
}

void batch_free(Batch *batch)
{
    if (!batch)
        return;
    g_free(batch->source);
    g_array_unref(batch->entries);
    g_string_free(batch->bytes, TRUE);
    g_free(batch);
}

void batch_add_object(Batch *batch, const char *bytes, gsize length, ObjectSpec spec, gboolean made,
                      const char *where)
{
    BatchEntry entry = {.kind = BATCH_OBJECT,
                        .offset = batch->bytes->len,
                        .length = length,
                        .spec = spec,
                        .made = made,
                        .where = g_strdup(where)};
    g_string_append_len(batch->bytes, bytes, (gssize)length);
    g_array_append_val(batch->entries, entry);
    batch->objects++;
}

void batch_add_note(Batch *batch, int note, const char *where, const char *message)
{
    BatchEntry entry = {
        .kind = BATCH_NOTE, .note = note, .where = g_strdup(where), .message = g_strdup(message)};
    g_array_append_val(batch->entries, entry);
}

void batch_read(Batch *batch)
{
    for (guint i = 0; i < batch->entries->len; i++) {
        BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        if (entry->kind != BATCH_OBJECT)
            continue;
        g_autoptr(GError) error = NULL;
        ObjectLevel level =
            entry->made && batch->level != OBJECT_LENIENT ? OBJECT_MUSTS : batch->level;
        entry->object = object_read(batch->bytes->str + entry->offset, entry->length, entry->spec,
                                    level, &error);
        if (!entry->object)
            entry->message = g_strdup(error->message);
    }
}

gboolean batch_apply(StoreTx *tx, gpointer user, GError **error)
{
    Batch *batch = user;
    g_autoptr(GPtrArray) objects = g_ptr_array_sized_new(batch->objects);
    for (guint i = 0; i < batch->entries->len; i++) {
        BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        if (entry->object)
            g_ptr_array_add(objects, entry->object);
    }
    g_autofree ObjectsResult *results = g_new(ObjectsResult, objects->len);
    if (!objects_put(tx, batch->source, batch->collection, (Object *const *)objects->pdata,
                     objects->len, results, error) ||
        (batch->collection != 0 &&
         !placed_add(tx, batch->collection, results, objects->len, error)))
        return FALSE;
    for (guint i = 0, next = 0; i < batch->entries->len; i++) {
        BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        if (entry->object)
            entry->outcome = results[next++].outcome;
    }
    return TRUE;
}

/* Blocks are made of numbers (32 bits, big-endian) and texts (their length, then their bytes). */
static void append_number(GByteArray *block, guint32 number)
{
    number = GUINT32_TO_BE(number);
    g_byte_array_append(block, (const guint8 *)&number, sizeof number);
}

static void append_text(GByteArray *block, const char *text, gsize length)
{
    append_number(block, (guint32)length);
    g_byte_array_append(block, (const guint8 *)text, (guint)length);
}

typedef struct {
    const char *data;
    gsize left;
} Block;

static gboolean take_number(Block *block, guint32 *ret_number)
{
    guint32 number;
    if (block->left < sizeof number)
        return FALSE;
    memcpy(&number, block->data, sizeof number);
    block->data += sizeof number;
    block->left -= sizeof number;
    *ret_number = GUINT32_FROM_BE(number);
    return TRUE;
}

static gboolean take_text(Block *block, const char **ret_text, guint32 *ret_length)
{
    guint32 length;
    if (!take_number(block, &length) || length > block->left)
        return FALSE;
    *ret_text = block->data;
    *ret_length = length;
    block->data += length;
    block->left -= length;
    return TRUE;
}

static gboolean fail_block(GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "control socket: a batch that cannot be read");
    return FALSE;
}

/* Set in the specification's number for what a reader made. */
#define MADE 0x100u

GBytes *batch_encode(const Batch *batch)
{
    GByteArray *block = g_byte_array_sized_new((guint)batch->bytes->len + 8 * batch->objects);
    for (guint i = 0; i < batch->entries->len; i++) {
        const BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        if (!entry->object)
            continue;
        append_number(block, entry->spec | (entry->made ? MADE : 0));
        append_text(block, batch->bytes->str + entry->offset, entry->length);
    }
    return g_byte_array_free_to_bytes(block);
}

gboolean batch_decode(Batch *batch, const char *data, gsize length, GError **error)
{
    Block block = {data, length};
    while (block.left > 0) {
        guint32 spec, size;
        const char *bytes;
        gboolean good = take_number(&block, &spec);
        gboolean made = good && (spec & MADE);
        spec &= ~MADE;
        if (!good || (spec != OBJECT_SPEC_20 && spec != OBJECT_SPEC_21) ||
            !take_text(&block, &bytes, &size))
            return fail_block(error);
        batch_add_object(batch, bytes, size, (ObjectSpec)spec, made, NULL);
    }
    return TRUE;
}

/* What stands for "rejected" where an outcome would. */
#define REJECTED 255

GBytes *batch_encode_results(const Batch *batch)
{
    GByteArray *block = g_byte_array_new();
    for (guint i = 0; i < batch->entries->len; i++) {
        const BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        append_number(block, entry->object ? entry->outcome : REJECTED);
        if (!entry->object)
            append_text(block, entry->message, strlen(entry->message));
    }
    return g_byte_array_free_to_bytes(block);
}

gboolean batch_decode_results(Batch *batch, const char *data, gsize length, GError **error)
{
    Block block = {data, length};
    for (guint i = 0; i < batch->entries->len; i++) {
        BatchEntry *entry = &g_array_index(batch->entries, BatchEntry, i);
        guint32 outcome, size;
        const char *message;
        if (!entry->object)
            continue;
        if (!take_number(&block, &outcome))
            return fail_block(error);
        if (outcome == REJECTED) {
            if (!take_text(&block, &message, &size))
                return fail_block(error);
            g_free(entry->message);
            entry->message = g_strndup(message, size);
            g_clear_pointer(&entry->object, object_free);
        } else if (outcome <= OBJECTS_CLAIM) {
            entry->outcome = (ObjectsOutcome)outcome;
        } else {
            return fail_block(error);
        }
    }
    return TRUE;
}
