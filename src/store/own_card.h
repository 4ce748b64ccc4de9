/* own_card.h - the newest card that this node published (docs/protocol.md, "Node card"). */
#pragma once

#include "store/store.h"

/* Keeps the card, signed JSON; in the transaction of the entry that publishes it. */
gboolean own_card_put(StoreTx *tx, const char *text, GError **error);

/* The card; NULL without @error when none was published. Caller frees. */
gboolean own_card_get(Store *store, char **ret_text, GError **error);
