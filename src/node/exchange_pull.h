/* exchange_pull.h - asking one peer for what is new, and accepting it. */
#pragma once

#include "exchange/follower.h"
#include "node/config.h"
#include "node/exchange_post.h"
#include "node/notary.h"

typedef struct {
    guint answers;
    gboolean news; /* among them were entries, or a tree, that were not known */
    guint64 bytes;
    guint openings, dispatches, events, retractions;
    guint64 stored, known, refused; /* items */
    gboolean has_skew;
    gint64 skew_us;     /* the peer's clock less ours */
    guint retry_after;  /* seconds that the peer asks to wait; 0: none */
    gboolean broke_off; /* it failed amid an answer */
    gsize max;          /* bytes that were asked for at once in the end */
} ExchangePullCounts;

typedef struct {
    const Config *config;
    Notary *notary;
    ExchangePost *post;
    Gossip *gossip; /* NULL: nothing is told or heard of others */
    gsize max;      /* bytes to ask for at once; 0: [exchange] answer_bytes */
    guint wait; /* seconds that the peer may wait for something new before it answers; 0: none */
    /* After each answer, with what came so far; FALSE ends it. May be NULL. */
    gboolean (*progress)(const ExchangePullCounts *counts, guint64 cursor, guint64 size,
                         gpointer user);
    gpointer user;
} ExchangePull;

/* Asks @peer again and again until there is nothing new; where the line breaks amid an answer, for
 * smaller and smaller ones. What was accepted stays accepted when it fails; ret_counts is filled in
 * any case. CONCERT_ERROR_CONFLICT also when all went well, but others were shown a larger tree of
 * the peer's ledger than this node. */
gboolean exchange_pull(const ExchangePull *pull, const char *peer, ExchangePullCounts *ret_counts,
                       GError **error);
