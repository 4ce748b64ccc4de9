/* fuzz_quorum.c - policies. */
#include <stddef.h>
#include <stdint.h>

#include "ledger/quorum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Quorum) quorum = quorum_parse((const char *)data, size, &error);
    gboolean has_cosigned[QUORUM_WITNESSES_MAX] = {FALSE};
    if (!quorum) {
        if (!error)
            g_error("a policy was refused without a reason");
        return 0;
    }
    gboolean by_nobody = quorum_is_met(quorum, has_cosigned), before = by_nobody;
    /* One more witness never makes it less. */
    for (guint i = 0; i < quorum_n_witnesses(quorum); i++) {
        has_cosigned[i] = TRUE;
        gboolean now = quorum_is_met(quorum, has_cosigned);
        if (before && !now)
            g_error("a cosignature has taken a quorum away");
        before = now;
    }
    if (!before)
        g_error("all witnesses together are no quorum");
    return 0;
}
