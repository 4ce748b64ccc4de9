/* match_indicators.h - what `match` and `watch` look for, as their options say: --set, -i (with
 * --format, --columns, --kind, --suppress), or the node's indicators. */
#pragma once

#include "cli/command.h"
#include "cli/match_set.h"

/* Shows @take the indicators that -i names, or the node's. */
gboolean match_indicators_add(const CommandCall *call, MatchSetTake take, gpointer into,
                              const LoadOptions *options, MatchSetCounts *counts, GError **error);

/* Sets @error to CONCERT_ERROR_INPUT: why there is nothing to look for. */
void match_indicators_explain(const MatchSetCounts *counts, GError **error);

/* The compiled set that --set names, or the node's, or what is built of what -i names; never an
 * empty one, but the one of --set. */
Set *match_indicators_open(const CommandCall *call, const LoadOptions *options, GError **error);
