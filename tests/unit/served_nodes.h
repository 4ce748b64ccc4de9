/* served_nodes.h - real nodes with keys, stores and servers in one process, that know each other as
 * peers. */
#pragma once

#include <glib/gstdio.h>
#include <string.h>

#include "node/exchange_post.h"
#include "server/exchange_auth.h"
#include "tree.h"

typedef struct {
    char *directory, *name, *origin, *url;
    Writer *writer;
    Store *store;
    Notary *notary;
    Api *api;
    Http *http;
    char *ledger_vkey, *recovery_vkey, *message_vkey, *parcel_key;
} ServedNode;

static void served_node_listen(ServedNode *node)
{
    g_autoptr(GError) error = NULL;
    const ApiOptions options = {.title = "Test",
                                .page_limit = 10,
                                .max_page_bytes = 65536,
                                .max_request_bytes = 4 * 1024 * 1024,
                                .notary = node->notary};
    const HttpOptions http = {.threads = 2,
                              .workers = 2,
                              .max_connections = 100,
                              .max_connections_per_address = 100,
                              .deadline_seconds = 60,
                              .max_buffered = 8 * 1024 * 1024,
                              .max_discarded = 8 * 1024 * 1024};
    guint16 port;
    node->api = api_new(node->store, node->writer, &options);
    HttpApp app = api_http_app(node->api);
    node->http = node->api->http = http_new(&http, &app);
    g_assert_true(http_listen(node->http, "127.0.0.1", 0, NULL, NULL, &port, &error));
    node->url = g_strdup_printf("http://127.0.0.1:%u", port);
    exchange_auth_set_endpoints(node->api->exchange_auth, (const char *[]){node->url, NULL});
}

static void served_node_read_keys(ServedNode *node)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    guint8 parcel[NOTE_X25519_SIZE];
    ledger_read_state(node->store, &state, &error);
    g_assert_no_error(error);
    node->ledger_vkey = g_strdup(state.keys[LEDGER_KEY]);
    node->recovery_vkey = g_strdup(state.keys[LEDGER_RECOVERY_KEY]);
    node->message_vkey = notary_message_key(node->notary, &error);
    g_assert_no_error(error);
    notary_parcel_public(node->notary, parcel, &error);
    g_assert_no_error(error);
    node->parcel_key = g_base64_encode(parcel, sizeof parcel);
}

static void served_node_set_up(ServedNode *node, const char *name)
{
    g_autoptr(GError) error = NULL;
    node->directory = g_dir_make_tmp("concert-served-XXXXXX", &error);
    node->name = g_strdup(name);
    node->origin = g_strconcat(name, "/ledger", NULL);
    g_autofree char *path = g_build_filename(node->directory, "concert.db", NULL);
    g_autofree char *recovery = g_build_filename(node->directory, "recovery.key", NULL);
    node->writer = writer_open(path, &error);
    g_assert_no_error(error);
    node->store = store_open(path, &error);
    g_assert_no_error(error);
    node->notary = notary_open(node->directory, NULL, node->writer, node->store, &error);
    g_assert_no_error(error);
    notary_create(node->notary, name, recovery, NULL, &error);
    g_assert_no_error(error);
    served_node_read_keys(node);
    served_node_listen(node);
}

static void served_node_tear_down(ServedNode *node)
{
    http_stop(node->http, 1);
    http_free(node->http);
    api_free(node->api);
    notary_free(node->notary);
    store_close(node->store);
    writer_close(node->writer);
    tree_remove(node->directory);
    char *const texts[] = {node->directory,    node->name,        node->origin,
                           node->url,          node->ledger_vkey, node->recovery_vkey,
                           node->message_vkey, node->parcel_key};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

/* What a node learns of @other. */
typedef struct {
    const ServedNode *other;
    const char *const *urls; /* NULL: where it listens */
    PeerSide side;
    PeerStep step;
    gint64 when;
} ServedFact;

static gboolean served_node_apply_meet(StoreTx *tx, gpointer data, GError **error)
{
    const ServedFact *fact = data;
    const ServedNode *other = fact->other;
    const char *const own[] = {other->url, NULL};
    const PeerCard card = {.origin = other->origin,
                           .node = other->name,
                           .organisation = other->name,
                           .card = "{}",
                           .card_number = 1,
                           .ledger_vkey = other->ledger_vkey,
                           .recovery_vkey = other->recovery_vkey,
                           .message_vkey = other->message_vkey,
                           .parcel_key = other->parcel_key,
                           .urls = fact->urls ? fact->urls : own};
    gint64 number;
    return peers_put(tx, &card, FALSE, &number, error);
}

static gboolean served_node_apply_step(StoreTx *tx, gpointer data, GError **error)
{
    const ServedFact *fact = data;
    g_autoptr(Peer) peer = peers_get_tx(tx, fact->other->name, error);
    return peer &&
           peers_step(tx, peer->number, fact->side, fact->step, fact->when, NULL, NULL, error);
}

/* @side of the peering that @node has with @other takes a step. */
static void served_node_step(ServedNode *node, const ServedNode *other, PeerSide side,
                             PeerStep step)
{
    static gint64 when = G_GINT64_CONSTANT(1767323045000000);
    g_autoptr(GError) error = NULL;
    ServedFact fact = {other, NULL, side, step, when += G_USEC_PER_SEC};
    writer_run(node->writer, 1, served_node_apply_step, &fact, &error);
    g_assert_no_error(error);
}

/* They are peers, as @node sees it. */
static void served_node_meet(ServedNode *node, const ServedNode *other, const char *const *urls)
{
    g_autoptr(GError) error = NULL;
    ServedFact fact = {.other = other, .urls = urls};
    writer_run(node->writer, 1, served_node_apply_meet, &fact, &error);
    g_assert_no_error(error);
    served_node_step(node, other, PEER_US, PEER_STEP_INVITE);
    served_node_step(node, other, PEER_THEM, PEER_STEP_ACCEPT);
}

static Peer *served_node_peer(ServedNode *node, const ServedNode *other)
{
    g_autoptr(GError) error = NULL;
    Peer *peer = peers_get(node->store, other->name, &error);
    g_assert_no_error(error);
    return peer;
}
