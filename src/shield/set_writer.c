#include "shield/set_writer.h"

#include <stddef.h>
#include <string.h>

#include "shield/set_ahead.h"

/* Bytes that are given to the checksum at once. */
#define HASHED_AT_ONCE (8u << 20)

void set_writer_init(SetWriter *writer)
{
    *writer = (SetWriter){
        .header = {.byte_order = SET_FILE_BYTE_ORDER, .version = SET_FILE_VERSION},
    };
    memcpy(writer->header.magic, SET_FILE_MAGIC, sizeof(writer->header.magic));
    writer->sha256 = sha256_begin();
    writer->hashed = sizeof(writer->header);
    set_writer_append(writer, &writer->header, sizeof(writer->header));
}

void set_writer_clear(SetWriter *writer)
{
    guint8 unused[SHA256_SIZE];

    set_ahead_end(&writer->thread);
    if (writer->sha256)
        sha256_end(g_steal_pointer(&writer->sha256), unused);
    g_clear_pointer(&writer->bytes, g_free);
}

static gpointer hash_some(gpointer user)
{
    SetWriter *writer = user;
    sha256_add(writer->sha256, writer->hashing, writer->hashing_length);
    return NULL;
}

/* What was written is not written again. */
static void hash_ahead(SetWriter *writer)
{
    set_ahead_end(&writer->thread);
    writer->hashing = writer->bytes + writer->hashed;
    writer->hashing_length = writer->length - writer->hashed;
    writer->hashed = writer->length;
    writer->thread = set_ahead_start(hash_some, writer);
}

guint8 *set_writer_room(SetWriter *writer, gsize length)
{
    if (writer->room - writer->length < length) {
        /* Moved by the kernel and filled page by page, it costs what is used. */
        writer->room = MAX(2 * writer->room, writer->length + length + 4096);
        set_ahead_end(&writer->thread);
        writer->bytes = g_realloc(writer->bytes, writer->room);
    }
    return writer->bytes + writer->length;
}

void set_writer_added(SetWriter *writer, gsize length)
{
    writer->length += length;
    if (writer->length > writer->hashed && writer->length - writer->hashed >= HASHED_AT_ONCE)
        hash_ahead(writer);
}

void set_writer_append(SetWriter *writer, const void *bytes, gsize length)
{
    guint8 *room = set_writer_room(writer, length);
    if (length > 0)
        memcpy(room, bytes, length);
    set_writer_added(writer, length);
}

void set_writer_begin(SetWriter *writer, guint part)
{
    static const guint8 zeros[SET_FILE_ALIGN];
    set_writer_append(writer, zeros, -writer->length % SET_FILE_ALIGN);
    writer->part = part;
    writer->header.parts[part].offset = writer->length;
}

gsize set_writer_offset(const SetWriter *writer)
{
    return writer->length - writer->header.parts[writer->part].offset;
}

void set_writer_end(SetWriter *writer)
{
    writer->header.parts[writer->part].length = set_writer_offset(writer);
}

void set_writer_put(SetWriter *writer, guint part, const void *bytes, gsize length)
{
    set_writer_begin(writer, part);
    set_writer_append(writer, bytes, length);
    set_writer_end(writer);
}

GBytes *set_writer_finish(SetWriter *writer)
{
    SetFileHeader *header = &writer->header;

    header->size = writer->length;
    set_ahead_end(&writer->thread);
    sha256_add(writer->sha256, writer->bytes + writer->hashed, writer->length - writer->hashed);
    sha256_end(g_steal_pointer(&writer->sha256), header->body);
    sha256_digest(header, offsetof(SetFileHeader, head), header->head);
    memcpy(writer->bytes, header, sizeof(*header));
    guint8 *bytes = g_realloc(g_steal_pointer(&writer->bytes), writer->length);
    return g_bytes_new_take(bytes, writer->length);
}
