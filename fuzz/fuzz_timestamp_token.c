/* fuzz_timestamp_token.c - files that are, or should be, time stamps of RFC 3161. */
#include <openssl/x509_vfy.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "identity/timestamp_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TimestampToken) token = timestamp_token_read(data, size, &error);
    g_assert((token == NULL) == (error != NULL));
    X509_STORE *nobody = X509_STORE_new();
    /* Who trusts nobody is told by nobody what time it was. */
    if (token)
        g_assert(!timestamp_token_verify(token, nobody, NULL));
    X509_STORE_free(nobody);
    return 0;
}
