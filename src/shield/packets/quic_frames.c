#include "shield/packets/quic_frames.h"

#include "shield/packets/quic_packet.h"

/* Those that an Initial packet may have, but for CONNECTION_CLOSE. */
enum {
    FRAME_PADDING = 0,
    FRAME_PING = 1,
    FRAME_ACK = 2,
    FRAME_ACK_ECN = 3,
    FRAME_CRYPTO = 6,
};

/* A packet's frames being taken. */
typedef struct {
    QuicFrames *frames;
    gsize *held;
    HelloOutcome outcome;
    Hello *hello;
} Taking;

static gboolean take_bytes(gpointer user, const guint8 *data, gsize length)
{
    Taking *taking = user;
    QuicFrames *frames = taking->frames;

    if (!frames->hello)
        frames->hello = g_byte_array_new();
    g_byte_array_append(frames->hello, data, (guint)length);
    *taking->held += length;
    taking->outcome =
        hello_read_message(frames->hello->data, frames->hello->len, HELLO_QUIC, taking->hello);
    return taking->outcome == HELLO_MORE;
}

/* More pieces wait than may. */
static gboolean take_gap(gpointer user, gsize length)
{
    Taking *taking = user;

    taking->outcome = HELLO_NONE;
    return FALSE;
}

/* What lies beyond the longest ClientHello is none of it. */
static void take_crypto(Taking *taking, guint64 offset, const guint8 *data, gsize length)
{
    TcpSink sink = {take_bytes, take_gap, taking, taking->held};

    if (offset < HELLO_MAX)
        tcp_side_add(&taking->frames->crypto, &sink, (guint32)offset, data,
                     MIN(length, HELLO_MAX - (gsize)offset), 0);
}

/* Numbers without a meaning here. */
static gboolean skip(const guint8 *payload, gsize length, gsize *at, guint64 count)
{
    guint64 number;

    while (count-- > 0)
        if (!quic_packet_number(payload, length, at, &number))
            return FALSE;
    return TRUE;
}

/* Largest, delay, count of ranges, first range; two numbers a range; three counts of ECN. */
static gboolean skip_ack(const guint8 *payload, gsize length, gsize *at, guint64 type)
{
    guint64 ranges;

    return skip(payload, length, at, 2) && quic_packet_number(payload, length, at, &ranges) &&
           skip(payload, length, at, 1 + 2 * MIN(ranges, length)) &&
           skip(payload, length, at, type == FRAME_ACK_ECN ? 3 : 0);
}

/* Goes over a frame, or takes it. FALSE when nothing behind it can be read. */
static gboolean take_frame(Taking *taking, const guint8 *payload, gsize length, gsize *at)
{
    guint64 type, offset, size;

    if (!quic_packet_number(payload, length, at, &type))
        return FALSE;
    switch (type) {
    case FRAME_PADDING:
        while (*at < length && payload[*at] == FRAME_PADDING)
            ++*at;
        return TRUE;
    case FRAME_PING:
        return TRUE;
    case FRAME_ACK:
    case FRAME_ACK_ECN:
        return skip_ack(payload, length, at, type);
    case FRAME_CRYPTO:
        if (!quic_packet_number(payload, length, at, &offset) ||
            !quic_packet_number(payload, length, at, &size) || size > length - *at)
            return FALSE;
        take_crypto(taking, offset, payload + *at, (gsize)size);
        *at += size;
        return TRUE;
    default: /* CONNECTION_CLOSE is the last word; the others have no place here */
        return FALSE;
    }
}

HelloOutcome quic_frames_add(QuicFrames *frames, const guint8 *payload, gsize length, gsize *held,
                             Hello *ret_hello)
{
    Taking taking = {frames, held, HELLO_MORE, ret_hello};
    gsize at = 0;

    if (frames->crypto.done)
        return HELLO_NONE;
    if (!frames->crypto.begun)
        tcp_side_begin(&frames->crypto, 0);
    while (at < length && taking.outcome == HELLO_MORE)
        if (!take_frame(&taking, payload, length, &at))
            break;
    return taking.outcome;
}

void quic_frames_clear(QuicFrames *frames, gsize *held)
{
    TcpSink sink = {.held = held};

    frames->crypto.done = TRUE;
    tcp_side_end(&frames->crypto, &sink);
    if (frames->hello)
        *held -= frames->hello->len;
    g_clear_pointer(&frames->hello, g_byte_array_unref);
}
