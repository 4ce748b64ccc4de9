#include "node/message_keys.h"

#include <sodium.h>

#include "ledger/origin.h"

void message_keys_clear(MessageKeys *keys)
{
    sodium_memzero(keys->secrets, sizeof keys->secrets);
    keys->n_secrets = 0;
    g_clear_pointer(&keys->node, g_free);
}

gboolean message_keys_load(Notary *notary, MessageKeys *ret_keys, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_auto(MessageKeys) keys = {0};
    g_autoptr(GError) none = NULL;
    if (!ledger_read_state(notary_store(notary), &state, error) ||
        !notary_parcel_secret(notary, 0, keys.secrets[0], error))
        return FALSE;
    keys.n_secrets = 1;
    if (notary_parcel_secret(notary, 1, keys.secrets[1], &none)) {
        keys.n_secrets = 2;
    } else if (!g_error_matches(none, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&none));
        return FALSE;
    }
    keys.node = origin_node(state.origin);
    if (!keys.node) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "the ledger %s is of no node",
                    state.origin);
        return FALSE;
    }
    *ret_keys = keys;
    keys = (MessageKeys){0};
    return TRUE;
}
