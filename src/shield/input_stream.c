#include "shield/input_stream.h"

#include <string.h>

#include "shield/scan_window.h"

typedef struct {
    Input *input;
    Observation *observation;
    InputStreamEach each;
    gpointer user;
    InputStreamCounts counts;
    guint64 line;
    gboolean inside; /* a line that began in a window before, and is longer than any record */
} Reading;

static gboolean is_blank(const char *line, gsize length)
{
    while (length > 0 && line[length - 1] == ' ')
        length--;
    return length == 0;
}

static gboolean take_line(Reading *reading, const char *line, gsize length)
{
    Observation *observation = reading->observation;

    if (reading->line == 1 || (length > 0 && line[0] == '#'))
        input_take_headers(reading->input, line, length, reading->line == 1);
    gboolean header = reading->line == 1 && input_begins_with_header(reading->input);
    gboolean whole = !header && input_read(reading->input, line, length, observation);
    if (header || (!whole && observation->count == 0)) {
        reading->counts.others += !is_blank(line, length);
        return TRUE;
    }
    reading->counts.records++;
    reading->counts.cut += !whole;
    return reading->each(reading->user, observation, reading->line);
}

/* FALSE when it was ended. */
static gboolean take_window(Reading *reading, const ScanWindow *window)
{
    gsize at = window->from;

    while (at < window->stop) {
        const char *line = window->text + at;
        const char *feed = memchr(line, '\n', window->stop - at);
        gsize length = feed ? (gsize)(feed - line) : window->stop - at;
        /* What a failure cuts off may be half a record. */
        gboolean whole = feed || (window->last && !window->error);
        if (reading->inside)
            reading->counts.others += whole;
        else if (whole && !take_line(reading, line, length))
            return FALSE;
        reading->inside = !whole;
        reading->line += feed != NULL;
        at += length + 1;
    }
    return TRUE;
}

static gboolean read_windows(Reading *reading, ScanReader *reader, ScanWindow *windows[2],
                             GError **error)
{
    for (guint i = 1;; i = 1 - i) {
        const ScanWindow *window = windows[1 - i];
        if (!take_window(reading, window))
            return TRUE;
        if (window->error) {
            g_propagate_error(error, g_error_copy(window->error));
            return FALSE;
        }
        if (window->last)
            return TRUE;
        scan_window_read(reader, windows[i]);
    }
}

gboolean input_stream_read(Stream *stream, const InputFormat *format, gint64 now,
                           InputStreamEach each, gpointer user, const InputFormat **ret_format,
                           InputStreamCounts *ret_counts, GError **error)
{
    g_autoptr(ScanWindow) first = scan_window_new();
    g_autoptr(ScanWindow) second = scan_window_new();
    ScanWindow *windows[] = {first, second};
    ScanReader reader;
    Reading reading = {.each = each, .user = user, .line = 1};

    *ret_counts = reading.counts;
    if (!scan_window_begin(&reader, stream, error))
        return FALSE;
    scan_window_read(&reader, first);
    if (!format)
        format = input_format_detect(first->text, MIN(first->length, INPUT_SAMPLE));
    *ret_format = format;
    if (!format && first->error)
        g_propagate_error(error, g_error_copy(first->error));
    if (!format)
        return !first->error;
    g_autoptr(Input) input = input_new(format, now);
    g_autofree Observation *observation = g_new0(Observation, 1);
    reading.input = input;
    reading.observation = observation;
    gboolean read = read_windows(&reading, &reader, windows, error);
    *ret_counts = reading.counts;
    return read;
}
