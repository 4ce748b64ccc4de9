/* token.h - bearer tokens (RFC 6750) for programs.
 *
 * A token is 32 random bytes in text. The node keeps only the SHA-256 of that text: what is random
 * needs no slow hash, and what is stolen from the database cannot be used. */
#pragma once

#include <glib.h>

#include "base/sha256.h"

/* "concert_" and 43 letters of base64url; the prefix lets scanners for leaked secrets find it. */
#define TOKEN_PREFIX "concert_"
#define TOKEN_LENGTH (sizeof TOKEN_PREFIX - 1 + 43)

/* A new token. Caller frees, better after writing over it. */
char *token_generate(void);

/* Whether @text has the form of a token. */
gboolean token_is_valid(const char *text);

/* What the store keeps of it. */
void token_digest(const char *text, guint8 ret_digest[SHA256_SIZE]);
