/* format.h - what the formats of frames/ are, and what they write with. */
#pragma once

#include "shield/frame.h"

struct FrameFormat {
    FrameAnswer (*detect)(Frame *frame, const char *text, gsize length, gboolean whole);
    /* Takes the next byte. FALSE: it asks for it once more, as a record had to end first. Nothing
     * is written behind what frame_finish() or frame_take_feed() write. */
    gboolean (*take)(Frame *frame, char c);
};

/* A byte that is no line feed. */
void frame_put(Frame *frame, char c);

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
