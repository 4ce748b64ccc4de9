/* cosigner.h - gets the node's ledger cosigned by its witnesses (c2sp.org/tlog-witness).
 *
 * A thread watches the ledger, and each witness is asked on another, so that a slow one holds up
 * nobody. A witness is asked when the ledger has grown since its cosignature, once an hour anyway,
 * and never more often than [ledger] cosign_ask_interval; after a failure with growing patience.
 * What it says is kept by store/witness.h. A witness that is one through peering is asked over the
 * exchange (docs/protocol.md, "Peers as witnesses"), while the peering is active; after a failure
 * soon again at first, for it may not know yet that it is to witness.
 *
 * A witness that has cosigned more entries than the ledger has says that the ledger was rolled
 * back: the ledger is held then (store/ledger.h), and nothing is signed until a person has looked.
 * A peer's word is not enough for that: it has to show what this ledger has signed. */
#pragma once

#include "node/config.h"
#include "node/exchange_post.h"
#include "node/notary.h"
#include "store/witness.h"

typedef struct Cosigner Cosigner;

/* What is wrong with a witness, on a thread of its own; @message NULL: all is well again. Told when
 * it changes. */
typedef void (*CosignerTell)(const char *witness, const char *message, gpointer user);

/* What asking takes; all borrowed. */
typedef struct {
    const Config *config;
    Store *store;
    Writer *writer;
    Notary *notary;     /* signs what peers are asked; NULL: they are not asked */
    ExchangePost *post; /* the line to the peer; NULL: one is made for the time */
} CosignerMeans;

/* Starts asking; of @means there must be no line, and the rest must outlive it.
 * CONCERT_ERROR_INPUT when [ledger] policy is no policy. */
Cosigner *cosigner_start(const CosignerMeans *means, CosignerTell tell, gpointer user,
                         GError **error);

/* Waits for requests that are under way, at most some seconds, and forgets those that are not. */
void cosigner_stop(Cosigner *cosigner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cosigner, cosigner_stop)

/* Asks one witness now, on this thread, whatever has been before: *asked is brought up to date and
 * kept. *ret_wait is for how many seconds it wants to be left alone; 0: it did not say. FALSE only
 * when the store fails. */
gboolean cosigner_ask(const CosignerMeans *means, const Quorum *policy, WitnessAsked *asked,
                      guint *ret_wait, GError **error);

/* The line to a peer, for CosignerMeans. */
ExchangePost *cosigner_post_new(const Config *config);
