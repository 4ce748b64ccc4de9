/* set_summary.h - what a compiled set has, counted. */
#pragma once

#include "shield/set.h"

typedef struct {
    guint64 kinds[OBSERVABLE_OTHER + 1]; /* different (value, indicator) pairs */
    guint64 not_yet, expired;            /* of these, those of indicators that are not valid */
    gint64 newest; /* when the newest indicator of a value was changed; 0: never or before 1970 */
} SetSummary;

/* Counts, as of @now, in microseconds. Reads all links, and what is known of the indicators once,
 * in the order it lies in: some milliseconds for a million. */
void set_summary_read(const Set *set, gint64 now, SetSummary *ret_summary);
