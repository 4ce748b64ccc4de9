#include "cli/match_progress.h"

#include <unistd.h>

/* What is done sooner needs no line; between two of them; after a hit on the same terminal. */
#define FIRST_AFTER    (G_USEC_PER_SEC / 2)
#define NEXT_AFTER     (G_USEC_PER_SEC / 10)
#define HIT_KEEPS_AWAY G_USEC_PER_SEC

void match_progress_start(MatchProgress *progress, gboolean quiet)
{
    *progress = (MatchProgress){.begun = g_get_monotonic_time(),
                                .off = quiet || !isatty(STDERR_FILENO),
                                .beside = isatty(STDOUT_FILENO)};
    progress->due = progress->begun + FIRST_AFTER;
}

void match_progress_begin_file(MatchProgress *progress, const char *name, const Stream *stream)
{
    progress->file = name;
    progress->stream = stream;
}

void match_progress_end_file(MatchProgress *progress)
{
    guint64 done, total;

    if (progress->stream) {
        stream_progress(progress->stream, &done, &total);
        progress->before += done;
    }
    progress->stream = NULL;
    if (!progress->off)
        output_progress_clear(&progress->line);
}

void match_progress_tick(MatchProgress *progress)
{
    char size[OUTPUT_NUMBER_MAX], share[8] = "";
    guint64 done, total;

    if (progress->off || !progress->stream)
        return;
    gint64 now = g_get_monotonic_time();
    if (now < progress->due)
        return;
    progress->due = now + NEXT_AFTER;
    stream_progress(progress->stream, &done, &total);
    if (total > 0)
        g_snprintf(share, sizeof(share), "%3u%%  ", (guint)(MIN(done, total) * 100 / total));
    guint64 all = progress->before + done;
    double speed = (double)all / (double)(now - progress->begun) / 1000; /* GB/s */
    output_progress(&progress->line, "%s%s  %.2f GB/s  %s", share, output_size(size, all), speed,
                    progress->file);
}

void match_progress_make_way(MatchProgress *progress)
{
    if (progress->off)
        return;
    output_progress_clear(&progress->line);
    if (progress->beside)
        progress->due = g_get_monotonic_time() + HIT_KEEPS_AWAY;
}
