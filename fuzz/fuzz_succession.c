/* fuzz_succession.c - the notes by which one ledger follows another. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/origin.h"
#include "ledger/succession.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Succession) succession = succession_parse((const char *)data, size, NULL);
    if (!succession)
        return 0;
    if (succession->note->length != size || memcmp(succession->note->bytes, data, size) != 0)
        g_error("a succession was not kept as it came");
    g_autofree char *before = origin_node(succession->previous.origin);
    g_autofree char *after = origin_node(succession->key->name);
    if (!before || g_strcmp0(before, after) != 0)
        g_error("a ledger follows that of another node");
    /* The new key is no recovery key: it alone is never enough. */
    if (succession_verify(succession, succession->key, NULL))
        g_error("a succession holds without the recovery key");
    return 0;
}
