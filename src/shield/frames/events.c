/* Windows events as XML that stretch over lines, as `wevtutil qe /f:xml` and exports write them: of
 * each <Event> one line. Events do not lie in one another: a second one that begins says that the
 * first was cut off. */
#include <string.h>

#include "shield/frames/format.h"

#define OPEN  "<Event"
#define CLOSE "</Event>"

/* What may stand behind the name of an element. */
static gboolean ends_name(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '>' || c == '/';
}

/* The file may begin with a declaration, comments, and the element around all of them. */
static FrameAnswer detect(Frame *frame, const char *text, gsize length, gboolean whole)
{
    gsize at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    for (;;) {
        while (at < length && (text[at] == '\n' || ends_name(text[at])) && text[at] != '>' &&
               text[at] != '/')
            at++;
        if (at == length)
            return FRAME_MORE;
        if (text[at] != '<')
            return FRAME_NO;
        gsize left = length - at;
        if (left <= strlen(OPEN))
            return memcmp(text + at, OPEN, left) == 0 || left < 2 || text[at + 1] == '?' ||
                           text[at + 1] == '!'
                       ? FRAME_MORE
                       : FRAME_NO;
        gboolean event = memcmp(text + at, OPEN, strlen(OPEN)) == 0;
        if (event && ends_name(text[at + strlen(OPEN)]))
            return FRAME_YES;
        if (!(event && text[at + strlen(OPEN)] == 's') && text[at + 1] != '?' &&
            text[at + 1] != '!')
            return FRAME_NO;
        const char *close = memchr(text + at, '>', left);
        if (!close)
            return FRAME_MORE;
        at = (gsize)(close - text) + 1;
    }
}

static gboolean is_prefix(const Frame *frame, const char *of)
{
    return frame->held_length <= strlen(of) && memcmp(frame->held, of, frame->held_length) == 0;
}

static gboolean take(Frame *frame, char c)
{
    if (c == '<')
        frame_release(frame);
    if (c != '<' && frame->held_length == 0) {
        frame_take_plain(frame, c);
        return TRUE;
    }
    frame->held[frame->held_length++] = c;
    if (is_prefix(frame, OPEN) || (is_prefix(frame, CLOSE) && c != '>'))
        return TRUE;
    gboolean closes = is_prefix(frame, CLOSE);
    gboolean opens = frame->held_length == strlen(OPEN) + 1 &&
                     memcmp(frame->held, OPEN, strlen(OPEN)) == 0 && ends_name(c);
    if (opens && frame->inside) {
        frame->held_length--;
        frame_finish(frame);
        return FALSE;
    }
    if (opens) {
        frame->filled = FALSE; /* what stands before it in its line, the reader passes over */
        frame_begin(frame);
    }
    frame_release(frame);
    if (closes && frame->inside)
        frame_finish(frame);
    return TRUE;
}

/* Up to the next element or line feed. */
static gsize pass(Frame *frame, const char *text, gsize length)
{
    gsize at = 0;
    while (frame->held_length == 0 && at < length && text[at] != '<' && text[at] != '\n')
        at++;
    return at;
}

const FrameFormat frame_events = {detect, take, pass};
