#include "shield/packets/packet.h"

#include "shield/packets/bytes.h"
#include "shield/packets/link.h"

enum { PORT_GTP_U = 2152, PORT_VXLAN = 4789, PORT_VXLAN_GPE = 4790, PORT_GENEVE = 6081 };

/* --- IP -------------------------------------------------------------------------------------- */

/* The payload is @declared bytes long, of which @there were captured. */
static void set_payload(Packet *packet, const guint8 *payload, gsize there, gsize declared)
{
    packet->payload = payload;
    packet->length = MIN(there, declared);
    packet->missing = declared - packet->length;
}

/* The protocols of extension headers: RFC 8200 section 4, and RFC 4302, which is IPv4's, too. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60 };

static PacketOutcome skip_extensions(guint8 next, Packet *packet)
{
    for (guint i = 0; i < PACKET_MAX_EXTENSIONS; i++) {
        const guint8 *at = packet->payload;
        gsize size;

        packet->protocol = next;
        if (next != HOP_BY_HOP && next != ROUTING && next != FRAGMENT && next != AUTHENTICATION &&
            next != DESTINATION)
            return PACKET_OK;
        if (packet->length < 8)
            return PACKET_SHORT;
        size = next == FRAGMENT ? 8 : next == AUTHENTICATION ? (at[1] + 2u) * 4 : (at[1] + 1u) * 8;
        if (packet->length < size)
            return packet->missing ? PACKET_SHORT : PACKET_BROKEN;
        gboolean fragment = next == FRAGMENT && (bytes_be16(at + 2) & 0xfff9) != 0;
        if (fragment) {
            packet->fragment = TRUE;
            packet->fragment_at = bytes_be16(at + 2) & 0xfff8;
            packet->fragment_last = !(at[3] & 1);
            packet->fragment_id = bytes_be32(at + 4);
        }
        next = at[0];
        packet->payload += size;
        packet->length -= size;
        if (fragment) {
            packet->protocol = next;
            return PACKET_OK;
        }
    }
    return PACKET_BROKEN;
}

static PacketOutcome parse_v4(const guint8 *data, gsize length, Packet *packet)
{
    if (length < 20)
        return PACKET_SHORT;
    gsize header = (data[0] & 15u) * 4, total = bytes_be16(data + 2);
    if (header < 20)
        return PACKET_BROKEN;
    if (total == 0) /* the network card was to cut it in pieces */
        total = length;
    if (total < header)
        return PACKET_BROKEN;
    if (length < header)
        return PACKET_SHORT;
    guint fragment = bytes_be16(data + 6);
    packet->protocol = data[9];
    memcpy(packet->source, data + 12, 4);
    memcpy(packet->destination, data + 16, 4);
    packet->fragment = (fragment & 0x3fff) != 0;
    packet->fragment_id = bytes_be16(data + 4);
    packet->fragment_at = (fragment & 0x1fff) * 8;
    packet->fragment_last = !(fragment & 0x2000);
    set_payload(packet, data + header, length - header, total - header);
    return packet->protocol == AUTHENTICATION && !packet->fragment
               ? skip_extensions(AUTHENTICATION, packet)
               : PACKET_OK;
}

static PacketOutcome parse_v6(const guint8 *data, gsize length, Packet *packet)
{
    if (length < 40)
        return PACKET_SHORT;
    gsize declared = bytes_be16(data + 4);
    if (declared == 0) /* a jumbogram, or to be cut in pieces */
        declared = length - 40;
    packet->v6 = TRUE;
    memcpy(packet->source, data + 8, 16);
    memcpy(packet->destination, data + 24, 16);
    set_payload(packet, data + 40, length - 40, declared);
    return skip_extensions(data[6], packet);
}

/* --- What IP carries -------------------------------------------------------------------------- */

static void skip_header(Packet *packet, gsize header)
{
    packet->payload += header;
    packet->length -= header;
}

