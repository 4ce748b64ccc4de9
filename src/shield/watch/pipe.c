#include "shield/watch/pipe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shield/shape.h"

struct Pipe {
    int fd;
    ScanWindow *window;
    ScanPlace place;
    Input *input;
    gboolean begun;
    gboolean shaped;   /* it is known what it comes as */
    gboolean is_plain; /* its bytes are the text */
    Shape shape;
    char *raw; /* SHAPE_SAMPLE bytes of what is not, or until that is known */
    gsize raw_at, raw_length;
};

Pipe *pipe_new(int fd)
{
    Pipe *pipe = g_new0(Pipe, 1);
    pipe->fd = fd;
    pipe->window = scan_window_new();
    pipe->place.line = 1;
    pipe->raw = g_malloc(SHAPE_SAMPLE);
    return pipe;
}

void pipe_free(Pipe *pipe)
{
    if (!pipe)
        return;
    scan_window_free(pipe->window);
    input_free(pipe->input);
    g_free(pipe->raw);
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
        format = input_format_detect(pipe->window->text, MIN(pipe->window->stop, INPUT_SAMPLE));
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

static gsize room(const Pipe *pipe)
{
    return SCAN_WINDOW_CAPACITY - pipe->window->length;
}

/* Looks at what is whole, with the @got bytes that came last. */
static TailState look(Pipe *pipe, const TailMeans *means, gsize got, gboolean last)
{
    ScanWindow *window = pipe->window;
    const char *lf =
        got ? memrchr(window->text + window->from, '\n', window->length + got - window->from)
            : NULL;

    window->length += got;
    window->last = last;
    /* What stands before the first record comes with it, and says what it is. */
    if (pipe->shape.is_framed && !pipe->shape.frame.found && !last && room(pipe) > SHAPE_ROOM)
        return TAIL_MORE;
    if (lf && !last)
        window->stop = window->looked = (gsize)(lf + 1 - window->text);
    else if (last)
        window->stop = window->looked = window->length;
    else if (room(pipe) > SHAPE_ROOM)
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
    return last ? TAIL_END : TAIL_MORE;
}

/* The next of what was read as text; 0: all of it is. */
static gsize take_raw(Pipe *pipe, gboolean end)
{
    char *into = pipe->window->text + pipe->window->length;
    const char *raw = pipe->raw + pipe->raw_at;
    gsize left = pipe->raw_length - pipe->raw_at, taken, written;

    if (pipe->is_plain) {
        taken = written = MIN(left, room(pipe));
        memcpy(into, raw, taken);
    } else {
        written = shape_convert(&pipe->shape, raw, left, &taken, into, room(pipe));
        if (written == 0 && end)
            written = shape_end(&pipe->shape, into, room(pipe));
    }
    pipe->raw_at += taken;
    return written;
}

/* Looks at all that was read. */
static TailState look_at_raw(Pipe *pipe, const TailMeans *means, gboolean end)
{
    TailState state = TAIL_MORE;

    while (state == TAIL_MORE) {
        gsize got = take_raw(pipe, end);
        if (got == 0)
            break;
        state = look(pipe, means, got, FALSE);
    }
    pipe->raw_at = pipe->raw_length = 0;
    return state == TAIL_MORE && end ? look(pipe, means, 0, TRUE) : state;
}

TailState pipe_look(Pipe *pipe, const TailMeans *means)
{
    ScanWindow *window = pipe->window;

    if (pipe->shaped && pipe->is_plain) {
        gsize got = read_some(pipe->fd, window->text + window->length, room(pipe));
        return look(pipe, means, got, got == 0);
    }
    gsize got = read_some(pipe->fd, pipe->raw + pipe->raw_length, SHAPE_SAMPLE - pipe->raw_length);
    pipe->raw_length += got;
    if (!pipe->shaped) {
        FrameAnswer answer =
            shape_detect(&pipe->shape, pipe->raw, pipe->raw_length, got == 0, means->log);
        if (answer == FRAME_MORE)
            return TAIL_MORE;
        pipe->shaped = TRUE;
        pipe->is_plain = answer == FRAME_NO;
    }
    return look_at_raw(pipe, means, got == 0);
}
