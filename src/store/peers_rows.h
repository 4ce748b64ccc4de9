/* peers_rows.h - rows of peers inside a transaction. Private to the store. */
#pragma once

#include "store/peers.h"
#include "store/tx.h"

/* The peer of that number, as far as steps and cards need it: without its card and key changes.
 * CONCERT_ERROR_NOT_FOUND. */
Peer *peers_rows_get(StoreTx *tx, gint64 number, GError **error);
