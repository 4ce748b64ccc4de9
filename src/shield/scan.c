#include "shield/scan.h"

#include <string.h>

#include "shield/scan_lines.h"
#include "shield/spot.h"
#include "shield/utf16.h"

/* Text looked at in one go, beside what is kept of the text before and after it. */
#define WINDOW   (256 * 1024)
#define CAPACITY (WINDOW + 2 * SPOT_CONTEXT)

typedef struct {
    const Set *set;
    Stream *stream;
    ScanFound found;
    gpointer user;
    Utf16 utf16;
    gboolean is_utf16;

    char *buffer; /* CAPACITY bytes */
    gsize length; /* bytes in it */
    gsize from;   /* what lies before was reported and is only kept as context */
    gboolean end; /* of the stream */

    guint64 line;
    guint64 line_bytes; /* bytes of the line before `from` */
    GArray *matches;    /* SpotMatch */

    ScanLines *lines; /* of a structured log; NULL: it is text */
} Scan;

static gboolean read_more(Scan *scan, GError **error)
{
    gsize size;
    char raw[16 * 1024];

    if (!scan->is_utf16) {
        if (!stream_read(scan->stream, scan->buffer + scan->length, CAPACITY - scan->length, &size,
                         error))
            return FALSE;
        scan->length += size;
        scan->end = size == 0;
        return TRUE;
    }
    gsize wanted = MIN(sizeof(raw), (CAPACITY - scan->length) / UTF16_GROWTH - 1);
    if (!stream_read(scan->stream, raw, wanted, &size, error))
        return FALSE;
    scan->length += utf16_convert(&scan->utf16, raw, size, scan->buffer + scan->length);
    scan->end = size == 0;
    return TRUE;
}

/* Reads until there is a whole line, or the buffer is full: lines of a pipe that stays open are
 * looked at as they come. */
static gboolean fill(Scan *scan, GError **error)
{
    while (!scan->end && CAPACITY - scan->length >= 2 * UTF16_GROWTH) {
        gsize before = scan->length;
        if (!read_more(scan, error))
            return FALSE;
        if (memchr(scan->buffer + before, '\n', scan->length - before))
            break;
    }
    return TRUE;
}

/* Moves on to @to, counting lines. */
static void advance(Scan *scan, gsize to)
{
    while (scan->from < to) {
        const char *feed = memchr(scan->buffer + scan->from, '\n', to - scan->from);
        if (!feed) {
            scan->line_bytes += to - scan->from;
            scan->from = to;
            return;
        }
        scan->line++;
        scan->line_bytes = 0;
        scan->from = (gsize)(feed - scan->buffer) + 1;
    }
}

static gboolean report(Scan *scan, gsize end)
{
    ScanHit hit = {0};

    for (guint i = 0; i < scan->matches->len; i++) {
        const SpotMatch *match = &g_array_index(scan->matches, SpotMatch, i);
        if (match->start < scan->from || match->start >= end)
            continue; /* the neighbouring window's */
        advance(scan, match->start);
        hit.seen = scan->buffer + match->start;
        hit.seen_length = match->end - match->start;
        hit.line = scan->line;
        hit.column = scan->line_bytes + 1;
        for (SetEntry entry = match->entry; entry != SET_NONE; entry = set_next(scan->set, entry)) {
            set_read(scan->set, entry, &hit.value);
            if (!scan->found(scan->user, &hit))
                return FALSE;
        }
    }
    return TRUE;
}

/* Forgets what lies before @keep; what lies before @stop was reported. */
static gboolean drop(Scan *scan, gsize stop, gsize keep)
{
    memmove(scan->buffer, scan->buffer + keep, scan->length - keep);
    scan->length -= keep;
    scan->from = stop - keep;
    return TRUE;
}

/* Looks at the lines up to @end, the first of which has its beginning here, as records. */
static gboolean scan_records(Scan *scan, gsize end)
{
    const char *start = scan->buffer + scan->from;

    scan_lines_take_headers(scan->lines, start, end - scan->from, scan->line == 1);
    while (scan->from < end) {
        const char *line = scan->buffer + scan->from;
        const char *feed = memchr(line, '\n', end - scan->from);
        gsize length = feed ? (gsize)(feed - line) : end - scan->from;
        if (!scan_lines_look(scan->lines, line, length, scan->line, scan->found, scan->user))
            return FALSE;
        advance(scan, scan->from + length + (feed ? 1 : 0));
    }
    return TRUE;
}

