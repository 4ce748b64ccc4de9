/* utf16.h - UTF-16 to UTF-8, piece by piece: what Windows programs log. Whoever goes on in the
 * middle of a text begins with a state as utf16_detect() or utf16_guess() set it up, and `started`.
 */
#pragma once

#include <glib.h>

typedef struct {
    gboolean big_endian;
    gboolean started; /* the byte order mark was seen, or there is none */
    gboolean odd;     /* half a unit is waiting in `half` */
    guint8 half;
    guint16 high; /* half of a pair of surrogates that waits for the other; 0: none */
} Utf16;

/* No piece becomes more than this many times longer (and a little for what waited). */
#define UTF16_GROWTH 4

/* Does the text begin with a byte order mark of UTF-16? Then sets @state up for it. */
gboolean utf16_detect(Utf16 *state, const char *text, gsize length);

/* Characters of ASCII that a text without a mark must begin with, so that nothing else is taken for
 * UTF-16, and bytes of it that are looked at. */
#define UTF16_SURE   8
#define UTF16_SAMPLE 1024

typedef enum {
    UTF16_NO,
    UTF16_YES,
    UTF16_MORE, /* nobody can tell yet */
} Utf16Answer;

/* Is the text UTF-16 without a mark? It is when it begins with UTF16_SURE characters of ASCII, and
 * has none but characters that texts have in its first UTF16_SAMPLE bytes, as far as they are
 * there. UTF16_YES: @state is set up for it. */
Utf16Answer utf16_guess(Utf16 *state, const char *text, gsize length);

/* Writes the UTF-8 of the next @length bytes, the mark left out, to @into, which has room for
 * UTF16_GROWTH times as many plus four; returns how much that was. What is no UTF-16 becomes
 * U+FFFD. */
gsize utf16_convert(Utf16 *state, const char *text, gsize length, char *into);
