/* Windows events as XML that stretch over lines, as `wevtutil qe /f:xml` and exports write them: of
 * each <Event> one line. Events do not lie in one another: a second one that begins says that the
 * first was cut off. */
#include <string.h>

#include "shield/frames/format.h"

#define OPEN    "<Event"
#define CLOSE   "</Event>"
#define CDATA   "<![CDATA["
#define COMMENT "<!--"

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

/* Within CDATA or a comment? One that does not end is none any more when the record is over. */
static gboolean is_literal(const Frame *frame)
{
    return frame->of.events.literal && frame->inside && !frame_is_over(frame);
}

/* Both end with twice the same and '>'. */
static void follow_literal(Frame *frame, char c)
{
    if (c == '>' && frame->of.events.run >= 2)
        frame->of.events.literal = '\0';
    frame->of.events.run = c == frame->of.events.literal ? MIN(frame->of.events.run + 1, 2) : 0;
}

/* Where in its line the byte stands, and the element that may begin with it. */
static void follow_line(Frame *frame, char c)
{
    if (c == '<') {
        frame->of.events.open = frame->of.events.column;
        frame->of.events.first = !frame->of.events.begun;
    }
    if (c == '\n') {
        frame->of.events.column = 0;
        frame->of.events.begun = FALSE;
        return;
    }
    frame->of.events.column++;
    frame->of.events.begun = frame->of.events.begun || !(c == ' ' || c == '\t' || c == '\r');
}

/* An event begins. Within CDATA or a comment that is mere text, unless it begins a line, no deeper
 * than the record does: then what it stands in was cut off. */
static gboolean begins(const Frame *frame)
{
    return !is_literal(frame) ||
           (frame->of.events.first && frame->of.events.open <= frame->of.events.start);
}

static void begin(Frame *frame)
{
    frame->filled = FALSE; /* what stands before it in its line, the reader passes over */
    frame->of.events.literal = '\0';
    frame->of.events.start = frame->of.events.first ? frame->of.events.open : 0;
    frame_begin(frame);
}

/* What is held back and @c cannot become more. FALSE: a record has to end first. */
static gboolean take_held(Frame *frame, char c)
{
    gboolean literal = is_literal(frame);
    gboolean closes = !literal && is_prefix(frame, CLOSE);
    gboolean opens = frame->held_length == strlen(OPEN) + 1 &&
                     memcmp(frame->held, OPEN, strlen(OPEN)) == 0 && ends_name(c) && begins(frame);
    if (opens && frame->inside) {
        frame->held_length--;
        frame_finish(frame);
        return FALSE;
    }
    if (opens)
        begin(frame);
    if (!literal && (is_prefix(frame, CDATA) || is_prefix(frame, COMMENT)))
        frame->of.events.literal = is_prefix(frame, CDATA) ? ']' : '-';
    frame_release(frame);
    if (closes && frame->inside)
        frame_finish(frame);
    return TRUE;
}

static gboolean take(Frame *frame, char c)
{
    follow_literal(frame, c);
    if (c == '<')
        frame_release(frame);
    if (c != '<' && frame->held_length == 0) {
        frame_take_plain(frame, c);
    } else {
        frame->held[frame->held_length++] = c;
        gboolean more = is_prefix(frame, OPEN) || (is_prefix(frame, CLOSE) && c != '>') ||
                        (is_prefix(frame, CDATA) && frame->held_length < strlen(CDATA)) ||
                        (is_prefix(frame, COMMENT) && frame->held_length < strlen(COMMENT));
        if (!more && !take_held(frame, c))
            return FALSE;
    }
    follow_line(frame, c);
    return TRUE;
}

/* Up to the next element or line feed, or what may end CDATA or a comment. */
static gsize pass(Frame *frame, const char *text, gsize length)
{
    char literal = frame->of.events.literal ? frame->of.events.literal : '<';
    gsize at = 0;
    if (frame->held_length > 0 || frame->of.events.run > 0)
        return 0;
    while (at < length && text[at] != '<' && text[at] != '\n' && text[at] != literal)
        at++;
    for (gsize i = 0; i < at && !frame->of.events.begun; i++)
        frame->of.events.begun = !(text[i] == ' ' || text[i] == '\t' || text[i] == '\r');
    frame->of.events.column += at;
    return at;
}

const FrameFormat frame_events = {detect, take, pass};
