/* shield_direct.h - indicators that readers of lists and tables make, straight into a set.
 *
 * What comes of one is what would come of the STIX object that intake/indicator.h writes of it,
 * read again and given to load_object(); but nothing is written and read. */
#pragma once

#include "intake/indicator.h"
#include "shield/load.h"

/* Adds @indicator, which @source gave, to @builder. *ret_taken FALSE: it says something that only
 * reading the object tells what becomes of it, and nothing was done; *ret_outcome is not set then.
 */
gboolean shield_direct_add(SetBuilder *builder, const Indicator *indicator, const char *source,
                           const LoadOptions *options, gboolean *ret_taken,
                           LoadOutcome *ret_outcome, GError **error);
