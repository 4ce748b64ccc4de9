#include "shield/packets/lookahead.h"

#include <string.h>

void lookahead_init(Lookahead *ahead, Stream *stream, gsize most)
{
    gsize capacity = most + LOOKAHEAD_CHUNK;

    *ahead = (Lookahead){.stream = stream, .buffer = g_malloc(capacity), .capacity = capacity};
}

void lookahead_clear(Lookahead *ahead)
{
    g_clear_pointer(&ahead->buffer, g_free);
}

gboolean lookahead_need(Lookahead *ahead, gsize wanted, GError **error)
{
    gsize ready = lookahead_ready(ahead);

    if (ready >= wanted)
        return TRUE;
    memmove(ahead->buffer, ahead->buffer + ahead->at, ready);
    ahead->length = ready;
    ahead->at = 0;
    while (!ahead->end && ahead->length < wanted) {
        gsize got;
        if (!stream_read(ahead->stream, ahead->buffer + ahead->length,
                         MIN(ahead->capacity - ahead->length, LOOKAHEAD_CHUNK), &got, error))
            return FALSE;
        ahead->length += got;
        ahead->end = got == 0;
    }
    return TRUE;
}

gboolean lookahead_skip(Lookahead *ahead, guint64 count, gboolean *ret_short, GError **error)
{
    *ret_short = FALSE;
    while (count > 0 && !*ret_short) {
        if (!lookahead_need(ahead, 1, error))
            return FALSE;
        gsize step = MIN(count, lookahead_ready(ahead));
        *ret_short = step == 0;
        ahead->at += step;
        count -= step;
    }
    return TRUE;
}
