/* outbox.h - posts to peers that are to be delivered: steps of a peering, messages, notes. What is
 * put here in the transaction that decides it is delivered some time, whatever crashes; of one peer
 * in the order in which it was put. Whoever delivers takes the peer's newest endpoints. */
#pragma once

#include "store/store.h"

#define OUTBOX_BODY_MAX     (1024 * 1024) /* bytes of one post */
#define OUTBOX_PEER_MAX     1000          /* posts that wait for one peer; as many urgent ones */
#define OUTBOX_WAIT_MAX     (600)         /* seconds between two tries */
#define OUTBOX_URGENT_WAIT  3             /* the same of an urgent one, for its first tries */
#define OUTBOX_URGENT_TRIES 200           /* how many those are; after them 60 s */

typedef struct {
    gint64 number; /* grows in the order they were put */
    gint64 peer;   /* Peer.number */
    char *path;    /* "/exchange/v1/peering" */
    char *type;    /* media type of the body */
    char *title;   /* what it is, in words, for people: "invite" */
    GBytes *body;
    gint64 made; /* microseconds since 1970, as the rest */
    gboolean urgent;
    guint tries;
    gint64 next;   /* not before; 0: given up, kept to be shown */
    char *failure; /* of the last try; NULL: none yet */
} OutboxPost;

void outbox_post_free(OutboxPost *post);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxPost, outbox_post_free)

/* Puts a post, not to be tried before @next (0: at once). @path, @type and @title as above.
 * CONCERT_ERROR_LIMIT beyond the bounds above. */
gboolean outbox_add(StoreTx *tx, gint64 peer, const char *path, const char *type, const char *title,
                    GBytes *body, gint64 next, gint64 *ret_number, GError **error);

/* The same, urgent: it does not wait behind what is not, and is tried every few seconds. */
gboolean outbox_add_urgent(StoreTx *tx, gint64 peer, const char *path, const char *type,
                           const char *title, GBytes *body, gint64 *ret_number, GError **error);

/* The oldest post of each peer that is due at @now, and the oldest urgent one, at most @max, urgent
 * ones first. Elements: OutboxPost *. */
GPtrArray *outbox_due(Store *store, gint64 now, guint max, GError **error);

/* When the next one is due; G_MAXINT64 when nothing waits. */
gboolean outbox_next(Store *store, gint64 *ret_next, GError **error);

/* All of @peer (0: of all peers), oldest first, those given up included. */
GPtrArray *outbox_list(Store *store, gint64 peer, GError **error);

/* It was delivered, which store/messages.h is told of. */
gboolean outbox_done(StoreTx *tx, gint64 number, GError **error);

/* It could not be delivered at @now: it is tried again after a while that grows from a second to
 * OUTBOX_WAIT_MAX, with jitter. @retry_after (seconds; 0: none) is what the peer asks for. */
gboolean outbox_failed(StoreTx *tx, gint64 number, gint64 now, const char *failure,
                       guint retry_after, GError **error);

/* The peer refuses it for good: it is not tried again, and stays in outbox_list() among the newest
 * OUTBOX_PEER_MAX of its peer. Those behind it go on. */
gboolean outbox_give_up(StoreTx *tx, gint64 number, const char *failure, GError **error);

/* The peer was heard of: what waits for it is due now. */
gboolean outbox_wake(StoreTx *tx, gint64 peer, GError **error);
