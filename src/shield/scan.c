#include "shield/scan.h"

#include "shield/scan_feed.h"
#include "shield/scan_pool.h"

/* A stream that is shorter than this is not worth threads. */
#define PARALLEL_LEAST (4 * 1024 * 1024)

/* What the first lines of a log say it is; NULL: it is text. */
static Input *begin_log(ScanFeed *feed, const ScanWindow *window, const ScanOptions *options)
{
    const ScanPlace start = {.line = 1};
    const InputFormat *format = options->format;
    if (!format)
        format = input_format_detect(window->text, MIN(window->length, INPUT_SAMPLE));
    if (!format)
        return NULL;
    Input *input = input_new(format, options->now);
    scan_feed_go_on(feed, input, &start);
    return input;
}

static guint jobs_of(const ScanOptions *options, const Stream *stream)
{
    guint64 done, size;
    stream_progress(stream, &done, &size);
    /* What has no size is read as it comes: a thread that reads ahead of it could not be stopped.
     */
    return size < PARALLEL_LEAST ? 1 : options->jobs;
}

gboolean scan_stream_with(const Set *set, Stream *stream, const ScanOptions *options,
                          ScanFound found, gpointer user, GError **error)
{
    g_autoptr(Input) input = NULL;
    g_autoptr(ScanFeed) feed = scan_feed_new(set);
    g_autoptr(ScanPool) pool = scan_pool_new(set, stream, jobs_of(options, stream), error);
    const ScanWindow *window;
    gboolean go_on = pool != NULL, first = TRUE;

    if (!pool)
        return FALSE;
    for (; go_on && (window = scan_pool_next(pool)); first = FALSE) {
        if (first && options->log)
            input = begin_log(feed, window, options);
        go_on = scan_feed_look(feed, window, found, user);
        if (options->progress)
            options->progress(user);
        if (window->error) {
            g_propagate_error(error, g_error_copy(window->error));
            return FALSE;
        }
    }
    return go_on || !set_failed(set, error);
}

gboolean scan_stream(const Set *set, Stream *stream, ScanFound found, gpointer user, GError **error)
{
    const ScanOptions options = {.jobs = 1};
    return scan_stream_with(set, stream, &options, found, user, error);
}

gboolean scan_log(const Set *set, Stream *stream, const InputFormat *format, gint64 now,
                  ScanFound found, gpointer user, GError **error)
{
    const ScanOptions options = {.log = TRUE, .format = format, .now = now, .jobs = 1};
    return scan_stream_with(set, stream, &options, found, user, error);
}
