/* docket_sender.h - making an event of a dossier (dossier/docket.h): it is drafted, signed, kept
 * and committed in the ledger, as the item of a dispatch to whom it is for, all in one transaction.
 * So each event is made of what is there in that moment, and a crash loses none and doubles none.
 */
#pragma once

#include "dossier/docket.h"
#include "node/notary.h"

typedef struct {
    char *dossier; /* its id */
    EventHash hash;
    char *state;   /* in which the dossier is now */
    guint64 index; /* of the dispatch's entry */
    char **told;   /* names of nodes that the dispatch is for, sorted */
    char **untold; /* of the audience, those that are no peers of this node */
} DocketSent;

void docket_sender_sent_clear(DocketSent *sent);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DocketSent, docket_sender_sent_clear)

/* Does @act. Whoever of the audience is no peer, or none any more, is passed over and named in
 * `untold`; but who opens a dossier reaches all, or it fails with CONCERT_ERROR_DENIED. Earlier
 * events that some of those told have not got yet go with it. What is for nobody is committed, and
 * stays here. CONCERT_ERROR_BUSY when this node's clock is plainly wrong (node/own_clock.h); other
 * errors as of docket_draft() and of the policy. */
gboolean docket_sender_send(Notary *notary, const DocketAct *act, DocketSent *ret_sent,
                            GError **error);

/* What else is written with the event, in its transaction: durable with it or not at all. On the
 * writer's thread, perhaps twice; of @sent all is there. */
typedef gboolean (*DocketAlso)(StoreTx *tx, const DocketSent *sent, gpointer user, GError **error);

gboolean docket_sender_send_also(Notary *notary, const DocketAct *act, DocketAlso also,
                                 gpointer user, DocketSent *ret_sent, GError **error);
