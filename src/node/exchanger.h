/* exchanger.h - the node's part in the exchange, as long as it is served: threads that follow each
 * peer's ledger, tell peers that there is something new for them, and deliver what waits in the
 * outbox.
 *
 * A peer is asked when it says that there is something, and otherwise at an interval with jitter; a
 * peer that fails is asked at longer and longer ones, until it is heard of again. Every peer has
 * two lines (node/exchange_post.h): what one peer does, or does not, delays no other. Answers are
 * accepted one after the other, each in one transaction with its cursor, so whatever breaks off, a
 * peer goes on from its last whole answer. */
#pragma once

#include "node/config.h"
#include "node/exchange_pull.h"
#include "node/notary.h"

typedef struct Exchanger Exchanger;

/* @peer failed (@message says how), or is well again (NULL). On any thread, one at a time. */
typedef void (*ExchangerTell)(const char *peer, const char *message, gpointer user);

/* Everything outlives it. */
Exchanger *exchanger_start(const Config *config, Notary *notary, ExchangerTell tell, gpointer user,
                           GError **error);
void exchanger_stop(Exchanger *exchanger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exchanger, exchanger_stop)

/* What is told and heard of others' ledgers; the exchanger's. */
Gossip *exchanger_gossip(Exchanger *exchanger);

/* The peer whose ledger is @origin says that there is something new for this node. On any thread.
 */
void exchanger_woken(Exchanger *exchanger, const char *origin);

/* That peer asked this node something, so the line is there again: should it fail so far, it is
 * asked now and not when its time has come. On any thread. */
void exchanger_heard(Exchanger *exchanger, const char *origin);

/* Follows one peer now, in the calling thread, until there is nothing new: for commands. */
gboolean exchanger_follow(const Config *config, Notary *notary, const char *peer,
                          ExchangePullCounts *ret_counts, GError **error);
