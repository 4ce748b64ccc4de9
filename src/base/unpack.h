/* unpack.h - the decoders under base/stream.h: gzip, bzip2, zstd and xz data, unpacked piece by
 * piece. One table tells what they have in common; how much may come out is the stream's to
 * bound. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define UNPACK_MAGIC 6 /* bytes that tell a coding */

typedef struct Unpack Unpack;
typedef struct UnpackCoding UnpackCoding;

/* What is to be unpacked next: from bytes[at] on, up to @length. */
typedef struct {
    char *bytes;
    gsize at, length;
    gboolean end; /* nothing follows these */
} UnpackInput;

/* The coding of what begins so; NULL when it is plain. */
const UnpackCoding *unpack_tell(const char *begin, gsize length);

/* A decoder of it; NULL when there is no memory. */
Unpack *unpack_new(const UnpackCoding *coding);
void unpack_free(Unpack *unpack);

/* "gzip", "bzip2", "zstd", "xz" */
const char *unpack_name(const UnpackCoding *coding);

/* 0 for decoders that check by themselves what follows a member. Else who feeds it has to: zeros,
 * as tapes leave them, up to the end or to another member, which begins with this byte. */
char unpack_after(const UnpackCoding *coding);

/* Whether the decoder itself knows where all ends; else that is wherever the input ends behind a
 * whole member. */
gboolean unpack_knows_end(const UnpackCoding *coding);

/* One step: takes from @input, and gives up to @size bytes (at most 1 GiB) to @out. *ret_end: a
 * whole member or frame ended exactly here. Sets *ret_given also when it fails: so many bytes came
 * before what is broken. CONCERT_ERROR_INPUT, or _LIMIT when it takes too much memory. */
gboolean unpack_step(Unpack *unpack, UnpackInput *input, char *out, gsize size, gsize *ret_given,
                     gboolean *ret_end, GError **error);
