#include "intake/window.h"

#include <string.h>

#define WINDOW_START  (256 * 1024)
#define WINDOW_REPORT (4 * 1024 * 1024) /* bytes between two reports of progress */

void window_init(Window *window, Stream *stream, const IntakeSink *sink, gsize max)
{
    *window = (Window){.stream = stream, .sink = sink, .max = max};
    window->size = MIN(max, WINDOW_START);
    window->buffer = g_malloc(window->size);
}

void window_clear(Window *window)
{
    g_clear_pointer(&window->buffer, g_free);
}

static void window_report(Window *window)
{
    if (!window->sink->progress || window->offset < window->reported + WINDOW_REPORT)
        return;
    guint64 done, total;
    window->reported = window->offset;
    stream_progress(window->stream, &done, &total);
    window->sink->progress(window->sink->user, done, total);
}

gboolean window_more(Window *window, GError **error)
{
    gsize unread = window_length(window);
    if (window->end || unread >= window->max)
        return TRUE;
    window_report(window);
    if (window->at > 0) {
        memmove(window->buffer, window->buffer + window->at, unread);
        window->at = 0;
        window->filled = unread;
    }
    /* Growing at half full keeps the moving of an unfinished entry cheap. */
    if (unread > window->size / 2 && window->size < window->max) {
        window->size = MIN(window->size * 2, window->max);
        window->buffer = g_realloc(window->buffer, window->size);
    }
    gsize got;
    if (!stream_read(window->stream, window->buffer + window->filled, window->size - window->filled,
                     &got, error))
        return FALSE;
    window->filled += got;
    window->end = got == 0;
    return TRUE;
}

gboolean window_skip_mark(Window *window, GError **error)
{
    while (window_length(window) < 3 && !window->end)
        if (!window_more(window, error))
            return FALSE;
    if (window_length(window) >= 3 && memcmp(window_data(window), "\xef\xbb\xbf", 3) == 0)
        window_skip(window, 3);
    return TRUE;
}
