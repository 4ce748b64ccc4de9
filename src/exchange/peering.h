/* peering.h - the steps of a peering (docs/protocol.md, "Peering"): invite, accept, suspend,
 * resume, end, each a signed statement of one side that bears its card.
 *
 * A step may arrive by any way, any number of times, in any order: its time says what it undoes. */
#pragma once

#include "exchange/card.h"
#include "exchange/card_field.h"

#define PEERING_TYPE       "peering"
#define PEERING_KIND       "peering"
#define PEERING_PATH       "/exchange/v1/peering"
#define PEERING_MEDIA_TYPE "application/json"
#define PEERING_BYTES_MAX  (512 * 1024)
#define PEERING_REASON_MAX CARD_FIELD_MAX

typedef struct {
    PeerStep step;
    char *from, *to; /* origins */
    gint64 time_us;
    char *reason;   /* NULL: none */
    Card *card;     /* the author's */
    char **changes; /* of the author's ledger's keys, oldest first; may be empty */
    SignedJson *json;
} Peering;

/* What a step is made of; all borrowed. */
typedef struct {
    PeerStep step;
    const char *to;
    gint64 time_us;
    const char *reason;         /* NULL: none */
    const char *card;           /* the author's, signed JSON */
    const char *const *changes; /* NULL: none */
} PeeringSpec;

/* Makes and signs a step with the author's message key: its text in RFC 8785 form.
 * CONCERT_ERROR_INPUT, _LIMIT or _DENIED if peering_parse() would refuse it. Caller frees. */
char *peering_make(const PeeringSpec *spec, const NoteSigner *message, GError **error);

/* Reads a step: that it is signed by the message key of the card in it, and that card by its
 * ledger's key, is verified; whose card it is peering_receive() tells. CONCERT_ERROR_INPUT, _LIMIT,
 * _NEWER or _DENIED. */
Peering *peering_parse(const char *text, gsize length, GError **error);
void peering_free(Peering *peering);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Peering, peering_free)

/* The least time a step of ours may bear that is to count: after all that was said. @peer may be
 * NULL. */
gint64 peering_time(const Peer *peer, gint64 now);

/* Takes what a peer said, or a node that may become one, to the ledger @own at the time @now.
 * *ret_changed: whether it changed anything. Nothing is written on failure:
 *   CONCERT_ERROR_INPUT      it is for another ledger, or our own
 *   CONCERT_ERROR_DENIED     it is not signed by keys that follow from those pinned
 *   CONCERT_ERROR_CONFLICT   another node of that name is known
 *   CONCERT_ERROR_BUSY       there is no room for another invitation
 *   CONCERT_ERROR_LIMIT      its time is too far ahead
 *   CONCERT_ERROR_NOT_FOUND  a step that needs a peering, of who is no peer */
gboolean peering_receive(StoreTx *tx, const Peering *peering, const char *own, gint64 now,
                         gboolean *ret_changed, GError **error);

/* Takes a newer card of the peer whose origin is @origin, and the key changes that lead to its key
 * (NULL: none), from wherever they came. One that is not newer is no failure. *ret_changed may be
 * NULL. CONCERT_ERROR_DENIED if it is not the peer's, CONCERT_ERROR_NOT_FOUND if there is none. */
gboolean peering_receive_card(StoreTx *tx, const char *origin, const Card *card,
                              const char *const *changes, gboolean *ret_changed, GError **error);
