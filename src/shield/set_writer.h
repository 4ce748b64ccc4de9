/* set_writer.h - the bytes of a set being put together, part after part, up to its side. Private to
 * set_*.c. */
#pragma once

#include "shield/set_file.h"
#include "shield/set_region.h"

typedef struct {
    SetFileHeader header; /* its parts are filled in as they are written */
    SetRegion region;     /* of the file; the header is written last */
    guint part;           /* the one under way */

    /* The checksum follows what is written, on another thread. */
    Sha256 *sha256;
    gsize hashed; /* bytes that were given to it */
    const guint8 *hashing;
    gsize hashing_length;
    int done; /* atomic: the thread has hashed that */
    GThread *thread;
} SetWriter;

void set_writer_init(SetWriter *writer);
void set_writer_clear(SetWriter *writer);

/* Begins a part at the next aligned place; one that is empty has no place. */
void set_writer_begin(SetWriter *writer, guint part);

/* Where the next @length bytes go, until anything else is done; set_writer_added() says how many
 * came. */
guint8 *set_writer_room(SetWriter *writer, gsize length);
void set_writer_added(SetWriter *writer, gsize length);

void set_writer_append(SetWriter *writer, const void *bytes, gsize length);
void set_writer_end(SetWriter *writer);

/* A whole part. */
void set_writer_put(SetWriter *writer, guint part, const void *bytes, gsize length);

/* Bytes of the part under way so far. */
gsize set_writer_offset(const SetWriter *writer);

/* The place where the side begins, behind all parts; ends writing. */
gsize set_writer_end_parts(SetWriter *writer);

/* Writes the header with the checksums, which has all else, and gives the bytes away, followed by
 * those of @side. */
GBytes *set_writer_finish(SetWriter *writer, SetRegion *side);
