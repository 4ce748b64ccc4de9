/* quic_frames.h - the ClientHello in the frames of a client's Initial packets (RFC 9000 sections
 * 12.4 and 19).
 *
 * Its pieces come in CRYPTO frames, in any order, in several packets, some of them twice; where
 * they overlap the bytes that came first count. */
#pragma once

#include "shield/packets/hello.h"
#include "shield/packets/tcp.h"

typedef struct {
    TcpSide crypto;    /* puts the pieces in order: a stream is a stream */
    GByteArray *hello; /* so far, in order; NULL: nothing */
} QuicFrames;

/* Takes what one packet carried. Anything but HELLO_MORE is the last word: nothing is taken any
 * more, and only when it is HELLO_FOUND @frames->hello is the message and *ret_hello set. @held
 * counts the bytes that are kept. */
HelloOutcome quic_frames_add(QuicFrames *frames, const guint8 *payload, gsize length, gsize *held,
                             Hello *ret_hello);

void quic_frames_clear(QuicFrames *frames, gsize *held);
