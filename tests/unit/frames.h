/* frames.h - makes packets and captures for tests; no real traffic is kept in the project. */
#pragma once

#include <glib.h>
#include <string.h>

static inline void frames_be16(GByteArray *into, guint value)
{
    const guint8 bytes[] = {(guint8)(value >> 8), (guint8)value};
    g_byte_array_append(into, bytes, 2);
}

static inline void frames_be32(GByteArray *into, guint32 value)
{
    frames_be16(into, value >> 16);
    frames_be16(into, value & 0xffff);
}

static inline void frames_le32(GByteArray *into, guint32 value)
{
    guint32 bytes = GUINT32_TO_LE(value);
    g_byte_array_append(into, (const guint8 *)&bytes, 4);
}

static inline void frames_bytes(GByteArray *into, const void *bytes, gsize length)
{
    g_byte_array_append(into, bytes, (guint)length);
}

static inline void frames_text(GByteArray *into, const char *text)
{
    frames_bytes(into, text, strlen(text));
}

/* Hexadecimal digits; blanks between them are passed over. */
static inline void frames_hex(GByteArray *into, const char *hex)
{
    for (; *hex; hex++) {
        if (g_ascii_isspace(*hex))
            continue;
        guint8 byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(into, &byte, 1);
        hex++;
    }
}

/* An Ethernet header before @payload. */
static inline GByteArray *frames_ethernet(guint type, const GByteArray *payload)
{
    GByteArray *frame = g_byte_array_new();
    frames_hex(frame, "02aa00000001 02aa00000002");
    frames_be16(frame, type);
    frames_bytes(frame, payload->data, payload->len);
    return frame;
}

/* IPv4 between two addresses in host order. */
static inline GByteArray *frames_ipv4(guint32 from, guint32 to, guint protocol,
                                      const GByteArray *payload)
{
    GByteArray *packet = g_byte_array_new();
    frames_hex(packet, "4500");
    frames_be16(packet, 20 + payload->len);
    frames_hex(packet, "00000000 40");
    const guint8 byte = (guint8)protocol;
    frames_bytes(packet, &byte, 1);
    frames_hex(packet, "0000");
    frames_be32(packet, from);
    frames_be32(packet, to);
    frames_bytes(packet, payload->data, payload->len);
    return packet;
}

/* IPv6 between 2001:db8::@from and 2001:db8::@to. */
static inline GByteArray *frames_ipv6(guint from, guint to, guint protocol,
                                      const GByteArray *payload)
{
    GByteArray *packet = g_byte_array_new();
    frames_hex(packet, "60000000");
    frames_be16(packet, payload->len);
    const guint8 bytes[] = {(guint8)protocol, 64};
    frames_bytes(packet, bytes, 2);
    frames_hex(packet, "20010db8 00000000 00000000");
    frames_be32(packet, from);
    frames_hex(packet, "20010db8 00000000 00000000");
    frames_be32(packet, to);
    frames_bytes(packet, payload->data, payload->len);
    return packet;
}

static inline GByteArray *frames_udp(guint source, guint destination, const void *payload,
                                     gsize length)
{
    GByteArray *datagram = g_byte_array_new();
    frames_be16(datagram, source);
    frames_be16(datagram, destination);
    frames_be16(datagram, 8 + (guint)length);
    frames_be16(datagram, 0);
    frames_bytes(datagram, payload, length);
    return datagram;
}

enum { FRAMES_FIN = 1, FRAMES_SYN = 2, FRAMES_RST = 4, FRAMES_ACK = 16 };

static inline GByteArray *frames_tcp(guint source, guint destination, guint32 sequence, guint flags,
                                     const void *payload, gsize length)
{
    GByteArray *segment = g_byte_array_new();
    frames_be16(segment, source);
    frames_be16(segment, destination);
    frames_be32(segment, sequence);
    frames_be32(segment, 0);
    frames_be16(segment, 0x5000 | flags);
    frames_hex(segment, "ffff 0000 0000");
    frames_bytes(segment, payload, length);
    return segment;
}

/* The beginning of a pcap file of Ethernet frames, little endian, microseconds. */
static inline GByteArray *frames_pcap(void)
{
    GByteArray *file = g_byte_array_new();
    frames_hex(file, "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000");
    return file;
}

/* Appends @frame, captured at @seconds; takes it over. */
static inline void frames_capture(GByteArray *file, guint32 seconds, GByteArray *frame)
{
    frames_le32(file, seconds);
    frames_le32(file, 0);
    frames_le32(file, frame->len);
    frames_le32(file, frame->len);
    frames_bytes(file, frame->data, frame->len);
    g_byte_array_unref(frame);
}

/* @payload, which it takes over, in IPv4 in Ethernet. */
static inline GByteArray *frames_wrap(guint32 from, guint32 to, guint protocol, GByteArray *payload)
{
    GByteArray *packet = frames_ipv4(from, to, protocol, payload);
    GByteArray *frame = frames_ethernet(0x0800, packet);
    g_byte_array_unref(payload);
    g_byte_array_unref(packet);
    return frame;
}

/* 192.0.2.1 and 198.51.100.7 */
#define FRAMES_ALDER 0xc0000201u
#define FRAMES_BIRCH 0xc6336407u