/* A line of a structured log that is longer than the buffer is text, to its end. */
static gboolean is_in_line(const Scan *scan, gsize stop)
{
    return !scan->lines || scan->line_bytes > 0 ||
           (stop < scan->length && scan->buffer[stop - 1] != '\n');
}

/* Looks at what is in the buffer. Where it can, it stops behind a line feed, which nothing crosses;
 * in a line longer than the buffer it looks at the bytes around the place where it stops twice, and
 * reports what begins before it. FALSE when told to stop. */
static gboolean scan_window(Scan *scan)
{
    gsize stop = scan->length, looked = scan->length;

    if (!scan->end) {
        const char *feed = memrchr(scan->buffer + scan->from, '\n', scan->length - scan->from);
        if (feed)
            stop = looked = (gsize)(feed - scan->buffer) + 1;
        else
            stop = scan->length - SPOT_CONTEXT;
    }
    if (scan->lines && scan->line_bytes > 0) {
        const char *feed = memchr(scan->buffer + scan->from, '\n', stop - scan->from);
        if (feed)
            stop = looked = (gsize)(feed - scan->buffer) + 1;
    }
    if (!is_in_line(scan, stop))
        return scan_records(scan, stop) && drop(scan, stop, stop);
    g_array_set_size(scan->matches, 0);
    spot_text(scan->set, scan->buffer, looked, scan->matches);
    if (!report(scan, stop))
        return FALSE;
    advance(scan, stop);
    return drop(scan, stop, stop == looked ? stop : stop - MIN(stop, SPOT_CONTEXT));
}

/* What the first lines of a log, which are in the buffer, say it is. */
static void begin_log(Scan *scan, const InputFormat *format, gint64 now)
{
    if (!format)
        format = input_format_detect(scan->buffer, MIN(scan->length, INPUT_SAMPLE));
    if (format)
        scan->lines = scan_lines_new(scan->set, input_new(format, now));
}

static gboolean scan(Scan *scan, gboolean log, const InputFormat *format, gint64 now,
                     GError **error)
{
    const char *start;
    gsize length;

    if (!stream_peek(scan->stream, 2, &start, &length, error))
        return FALSE;
    scan->is_utf16 = utf16_detect(&scan->utf16, start, length);
    do {
        g_autoptr(GError) reading = NULL;
        gboolean filled = fill(scan, &reading);
        scan->end = scan->end || !filled;
        if (log)
            begin_log(scan, format, now);
        log = FALSE;
        gboolean go_on;
        do
            go_on = scan_window(scan);
        while (go_on && scan->end && scan->from < scan->length);
        if (!go_on && filled)
            return TRUE;
        if (!filled) {
            g_propagate_error(error, g_steal_pointer(&reading));
            return FALSE;
        }
    } while (!scan->end);
    return TRUE;
}

static gboolean scan_any(const Set *set, Stream *stream, gboolean log, const InputFormat *format,
                         gint64 now, ScanFound found, gpointer user, GError **error)
{
    g_autofree char *buffer = g_malloc(CAPACITY);
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    Scan this = {
        .set = set,
        .stream = stream,
        .found = found,
        .user = user,
        .buffer = buffer,
        .line = 1,
        .matches = matches,
    };
    gboolean scanned = scan(&this, log, format, now, error);
    scan_lines_free(this.lines);
    return scanned;
}

gboolean scan_stream(const Set *set, Stream *stream, ScanFound found, gpointer user, GError **error)
{
    return scan_any(set, stream, FALSE, NULL, 0, found, user, error);
}

gboolean scan_log(const Set *set, Stream *stream, const InputFormat *format, gint64 now,
                  ScanFound found, gpointer user, GError **error)
{
    return scan_any(set, stream, TRUE, format, now, found, user, error);
}
