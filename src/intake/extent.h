/* extent.h - where a JSON object ends, without parsing it.
 *
 * Splitting a bundle into its objects must not cost more than reading it: this looks at 64 bytes at
 * a time, knows strings and escapes, and counts braces. It checks only as much as it needs to
 * notice soon that it lost its way in broken text: a control character inside a string, or a letter
 * right after a string. What it accepts may still be wrong JSON; what it refuses is wrong JSON. */
#pragma once

#include <glib.h>

typedef enum {
    EXTENT_MORE,   /* the object does not end in these bytes: call again with more */
    EXTENT_END,    /* it does; *ret_at is the offset behind its closing brace */
    EXTENT_BROKEN, /* this is no JSON at *ret_at */
} ExtentResult;

/* Where a scan stands. Start with zeros. */
typedef struct {
    gsize at;       /* bytes dealt with */
    gint64 depth;   /* of braces */
    guint64 string; /* all ones inside a string */
    guint64 escape; /* 1: the next byte is escaped */
    guint64 closed; /* 1: the byte before ended a string */
} Extent;

/* Scans on in @data, the bytes from the object's opening brace on; @length must grow from call to
 * call and the bytes before stay the same. (A caller that forgets the first @at bytes sets at to
 * 0.) After anything but EXTENT_MORE the scan is over. */
ExtentResult extent_scan(Extent *extent, const char *data, gsize length, gsize *ret_at);

/* The same byte by byte: what extent_scan() is held against. */
ExtentResult extent_scan_plain(Extent *extent, const char *data, gsize length, gsize *ret_at);
