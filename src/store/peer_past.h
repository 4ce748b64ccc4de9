/* peer_past.h - what a peer was before: the message keys that its cards had, so that what it signed
 * in their time is known for its own when it arrives late; and the ledgers that its present one
 * follows, so that what was received of them stays provable.
 *
 * A message key that was replaced may have been stolen. So it vouches for nothing on the way
 * (requests, steps, statements of answers are judged by the newest card alone), only for what
 * claims to be of its time. */
#pragma once

#include "store/peers.h"

#define PEER_PAST_KEYS_MAX    64 /* of a peer; older ones are forgotten */
#define PEER_PAST_LEDGERS_MAX 64 /* of a peer */
#define PEER_PAST_SLACK_US    (G_GINT64_CONSTANT(900) * G_USEC_PER_SEC)

/* The peer's present message key gives way to another one, that of a card made at @when. */
gboolean peer_past_add_key(StoreTx *tx, gint64 number, gint64 when, GError **error);

/* The vkeys of the peer's earlier message keys in whose time @when lies, give or take
 * PEER_PAST_SLACK_US: newest first, NULL-terminated. */
char **peer_past_keys(StoreTx *tx, gint64 number, gint64 when, GError **error);

/* All of them, whenever they counted, for who shows others what the peer signed. */
char **peer_past_every_key(Store *store, gint64 number, GError **error);

/* The peer's present ledger, as far as it was followed, gives way to one that follows it.
 * CONCERT_ERROR_LIMIT beyond PEER_PAST_LEDGERS_MAX. */
gboolean peer_past_add_ledger(StoreTx *tx, gint64 number, gint64 when, GError **error);

/* The pinned key, its changes and the newest checkpoint are kept beside what stands here. */
typedef struct {
    char *origin;
    guint64 cursor; /* everything up to this index is held */
    gint64 until;   /* when its successor was followed, by our clock */
} PeerPastLedger;

void peer_past_ledger_free(PeerPastLedger *ledger);

/* Oldest first. Elements: PeerPastLedger *. */
GPtrArray *peer_past_ledgers(Store *store, gint64 number, GError **error);

/* Forgets keys and ledgers: somebody else may be met by that name now. */
gboolean peer_past_forget(StoreTx *tx, gint64 number, GError **error);
