/* format.h - what the formats of frames/ are, and what they write with. */
#pragma once

#include "shield/frame.h"

struct FrameFormat {
    FrameAnswer (*detect)(Frame *frame, const char *text, gsize length, gboolean whole);
    /* Takes the next byte. FALSE: it asks for it once more, as a record had to end first. Nothing
     * is written behind what frame_finish() or frame_take_feed() write. */
    gboolean (*take)(Frame *frame, char c);
    /* So many of the next bytes stay as they are, and tell nothing: the first @length may be
     * written. Called only within a record. */
    gsize (*pass)(Frame *frame, const char *text, gsize length);
};

/* A byte that is no line feed. */
static inline void frame_put(Frame *frame, char c)
{
    frame->into[frame->at++] = c;
    frame->filled = frame->filled || !(c == ' ' || c == '\t' || c == '\r');
    frame->size += frame->inside;
}

/* A line feed of the text. */
void frame_take_feed(Frame *frame);

/* Any byte, as text. */
void frame_take_plain(Frame *frame, char c);

/* What was held back, as text. */
void frame_release(Frame *frame);

/* Here a record begins. What stands before it in its line is on a line of its own. */
void frame_begin(Frame *frame);

/* Here it ends. */
void frame_finish(Frame *frame);

/* Is the record longer than any that is read as one? Then it should end where that does no harm. */
gboolean frame_is_over(const Frame *frame);

extern const FrameFormat frame_json, frame_events, frame_counted;
