/* packet.h - one packet: between whom, and what it carries.
 *
 * From the link layer (link.h) to IPv4 (RFC 791) and IPv6 (RFC 8200, with extension headers), TCP,
 * UDP, SCTP's ports and ICMP. Packets in packets (IP in IP, GRE, VXLAN, Geneve, GTP-U) are taken
 * out one by one. What is cut off is known as missing, never read. */
#pragma once

#include <glib.h>

/* Packets within packets that are looked at. */
#define PACKET_MAX_DEPTH 4

/* Extension headers of one IPv6 packet. */
#define PACKET_MAX_EXTENSIONS 16

typedef enum {
    PACKET_OK,
    PACKET_OTHER,   /* no IP: ARP, spanning tree, ... */
    PACKET_SHORT,   /* cut off before its addresses or ports */
    PACKET_BROKEN,  /* lengths that contradict each other */
    PACKET_UNKNOWN, /* a link layer that is not known */
} PacketOutcome;

enum {
    PACKET_ICMP = 1,
    PACKET_IPIP = 4,
    PACKET_TCP = 6,
    PACKET_UDP = 17,
    PACKET_IPV6 = 41,
    PACKET_GRE = 47,
    PACKET_ICMPV6 = 58,
    PACKET_SCTP = 132,
};

enum { PACKET_FIN = 1, PACKET_SYN = 2, PACKET_RST = 4, PACKET_ACK = 16 };

typedef struct {
    gboolean v6;
    guint8 source[16], destination[16];    /* IPv4: the first four bytes, the rest is zero */
    guint8 protocol;                       /* of IP: TCP is 6 */
    guint16 source_port, destination_port; /* 0: it has none */
    guint32 sequence;                      /* TCP */
    guint8 flags;                          /* TCP */
    const guint8 *payload;                 /* of TCP and UDP; else, and of fragments, of IP */
    gsize length;
    gsize missing;     /* bytes of the payload behind @length that were not captured */
    gboolean fragment; /* the payload is only a part, its ports are not known yet */
    guint32 fragment_id;
    guint32 fragment_at; /* in bytes */
    gboolean fragment_last;
} Packet;

/* Reads the packet of which @length bytes were captured. */
PacketOutcome packet_parse(guint32 link, const guint8 *data, gsize length, Packet *ret_packet);

/* Reads what begins with an IP header. */
PacketOutcome packet_parse_ip(const guint8 *data, gsize length, Packet *ret_packet);

/* Reads the header of TCP or UDP at the start of the payload of @packet, which was put together
 * from fragments. */
PacketOutcome packet_parse_transport(Packet *packet);

/* The packet that @outer carries, if it is a tunnel's. */
gboolean packet_parse_inner(const Packet *outer, Packet *ret_inner);

/* "tcp", "udp", "icmp", ...; NULL when the protocol has no name here. Static text. */
const char *packet_protocol_name(guint8 protocol);
