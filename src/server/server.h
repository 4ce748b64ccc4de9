/* server.h - the node's server, put together from its settings. */
#pragma once

#include "node/config.h"
#include "node/exchanger.h"
#include "node/node.h"
#include "node/notary.h"
#include "store/store.h"
#include "store/writer.h"

typedef struct Server Server;

/* Starts to listen as [server] and [taxii] say. @store and @writer must outlive the server, @config
 * too, and @notary, with whose key others' checkpoints are cosigned (NULL: none are). Plain HTTP on
 * an address that is not loopback is refused with CONCERT_ERROR_INPUT. */
Server *server_start(const Config *config, Store *store, Writer *writer, Notary *notary,
                     Exchanger *exchanger, GError **error);

/* Where it listens, as base URLs ("https://192.0.2.1:443"); NULL-terminated, the server's. */
const char *const *server_urls(const Server *server);

/* SHA-256 of the certificate, "AB:CD:..."; NULL when all is plain HTTP. */
const char *server_fingerprint(const Server *server);

/* The endpoints of the node's card, NULL-terminated: only requests of peers that are signed for one
 * of them count (server/exchange_auth.h). Again whenever the card changes; from any thread. */
void server_set_endpoints(Server *server, const char *const *urls);

/* Whose indicators are exported to consumers; it must outlive the server. */
void server_set_node(Server *server, Node *node);

/* Takes no more connections, lets running requests finish for as long as [server] shutdown_grace
 * says, and frees the server. */
void server_stop(Server *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_stop)