static PacketOutcome parse_tcp(Packet *packet)
{
    const guint8 *at = packet->payload;

    if (packet->length < 20)
        return PACKET_SHORT;
    gsize header = (at[12] >> 4) * 4u;
    if (header < 20)
        return PACKET_BROKEN;
    packet->sequence = bytes_be32(at + 4);
    packet->flags = at[13];
    if (header > packet->length) { /* cut off within its options */
        if (header - packet->length > packet->missing)
            return PACKET_BROKEN;
        packet->missing -= header - packet->length;
        header = packet->length;
    }
    skip_header(packet, header);
    return PACKET_OK;
}

static PacketOutcome parse_udp(Packet *packet)
{
    if (packet->length < 8)
        return PACKET_SHORT;
    gsize declared = bytes_be16(packet->payload + 4), whole = packet->length + packet->missing;
    if (declared < 8 || declared > whole)
        declared = whole; /* 0 is a jumbogram's; what is wrong is not taken for longer than it is */
    set_payload(packet, packet->payload + 8, packet->length - 8, declared - 8);
    return PACKET_OK;
}

PacketOutcome packet_parse_transport(Packet *packet)
{
    if (packet->protocol != PACKET_TCP && packet->protocol != PACKET_UDP &&
        packet->protocol != PACKET_SCTP)
        return PACKET_OK;
    if (packet->length < 4)
        return PACKET_SHORT;
    packet->source_port = bytes_be16(packet->payload);
    packet->destination_port = bytes_be16(packet->payload + 2);
    return packet->protocol == PACKET_TCP   ? parse_tcp(packet)
           : packet->protocol == PACKET_UDP ? parse_udp(packet)
                                            : PACKET_OK;
}

PacketOutcome packet_parse_ip(const guint8 *data, gsize length, Packet *ret_packet)
{
    Packet packet = {0};

    if (length < 1)
        return PACKET_SHORT;
    PacketOutcome outcome = data[0] >> 4 == 4   ? parse_v4(data, length, &packet)
                            : data[0] >> 4 == 6 ? parse_v6(data, length, &packet)
                                                : PACKET_OTHER;
    if (outcome == PACKET_OK && !packet.fragment)
        outcome = packet_parse_transport(&packet);
    if (outcome == PACKET_OK)
        *ret_packet = packet;
    return outcome;
}

PacketOutcome packet_parse(guint32 link, const guint8 *data, gsize length, Packet *ret_packet)
{
    gsize at;

    switch (link_find_ip(link, data, length, &at)) {
    case LINK_FOUND:
        return packet_parse_ip(data + at, length - at, ret_packet);
    case LINK_OTHER:
        return PACKET_OTHER;
    case LINK_SHORT:
        return PACKET_SHORT;
    case LINK_UNKNOWN:
        break;
    }
    return PACKET_UNKNOWN;
}

/* --- Packets in packets ----------------------------------------------------------------------- */

static gboolean inner_of_type(guint16 type, const guint8 *data, gsize length, Packet *inner)
{
    gsize at;

    return link_find_ip_ethertype(type, data, length, &at) == LINK_FOUND &&
           packet_parse_ip(data + at, length - at, inner) == PACKET_OK;
}

/* RFC 2784 and 2890; version 1 is PPTP's, RFC 2637; 0x88be and 0x22eb are mirrored frames. */
static gboolean inner_of_gre(const guint8 *data, gsize length, Packet *inner)
{
    if (length < 4)
        return FALSE;
    guint flags = bytes_be16(data), type = bytes_be16(data + 2);
    gboolean sequence = flags & 0x1000;
    gsize at = 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (sequence ? 4 : 0) +
               ((flags & 7) == 1 && flags & 0x0080 ? 4 : 0);
    if (type == 0x88be) {
        at += sequence ? 8 : 0;
        type = 0x6558;
    } else if (type == 0x22eb) {
        if (length < at + 12)
            return FALSE;
        at += data[at + 11] & 1 ? 20 : 12;
        type = 0x6558;
    }
    return at <= length && inner_of_type((guint16)type, data + at, length - at, inner);
}

