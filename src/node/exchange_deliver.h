/* exchange_deliver.h - one post of the outbox on its way to a peer: what becomes of it is written
 * down whichever way it ends. */
#pragma once

#include "node/exchange_post.h"
#include "node/notary.h"
#include "store/outbox.h"

/* Tries once. The post is done, is given up when what the peer answers says that asking again will
 * not help, or waits for the next try. */
void exchange_deliver(Notary *notary, ExchangePost *line, const Peer *peer, const OutboxPost *post);
