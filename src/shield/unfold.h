/* unfold.h - the spellings a value hides behind in a text: percent escapes, the backslash escapes
 * of JSON and programming languages, what rsyslog writes for controls, and defanging. */
#pragma once

#include <glib.h>

typedef enum {
    UNFOLD_PERCENT = 1,   /* "%2F" */
    UNFOLD_BACKSLASH = 2, /* "\/", "\u002f", "\x2f", "\n"; "#012" */
    UNFOLD_DEFANG = 4,    /* "[.]", "(dot)", "[://]", "[@]" */
} UnfoldKind;

/* Most bytes one escape unfolds to, and most bytes it takes (a pair of surrogates). */
#define UNFOLD_MAX        4
#define UNFOLD_MAX_LENGTH 12

/* The length of the escape of one of @kinds that @text begins with, 0 when it begins with none.
 * What it stands for is written to @ret_bytes, *ret_count bytes of it; *ret_kind says which kind.
 */
gsize unfold_step(const char *text, gsize length, guint kinds, char ret_bytes[UNFOLD_MAX],
                  guint *ret_count, UnfoldKind *ret_kind);
