#include "store/chunk.h"

#include <string.h>

#define MAGIC         "concert/chunk/v1\n"
#define MAGIC_LENGTH  (sizeof MAGIC - 1)
#define FAMILY_LENGTH (sizeof "concert/chunk/v" - 1)
G_STATIC_ASSERT(MAGIC_LENGTH == 17);

guint chunk_count(guint64 size)
{
    return size == 0 ? 1 : (guint)((size - 1) / CHUNK_BYTES + 1);
}

gsize chunk_length(guint64 size, guint place)
{
    guint64 before = (guint64)place * CHUNK_BYTES;
    return before >= size ? 0 : (gsize)MIN(size - before, (guint64)CHUNK_BYTES);
}

GBytes *chunk_make(const Chunk *chunk, const void *bytes, gsize length)
{
    guint64 size = GUINT64_TO_BE(chunk->size);
    guint64 offset = GUINT64_TO_BE((guint64)chunk->place * CHUNK_BYTES);
    GByteArray *item = g_byte_array_sized_new((guint)(CHUNK_HEAD + length));
    g_byte_array_append(item, (const guint8 *)MAGIC, MAGIC_LENGTH);
    g_byte_array_append(item, chunk->sha256, SHA256_SIZE);
    g_byte_array_append(item, (const guint8 *)&size, sizeof size);
    g_byte_array_append(item, (const guint8 *)&offset, sizeof offset);
    if (length > 0)
        g_byte_array_append(item, bytes, (guint)length);
    return g_byte_array_free_to_bytes(item);
}

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the chunk of an attachment %s", what);
    return FALSE;
}

static guint64 read_number(const guint8 *bytes)
{
    guint64 number;
    memcpy(&number, bytes, sizeof number);
    return GUINT64_FROM_BE(number);
}

gboolean chunk_parse(const void *item, gsize length, Chunk *ret_chunk, GError **error)
{
    const guint8 *bytes = item;
    if (length < FAMILY_LENGTH || memcmp(bytes, MAGIC, FAMILY_LENGTH) != 0)
        return refuse(error, "does not begin as one");
    if (length >= MAGIC_LENGTH && memcmp(bytes, MAGIC, MAGIC_LENGTH) != 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                            "the chunk of an attachment is of a later version");
        return FALSE;
    }
    if (length < CHUNK_HEAD)
        return refuse(error, "is cut short");
    guint64 size = read_number(bytes + MAGIC_LENGTH + SHA256_SIZE);
    guint64 offset = read_number(bytes + MAGIC_LENGTH + SHA256_SIZE + sizeof size);
    if (size > CHUNK_SIZE_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "the attachment is larger than 1 TiB");
        return FALSE;
    }
    if (offset % CHUNK_BYTES != 0 || offset / CHUNK_BYTES >= chunk_count(size))
        return refuse(error, "is from no place of the file");
    Chunk chunk = {.size = size, .place = (guint)(offset / CHUNK_BYTES)};
    if (length - CHUNK_HEAD != chunk_length(size, chunk.place))
        return refuse(error, "has not as many bytes as its place");
    memcpy(chunk.sha256, bytes + MAGIC_LENGTH, SHA256_SIZE);
    *ret_chunk = chunk;
    return TRUE;
}
