/* exchange_nodes.h - a few nodes in one process, peers of each other, that follow each other
 * without a network: for tests of the exchange. */
#pragma once

#include <glib/gstdio.h>
#include <string.h>

#include "exchange/author.h"
#include "exchange/card.h"
#include "exchange/follower.h"
#include "node/card_publisher.h"
#include "node/dispatcher.h"
#include "node/node.h"
#include "node/peer_step.h"
#include "store/collections.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/records.h"
#include "tree.h"

typedef struct {
    char *directory, *name, *origin;
    Node *node;
} ExchangeNode;

static inline void exchange_nodes_open(ExchangeNode *node)
{
    g_autoptr(GError) error = NULL;
    node->node = node_open(node->directory, NODE_WRITE, &error);
    g_assert_no_error(error);
}

static inline void exchange_nodes_make(ExchangeNode *node, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *parent = g_dir_make_tmp("concert-exchange-XXXXXX", &error);
    g_autofree char *recovery = g_build_filename(parent, "recovery.key", NULL);
    g_autofree char *conf = g_strdup_printf("[node]\nname = %s\norganisation = %s\n"
                                            "[card]\nlisted = yes\n",
                                            name, name);
    node->name = g_strdup(name);
    node->origin = g_strconcat(name, "/ledger", NULL);
    node->directory = g_build_filename(parent, "node", NULL);
    const NodeKeys keys = {.name = name, .recovery_path = recovery};
    g_assert_true(node_create(node->directory, conf, &keys, &error));
    g_assert_no_error(error);
    exchange_nodes_open(node);
}

static inline void exchange_nodes_close(ExchangeNode *node)
{
    g_autofree char *parent = g_path_get_dirname(node->directory);
    node_close(node->node);
    tree_remove(parent);
    g_free(node->directory);
    g_free(node->name);
    g_free(node->origin);
}

static inline Card *exchange_nodes_card(ExchangeNode *node)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = card_publisher_get(node_notary(node->node), &error);
    g_assert_no_error(error);
    Card *card = card_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return card;
}

/* @node says @step about @other, and @other hears it. */
static inline void exchange_nodes_step(ExchangeNode *node, ExchangeNode *other, PeerStep step)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Card) card = step == PEER_STEP_INVITE ? exchange_nodes_card(other) : NULL;
    g_autofree char *text = NULL;
    g_autoptr(Peer) peer = NULL;
    const PeerStepSpec spec = {.step = step, .peer = card ? NULL : other->origin, .card = card};
    g_assert_true(peer_step_say(node_notary(node->node), &spec, &text, &peer, &error));
    g_assert_no_error(error);
    g_assert_true(peer_step_hear(node_store(other->node), node_writer(other->node), text,
                                 strlen(text), NULL, NULL, &error));
    g_assert_no_error(error);
}

static inline void exchange_nodes_peer(ExchangeNode *a, ExchangeNode *b)
{
    exchange_nodes_step(a, b, PEER_STEP_INVITE);
    exchange_nodes_step(b, a, PEER_STEP_ACCEPT);
}

typedef struct {
    const char *source, *json;
    ObjectsResult result;
} ExchangePut;

static inline gboolean exchange_nodes_apply_put(StoreTx *tx, gpointer user, GError **error)
{
    ExchangePut *put = user;
    g_autoptr(Object) object =
        object_read(put->json, strlen(put->json), OBJECT_SPEC_21, OBJECT_LENIENT, error);
    return object && objects_put(tx, put->source, 0, &object, 1, &put->result, error);
}

/* Stores one object of the node's own; returns its id. Caller frees. */
static inline char *exchange_nodes_put(ExchangeNode *node, const char *name, const char *marking)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uuid = g_uuid_string_random();
    char *id = g_strconcat("identity--", uuid, NULL);
    g_autofree char *refs =
        marking ? g_strdup_printf(",\"object_marking_refs\":[\"%s\"]", marking) : g_strdup("");
    g_autofree char *json = g_strdup_printf(
        "{\"type\":\"identity\",\"spec_version\":\"2.1\",\"id\":\"%s\","
        "\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\","
        "\"name\":\"%s\",\"identity_class\":\"organization\"%s}",
        id, name, refs);
    ExchangePut put = {"local", json, {0}};
    g_assert_true(writer_run(node_writer(node->node), 1, exchange_nodes_apply_put, &put, &error));
    g_assert_no_error(error);
    return id;
}

/* An answer of @author for @reader as it would be asked now; NULL: there is nothing new. */
static inline GBytes *exchange_nodes_answer(ExchangeNode *author, ExchangeNode *reader)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Peer) peer = peers_get(node_store(reader->node), author->origin, &error);
    g_assert_no_error(error);
    const NoteSigner *messenger = notary_messenger(node_notary(author->node), &error);
    g_assert_no_error(error);
    const AuthorQuestion question = {
        .to = reader->origin, .from = peer->cursor, .size = peer->size, .max = AUTHOR_ANSWER_MAX};
    AuthorOutcome outcome;
    GBytes *answer = NULL;
    guint64 size;
    g_assert_true(author_answer(node_store(author->node), &question, messenger, NULL, &outcome,
                                &answer, &size, &error));
    g_assert_no_error(error);
    return outcome == AUTHOR_ANSWERED ? answer : NULL;
}

/* @reader follows @author until there is nothing new; returns how many dispatches came. */
static inline guint exchange_nodes_follow(ExchangeNode *author, ExchangeNode *reader)
{
    guint dispatches = 0;
    for (gboolean more = TRUE; more;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) answer = exchange_nodes_answer(author, reader);
        if (!answer)
            return dispatches;
        g_autofree char *own_key = notary_message_key(node_notary(reader->node), &error);
        g_assert_no_error(error);
        const FollowerOptions options = {.store = node_store(reader->node),
                                         .writer = node_writer(reader->node),
                                         .own_message_key = own_key,
                                         .unmarked = MARKING_TLP_AMBER};
        FollowerResult result;
        g_assert_true(follower_accept(&options, author->origin, answer, &result, &error));
        g_assert_no_error(error);
        dispatches += result.dispatches;
        more = result.more;
    }
    return dispatches;
}
