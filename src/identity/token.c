#include "identity/token.h"

#include <sodium.h>
#include <string.h>

#define RANDOM_BYTES 32

char *token_generate(void)
{
    if (sodium_init() < 0)
        g_error("libsodium has no source of randomness");
    guint8 bytes[RANDOM_BYTES];
    char text[sodium_base64_ENCODED_LEN(RANDOM_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *token = g_strconcat(TOKEN_PREFIX, text, NULL);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    return token;
}

gboolean token_is_valid(const char *text)
{
    if (strlen(text) != TOKEN_LENGTH || !g_str_has_prefix(text, TOKEN_PREFIX))
        return FALSE;
    for (const char *c = text + sizeof TOKEN_PREFIX - 1; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_')
            return FALSE;
    return TRUE;
}

void token_digest(const char *text, guint8 ret_digest[SHA256_SIZE])
{
    sha256_digest(text, strlen(text), ret_digest);
}
