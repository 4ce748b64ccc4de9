/* attachment_sender.h - sending the files that events name to whom the events are for: chunk by
 * chunk, each in a dispatch of its own, so that proofs, receipts, parcels and going on where a line
 * broke come with them. A peer gets a file once, whatever number of events name it. */
#pragma once

#include "node/notary.h"
#include "policy/marking.h"

/* How the events are marked that go out. */
typedef struct {
    MarkingTlp tlp;
    MarkingPap pap;
    gboolean is_exercise;
} AttachmentSenderTerms;

/* In the transaction that commits @events (GBytes) to the peers @to: their files wait to be sent
 * from now on. CONCERT_ERROR_NOT_FOUND when a file of the last event is not here and this node made
 * that event; of those before it what is not here is passed over. Files of events that others made
 * are passed on as soon as they are here whole, if they may be (attachments_pass_on()). */
gboolean attachment_sender_queue(StoreTx *tx, const GPtrArray *events,
                                 const AttachmentSenderTerms *terms, char **to, GError **error);

/* Sends all that waits. What cannot be sent to a peer is given up for it, with the reason; what
 * cannot be sent at all now (the ledger is held) waits on. Nothing is done twice by two threads.
 * Not on the writer's thread. Returns how many chunks went out. */
guint attachment_sender_run(Notary *notary);
