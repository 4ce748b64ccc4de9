/* sha256.h - SHA-256 (FIPS 180-4), by GnuTLS, which uses the processor's SHA instructions. */
#pragma once

#include <glib.h>

#define SHA256_SIZE 32

void sha256_digest(const void *data, gsize length, guint8 ret_digest[SHA256_SIZE]);

/* The digest of @first followed by @second, which are not copied together if they are large. */
void sha256_digest_pair(const void *first, gsize first_length, const void *second,
                        gsize second_length, guint8 ret_digest[SHA256_SIZE]);

/* Of what comes bit by bit. sha256_end() frees @sha256. */
typedef struct Sha256 Sha256;
Sha256 *sha256_begin(void);
void sha256_add(Sha256 *sha256, const void *data, gsize length);
void sha256_end(Sha256 *sha256, guint8 ret_digest[SHA256_SIZE]);

/* Reads 64 hex digits, of either case. */
gboolean sha256_parse(const char *hex, gsize length, guint8 ret_digest[SHA256_SIZE]);

/* Writes the 64 lower-case hex digits of @digest and a NUL into @buffer and returns it. */
const char *sha256_hex(const guint8 digest[SHA256_SIZE], char buffer[2 * SHA256_SIZE + 1]);
