#include "shield/scan.h"

#include <string.h>

#include "shield/scan_lines.h"
#include "shield/scan_pool.h"
#include "shield/spot.h"

/* A stream that is shorter than this is not worth threads. */
#define PARALLEL_LEAST (4 * 1024 * 1024)

typedef struct {
    const Set *set;
    ScanFound found;
    gpointer user;
    const ScanWindow *window;
    gsize at; /* what lies before was reported */

    guint64 line;
    guint64 line_bytes; /* bytes of the line before `at` */
    guint place;        /* the first one of the window that does not lie before `at` */
    GArray *matches;    /* SpotMatch; of the window, once they were looked for */
    GArray *places;     /* gsize, in order */
    gboolean spotted;

    ScanLines *lines; /* of a structured log; NULL: it is text */
} Scan;

static guint64 count_feeds(const char *text, gsize length)
{
    guint64 feeds = 0;

    while (length >= 64) {
        /* Sums in bytes, as many as a byte can count, are what machines add quickly. */
        guint8 sums[64] = {0};
        gsize rounds = MIN(length / 64, 255);
        for (gsize round = 0; round < rounds; round++, text += 64)
            for (gsize i = 0; i < 64; i++)
                sums[i] = (guint8)(sums[i] + (text[i] == '\n'));
        for (gsize i = 0; i < 64; i++)
            feeds += sums[i];
        length -= rounds * 64;
    }
    for (gsize i = 0; i < length; i++)
        feeds += text[i] == '\n';
    return feeds;
}

/* Moves on to @to, counting lines. */
static void advance(Scan *scan, gsize to)
{
    if (scan->at >= to)
        return;
    const char *start = scan->window->text + scan->at;
    const char *feed = memrchr(start, '\n', to - scan->at);
    if (feed) {
        scan->line += count_feeds(start, (gsize)(feed - start)) + 1;
        scan->line_bytes = to - (gsize)(feed + 1 - scan->window->text);
    } else {
        scan->line_bytes += to - scan->at;
    }
    scan->at = to;
}

static gboolean report(Scan *scan, const SpotMatch *match)
{
    ScanHit hit = {
        .seen = scan->window->text + match->start,
        .seen_length = match->end - match->start,
        .line = scan->line,
        .column = scan->line_bytes + 1,
    };
    for (SetEntry entry = match->entry; entry != SET_NONE; entry = set_next(scan->set, entry)) {
        set_read(scan->set, entry, &hit.value);
        if (!scan->found(scan->user, &hit))
            return FALSE;
    }
    return TRUE;
}

/* Reports what begins before @end, as running text. */
static gboolean scan_text(Scan *scan, gsize end)
{
    const ScanWindow *window = scan->window;

    if (!scan->spotted)
        spot_places(scan->set, window->text, window->looked, scan->places, scan->matches);
    scan->spotted = TRUE;
    for (guint i = 0; i < scan->matches->len; i++) {
        const SpotMatch *match = &g_array_index(scan->matches, SpotMatch, i);
        if (match->start < scan->at || match->start >= end)
            continue; /* the neighbouring window's, or reported */
        advance(scan, match->start);
        if (!report(scan, match))
            return FALSE;
    }
    advance(scan, end);
    return TRUE;
}

/* Looks at the lines up to @end as records, those in which the sieve saw something. */
static gboolean scan_records(Scan *scan, gsize end)
{
    const char *text = scan->window->text;

    scan_lines_take_headers(scan->lines, text + scan->at, end - scan->at, scan->line == 1);
    for (; scan->place < scan->places->len; scan->place++) {
        gsize place = g_array_index(scan->places, gsize, scan->place);
        if (place < scan->at)
            continue;
        if (place >= end)
            break;
        const char *before = memrchr(text + scan->at, '\n', place - scan->at);
        const char *feed = memchr(text + place, '\n', end - place);
        gsize line_end = feed ? (gsize)(feed - text) : end;
        if (before)
            advance(scan, (gsize)(before + 1 - text));
        if (!scan_lines_look(scan->lines, text + scan->at, line_end - scan->at, scan->line,
                             scan->found, scan->user))
            return FALSE;
        advance(scan, MIN(line_end + 1, end));
    }
    advance(scan, end);
    return TRUE;
}

/* A line of a structured log that is longer than a window is text, to its end. */
static gboolean scan_log_window(Scan *scan)
{
    const ScanWindow *window = scan->window;

    if (scan->line_bytes > 0) {
        const char *feed = memchr(window->text + scan->at, '\n', window->stop - scan->at);
        gsize end = feed ? (gsize)(feed - window->text) + 1 : window->stop;
        if (!scan_text(scan, end))
            return FALSE;
    }
    if (scan->at == window->stop)
        return TRUE;
    return window->last || window->text[window->stop - 1] == '\n' ? scan_records(scan, window->stop)
                                                                  : scan_text(scan, window->stop);
}

static int compare_offsets(gconstpointer a, gconstpointer b)
{
    const gsize *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static gboolean scan_window(Scan *scan, const ScanWindow *window)
{
    scan->window = window;
    scan->at = window->from;
    scan->places = window->places;
    scan->place = 0;
    scan->spotted = FALSE;
    g_array_set_size(scan->matches, 0);
    g_array_sort(scan->places, compare_offsets);
    return scan->lines ? scan_log_window(scan) : scan_text(scan, window->stop);
}

/* What the first lines of a log say it is. */
static void begin_log(Scan *scan, const ScanWindow *window, const ScanOptions *options)
{
    const InputFormat *format = options->format;
    if (!format)
        format = input_format_detect(window->text, MIN(window->length, INPUT_SAMPLE));
    if (format)
        scan->lines = scan_lines_new(scan->set, input_new(format, options->now));
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
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    Scan scan = {.set = set, .found = found, .user = user, .line = 1, .matches = matches};
    g_autoptr(ScanPool) pool = scan_pool_new(set, stream, jobs_of(options, stream), error);
    const ScanWindow *window;
    gboolean go_on = pool != NULL, first = TRUE;

    if (!pool)
        return FALSE;
    for (; go_on && (window = scan_pool_next(pool)); first = FALSE) {
        if (first && options->log)
            begin_log(&scan, window, options);
        go_on = scan_window(&scan, window);
        if (window->error) {
            g_propagate_error(error, g_error_copy(window->error));
            scan_lines_free(scan.lines);
            return FALSE;
        }
    }
    scan_lines_free(scan.lines);
    return TRUE;
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
