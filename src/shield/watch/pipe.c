#include "shield/watch/pipe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct Pipe {
    int fd;
    ScanWindow *window;
    ScanPlace place;
    Input *input;
    gboolean begun;
};

Pipe *pipe_new(int fd)
{
    Pipe *pipe = g_new0(Pipe, 1);
    pipe->fd = fd;
    pipe->window = scan_window_new();
    pipe->place.line = 1;
    return pipe;
}

void pipe_free(Pipe *pipe)
{
    if (!pipe)
        return;
    scan_window_free(pipe->window);
    input_free(pipe->input);
    g_free(pipe);
}

/* Bytes read; 0 at the end, and when the pipe cannot be read any more. */
static gsize read_some(int fd, void *buffer, gsize size)
{
    ssize_t got;
    do
        got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (gsize)got : 0;
}

static void find_format(Pipe *pipe, const TailMeans *means)
{
    if (pipe->begun || !means->log)
        return;
    pipe->begun = TRUE;
    const InputFormat *format = means->format;
    if (!format)
        format = input_format_detect(pipe->window->text, MIN(pipe->window->length, INPUT_SAMPLE));
    if (format)
        pipe->input = input_new(format, means->now);
}

/* Keeps what was not looked at, and in the middle of a line what decides on it. */
static void keep(ScanWindow *window)
{
    gboolean cut = window->stop < window->looked;
    gsize from = cut ? window->stop - MIN(window->stop, SPOT_CONTEXT) : window->stop;
    memmove(window->text, window->text + from, window->length - from);
    window->length -= from;
    window->from = window->stop - from;
}

TailState pipe_look(Pipe *pipe, const TailMeans *means)
{
    ScanWindow *window = pipe->window;
    gsize got =
        read_some(pipe->fd, window->text + window->length, SCAN_WINDOW_CAPACITY - window->length);
    const char *lf = got ? memrchr(window->text + window->length, '\n', got) : NULL;

    window->length += got;
    window->last = got == 0;
    if (lf)
        window->stop = window->looked = (gsize)(lf + 1 - window->text);
    else if (window->last)
        window->stop = window->looked = window->length;
    else if (window->length < SCAN_WINDOW_CAPACITY)
        return TAIL_MORE;
    else {
        window->looked = window->length;
        window->stop = window->length - SPOT_CONTEXT;
    }
    find_format(pipe, means);
    scan_window_sieve(window, means->sieve);
    scan_feed_go_on(means->feed, pipe->input, &pipe->place);
    if (!scan_feed_look(means->feed, window, means->found, means->user))
        return TAIL_STOPPED;
    scan_feed_place(means->feed, &pipe->place);
    keep(window);
    return got == 0 ? TAIL_END : TAIL_MORE;
}
