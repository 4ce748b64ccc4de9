/* timestamp_token.h - time stamps (RFC 3161): that something was there at a time, in the word of an
 * authority. By OpenSSL. Tokens come from anybody: they are small, have one signer, and are read to
 * their last byte. */
#pragma once

#include "base/error.h"
#include "base/sha256.h"

#define TIMESTAMP_TOKEN_MAX (64 * 1024) /* bytes */

/* OpenSSL's PKCS7 and X509_STORE. */
struct pkcs7_st;
struct x509_store_st;

typedef struct {
    struct pkcs7_st *pkcs7;
    guint8 imprint[SHA256_SIZE]; /* what it is of */
    gint64 time_us;              /* whole seconds */
    char *signer;                /* name in its certificate; NULL: that is not in it */
} TimestampToken;

/* A token, or the response of an authority with one (a file .tsr). Its signature is verified if its
 * certificate is in it, whoever made that. CONCERT_ERROR_INPUT if it is none, is of another hash
 * than SHA-256, or its signature does not match; _LIMIT. */
TimestampToken *timestamp_token_read(const void *bytes, gsize length, GError **error);
void timestamp_token_free(TimestampToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TimestampToken, timestamp_token_free)

/* Whether its signature is by a certificate for time stamps, valid at the token's time, that one of
 * @trusted vouches for (certificate_store()) or that is one of them. What was revoked is not asked.
 * Gives token->signer its name. CONCERT_ERROR_DENIED. */
gboolean timestamp_token_verify(TimestampToken *token, struct x509_store_st *trusted,
                                GError **error);
