/* chunk.h - a piece of an attachment as it travels (docs/protocol.md, "Attachments"): the item of a
 * dispatch. It says of which file it is, and where in it, so that pieces may come in any order,
 * from anybody, and be taken up again where a line broke. Pure: no I/O. */
#pragma once

#include "base/error.h"
#include "base/sha256.h"

#define CHUNK_MEDIA_TYPE "application/vnd.concert.chunk"
#define CHUNK_BYTES      (1024 * 1024)                    /* of the file in a chunk but the last */
#define CHUNK_SIZE_MAX   (G_GUINT64_CONSTANT(1024) << 30) /* bytes of a file */
#define CHUNK_HEAD       (17 + SHA256_SIZE + 8 + 8)       /* bytes before those of the file */

/* Of which file, and which piece. */
typedef struct {
    guint8 sha256[SHA256_SIZE]; /* of the whole file */
    guint64 size;               /* of the whole file */
    guint place;                /* from 0 */
} Chunk;

/* How many chunks a file has: that of an empty one has no bytes. */
guint chunk_count(guint64 size);

/* How many bytes of the file are in a chunk of it. */
gsize chunk_length(guint64 size, guint place);

/* The item: head and @length bytes, chunk_length() of them. */
GBytes *chunk_make(const Chunk *chunk, const void *bytes, gsize length);

/* Reads an item; the file's bytes follow its head. Whether they are those of the file only its
 * SHA-256 tells, when all are there. CONCERT_ERROR_INPUT or _LIMIT; _NEWER if it is of a later
 * version. */
gboolean chunk_parse(const void *item, gsize length, Chunk *ret_chunk, GError **error);
