/* shield_source.h - the indicators that a node has to give. */
#pragma once

#include "shield/set_builder.h"
#include "store/store.h"

/* What came of reading the store. */
typedef struct {
    guint64 taken;       /* indicators with values to look for */
    guint64 empty;       /* their pattern names nothing that can be found in a text */
    guint64 out_of_date; /* revoked, no longer valid, taken back */
    guint64 broken;      /* could not be read */
} ShieldSourceCounts;

/* Adds to @builder the indicators of the store, the latest version of each, without what is
 * revoked, no longer valid, or was taken back by who sent it; what is not yet valid counts from
 * then on. ret_counts may be NULL. Reads all of it: some seconds for a million. */
gboolean shield_source_read(Store *store, SetBuilder *builder, ShieldSourceCounts *ret_counts,
                            GError **error);
