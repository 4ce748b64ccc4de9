/* window.h - the part of a stream that a reader looks at: unread bytes in one piece.
 *
 * The buffer grows only as far as one entry of the input needs, up to a bound. Reading more may
 * move the bytes: keep offsets, not pointers, across window_more(). */
#pragma once

#include "intake/intake.h"

typedef struct {
    Stream *stream;         /* borrowed */
    const IntakeSink *sink; /* borrowed; its progress is called now and then */
    char *buffer;
    gsize at;         /* of the first unread byte in buffer */
    gsize filled;     /* bytes in buffer */
    gsize size, max;  /* of buffer, and how far it may grow */
    guint64 offset;   /* of the first unread byte in the stream */
    guint64 reported; /* progress was told of up to here */
    gboolean end;     /* the stream has nothing more */
} Window;

void window_init(Window *window, Stream *stream, const IntakeSink *sink, gsize max);

void window_clear(Window *window);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Window, window_clear)

/* Reads more bytes behind the unread ones, or finds the end. FALSE with @error when the stream
 * fails; TRUE without more bytes when window_full(). */
gboolean window_more(Window *window, GError **error);

/* Passes over a UTF-8 byte order mark at the start of the stream. */
gboolean window_skip_mark(Window *window, GError **error);

static inline const char *window_data(const Window *window)
{
    return window->buffer + window->at;
}

static inline gsize window_length(const Window *window)
{
    return window->filled - window->at;
}

static inline gboolean window_full(const Window *window)
{
    return window_length(window) >= window->max;
}

/* Marks @count unread bytes as read. */
static inline void window_skip(Window *window, gsize count)
{
    window->at += count;
    window->offset += count;
}
