/* placed.h - what people put into a collection whose members follow from the policy otherwise: it
 * stays there whatever becomes of the dispatches that carry it, too. */
#pragma once

#include "store/objects.h"

/* What was put into @collection by hand; nothing is noted of a collection without a reach, where
 * everything is. */
gboolean placed_add(StoreTx *tx, gint64 collection, const ObjectsResult *results, gsize count,
                    GError **error);

/* All that is in @collection now was put there by hand. */
gboolean placed_add_all(StoreTx *tx, gint64 collection, GError **error);

gboolean placed_has(StoreTx *tx, gint64 collection, gint64 version, gboolean *ret_has,
                    GError **error);

/* The versions of @object that are not in @collection any more were not put there. */
gboolean placed_settle(StoreTx *tx, gint64 collection, gint64 object, GError **error);
