/* follower_effects.h - what an entry of a peer's ledger does here when it is kept: one table of
 * kinds. An effect that its author has no right to, or that says nothing that can be done, is
 * passed over: the entry is kept and shown all the same. Private to the follower. */
#pragma once

#include "dossier/docket.h"
#include "exchange/follower_items.h"
#include "exchange/reach.h"
#include "store/peers.h"

/* FALSE only when the store fails. */
gboolean follower_effects_apply(StoreTx *tx, Reach *reach, const Peer *peer,
                                const FollowerOpening *opening, GError **error);

/* Notes the chunks of attachments among the items of what is kept as the record @record. FALSE only
 * when the store fails. */
gboolean follower_effects_chunks(StoreTx *tx, const Peer *peer, FollowerOpening *opening,
                                 gint64 record, GError **error);

/* Keeps with the new events among its items that they stand in the peer's ledger, as @path proves.
 * FALSE only when the store fails. */
gboolean follower_effects_proofs(StoreTx *tx, FollowerOpening *opening, gint64 record,
                                 const MerkleProof *path, GError **error);

/* Gives the events among the items of a dispatch to their dossiers; what is none gets a refusal.
 * @own_key: this node's message key, may be NULL. FALSE only when the store fails. */
gboolean follower_effects_events(StoreTx *tx, const Peer *peer, const NoteVerifier *own_key,
                                 FollowerOpening *opening, GError **error);
