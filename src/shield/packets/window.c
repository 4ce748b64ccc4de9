#include "shield/packets/window.h"

#include <string.h>

void window_init(Window *window, Stream *stream, gsize most)
{
    gsize capacity = most + WINDOW_CHUNK;

    *window = (Window){.stream = stream, .buffer = g_malloc(capacity), .capacity = capacity};
}

void window_clear(Window *window)
{
    g_clear_pointer(&window->buffer, g_free);
}

gboolean window_need(Window *window, gsize wanted, GError **error)
{
    gsize ready = window_ready(window);

    if (ready >= wanted)
        return TRUE;
    memmove(window->buffer, window->buffer + window->at, ready);
    window->length = ready;
    window->at = 0;
    while (!window->end && window->length < wanted) {
        gsize got;
        if (!stream_read(window->stream, window->buffer + window->length,
                         MIN(window->capacity - window->length, WINDOW_CHUNK), &got, error))
            return FALSE;
        window->length += got;
        window->end = got == 0;
    }
    return TRUE;
}

gboolean window_skip(Window *window, guint64 count, gboolean *ret_short, GError **error)
{
    *ret_short = FALSE;
    while (count > 0 && !*ret_short) {
        if (!window_need(window, 1, error))
            return FALSE;
        gsize step = MIN(count, window_ready(window));
        *ret_short = step == 0;
        window->at += step;
        count -= step;
    }
    return TRUE;
}
