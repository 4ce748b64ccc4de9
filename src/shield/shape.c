#include "shield/shape.h"

#include <string.h>

FrameAnswer shape_detect(Shape *shape, const char *text, gsize length, gboolean whole,
                         gboolean records)
{
    FrameAnswer answer = FRAME_NO;

    *shape = (Shape){0};
    whole = whole || length >= SHAPE_SAMPLE;
    shape->has_mark = utf16_detect(&shape->utf16, text, length);
    Utf16Answer wide = shape->has_mark ? UTF16_YES : utf16_guess(&shape->utf16, text, length);
    if (wide == UTF16_MORE && !whole)
        return FRAME_MORE;
    shape->is_utf16 = wide == UTF16_YES;
    if (records && !shape->is_utf16)
        answer = frame_detect(&shape->frame, text, length, whole);
    if (records && shape->is_utf16) {
        Utf16 state = shape->utf16;
        g_autofree char *narrow = g_malloc(length * UTF16_GROWTH + 4);
        gsize size = utf16_convert(&state, text, length, narrow);
        answer = frame_detect(&shape->frame, narrow, size, whole);
    }
    shape->is_framed = answer == FRAME_YES;
    return answer == FRAME_NO && shape->is_utf16 ? FRAME_YES : answer;
}

void shape_go_on(Shape *shape)
{
    shape->utf16.started = TRUE;
    if (shape->is_framed)
        frame_go_on(&shape->frame);
}

static gsize convert_utf16(Shape *shape, const char *text, gsize length, gsize *ret_taken,
                           char *into, gsize room)
{
    *ret_taken = MIN(length, room / UTF16_GROWTH - 1);
    return utf16_convert(&shape->utf16, text, *ret_taken, into);
}

/* One unit after the other, as the frame may not take what becomes of it at once. */
static gsize convert_both(Shape *shape, const char *text, gsize length, gsize *ret_taken,
                          char *into, gsize room)
{
    gsize at = 0, written = 0;

    for (;;) {
        gsize taken;
        written += frame_convert(&shape->frame, shape->held, shape->held_length, &taken,
                                 into + written, room - written);
        shape->held_length -= taken;
        memmove(shape->held, shape->held + taken, shape->held_length);
        if (at == length || shape->held_length > 0 || room - written < SHAPE_ROOM)
            break;
        shape->held_length = utf16_convert(&shape->utf16, text + at, 1, shape->held);
        at++;
    }
    *ret_taken = at;
    return written;
}

gsize shape_convert(Shape *shape, const char *text, gsize length, gsize *ret_taken, char *into,
                    gsize room)
{
    if (shape->is_utf16 && shape->is_framed)
        return convert_both(shape, text, length, ret_taken, into, room);
    if (shape->is_framed)
        return frame_convert(&shape->frame, text, length, ret_taken, into, room);
    return convert_utf16(shape, text, length, ret_taken, into, room);
}

gsize shape_end(Shape *shape, char *into, gsize room)
{
    return shape->is_framed ? frame_end(&shape->frame, into, room) : 0;
}

gboolean shape_is_between(const Shape *shape)
{
    if (shape->is_utf16 && (shape->utf16.odd || shape->utf16.high != 0 || shape->held_length > 0))
        return FALSE;
    return !shape->is_framed || frame_is_between(&shape->frame);
}