/* RFC 7348. */
static gboolean inner_of_vxlan(const guint8 *data, gsize length, Packet *inner)
{
    return length > 8 && data[0] & 0x08 && inner_of_type(0x6558, data + 8, length - 8, inner);
}

/* draft-ietf-nvo3-vxlan-gpe: the last byte of the first word says what follows. */
static gboolean inner_of_vxlan_gpe(const guint8 *data, gsize length, Packet *inner)
{
    if (length < 8)
        return FALSE;
    return data[3] == 1 || data[3] == 2
               ? packet_parse_ip(data + 8, length - 8, inner) == PACKET_OK
               : data[3] == 3 && inner_of_type(0x6558, data + 8, length - 8, inner);
}

/* RFC 8926. */
static gboolean inner_of_geneve(const guint8 *data, gsize length, Packet *inner)
{
    gsize header = length < 8 ? 0 : 8 + (data[0] & 0x3fu) * 4;

    return header > 0 && header <= length && data[0] >> 6 == 0 &&
           inner_of_type(bytes_be16(data + 2), data + header, length - header, inner);
}

/* 3GPP TS 29.281: messages of type 255 carry packets. */
static gboolean inner_of_gtp(const guint8 *data, gsize length, Packet *inner)
{
    gsize at = 8;

    if (length < 8 || data[0] >> 5 != 1 || data[1] != 255)
        return FALSE;
    if (data[0] & 7) { /* sequence number, N-PDU number, next extension */
        if (length < 12)
            return FALSE;
        guint next = data[11];
        for (at = 12; next != 0;) {
            if (at >= length || data[at] == 0 || data[at] * 4u > length - at)
                return FALSE;
            at += data[at] * 4u;
            next = data[at - 1];
        }
    }
    return packet_parse_ip(data + at, length - at, inner) == PACKET_OK;
}

static const struct {
    guint8 protocol;
    guint16 port; /* 0: any */
    gboolean (*inner)(const guint8 *data, gsize length, Packet *inner);
} tunnels[] = {
    {PACKET_GRE, 0, inner_of_gre},
    {PACKET_UDP, PORT_VXLAN, inner_of_vxlan},
    {PACKET_UDP, PORT_VXLAN_GPE, inner_of_vxlan_gpe},
    {PACKET_UDP, PORT_GENEVE, inner_of_geneve},
    {PACKET_UDP, PORT_GTP_U, inner_of_gtp},
};

gboolean packet_parse_inner(const Packet *outer, Packet *ret_inner)
{
    if (outer->fragment)
        return FALSE;
    if (outer->protocol == PACKET_IPIP || outer->protocol == PACKET_IPV6)
        return packet_parse_ip(outer->payload, outer->length, ret_inner) == PACKET_OK;
    /* What answers from a tunnel's port is of the tunnel, too. Nothing is lost on other traffic
     * that has the port by chance: the outer packet is looked at as well, and this has to be one.
     */
    for (guint i = 0; i < G_N_ELEMENTS(tunnels); i++)
        if (tunnels[i].protocol == outer->protocol &&
            (tunnels[i].port == 0 || tunnels[i].port == outer->destination_port ||
             tunnels[i].port == outer->source_port) &&
            tunnels[i].inner(outer->payload, outer->length, ret_inner))
            return TRUE;
    return FALSE;
}

const char *packet_protocol_name(guint8 protocol)
{
    static const struct {
        guint8 number;
        const char *name;
    } names[] = {
        {PACKET_TCP, "tcp"},   {PACKET_UDP, "udp"},
        {PACKET_ICMP, "icmp"}, {PACKET_ICMPV6, "icmpv6"},
        {2, "igmp"},           {PACKET_IPIP, "ipip"},
        {PACKET_IPV6, "ipv6"}, {PACKET_GRE, "gre"},
        {50, "esp"},           {51, "ah"},
        {88, "eigrp"},         {89, "ospf"},
        {103, "pim"},          {112, "vrrp"},
        {PACKET_SCTP, "sctp"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].number == protocol)
            return names[i].name;
    return NULL;
}
