#include "shield/watch/shaped.h"

#include <string.h>

/* Where a window can stop. */
typedef struct {
    gsize raw, text;
    Shape shape;
} Place;

static gsize read_context(const Shape *shape, const ShapedPiece *piece, char *into)
{
    gsize from = piece->from - MIN(piece->from, shape->is_utf16 ? SHAPED_CONTEXT : SPOT_CONTEXT);

    if (!shape->is_utf16) {
        memcpy(into, piece->bytes + from, piece->from - from);
        return piece->from - from;
    }
    Utf16 state = {.big_endian = shape->utf16.big_endian, .started = TRUE};
    return utf16_convert(&state, piece->bytes + from, piece->from - from, into);
}

gboolean shaped_window(const Shape *shape, ShapedPiece *piece, gboolean whole, ScanWindow *window)
{
    gsize unit = shape->is_utf16 ? 2 : 1;
    gsize from = read_context(shape, piece, window->text);
    Place at = {piece->from, from, *shape}, line = at, far = at;
    gboolean moved = TRUE;

    while (moved && at.raw < piece->length && at.text + SHAPE_ROOM <= SCAN_WINDOW_CAPACITY) {
        gsize taken, before = at.text;
        at.text +=
            shape_convert(&at.shape, piece->bytes + at.raw, MIN(unit, piece->length - at.raw),
                          &taken, window->text + at.text, SCAN_WINDOW_CAPACITY - at.text);
        at.raw += taken;
        moved = taken > 0 || at.text > before;
        if ((at.text == from || window->text[at.text - 1] == '\n') && shape_is_between(&at.shape))
            line = at;
        /* Copying is not for free. */
        if (at.raw % FRAME_ROOM == 0 && piece->length - at.raw >= SPOT_CONTEXT * unit &&
            at.text + 2 * SPOT_CONTEXT <= SCAN_WINDOW_CAPACITY)
            far = at;
    }
    gboolean full = at.raw < piece->length || piece->length - piece->from >= SHAPED_RAW;
    const Place *stop = line.raw > piece->from ? &line : full ? &far : &at;
    window->from = from;
    window->last = FALSE;
    window->length = at.text;
    if (whole && stop == &at)
        window->length +=
            shape_end(&at.shape, window->text + at.text, SCAN_WINDOW_CAPACITY - at.text);
    window->stop = stop == &at ? window->length : stop->text;
    window->looked = stop == &far ? window->length : window->stop;
    piece->stop = stop->raw;
    piece->behind = stop->shape;
    return stop != &at;
}

const char *shaped_next_feed(const char *from, const char *at, const char *end, gboolean wide,
                             gboolean big_endian)
{
    while ((at = memchr(at, '\n', (gsize)(end - at)))) {
        gsize place = (gsize)(at - from);
        if (!wide)
            return at + 1;
        if (big_endian && place % 2 == 1 && at[-1] == '\0')
            return at + 1;
        if (!big_endian && place % 2 == 0 && at + 1 < end && at[1] == '\0')
            return at + 2;
        at++;
    }
    return NULL;
}
