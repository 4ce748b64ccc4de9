/* fuzz_log_keys.c - the keys that a log serves, followed from the present one.
 */
#include <stddef.h>
#include <stdint.h>

#include "node/log_keys.h"
#include "node/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(LogKeys) keys = log_keys_parse((const char *)data, size, NULL);
    if (!keys)
        return 0;
    g_autofree char *vkey = note_verifier_format(keys->ledger);
    const char *const vkeys[] = {vkey, NULL};
    g_autoptr(Trust) trust = trust_new(vkeys, NULL, 0, NULL);
    if (!trust)
        return 0;
    gboolean followed = trust_follow(trust, keys->origin, (const char *const *)keys->changes,
                                     keys->n_changes, NULL);
    if (keys->n_changes == 0 && followed && !trust_is_present(trust, keys->origin, keys->ledger))
        g_error("without a change there is another key");
    return 0;
}
