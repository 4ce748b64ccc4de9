/* follower.h - the peer's side of following (docs/protocol.md, "Answers"): an answer is verified,
 * and what it brings is kept in one transaction with the cursor and the receipt, or not at all.
 *
 * Objects go into the store with the author's node as their source; what a dispatch carries joins
 * the collections whose readers may see it (reach.h). Withdrawals, recalls, receipts, cards and
 * membership take effect when they are kept. An object that is none costs its neighbours nothing:
 * its bytes are kept, and the receipt names it. */
#pragma once

#include "exchange/answer.h"
#include "exchange/gossip.h"
#include "policy/marking.h"
#include "store/writer.h"

#define FOLLOWER_ANSWER_MAX (256 * 1024 * 1024) /* bytes: one entry may be that large */

typedef struct {
    Store *store;
    Writer *writer;
    MarkingTlp unmarked;         /* of what bears no TLP level */
    const char *own_message_key; /* vkey, by which this node's own events are known that come back
                                    after a restore; NULL: they are refused */
    Gossip *gossip;              /* hears what the answer tells of others; NULL: nobody does */
    const MerkleProof *consistency; /* from the tree that is known to the answer's, when it came
                                       another way; NULL: the answer's own */
} FollowerOptions;

typedef struct {
    AnswerVerdict verdict;
    guint64 end, size;  /* the cursor now; the author's tree */
    gboolean overtaken; /* with CONCERT_ERROR_CONFLICT: another answer came first; ask again */
    gboolean more;      /* there are further entries beyond `end` */
    guint openings;     /* that were new */
    guint dispatches, events, retractions; /* among them */
    guint64 stored, known, refused;        /* items */
    guint64 receipt;                       /* entry of the own ledger; G_MAXUINT64: none was due */
} FollowerResult;

/* Accepts an answer of the peer whose ledger is @origin. Fails as answer_verify() does, with
 * ret_result->verdict set (a fork convicts the peer: it is kept, and the peer is followed no
 * further), or as the store does, with verdict ANSWER_ACCEPTED. */
gboolean follower_accept(const FollowerOptions *options, const char *origin, GBytes *bytes,
                         FollowerResult *ret_result, GError **error);

/* What can be done with an answer before it is its turn, on any thread: it is taken apart and its
 * objects are read, unverified. The bytes stay referenced. Errors of answer_parse(). */
typedef struct FollowerPrepared FollowerPrepared;

FollowerPrepared *follower_prepare(GBytes *bytes, GError **error);
void follower_prepared_free(FollowerPrepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FollowerPrepared, follower_prepared_free)

/* follower_accept() of what was prepared; it is spent afterwards. */
gboolean follower_accept_prepared(const FollowerOptions *options, const char *origin,
                                  FollowerPrepared *prepared, FollowerResult *ret_result,
                                  GError **error);
