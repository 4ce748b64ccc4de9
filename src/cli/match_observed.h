/* match_observed.h - `concert match --observed`: the patterns of indicators, looked for in files of
 * observed-data. */
#pragma once

#include "cli/command.h"
#include "shield/detector.h"

/* LoadTake of a Detector: a pattern that cannot be evaluated is told on standard error, and the
 * others go on. */
gboolean match_observed_take(gpointer into, const Object *object, const char *source,
                             MarkingTlp tlp, const LoadOptions *options, LoadOutcome *ret_outcome,
                             GError **error);

/* Looks through what the call names, standard input if nothing; prints hits as its options say.
 * Returns the exit status. */
int match_observed(Detector *detector, const CommandCall *call);
