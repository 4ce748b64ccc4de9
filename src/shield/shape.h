/* shape.h - what a text comes as, and what it is as UTF-8 whose records are lines: UTF-16, with a
 * byte order mark or without, and logs whose records are not one line each (frame.h). Kept by
 * copying. */
#pragma once

#include "shield/frame.h"
#include "shield/utf16.h"

typedef struct {
    gboolean is_utf16, has_mark, is_framed;
    Utf16 utf16;
    Frame frame;
    char held[16]; /* UTF-8 that the frame has not taken yet */
    gsize held_length;
} Shape;

/* Bytes at the start of a text that tell what it is, at most. */
#define SHAPE_SAMPLE (2 * FRAME_SAMPLE)

/* Room that shape_convert() needs. */
#define SHAPE_ROOM (3 * FRAME_ROOM)

/* FRAME_NO: it is UTF-8, or whatever, whose records are lines. With @whole there is no more of it;
 * then nothing is FRAME_MORE. With @records FALSE nobody asks for records. */
FrameAnswer shape_detect(Shape *shape, const char *text, gsize length, gboolean whole,
                         gboolean records);

/* Goes on behind the start, between records. */
void shape_go_on(Shape *shape);

/* Writes to @into, with room for @room bytes, SHAPE_ROOM at least, what becomes of @text; of how
 * much of it is *ret_taken. None of it is taken when what was taken before needs all the room. */
gsize shape_convert(Shape *shape, const char *text, gsize length, gsize *ret_taken, char *into,
                    gsize room);

/* What was held back, when there is no more. */
gsize shape_end(Shape *shape, char *into, gsize room);

/* May a line end here? */
gboolean shape_is_between(const Shape *shape);
