/* utf16.h - UTF-16 to UTF-8, piece by piece: what Windows programs log. */
#pragma once

#include <glib.h>

typedef struct {
    gboolean big_endian;
    gboolean started; /* the byte order mark was seen */
    gboolean odd;     /* half a unit is waiting in `half` */
    guint8 half;
    guint16 high; /* half of a pair of surrogates that waits for the other; 0: none */
} Utf16;

/* No piece becomes more than this many times longer (and a little for what waited). */
#define UTF16_GROWTH 4

/* Does the text begin with a byte order mark of UTF-16? Then sets @state up for it. */
gboolean utf16_detect(Utf16 *state, const char *text, gsize length);

/* Writes the UTF-8 of the next @length bytes, the mark left out, to @into, which has room for
 * UTF16_GROWTH times as many plus four; returns how much that was. What is no UTF-16 becomes
 * U+FFFD. */
gsize utf16_convert(Utf16 *state, const char *text, gsize length, char *into);
