/* escape.h - making text from outside harmless where it is shown. */
#pragma once

#include <glib.h>

/* @length bytes of @text (-1: up to the NUL) for a terminal: C0 and C1 control characters (tab
 * too), DEL, bytes that are not UTF-8, and the characters that turn the direction of text around or
 * are not seen at all (bidirectional controls, zero-width characters, line and paragraph
 * separators, tags) are written as \x1b or \u202e; so is nothing else, the backslash included: this
 * is for the eye, not for reading back. Caller frees. */
char *escape_terminal(const char *text, gssize length);
