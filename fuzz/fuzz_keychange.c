/* fuzz_keychange.c - key changes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/keychange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(KeyChange) change = keychange_parse((const char *)data, size, NULL);
    if (!change)
        return 0;
    if (change->note->length != size || memcmp(change->note->bytes, data, size) != 0)
        g_error("a key change was not kept as it came");
    gboolean is_signed = keychange_verify(change, NULL, NULL);
    g_autoptr(KeyHistory) history = change->role == KEYCHANGE_LEDGER
                                        ? keychange_history_new(change->old_key, NULL, NULL, NULL)
                                        : NULL;
    gboolean is_new = FALSE;
    if (!history)
        return 0;
    if (keychange_history_add(history, change, &is_new, NULL) != is_signed || is_new != is_signed)
        g_error("what leads from the pinned key and is signed is accepted, and nothing else");
    const guint64 sizes[] = {0, change->size, change->size + 1};
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (!keychange_history_valid(history, sizes[i]))
            g_error("a size without a key");
    return 0;
}
