/* peer_witness.h - peers as each other's witnesses (docs/ledger.md, "Witnesses"): what a peering
 * adds to what is watched and to who is asked (store/witness.h), and takes back when it ends.
 *
 * For each peer is remembered what was done for it, so that what a person has removed is not added
 * again as long as the peering lasts, and what a person has added is left alone. */
#pragma once

#include "store/store.h"

/* What is to be of one peer; all borrowed. */
typedef struct {
    gint64 peer;          /* its number */
    gboolean is_peer;     /* both sides agreed, be it suspended */
    const char *origin;   /* its ledger */
    const char *log;      /* the vkey that signs it; NULL: it is not to be watched */
    const char *cosigner; /* the vkey that it cosigns with; NULL: it is not to be asked */
} PeerWitnessSpec;

/* Brings about what @spec says. What there is no room for is not added, and tried the next time; a
 * log that is frozen stays as it is until a person decides, peering or not. */
gboolean peer_witness_settle(StoreTx *tx, const PeerWitnessSpec *spec, GError **error);

/* Whether a person has taken back what was done for the peer of that number. */
typedef struct {
    gboolean log_removed, cosigner_removed;
} PeerWitnessState;

gboolean peer_witness_state(Store *store, gint64 peer, PeerWitnessState *ret_state, GError **error);
