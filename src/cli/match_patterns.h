/* match_patterns.h - `concert match --patterns`: the patterns of indicators, looked for in what
 * structured logs and packets say happened. */
#pragma once

#include "cli/command.h"
#include "shield/detector.h"
#include "shield/input.h"

/* Adds the patterns of the compiled set @path to @detector; of these only what is valid now, unless
 * @options have `expired`. A pattern that cannot be read or evaluated is told on standard error,
 * and the others go on. */
gboolean match_patterns_add_set(Detector *detector, const char *path, const LoadOptions *options,
                                GError **error);

/* Looks through what the call names, standard input if nothing; prints hits as its options say.
 * @format NULL: what each file says it is; @now (microseconds): dates without a year are near it.
 * Returns the exit status. */
int match_patterns(Detector *detector, const CommandCall *call, const InputFormat *format,
                   gint64 now);
