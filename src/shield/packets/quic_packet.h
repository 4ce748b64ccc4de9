/* quic_packet.h - the long headers of QUIC's packets (RFC 8999 section 5.1, RFC 9000 section 17.2,
 * RFC 9369 section 3.2), of which several may lie in one datagram. What of them is protected is
 * left so. */
#pragma once

#include "shield/packets/bytes.h"

#define QUIC_PACKET_MAX_ID 20

typedef enum {
    QUIC_PACKET_NONE,     /* not known */
    QUIC_PACKET_V1,       /* RFC 9000, and drafts 33 and 34 */
    QUIC_PACKET_V2,       /* RFC 9369 */
    QUIC_PACKET_DRAFT_23, /* to 28 */
    QUIC_PACKET_DRAFT_29, /* to 32 */
    QUIC_PACKET_N_VERSIONS,
} QuicPacketVersion;

typedef struct {
    guint8 length;
    guint8 bytes[QUIC_PACKET_MAX_ID];
} QuicPacketId;

typedef struct {
    QuicPacketVersion version;
    gboolean initial; /* else it is gone over */
    QuicPacketId destination, source;
    const guint8 *data;
    gsize length;
    gsize number_at; /* of an Initial: where the packet number begins, with which the header ends */
} QuicPacket;

/* The version that these four bytes name. */
QuicPacketVersion quic_packet_version(guint32 number);

/* May this datagram begin with a packet that quic_packet_next() knows? Looks at five bytes. */
static inline gboolean quic_packet_detect(const guint8 *data, gsize length)
{
    return length > 5 && data[0] & 0x80 &&
           quic_packet_version(bytes_be32(data + 1)) != QUIC_PACKET_NONE;
}

/* Takes the first packet off the datagram. FALSE when there is none, or none that says how long it
 * is. */
gboolean quic_packet_next(const guint8 **data, gsize *length, QuicPacket *ret_packet);

/* Reads a number of variable length (RFC 9000 section 16) at *at and moves *at behind it. */
gboolean quic_packet_number(const guint8 *data, gsize length, gsize *at, guint64 *ret_number);
