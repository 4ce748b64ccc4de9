/* match_found.h - patterns that were found, printed as the options of `match` say: for what looks
 * for patterns in observed-data (match_observed.h) and in logs and packets (match_patterns.h). */
#pragma once

#include "cli/command.h"
#include "shield/detector.h"

typedef struct {
    Detector *detector;
    gboolean json, quiet, count;
    gboolean live;    /* what comes is told at once */
    const char *file; /* being looked through */
    guint64 file_hits, hits, failed;
} MatchFound;

void match_found_init(MatchFound *found, Detector *detector, const CommandCall *call);

/* The next file. */
void match_found_begin(MatchFound *found, const char *file);

/* A DetectorFound of a MatchFound. */
void match_found_print(gpointer found, const DetectorIndicator *indicator, const EvaluateHit *hit);

/* The file has been looked through. */
void match_found_end(MatchFound *found);

/* Says why @path cannot be read, or not to its end. */
void match_found_fail(MatchFound *found, const char *path, const GError *error);

/* Need nothing more be looked at? */
gboolean match_found_is_done(const MatchFound *found);

/* Says on standard error what was not looked for as it should be; returns the exit status. */
int match_found_finish(const MatchFound *found);
