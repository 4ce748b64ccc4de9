/* successor_source.h - what a node shows of a ledger that follows a lost one
 * (exchange/successor.h), fetched of where it is served. */
#pragma once

#include "exchange/successor.h"
#include "node/config.h"

/* Reads the card, the opening of entry 0 and the key changes of the node at @where, which is the
 * URL of one of its endpoints or a directory with the same files below it: .well-known/concert,
 * ledger/openings/0 and ledger/keys. NULL: of the endpoints of @peer's card, the first that shows a
 * ledger which follows the peer's. Nobody's certificate is asked for. It is verified for @peer
 * (successor_verify()). CONCERT_ERROR_NOT_FOUND when the peer still has the ledger that is known,
 * or has no endpoint. */
Successor *successor_source_read(const Config *config, const Peer *peer, const char *where,
                                 GError **error);

/* Where another failure may come of it that the peer goes on with another ledger: makes *@error say
 * so, if it does. */
void successor_source_explain(const Config *config, const Peer *peer, GError **error);
