/* shaped.h - a piece of a file that is not UTF-8, or whose records are no lines (shape.h), as a
 * window: what of the window is a line, and where in the file that ends. */
#pragma once

#include "shield/scan_window.h"
#include "shield/shape.h"

/* Bytes of a piece. */
#define SHAPED_RAW (SCAN_WINDOW / 2)

/* Bytes before a piece that give SPOT_CONTEXT bytes of text, mostly. */
#define SHAPED_CONTEXT (2 * SPOT_CONTEXT)

typedef struct {
    char *bytes;  /* SHAPED_CONTEXT + SHAPED_RAW of them; owned by the caller */
    gsize from;   /* before it is what the window has as context */
    gsize length; /* in all */
    gsize stop;   /* what lies before became what lies before the window's stop */
    Shape behind; /* at the stop */
} ShapedPiece;

/* Makes @window of @piece, whose `from` and `length` are set, and that begins in @shape. TRUE: the
 * window has whole lines; or it is full, and what can be decided of a line. FALSE: it has all that
 * is there, of a line without an end; only with @whole also what was held back. */
gboolean shaped_window(const Shape *shape, ShapedPiece *piece, gboolean whole, ScanWindow *window);

/* The place behind the next line feed in [at, end); NULL: there is none. Units of UTF-16 (@wide)
 * begin at @from plus an even number. */
const char *shaped_next_feed(const char *from, const char *at, const char *end, gboolean wide,
                             gboolean big_endian);
