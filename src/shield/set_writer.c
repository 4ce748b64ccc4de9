#include "shield/set_writer.h"

#include <stddef.h>
#include <string.h>

void set_writer_init(SetWriter *writer)
{
    *writer = (SetWriter){
        .header = {.byte_order = SET_FILE_BYTE_ORDER, .version = SET_FILE_VERSION},
    };
    memcpy(writer->header.magic, SET_FILE_MAGIC, sizeof(writer->header.magic));
    set_writer_append(writer, &writer->header, sizeof(writer->header));
}

void set_writer_clear(SetWriter *writer)
{
    g_clear_pointer(&writer->bytes, g_free);
}

void set_writer_append(SetWriter *writer, const void *bytes, gsize length)
{
    if (writer->room - writer->length < length) {
        /* Moved by the kernel and filled page by page, it costs what is used. */
        writer->room = MAX(2 * writer->room, writer->length + length + 4096);
        writer->bytes = g_realloc(writer->bytes, writer->room);
    }
    if (length > 0)
        memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
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
    sha256_digest(writer->bytes + sizeof(*header), writer->length - sizeof(*header), header->body);
    sha256_digest(header, offsetof(SetFileHeader, head), header->head);
    memcpy(writer->bytes, header, sizeof(*header));
    guint8 *bytes = g_realloc(g_steal_pointer(&writer->bytes), writer->length);
    return g_bytes_new_take(bytes, writer->length);
}
