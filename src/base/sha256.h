/* sha256.h - SHA-256 (FIPS 180-4), by GnuTLS, which uses the processor's SHA instructions. */
#pragma once

#include <glib.h>

#define SHA256_SIZE 32

void sha256_digest(const void *data, gsize length, guint8 ret_digest[SHA256_SIZE]);

/* The digest of @first followed by @second, which are not copied together if they are large. */
void sha256_digest_pair(const void *first, gsize first_length, const void *second,
                        gsize second_length, guint8 ret_digest[SHA256_SIZE]);

/* Writes the 64 lower-case hex digits of @digest and a NUL into @buffer and returns it. */
const char *sha256_hex(const guint8 digest[SHA256_SIZE], char buffer[2 * SHA256_SIZE + 1]);
