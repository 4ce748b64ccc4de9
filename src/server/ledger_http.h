/* ledger_http.h - what the node serves of its ledger: c2sp.org/tlog-tiles below /ledger/, openings
 * and keys (docs/protocol.md, "What a node serves").
 *
 * Who may audit gets the ledger as it is now, everybody else the checkpoint of the last full hour,
 * the openings of entries that are meant for all, and the keys; [ledger] public gives all to all.
 * All of it comes from the store; none of it is TAXII. */
#pragma once

#include "server/api.h"

Reply *ledger_http_checkpoint(ApiCall *call, GError **error);
Reply *ledger_http_tile(ApiCall *call, GError **error);
Reply *ledger_http_opening(ApiCall *call, GError **error);
Reply *ledger_http_keys(ApiCall *call, GError **error);
