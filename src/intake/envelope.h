/* envelope.h - what stands around the objects of a page of TAXII 2.1 (section 5.4, envelope).
 *
 * The objects themselves are read by intake/bundle.h, one at a time. This looks for what comes
 * before or behind them, in one pass and a few kilobytes of memory, whatever the page's size, and
 * whether the page is there to its end. Wrong JSON inside an object does not confuse it as long as
 * its quotes and brackets match. */
#pragma once

#include <glib.h>

#include "base/error.h"

/* Longest `next` that is followed. */
#define ENVELOPE_NEXT_MAX 4096

typedef struct {
    gboolean more;   /* it says that there is more, or names the next page without saying so */
    char *next;      /* NULL: none */
    char digest[65]; /* SHA-256 in hex of the page but for the value of `next` */
} Envelope;

void envelope_clear(Envelope *envelope);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Envelope, envelope_clear)

/* Reads the page in the file @fd from its beginning; the offset of @fd does not change.
 * CONCERT_ERROR_INPUT when it is no JSON object or ends before that does, CONCERT_ERROR_LIMIT when
 * `next` is longer than ENVELOPE_NEXT_MAX. */
gboolean envelope_scan(int fd, Envelope *ret_envelope, GError **error);
