/* attachment_sender.h - sending the files that events name to whom the events are for: chunk by
 * chunk, each in a dispatch of its own, so that proofs, receipts, parcels and going on where a line
 * broke come with them. A peer gets a file once, whatever number of events name it. */
#pragma once

#include "dossier/docket.h"
#include "node/notary.h"

/* In the transaction that commits @draft and what goes with it, @events (GBytes, its own last), to
 * the peers @to: their files wait to be sent from now on. CONCERT_ERROR_NOT_FOUND when a file of
 * the last event is not here; of those before it what is not here is passed over. */
gboolean attachment_sender_queue(StoreTx *tx, const GPtrArray *events, const DocketDraft *draft,
                                 char **to, GError **error);

/* Sends all that waits. What cannot be sent to a peer is given up for it, with the reason; what
 * cannot be sent at all now (the ledger is held) waits on. Nothing is done twice by two threads.
 * Not on the writer's thread. Returns how many chunks went out. */
guint attachment_sender_run(Notary *notary);
