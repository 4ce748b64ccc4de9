#include "shield/packets/quic_packet.h"

/* Of a v1 packet: bits 4 and 5 of the first byte. Those of v2 are one more, modulo four. */
enum { TYPE_INITIAL = 0, TYPE_RETRY = 3 };

/* What header protection takes its sample of, behind the longest packet number. */
enum { NUMBER_MAX = 4, SAMPLE = 16 };

QuicPacketVersion quic_packet_version(guint32 number)
{
    static const struct {
        guint32 first, last;
        QuicPacketVersion version;
    } versions[] = {
        {0x00000001, 0x00000001, QUIC_PACKET_V1},
        {0x6b3343cf, 0x6b3343cf, QUIC_PACKET_V2},
        {0xff000017, 0xff00001c, QUIC_PACKET_DRAFT_23},
        {0xff00001d, 0xff000020, QUIC_PACKET_DRAFT_29},
        {0xff000021, 0xff000022, QUIC_PACKET_V1},
    };

    for (guint i = 0; i < G_N_ELEMENTS(versions); i++)
        if (number >= versions[i].first && number <= versions[i].last)
            return versions[i].version;
    return QUIC_PACKET_NONE;
}

gboolean quic_packet_number(const guint8 *data, gsize length, gsize *at, guint64 *ret_number)
{
    if (*at >= length)
        return FALSE;
    gsize size = (gsize)1 << (data[*at] >> 6);
    if (size > length - *at)
        return FALSE;
    guint64 number = data[*at] & 0x3f;
    for (gsize i = 1; i < size; i++)
        number = number << 8 | data[*at + i];
    *at += size;
    *ret_number = number;
    return TRUE;
}

static gboolean read_id(const guint8 *data, gsize length, gsize *at, QuicPacketId *id)
{
    if (*at >= length || data[*at] > QUIC_PACKET_MAX_ID || data[*at] > length - *at - 1)
        return FALSE;
    id->length = data[*at];
    memcpy(id->bytes, data + *at + 1, id->length);
    *at += 1 + id->length;
    return TRUE;
}

gboolean quic_packet_next(const guint8 **data, gsize *length, QuicPacket *ret_packet)
{
    QuicPacket packet = {.data = *data};
    guint64 token, rest;
    gsize at = 5;

    if (!quic_packet_detect(*data, *length))
        return FALSE;
    packet.version = quic_packet_version(bytes_be32(*data + 1));
    guint type = ((*data)[0] >> 4) & 3u;
    if (packet.version == QUIC_PACKET_V2)
        type = (type + 3) & 3;
    packet.initial = type == TYPE_INITIAL;
    if (type == TYPE_RETRY || !read_id(*data, *length, &at, &packet.destination) ||
        !read_id(*data, *length, &at, &packet.source))
        return FALSE;
    if (packet.initial) {
        if (!quic_packet_number(*data, *length, &at, &token) || token > *length - at)
            return FALSE;
        at += token;
    }
    if (!quic_packet_number(*data, *length, &at, &rest) || rest > *length - at)
        return FALSE;
    packet.number_at = at;
    packet.length = at + rest;
    packet.initial = packet.initial && rest >= NUMBER_MAX + SAMPLE;
    *data += packet.length;
    *length -= packet.length;
    *ret_packet = packet;
    return TRUE;
}
