/* input_stream.h - a structured log as observations, one record after the other: for what must see
 * all of them, not only those that have a value of a set (scan.h). */
#pragma once

#include "base/stream.h"
#include "shield/input.h"

typedef struct {
    guint64 records;
    guint64 others; /* lines that are no records, and not empty */
    guint64 cut;    /* records that said more than an observation holds */
} InputStreamCounts;

/* Called for each record, with the number of its line (from 1). The observation is good for the
 * call. FALSE ends the reading. */
typedef gboolean (*InputStreamEach)(gpointer user, const Observation *observation, guint64 line);

/* Reads @stream to its end. @format NULL: what the first lines say it is; *ret_format is what it
 * was read as, NULL when it is no structured log, of which nothing is read. @now: as input_new().
 * *ret_counts is set also when reading fails; what was found before has been told. */
gboolean input_stream_read(Stream *stream, const InputFormat *format, gint64 now,
                           InputStreamEach each, gpointer user, const InputFormat **ret_format,
                           InputStreamCounts *ret_counts, GError **error);
