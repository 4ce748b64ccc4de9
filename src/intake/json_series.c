#include "intake/json_series.h"

#include <string.h>

#include "base/jsonguard.h"
#include "intake/extent.h"
#include "intake/window.h"

typedef struct {
    Window window;
    const JsonSeriesSink *sink;
    guint64 number; /* of objects so far */
    gboolean array;
    char where[48];
} Series;

static const char *where(Series *series, gboolean alone)
{
    if (series->array)
        g_snprintf(series->where, sizeof series->where, "$[%" G_GUINT64_FORMAT "]",
                   series->number - 1);
    else if (alone)
        g_strlcpy(series->where, "$", sizeof series->where);
    else
        g_snprintf(series->where, sizeof series->where, "report %" G_GUINT64_FORMAT,
                   series->number);
    return series->where;
}

/* Skips what stands between objects; *ret_next is the byte behind it, -1 at the end. */
static gboolean skip_gap(Series *series, int *ret_next, GError **error)
{
    Window *window = &series->window;
    for (;;) {
        const char *data = window_data(window);
        gsize length = window_length(window), at = 0;
        while (at < length && strchr(" \t\r\n\x1e,", data[at]) && data[at] != '\0')
            at++;
        window_skip(window, at);
        if (at < length) {
            *ret_next = (guchar)window_data(window)[0];
            return TRUE;
        }
        if (window->end) {
            *ret_next = -1;
            return TRUE;
        }
        if (!window_more(window, error))
            return FALSE;
    }
}

/* Goes on behind a line end that "{" follows, or to the end. */
static gboolean find_back(Series *series, GError **error)
{
    Window *window = &series->window;
    for (gboolean line = FALSE;;) {
        const char *data = window_data(window);
        gsize length = window_length(window);
        for (gsize i = 0; i < length; i++) {
            if (data[i] == '{' && line && i > 0) {
                window_skip(window, i);
                return TRUE;
            }
            line = data[i] == '\n' || (line && (data[i] == ' ' || data[i] == '\t'));
        }
        window_skip(window, length);
        if (window->end)
            return TRUE;
        if (!window_more(window, error))
            return FALSE;
        if (line && window_length(window) > 0 && window_data(window)[0] == '{')
            return TRUE;
    }
}

static gboolean read_object(Series *series, gsize max, GError **error)
{
    Window *window = &series->window;
    Extent extent = {0};
    ExtentResult result;
    gsize end = 0;
    series->number++;
    while ((result = extent_scan(&extent, window_data(window), window_length(window), &end)) ==
           EXTENT_MORE) {
        if (window->end || window_length(window) >= max) {
            series->sink->broken(series->sink->user, series->number, where(series, FALSE),
                                 window->end ? "the text ends inside an object"
                                             : "the object is too large");
            return find_back(series, error);
        }
        if (!window_more(window, error))
            return FALSE;
    }
    if (result == EXTENT_BROKEN) {
        series->sink->broken(series->sink->user, series->number, where(series, FALSE),
                             "this is no JSON");
        return find_back(series, error);
    }
    g_autoptr(GError) wrong = NULL;
    g_autoptr(yyjson_doc) doc = jsonguard_read(window_data(window), end, &wrong);
    window_skip(window, end);
    gboolean alone = FALSE;
    if (series->number == 1 && !series->array) {
        int next;
        if (!skip_gap(series, &next, error))
            return FALSE;
        alone = next == -1;
    }
    if (!doc) {
        series->sink->broken(series->sink->user, series->number, where(series, alone),
                             wrong->message);
        return TRUE;
    }
    return series->sink->object(series->sink->user, yyjson_doc_get_root(doc), series->number,
                                where(series, alone), error);
}

gboolean json_series_read(Stream *stream, gsize max, const JsonSeriesSink *sink, GError **error)
{
    static const IntakeSink silent = {0};
    Series series = {.sink = sink};
    gboolean good;
    window_init(&series.window, stream, &silent, max + 1);
    good = window_skip_mark(&series.window, error);
    for (int next = 0; good && next != -1;) {
        good = skip_gap(&series, &next, error);
        if (!good || next == -1)
            break;
        if (next == '{') {
            good = read_object(&series, max, error);
        } else if (next == '[' && series.number == 0 && !series.array) {
            series.array = TRUE;
            window_skip(&series.window, 1);
        } else if (next == ']' && series.array) {
            window_skip(&series.window, 1);
        } else {
            series.number++;
            sink->broken(sink->user, series.number, where(&series, FALSE), "this is no object");
            good = find_back(&series, error);
        }
    }
    window_clear(&series.window);
    return good;
}
