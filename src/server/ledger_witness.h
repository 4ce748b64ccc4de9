/* ledger_witness.h - the node as a witness of others' logs: add-checkpoint of
 * c2sp.org/tlog-witness.
 *
 * Anybody may ask: what counts is the log's own signature. The answers are the specification's; two
 * are added: 429 with Retry-After to a log that was cosigned a moment ago, 403 to one that is
 * frozen because it has signed two trees.
 *
 * A peer asks over the exchange (docs/protocol.md, "Peers as witnesses"), for its own ledger. If it
 * is convicted by what it asks, nothing of it is followed any more. */
#pragma once

#include "server/api.h"

Reply *ledger_witness_add_checkpoint(ApiCall *call, GError **error);
Reply *ledger_witness_add_peers(ApiCall *call, GError **error);
