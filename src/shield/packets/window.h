/* window.h - a stream's bytes where they can be read as they lie: a buffer that goes along it. */
#pragma once

#include "base/stream.h"

typedef struct {
    Stream *stream;
    guint8 *buffer;
    gsize capacity, at, length; /* unread are the bytes from `at` to `length` */
    gboolean end;               /* of the stream */
} Window;

/* Read in one go; small enough for the processor's second cache. */
#define WINDOW_CHUNK (256 * 1024)

/* @stream must outlive it; @most is the most that window_need() will be asked for. */
void window_init(Window *window, Stream *stream, gsize most);

void window_clear(Window *window);

/* Has @wanted unread bytes ready, fewer only at the end of the stream. What lay ready before may
 * have moved. */
gboolean window_need(Window *window, gsize wanted, GError **error);

/* Goes over @count bytes, ready or not. *ret_short: the stream ended before. */
gboolean window_skip(Window *window, guint64 count, gboolean *ret_short, GError **error);

static inline gsize window_ready(const Window *window)
{
    return window->length - window->at;
}

static inline const guint8 *window_data(const Window *window)
{
    return window->buffer + window->at;
}
