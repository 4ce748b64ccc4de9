#include "base/sha256.h"

#include <gnutls/crypto.h>

void sha256_digest(const void *data, gsize length, guint8 ret_digest[SHA256_SIZE])
{
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, length, ret_digest) < 0)
        g_error("SHA-256 is not available in GnuTLS"); /* FIPS state error: nothing can go on */
}

const char *sha256_hex(const guint8 digest[SHA256_SIZE], char buffer[2 * SHA256_SIZE + 1])
{
    static const char hex[] = "0123456789abcdef";
    for (gsize i = 0; i < SHA256_SIZE; i++) {
        buffer[2 * i] = hex[digest[i] >> 4];
        buffer[2 * i + 1] = hex[digest[i] & 15];
    }
    buffer[2 * SHA256_SIZE] = '\0';
    return buffer;
}
