/* witness_evidence.h - keeping evidence against a log that is watched; the rest of what is done
 * with it is in witness.h. Private to the store. */
#pragma once

#include "store/tx.h"
#include "store/witness.h"

/* Keeps two signed checkpoints of a log that contradict each other, and the proof that shows it
 * when their sizes differ (NULL: they do not). */
gboolean witness_evidence_put(StoreTx *tx, const char *origin, const char *first,
                              const char *second, const MerkleProof *proof, GError **error);
