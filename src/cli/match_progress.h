/* match_progress.h - how far `concert match` is, on one line of a terminal: share, bytes, speed. */
#pragma once

#include "base/stream.h"
#include "cli/output.h"

typedef struct {
    OutputProgress line;
    gboolean off, beside; /* hits are printed on a terminal, too */
    gint64 begun, due;    /* monotonic microseconds */
    guint64 before;       /* bytes of the files that are done */
    const char *file;
    const Stream *stream; /* of it */
} MatchProgress;

/* Nothing is shown unless standard error is a terminal; with @quiet never. */
void match_progress_start(MatchProgress *progress, gboolean quiet);

/* The file @name is being read, from @stream; both are borrowed until match_progress_end_file(). */
void match_progress_begin_file(MatchProgress *progress, const char *name, const Stream *stream);
void match_progress_end_file(MatchProgress *progress);

/* Shows how far it is. May be called as often as one likes. */
void match_progress_tick(MatchProgress *progress);

/* Something else is going to be printed: wipes the line, if there is one. Where hits go to a
 * terminal it comes back when there was none for a second. */
void match_progress_make_way(MatchProgress *progress);
