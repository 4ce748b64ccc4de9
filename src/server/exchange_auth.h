/* exchange_auth.h - who asks: the signed requests of peers (docs/protocol.md, "Signed requests").
 *
 * A request counts when it is signed by the message key of a peer's card, for one of the endpoints
 * of this node's own card (a request that was made to another node must not pass for one to this
 * one, so the Host header proves nothing), not too long ago, and when it was not seen before. Each
 * peer has a rate of its own; an address from which come signatures that are wrong has one too. */
#pragma once

#include "server/api.h"
#include "store/peers.h"

/* How far the clocks of two nodes may be apart. */
#define EXCHANGE_AUTH_SKEW_MAX_US (G_GINT64_CONSTANT(300) * G_USEC_PER_SEC)

typedef struct ExchangeAuth ExchangeAuth;

typedef struct {
    guint requests_per_second; /* of one peer; 0: 50. Each 64 KiB of body counts as one more */
} ExchangeAuthOptions;

/* @writer and @store outlive it. */
ExchangeAuth *exchange_auth_new(Store *store, Writer *writer, const ExchangeAuthOptions *options);
void exchange_auth_free(ExchangeAuth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ExchangeAuth, exchange_auth_free)

/* The endpoints of the node's card, as they stand there; at most 16 count. From any thread, again
 * whenever the card changes; before the first call nothing is accepted. */
void exchange_auth_set_endpoints(ExchangeAuth *auth, const char *const *urls);

enum {
    EXCHANGE_AUTH_SUSPENDED = 1 << 0, /* also from a peer while the peering is suspended */
    EXCHANGE_AUTH_ANY_STATE = 1 << 1, /* from every node whose card is known */
};

/* Checks the request of @call, whose body is there and whose row has API_SIGNED (server/api.c).
 * NULL: *ret_peer is who asks (as of peers_find_key(); freed by the caller). Else the reply that
 * refuses: 401, 403 or 429. NULL with @error when the store cannot be read. On any thread. */
Reply *exchange_auth_check(ApiCall *call, guint flags, Peer **ret_peer, GError **error);
