/* event_proofs.h - of an event that a peer sent: where it stands in that peer's ledger, and the
 * inclusion proof with which it came. So a node can prove to anybody, at any time and without
 * asking the peer, that what it shows was committed there. Of own events the own ledger proves it.
 */
#pragma once

#include "ledger/merkle.h"
#include "store/store.h"

/* Item @place of the record @record (records_add()) is the event of that hash; @path leads from its
 * entry to the root of the tree that the answer's checkpoint is of. Nothing happens when there is a
 * proof already. */
gboolean event_proofs_put(StoreTx *tx, const guint8 hash[SHA256_SIZE], gint64 record, guint place,
                          const MerkleProof *path, GError **error);

typedef struct {
    char *origin; /* of the ledger; NULL: there is no proof */
    guint64 entry;
    guint place; /* of the event among the entry's items */
    MerkleProof path;
    char *checkpoint; /* a signed note */
} EventProof;

void event_proof_clear(EventProof *proof);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EventProof, event_proof_clear)

gboolean event_proofs_get(Store *store, const guint8 hash[SHA256_SIZE], EventProof *ret_proof,
                          GError **error);
