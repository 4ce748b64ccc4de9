#include "shield/packets/tcp.h"

#include <string.h>

struct TcpPiece {
    TcpPiece *next;
    guint32 sequence;
    guint32 length;  /* bytes in `data` */
    guint32 missing; /* behind them */
    guint8 data[];
};

/* Is @left before @right? Sequence numbers go round. */
static gboolean before(guint32 left, guint32 right)
{
    return (gint32)(left - right) < 0;
}

static guint32 piece_end(const TcpPiece *piece)
{
    return piece->sequence + piece->length + piece->missing;
}

static void free_first(TcpSide *side, const TcpSink *sink)
{
    TcpPiece *piece = side->pieces;

    side->pieces = piece->next;
    side->pieces_kept--;
    side->bytes_kept -= piece->length;
    *sink->held -= piece->length + sizeof(TcpPiece);
    g_free(piece);
}

static void pass_on(TcpSide *side, const TcpSink *sink, const guint8 *data, gsize length,
                    gsize missing)
{
    side->next += (guint32)(length + missing);
    if (!side->done && length > 0)
        side->done = !sink->bytes(sink->user, data, length);
    if (!side->done && missing > 0)
        side->done = !sink->gap(sink->user, missing);
}

/* Passes on the pieces that have no gap before them any more. */
static void drain(TcpSide *side, const TcpSink *sink)
{
    while (side->pieces && !before(side->next, side->pieces->sequence)) {
        TcpPiece *piece = side->pieces;
        guint32 skip = side->next - piece->sequence;
        if (skip < piece->length)
            pass_on(side, sink, piece->data + skip, piece->length - skip, piece->missing);
        else if (skip < piece->length + piece->missing)
            pass_on(side, sink, NULL, 0, piece->length + piece->missing - skip);
        free_first(side, sink);
    }
}

/* Goes over the gap before the first piece. */
static void jump(TcpSide *side, const TcpSink *sink)
{
    guint32 gap = side->pieces->sequence - side->next;

    pass_on(side, sink, NULL, 0, gap);
    drain(side, sink);
}

static void forget(TcpSide *side, const TcpSink *sink)
{
    while (side->pieces)
        free_first(side, sink);
}

/* Keeps what of the segment no piece has: in each gap between pieces, one more. */
static void keep(TcpSide *side, const TcpSink *sink, guint32 sequence, const guint8 *data,
                 gsize length, gsize missing)
{
    guint32 end = sequence + (guint32)(length + missing), from = sequence;
    TcpPiece **link = &side->pieces;

    while (before(from, end)) {
        while (*link && !before(from, (*link)->sequence)) {
            if (before(from, piece_end(*link)))
                from = piece_end(*link);
            link = &(*link)->next;
        }
        if (!before(from, end))
            return;
        guint32 to = *link && before((*link)->sequence, end) ? (*link)->sequence : end;
        gsize offset = from - sequence, size = to - from;
        gsize there = offset < length ? MIN(size, length - offset) : 0;
        TcpPiece *piece = g_malloc(sizeof(TcpPiece) + there);
        *piece = (TcpPiece){.next = *link,
                            .sequence = from,
                            .length = (guint32)there,
                            .missing = (guint32)(size - there)};
        if (there > 0)
            memcpy(piece->data, data + offset, there);
        *link = piece;
        side->pieces_kept++;
        side->bytes_kept += piece->length;
        *sink->held += piece->length + sizeof(TcpPiece);
        from = to;
    }
}

void tcp_side_begin(TcpSide *side, guint32 sequence)
{
    side->begun = TRUE;
    side->first = side->next = sequence;
}

void tcp_side_add(TcpSide *side, const TcpSink *sink, guint32 sequence, const guint8 *data,
                  gsize length, gsize missing)
{
    if (side->done || length + missing == 0)
        return;
    if (!side->begun)
        tcp_side_begin(side, sequence);
    if (before(sequence, side->next)) { /* what was passed on came first */
        guint32 old = side->next - sequence;
        if (old >= length + missing)
            return;
        if (old >= length) {
            missing -= old - length;
            length = 0;
        } else {
            data += old;
            length -= old;
        }
        sequence = side->next;
    }
    if (sequence == side->next && !side->pieces) {
        pass_on(side, sink, data, length, missing);
        return;
    }
    keep(side, sink, sequence, data, length, missing);
    drain(side, sink);
    while (!side->done && side->pieces &&
           (side->pieces_kept > TCP_MAX_PIECES || side->bytes_kept > TCP_MAX_KEPT))
        jump(side, sink);
    if (side->done)
        forget(side, sink);
}

void tcp_side_end(TcpSide *side, const TcpSink *sink)
{
    while (!side->done && side->pieces)
        jump(side, sink);
    forget(side, sink);
}
