/* match_set.h - the indicators that `concert match` looks for: from files or from the node. */
#pragma once

#include "intake/intake.h"
#include "node/node.h"
#include "shield/load.h"

/* What came of reading indicators. */
typedef struct {
    guint64 taken;       /* indicators with values to look for */
    guint64 empty;       /* their pattern names nothing that can be found in a text */
    guint64 out_of_date; /* revoked, no longer or not yet valid, taken back */
    guint64 unwanted;    /* by their confidence or marking */
    guint64 observables; /* left out because only indicators count */
    guint64 broken;      /* entries that could not be read */
} MatchSetCounts;

/* Takes one object, as load_object() does. */
typedef gboolean (*MatchSetTake)(gpointer into, const Object *object, const char *source,
                                 MarkingTlp tlp, const LoadOptions *options,
                                 LoadOutcome *ret_outcome, GError **error);

/* MatchSetTake of a SetBuilder. */
gboolean match_set_take(gpointer into, const Object *object, const char *source, MarkingTlp tlp,
                        const LoadOptions *options, LoadOutcome *ret_outcome, GError **error);

/* Shows @take what the file, directory or URL @input holds, in any format that `import`
 * understands. Broken entries are told on standard error, the first few, and counted. */
gboolean match_set_read_input(MatchSetTake take, gpointer into, const char *input,
                              const IntakeOptions *intake, const LoadOptions *options,
                              MatchSetCounts *counts, GError **error);

/* Shows @take the indicators of the node's store, the latest version of each; what those who sent
 * it have taken back counts as out of date. */
gboolean match_set_read_store(MatchSetTake take, gpointer into, Store *store,
                              const LoadOptions *options, MatchSetCounts *counts, GError **error);
