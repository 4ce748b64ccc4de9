#include "shield/frame.h"

#include <string.h>

#include "shield/frames/format.h"
#include "shield/input.h"

static const FrameFormat *const formats[] = {&frame_json, &frame_events, &frame_counted};

FrameAnswer frame_detect(Frame *frame, const char *text, gsize length, gboolean whole)
{
    FrameAnswer answer = FRAME_NO;

    whole = whole || length >= FRAME_SAMPLE;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        *frame = (Frame){.format = formats[i]};
        FrameAnswer said = formats[i]->detect(frame, text, MIN(length, FRAME_SAMPLE), whole);
        if (said == FRAME_YES)
            return FRAME_YES;
        if (said == FRAME_MORE && !whole)
            answer = FRAME_MORE;
    }
    return answer;
}

static void write_feeds(Frame *frame)
{
    for (; frame->feeds > 0 && frame->at + FRAME_ROOM < frame->room; frame->feeds--)
        frame->into[frame->at++] = '\n';
}

/* Writes the line feeds that are owed, and @least in any case. */
static void feed(Frame *frame, gint64 least)
{
    gint64 count = MAX(frame->owed, least);
    if (count <= 0)
        return;
    frame->feeds += count;
    frame->owed -= count;
    frame->filled = FALSE;
    write_feeds(frame);
}

void frame_take_feed(Frame *frame)
{
    frame->owed++;
    if (frame->inside && frame_is_over(frame))
        frame->inside = FALSE;
    if (frame->inside)
        frame_put(frame, ' ');
    else
        feed(frame, frame->filled);
}

void frame_take_plain(Frame *frame, char c)
{
    if (c == '\n')
        frame_take_feed(frame);
    else
        frame_put(frame, c);
}

void frame_release(Frame *frame)
{
    for (guint i = 0; i < frame->held_length; i++)
        frame_take_plain(frame, frame->held[i]);
    frame->held_length = 0;
}

/* At most one is owed here: what a record owed was written behind it. */
void frame_begin(Frame *frame)
{
    if (frame->filled) {
        frame->into[frame->at++] = '\n';
        frame->owed--;
    }
    frame->inside = TRUE;
    frame->size = 0;
}

void frame_finish(Frame *frame)
{
    frame->inside = FALSE;
    frame->found = TRUE;
    feed(frame, 1);
}

gboolean frame_is_over(const Frame *frame)
{
    return frame->size > INPUT_MAX_LINE;
}

/* What of a record needs no second look is copied. */
static gsize pass(Frame *frame, const char *text, gsize length)
{
    gsize count =
        frame->format->pass(frame, text, MIN(length, frame->room - frame->at - FRAME_ROOM));
    memcpy(frame->into + frame->at, text, count);
    frame->at += count;
    frame->size += count;
    return count;
}

gsize frame_convert(Frame *frame, const char *text, gsize length, gsize *ret_taken, char *into,
                    gsize room)
{
    gsize i = 0;

    frame->into = into;
    frame->at = 0;
    frame->room = room;
    write_feeds(frame);
    while (i < length && frame->feeds == 0 && frame->at + FRAME_ROOM < room) {
        if (frame->inside)
            i += pass(frame, text + i, length - i);
        if (i < length && frame->at + FRAME_ROOM < room)
            i += frame->format->take(frame, text[i]) ? 1 : 0;
    }
    *ret_taken = i;
    return frame->at;
}

gsize frame_end(Frame *frame, char *into, gsize room)
{
    frame->into = into;
    frame->at = 0;
    frame->room = room;
    frame_release(frame);
    return frame->at;
}

void frame_go_on(Frame *frame)
{
    if (frame->format == &frame_json)
        frame->of.json.head = 0;
}

gboolean frame_is_between(const Frame *frame)
{
    return !frame->inside && !frame->filled && frame->held_length == 0 && frame->feeds == 0;
}
