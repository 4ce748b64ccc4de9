/* peer_step.h - the steps of a peering as this node takes and hears them (exchange/peering.h): what
 * is said is an entry of the ledger, the peer's new state and a post that waits, in one
 * transaction. */
#pragma once

#include "exchange/peering.h"
#include "node/config.h"
#include "node/notary.h"

typedef struct {
    PeerStep step;
    const char *peer;   /* origin or name of the node; not of an invitation */
    const Card *card;   /* of who is invited; NULL otherwise */
    gboolean replace;   /* an invitation: pin the keys of @card, whatever was pinned before */
    const char *reason; /* NULL: none */
} PeerStepSpec;

/* Says a step: *ret_text is what was signed, *ret_peer the peer as it is now; caller frees both.
 * The post waits in the outbox, if the peer has an endpoint. CONCERT_ERROR_CONFLICT when the step
 * says nothing in the state that the peering is in, or the peer's keys are not those pinned;
 * CONCERT_ERROR_NOT_FOUND when there is no such peer. */
gboolean peer_step_say(Notary *notary, const PeerStepSpec *spec, char **ret_text, Peer **ret_peer,
                       GError **error);

/* Posts now what peer_step_say() left in the outbox for @peer, unless something older waits there.
 * FALSE with @error when it could not be delivered: it is tried again by and by. */
gboolean peer_step_post(Notary *notary, const Config *config, const Peer *peer, GError **error);

/* Hears a step, however it came: errors of peering_parse() and peering_receive(). *ret_peer is who
 * said it (NULL: nothing is known of it any more); caller frees. Either output may be NULL. */
gboolean peer_step_hear(Store *store, Writer *writer, const char *text, gsize length,
                        Peer **ret_peer, gboolean *ret_changed, GError **error);

/* What a step is to be done about that @peer took, answering with @body (may be empty): its own
 * word, if it is that, is heard. NULL when nothing is; else why it is to be posted again by and by:
 * we invited, it has not answered, and it cannot reach this node to do so. Static. */
const char *peer_step_delivered(Notary *notary, const Peer *peer, GBytes *body);
