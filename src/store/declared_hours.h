/* declared_hours.h - the hours in which somebody is at work, as the cards of nodes declared them:
 * this node's own, those of peers and of nodes that were introduced.
 *
 * Earlier ones are kept for a while: a clock goes by what was declared when it began. */
#pragma once

#include "store/store.h"

#define DECLARED_HOURS_KEPT 8 /* of a node; older ones are forgotten */

/* A card of @node that was made at @since, by its author's clock, declares @hours: lines that
 * hours_parse() reads; empty: none. */
gboolean declared_hours_put(StoreTx *tx, const char *node, gint64 since, const char *hours,
                            GError **error);

/* Somebody else may be met by that name now. */
gboolean declared_hours_forget(StoreTx *tx, const char *node, GError **error);

/* What @node had declared at @when, or else the first that is known; NULL without @error: no card
 * of it is. Caller frees. */
gboolean declared_hours_get(Store *store, const char *node, gint64 when, char **ret_hours,
                            GError **error);
gboolean declared_hours_get_tx(StoreTx *tx, const char *node, gint64 when, char **ret_hours,
                               GError **error);
