/* lookahead.h - a stream's bytes where they can be read as they lie: a buffer that goes along it.
 */
#pragma once

#include "base/stream.h"

typedef struct {
    Stream *stream;
    guint8 *buffer;
    gsize capacity, at, length; /* unread are the bytes from `at` to `length` */
    gboolean end;               /* of the stream */
} Lookahead;

/* Read in one go; small enough for the processor's second cache. */
#define LOOKAHEAD_CHUNK (256 * 1024)

/* @stream must outlive it; @most is the most that lookahead_need() will be asked for. */
void lookahead_init(Lookahead *ahead, Stream *stream, gsize most);

void lookahead_clear(Lookahead *ahead);

/* Has @wanted unread bytes ready, fewer only at the end of the stream. What lay ready before may
 * have moved. */
gboolean lookahead_need(Lookahead *ahead, gsize wanted, GError **error);

/* Goes over @count bytes, ready or not. *ret_short: the stream ended before. */
gboolean lookahead_skip(Lookahead *ahead, guint64 count, gboolean *ret_short, GError **error);

static inline gsize lookahead_ready(const Lookahead *ahead)
{
    return ahead->length - ahead->at;
}

static inline const guint8 *lookahead_data(const Lookahead *ahead)
{
    return ahead->buffer + ahead->at;
}
