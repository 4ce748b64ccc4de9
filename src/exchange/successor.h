/* successor.h - a peer that goes on with another ledger because its own was lost
 * (docs/protocol.md, "Succession").
 *
 * What it shows is its new card, the opening of its new ledger's first entry, and that ledger's key
 * changes. It counts for the peer by the succession in the opening, which the recovery key signed
 * that was pinned when the peer was met. That this node goes on with it, a person decides. */
#pragma once

#include "exchange/card.h"
#include "ledger/succession.h"

#define SUCCESSOR_KIND        "ledger.opened"
#define SUCCESSOR_OPENING_MAX (1024 * 1024) /* bytes of the opening's JSON */

/* What a node shows; borrowed. */
typedef struct {
    const char *card; /* signed JSON */
    gsize card_length;
    const char *opening; /* JSON of the opening of entry 0 */
    gsize opening_length;
    const char *const *changes; /* of the new ledger's keys, oldest first; NULL: none */
} SuccessorSpec;

typedef struct {
    Card *card;
    Succession *succession;
    guint64 seen; /* entries of the old ledger that witnesses told of; 0: they told nothing */
    char **changes;
} Successor;

/* Reads it. Nothing but the card's own signature is verified. CONCERT_ERROR_NOT_FOUND when the
 * ledger follows none; CONCERT_ERROR_INPUT, _LIMIT, _NEWER or _DENIED as of what is read. */
Successor *successor_read(const SuccessorSpec *spec, GError **error);
void successor_free(Successor *successor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Successor, successor_free)

/* Whether it follows the ledger of @peer (peers_get()): a later ledger of the same node, signed for
 * by the pinned recovery key, with a key that the old one never had, and the card by the key that
 * this one leads to. CONCERT_ERROR_DENIED if not; CONCERT_ERROR_CONFLICT when the tree that it
 * follows is another than the one of that size that is known here. */
gboolean successor_verify(const Successor *successor, const Peer *peer, GError **error);

/* Goes on with it, after successor_verify() for the peer as it is in @tx. */
gboolean successor_follow(StoreTx *tx, const char *peer, const Successor *successor,
                          GError **error);
