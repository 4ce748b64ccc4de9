/* Syslog messages that say their length, "54 <34>1 2024-...", one directly behind the other: the
 * octet counting of RFC 6587, 3.4.1, and RFC 5425, 4.3. The lengths are left out. Where a message
 * should begin and does not, the next place that looks like one is taken. */
#include <string.h>

#include "shield/frames/format.h"
#include "shield/input.h"

/* Digits of a length. */
#define DIGITS 6

/* "54 <34>" at @at; its parts' lengths tell how far it goes. */
static FrameAnswer look(const char *text, gsize length, gsize at, gsize *ret_start, gsize *ret_size)
{
    gsize i = at, size = 0, priority;

    for (; i < length && i < at + DIGITS && g_ascii_isdigit(text[i]); i++)
        size = size * 10 + (gsize)(text[i] - '0');
    if (i < length && (i == at || text[at] == '0' || text[i] != ' '))
        return FRAME_NO;
    *ret_start = ++i;
    if (i < length && text[i] != '<')
        return FRAME_NO;
    for (priority = ++i; i < length && i < priority + 3 && g_ascii_isdigit(text[i]); i++)
        continue;
    if (i >= length)
        return FRAME_MORE;
    *ret_size = size;
    return i > priority && text[i] == '>' && size > i - *ret_start && size <= INPUT_MAX_LINE
               ? FRAME_YES
               : FRAME_NO;
}

static FrameAnswer detect(Frame *frame, const char *text, gsize length, gboolean whole)
{
    gsize start, size;
    FrameAnswer answer = look(text, length, 0, &start, &size);

    if (answer != FRAME_YES)
        return answer;
    /* What follows must be another, if anything does. */
    gsize next = start + size;
    if (next > length)
        return whole && length < FRAME_SAMPLE ? FRAME_NO : FRAME_MORE;
    while (next < length && (text[next] == '\n' || text[next] == '\r'))
        next++;
    if (next == length)
        return FRAME_YES;
    answer = look(text, length, next, &start, &size);
    return answer == FRAME_MORE && whole ? FRAME_YES : answer;
}

static gsize held_size(const Frame *frame)
{
    gsize size = 0;
    for (guint i = 0; i + 1 < frame->held_length; i++)
        size = size * 10 + (gsize)(frame->held[i] - '0');
    return size;
}

static gboolean take(Frame *frame, char c)
{
    if (frame->inside) {
        frame_take_plain(frame, c);
        if (--frame->of.counted.left == 0 && frame->inside)
            frame_finish(frame);
        return TRUE;
    }
    guint length = frame->held_length;
    gboolean counted = length > 1 && frame->held[length - 1] == ' ';
    if ((g_ascii_isdigit(c) && !counted && length < DIGITS) ||
        (c == ' ' && length > 0 && !counted)) {
        frame->held[frame->held_length++] = c;
        return TRUE;
    }
    gsize size = c == '<' && counted ? held_size(frame) : 0;
    if (size < 2 || size > INPUT_MAX_LINE) {
        frame_release(frame);
        frame_take_plain(frame, c);
        return TRUE;
    }
    frame->held_length = 0;
    frame_begin(frame);
    frame_put(frame, c);
    frame->of.counted.left = size - 1;
    return TRUE;
}

/* Up to the last byte of the message, or a line feed. */
static gsize pass(Frame *frame, const char *text, gsize length)
{
    length = MIN(length, frame->of.counted.left - 1);
    const char *feed = memchr(text, '\n', length);
    gsize at = feed ? (gsize)(feed - text) : length;
    frame->of.counted.left -= at;
    return at;
}

const FrameFormat frame_counted = {detect, take, pass};
