/* punycode.h - labels of domain names in scripts other than ASCII, as RFC 3492 writes them.
 *
 * libidn2 decides what a name is; this only says, in tens of nanoseconds, what it would write. */
#pragma once

#include <glib.h>

/* Longest label there is. */
#define PUNYCODE_LABEL_MAX 63

/* Writes "xn--" and what the characters, mapped and composed already and one of them not ASCII,
 * become to @into, and returns the length; 0 when that is longer than a label may be. */
gsize punycode_label(const gunichar *characters, gsize count, char into[PUNYCODE_LABEL_MAX]);
