#include "base/sha256.h"

#include <gnutls/crypto.h>
#include <string.h>

#define COPY_MAX 1024 /* bytes that are copied sooner than a hash is set up for them */

static void check(int result)
{
    if (result < 0)
        g_error("SHA-256 is not available in GnuTLS"); /* FIPS state error: nothing can go on */
}

void sha256_digest(const void *data, gsize length, guint8 ret_digest[SHA256_SIZE])
{
    check(gnutls_hash_fast(GNUTLS_DIG_SHA256, data, length, ret_digest));
}

void sha256_digest_pair(const void *first, gsize first_length, const void *second,
                        gsize second_length, guint8 ret_digest[SHA256_SIZE])
{
    if (first_length <= COPY_MAX && second_length <= COPY_MAX - first_length) {
        guint8 both[COPY_MAX];
        /* Bytes of length 0 may be at NULL. */
        if (first_length > 0)
            memcpy(both, first, first_length);
        if (second_length > 0)
            memcpy(both + first_length, second, second_length);
        sha256_digest(both, first_length + second_length, ret_digest);
        return;
    }
    gnutls_hash_hd_t hash;
    check(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256));
    check(gnutls_hash(hash, first, first_length));
    check(gnutls_hash(hash, second, second_length));
    gnutls_hash_deinit(hash, ret_digest);
}

struct Sha256 {
    gnutls_hash_hd_t hash;
};

Sha256 *sha256_begin(void)
{
    Sha256 *sha256 = g_new(Sha256, 1);
    check(gnutls_hash_init(&sha256->hash, GNUTLS_DIG_SHA256));
    return sha256;
}

void sha256_add(Sha256 *sha256, const void *data, gsize length)
{
    if (length > 0)
        check(gnutls_hash(sha256->hash, data, length));
}

void sha256_end(Sha256 *sha256, guint8 ret_digest[SHA256_SIZE])
{
    gnutls_hash_deinit(sha256->hash, ret_digest);
    g_free(sha256);
}

gboolean sha256_parse(const char *hex, gsize length, guint8 ret_digest[SHA256_SIZE])
{
    guint8 digest[SHA256_SIZE];
    if (length != 2 * SHA256_SIZE)
        return FALSE;
    for (gsize i = 0; i < SHA256_SIZE; i++) {
        int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        digest[i] = (guint8)(high * 16 + low);
    }
    memcpy(ret_digest, digest, SHA256_SIZE);
    return TRUE;
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
