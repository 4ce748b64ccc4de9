/* witness_peers.h - lets peers and this node witness each other (store/peer_witness.h) as
 * [exchange] witness_peers and the peers' cards say. On the exchanger's thread alone. */
#pragma once

#include "node/config.h"
#include "node/notary.h"
#include "store/peers.h"

typedef struct WitnessPeers WitnessPeers;

/* Both outlive it. */
WitnessPeers *witness_peers_new(const Config *config, Notary *notary);
void witness_peers_free(WitnessPeers *witnesses);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessPeers, witness_peers_free)

/* Looks at @peers, all that are known (peers_list()), and brings about what follows for those that
 * have another card, ledger or state than the last time. What fails is tried again the next time.
 */
void witness_peers_settle(WitnessPeers *witnesses, const GPtrArray *peers);
