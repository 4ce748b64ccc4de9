/* author.h - the author's side of following (docs/protocol.md, "What is asked: follow"): what a
 * peer may see of a range of the own ledger, as an answer. Whom an entry is for was decided when it
 * was appended (store/deliveries.h), so nothing is decided here and the same question gets the same
 * answer at any time. */
#pragma once

#include "exchange/answer.h"
#include "ledger/quorum.h"
#include "store/store.h"

#define AUTHOR_ANSWER_MIN (64 * 1024)
#define AUTHOR_ANSWER_MAX (16 * 1024 * 1024) /* bytes; one entry may be larger */

typedef struct {
    const char *to;            /* origin of the peer's ledger */
    guint64 from;              /* everything before it is held by the peer */
    guint64 size;              /* of the newest tree that the peer verified; 0: none */
    gsize max;                 /* bytes; brought between the bounds above */
    const char *const *gossip; /* newest checkpoints of other logs; NULL: none */
} AuthorQuestion;

typedef enum {
    AUTHOR_ANSWERED,
    AUTHOR_NOTHING, /* there is nothing new */
    AUTHOR_BEHIND,  /* the ledger is shorter than the peer says: it was rolled back, or forked */
} AuthorOutcome;

/* *ret_answer is set when AUTHOR_ANSWERED; *ret_size is the size of the ledger. @messenger signs
 * the coverage statement; @policy as for witness_cosigned(). */
gboolean author_answer(Store *store, const AuthorQuestion *question, const NoteSigner *messenger,
                       const Quorum *policy, AuthorOutcome *ret_outcome, GBytes **ret_answer,
                       guint64 *ret_size, GError **error);
