/* tcp.h - puts the segments of one side of a TCP connection in order (RFC 9293); or the pieces of
 * another stream, whose offsets are sequence numbers then.
 *
 * What is in order is passed on where it lies; what came early is kept, within bounds, until the
 * gap before it is filled. Where segments overlap, the bytes that came first count. A gap that
 * stays is gone over when no more may be kept, or at the end. */
#pragma once

#include <glib.h>

/* Kept of one side. */
#define TCP_MAX_PIECES 64
#define TCP_MAX_KEPT   (128 * 1024)

typedef struct TcpPiece TcpPiece;

typedef struct {
    guint32 first; /* the sequence number it began with */
    guint32 next;  /* the one that comes next */
    gboolean begun;
    gboolean done; /* nothing more is wanted */
    guint16 pieces_kept;
    guint32 bytes_kept;
    TcpPiece *pieces; /* ascending, not overlapping */
} TcpSide;

typedef struct {
    /* The bytes that come next; FALSE: no more are wanted. */
    gboolean (*bytes)(gpointer user, const guint8 *data, gsize length);
    /* Bytes that were not captured. */
    gboolean (*gap)(gpointer user, gsize length);
    gpointer user;
    gsize *held; /* bytes kept by all sides are counted here */
} TcpSink;

/* Says that the first byte has this sequence number. */
void tcp_side_begin(TcpSide *side, guint32 sequence);

/* Takes a segment: @length bytes, then @missing that were not captured. The first one of a side
 * that was not begun begins it. */
void tcp_side_add(TcpSide *side, const TcpSink *sink, guint32 sequence, const guint8 *data,
                  gsize length, gsize missing);

/* Passes on all that is kept, gaps and all. */
void tcp_side_end(TcpSide *side, const TcpSink *sink);
