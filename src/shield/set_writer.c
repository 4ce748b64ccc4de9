#include "shield/set_writer.h"

#include <stddef.h>
#include <string.h>

#include "shield/set_ahead.h"

/* Bytes that are given to the checksum at once. */
#define HASHED_AT_ONCE (1u << 20)

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
    set_region_clear(&writer->region);
}

static gpointer hash_some(gpointer user)
{
    SetWriter *writer = user;
    sha256_add(writer->sha256, writer->hashing, writer->hashing_length);
    g_atomic_int_set(&writer->done, TRUE);
    return NULL;
}

/* What was written is not written again. While some is still under way, the rest waits for the next
 * time. */
static void hash_ahead(SetWriter *writer)
{
    if (writer->thread && !g_atomic_int_get(&writer->done))
        return;
    set_ahead_end(&writer->thread);
    g_atomic_int_set(&writer->done, FALSE);
    writer->hashing = writer->region.bytes + writer->hashed;
    writer->hashing_length = writer->region.length - writer->hashed;
    writer->hashed = writer->region.length;
    writer->thread = set_ahead_start(hash_some, writer);
}

guint8 *set_writer_room(SetWriter *writer, gsize length)
{
    if (writer->region.room - writer->region.length < length)
        set_ahead_end(&writer->thread); /* it will be moved */
    return set_region_room(&writer->region, length);
}

void set_writer_added(SetWriter *writer, gsize length)
{
    writer->region.length += length;
    if (writer->region.length > writer->hashed &&
        writer->region.length - writer->hashed >= HASHED_AT_ONCE)
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
    set_writer_append(writer, zeros, -writer->region.length % SET_FILE_ALIGN);
    writer->part = part;
    writer->header.parts[part].offset = writer->region.length;
}

gsize set_writer_offset(const SetWriter *writer)
{
    return writer->region.length - writer->header.parts[writer->part].offset;
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

gsize set_writer_end_parts(SetWriter *writer)
{
    static const guint8 zeros[SET_FILE_SIDE_ALIGN];

    set_writer_append(writer, zeros, -writer->region.length % SET_FILE_SIDE_ALIGN);
    set_ahead_end(&writer->thread);
    sha256_add(writer->sha256, writer->region.bytes + writer->hashed,
               writer->region.length - writer->hashed);
    sha256_end(g_steal_pointer(&writer->sha256), writer->header.body);
    return writer->region.length;
}

GBytes *set_writer_finish(SetWriter *writer, SetRegion *side)
{
    SetFileHeader *header = &writer->header;

    header->size = writer->region.length + side->length;
    sha256_digest(header, offsetof(SetFileHeader, head), header->head);
    memcpy(writer->region.bytes, header, sizeof(*header));
    return set_region_join(&writer->region, side);
}
