/* match_set.h - the indicators that `concert match` looks for: from files or from the node. */
#pragma once

#include "intake/intake.h"
#include "node/shield_source.h"
#include "shield/load.h"

/* LoadTake of a SetBuilder. */
gboolean match_set_take(gpointer into, const Object *object, const char *source, MarkingTlp tlp,
                        const LoadOptions *options, LoadOutcome *ret_outcome, GError **error);

/* Shows @take what the file, directory or URL @input holds, in any format that `import`
 * understands. Broken entries are told on standard error, the first few, and counted; so is an
 * input that ends too early. @partly: one that breaks off after something of it was read counts as
 * such, too, and is no error. */
gboolean match_set_read_input(LoadTake take, gpointer into, const char *input,
                              const IntakeOptions *intake, const LoadOptions *options,
                              gboolean partly, LoadCounts *counts, GError **error);

/* Shows @take the indicators of the node's store: shield_source_each(). @community: NULL for all.
 */
gboolean match_set_read_store(LoadTake take, gpointer into, Store *store, const char *community,
                              const LoadOptions *options, LoadCounts *counts, GError **error);
