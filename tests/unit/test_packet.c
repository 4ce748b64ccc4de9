/* One packet: link layers, IPv4 and IPv6, what they carry, packets in packets, and what is cut off.
 */
#include "frames.h"
#include "shield/packets/link.h"
#include "shield/packets/packet.h"
#include "stix/observable_address.h"

static void append_end(GString *text, const guint8 *bytes, gboolean v6, guint port)
{
    ObservableAddress address = {.prefix = v6 ? 128 : 32, .v6 = v6};
    char written[OBSERVABLE_ADDRESS_MAX];

    memcpy(address.bytes, bytes, 16);
    observable_address_format(&address, written);
    g_string_append_printf(text, "%s:%u ", written, port);
}

/* Writes "source destination protocol payload+missing", and what is in it. */
static char *describe(guint32 link, const guint8 *data, gsize length)
{
    static const char *const outcomes[] = {"ok", "other", "short", "broken", "unknown"};
    g_autofree guint8 *copy = g_memdup2(data, length); /* of just that size */
    GString *text = g_string_new(NULL);
    Packet packet, inner;
    PacketOutcome outcome = packet_parse(link, copy, length, &packet);

    if (outcome != PACKET_OK)
        g_string_append(text, outcomes[outcome]);
    for (guint depth = 0; outcome == PACKET_OK && depth < PACKET_MAX_DEPTH; depth++) {
        append_end(text, packet.source, packet.v6, packet.source_port);
        append_end(text, packet.destination, packet.v6, packet.destination_port);
        const char *name = packet_protocol_name(packet.protocol);
        g_string_append_printf(text, "%s %u+%u", name ? name : "?", (guint)packet.length,
                               (guint)packet.missing);
        if (packet.fragment)
            g_string_append_printf(text, " part of %u at %u%s", packet.fragment_id,
                                   packet.fragment_at, packet.fragment_last ? ", last" : "");
        if (!packet_parse_inner(&packet, &inner))
            break;
        g_string_append(text, " | ");
        packet = inner;
    }
    return g_string_free(text, FALSE);
}

static void check(guint32 link, const char *before, const GByteArray *packet, const char *expected)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();

    frames_hex(frame, before);
    frames_bytes(frame, packet->data, packet->len);
    g_autofree char *text = describe(link, frame->data, frame->len);
    g_assert_cmpstr(text, ==, expected);
}

#define PLAIN "192.0.2.1:1000 198.51.100.7:53 udp 3+0"

static GByteArray *make_plain(void)
{
    g_autoptr(GByteArray) udp = frames_udp(1000, 53, "abc", 3);
    return frames_ipv4(FRAMES_ALDER, FRAMES_BIRCH, 17, udp);
}

#define MACS "02aa00000001 02aa00000002 "

static void test_links(void)
{
    g_autoptr(GByteArray) ip = make_plain();
    static const struct {
        guint32 link;
        const char *before;
    } cases[] = {
        {LINK_ETHERNET, MACS "0800"},
        {LINK_ETHERNET, MACS "8100 0001 0800"},
        {LINK_ETHERNET, MACS "88a8 0001 8100 0002 0800"},
        {LINK_ETHERNET, MACS "9100 0001 9100 0002 8100 0003 0800"},
        {LINK_ETHERNET, MACS "8847 00001040 00002140"},
        {LINK_ETHERNET, MACS "8847 00002140 00000000 " MACS "0800"},
        {LINK_ETHERNET, MACS "8864 1100 0001 0025 0021"},
        {LINK_ETHERNET, MACS "0030 aaaa03 000000 0800"},
        {LINK_ETHERNET, MACS "0030 060603"},
        {LINK_ETHERNET, MACS "8909 0101 0001 0001 0800"},
        {LINK_NULL, "02000000"},
        {LINK_LOOP, "00000002"},
        {LINK_RAW, ""},
        {LINK_RAW_BSD, ""},
        {LINK_IPV4, ""},
        {LINK_PPP, "ff03 0021"},
        {LINK_PPP, "21"},
        {LINK_SLL, "0000 0001 0006 02aa000000010000 0800"},
        {LINK_SLL, "0000 0001 0006 02aa000000010000 8100 0001 0800"},
        {LINK_SLL2, "0800 0000 00000001 0001 00 06 02aa000000010000"},
        {LINK_FRAME_RELAY, "1841 03 cc"},
        {LINK_FRAME_RELAY, "1841 0800"},
        {LINK_RADIOTAP, "00000c00 0000000000000000 0800 0000 02aa00000001 02aa00000002 "
                        "02aa00000003 0000 aaaa03 000000 0800"},
        {LINK_WIFI, "8800 0000 02aa00000001 02aa00000002 02aa00000003 0000 0000 aaaa03 000000 "
                    "0800"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        check(cases[i].link, cases[i].before, ip, PLAIN);
    }
    check(LINK_NFLOG, "02000000 08000100 08000300 2300 0900", ip, PLAIN);
    check(LINK_ETHERNET, MACS "0806", ip, "other");
    check(LINK_ETHERNET, MACS "0030 424203", ip, "other");
    check(LINK_WIFI, "8000 0000 02aa00000001 02aa00000002 02aa00000003 0000", ip, "other");
    check(LINK_WIFI, "0840 0000 02aa00000001 02aa00000002 02aa00000003 0000", ip, "other");
    check(4711, "", ip, "unknown");
}

/* Padding behind the packet is none of it; options before it are. */
static void test_ipv4(void)
{
    g_autoptr(GByteArray) ip = make_plain();
    g_autoptr(GByteArray) frame = g_byte_array_new();

    frames_bytes(frame, ip->data, ip->len);
    frames_hex(frame, "000000000000");
    check(LINK_RAW, "", frame, PLAIN);
    frame->data[2] = frame->data[3] = 0; /* no length: whatever there is */
    check(LINK_RAW, "", frame, PLAIN);

    static const struct {
        const char *hex, *expected;
    } cases[] = {
        {"46000024 00000000 40110000 c0000201 c6336407 94040000 03e80035 000b0000 616263",
         "192.0.2.1:1000 198.51.100.7:53 udp 3+0"},
        {"45000014 00000000 40010000 c0000201 c6336407", "192.0.2.1:0 198.51.100.7:0 icmp 0+0"},
        /* An authentication header, and one longer than the packet. */
        {"4500002f 00000000 40330000 c0000201 c6336407 11020000 00000001 00000001 00000000 "
         "03e80035 000b0000 616263",
         "192.0.2.1:1000 198.51.100.7:53 udp 3+0"},
        {"45000024 00000000 40330000 c0000201 c6336407 11090000 00000001 00000001 00000000",
         "broken"},
        {"45000018 00050000 40630000 c0000201 c6336407 01020304",
         "192.0.2.1:0 198.51.100.7:0 ? 4+0"},
        {"4400001f 00000000 40110000 c0000201 c6336407 03e80035", "broken"},
        {"45000010 00000000 40110000 c0000201 c6336407 03e80035", "broken"},
        {"45000020 00072001 40110000 c0000201 c6336407 03e80035 00000000 00000000",
         "192.0.2.1:0 198.51.100.7:0 udp 12+0 part of 7 at 8"},
        {"35000020 00072001 40110000 c0000201 c6336407 03e80035 00000000 00000000", "other"},
        /* UDP that claims more than IP has, TCP with too short a header. */
        {"4500001c 00000000 40110000 c0000201 c6336407 03e80035 ffff0000",
         "192.0.2.1:1000 198.51.100.7:53 udp 0+0"},
        {"45000028 00000000 40060000 c0000201 c6336407 03e80035 00000001 00000000 40020000 "
         "00000000",
         "broken"},
        {"45000028 00000000 40060000 c0000201 c6336407 03e80035 00000001 00000000 f0020000 "
         "00000000",
         "broken"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) packet = g_byte_array_new();
        frames_hex(packet, cases[i].hex);
        check(LINK_RAW, "", packet, cases[i].expected);
    }
}

static void test_ipv6(void)
{
    static const char *const ends = "20010db8000000000000000000000001"
                                    "20010db8000000000000000000000002";
    static const struct {
        const char *start, *rest, *expected;
    } cases[] = {
        {"60000000 000b 11 40", "03e80035 000b0000 616263",
         "2001:db8::1:1000 2001:db8::2:53 udp 3+0"},
        /* Hop by hop, routing, destination options. */
        {"60000000 0023 00 40",
         "2b00000000000000 3c00000000000000 1100000000000000 03e80035 000b0000 616263",
         "2001:db8::1:1000 2001:db8::2:53 udp 3+0"},
        /* A fragment header that does not fragment, and ones that do. */
        {"60000000 0013 2c 40", "1100000000000009 03e80035 000b0000 616263",
         "2001:db8::1:1000 2001:db8::2:53 udp 3+0"},
        {"60000000 0010 2c 40", "1100000100000009 03e80035 000b0000",
         "2001:db8::1:0 2001:db8::2:0 udp 8+0 part of 9 at 0"},
        {"60000000 0010 2c 40", "1100000800000009 03e80035 000b0000",
         "2001:db8::1:0 2001:db8::2:0 udp 8+0 part of 9 at 8, last"},
        {"60000000 0008 00 40", "2bff000000000000", "broken"},
        {"60000000 0000 3b 40", "", "2001:db8::1:0 2001:db8::2:0 ? 0+0"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) packet = g_byte_array_new();
        frames_hex(packet, cases[i].start);
        frames_hex(packet, ends);
        frames_hex(packet, cases[i].rest);
        check(LINK_RAW, "", packet, cases[i].expected);
    }
    /* More extension headers than anybody sends. */
    g_autoptr(GByteArray) many = g_byte_array_new();
    frames_hex(many, "60000000 0320 00 40");
    frames_hex(many, ends);
    for (guint i = 0; i < 100; i++)
        frames_hex(many, "0000000000000000");
    check(LINK_RAW, "", many, "broken");
}

/* A tunnel's headers between two IPv4 packets. */
static void check_tunnel(guint protocol, const char *hex, const char *outer)
{
    g_autoptr(GByteArray) ip = make_plain(), between = g_byte_array_new();
    g_autofree char *expected = g_strdup_printf("%s | " PLAIN, outer);

    frames_hex(between, hex);
    frames_bytes(between, ip->data, ip->len);
    g_autoptr(GByteArray) packet = frames_ipv4(FRAMES_BIRCH, FRAMES_ALDER, protocol, between);
    check(LINK_RAW, "", packet, expected);
}

static void test_tunnels(void)
{
#define BACK "198.51.100.7:0 192.0.2.1:0 "
#define UDP  "198.51.100.7:1 192.0.2.1:"
    check_tunnel(4, "", BACK "ipip 31+0");
    check_tunnel(51, "0402 0000 00000001 00000001 00000000", BACK "ipip 31+0");
    check_tunnel(47, "0000 0800", BACK "gre 35+0");
    check_tunnel(47, "b000 0800 00000000 00000001 00000002", BACK "gre 47+0");
    check_tunnel(47, "3081 880b 00230001 00000001 00000002 ff03 0021", BACK "gre 51+0");
    check_tunnel(47, "1000 88be 00000001 1000000000000000" MACS "0800", BACK "gre 61+0");
    check_tunnel(47, "1000 22eb 00000001 200000000000000000000000" MACS "0800", BACK "gre 65+0");
    check_tunnel(17, "0001 12b5 0000 0000 0800000000000100 " MACS "0800", UDP "4789 udp 53+0");
    check_tunnel(17, "0001 12b6 0000 0000 0c00000100000100", UDP "4790 udp 39+0");
    check_tunnel(17, "0001 17c1 0000 0000 01006558 00000100 00000000 " MACS "0800",
                 UDP "6081 udp 57+0");
    check_tunnel(17, "0001 0868 0000 0000 30ff001f 00000001", UDP "2152 udp 39+0");
    check_tunnel(17, "0001 0868 0000 0000 34ff0027 00000001 00000085 01000500",
                 UDP "2152 udp 47+0");
    /* From the tunnel's port; and to one that is another tunnel's by chance. */
#define FROM "198.51.100.7:"
    check_tunnel(17, "12b5 0001 0000 0000 0800000000000100 " MACS "0800",
                 FROM "4789 192.0.2.1:1 udp 53+0");
    check_tunnel(17, "12b6 0001 0000 0000 0c00000100000100", FROM "4790 192.0.2.1:1 udp 39+0");
    check_tunnel(17, "17c1 0001 0000 0000 01006558 00000100 00000000 " MACS "0800",
                 FROM "6081 192.0.2.1:1 udp 57+0");
    check_tunnel(17, "0868 0001 0000 0000 30ff001f 00000001", FROM "2152 192.0.2.1:1 udp 39+0");
    check_tunnel(17, "17c1 12b5 0000 0000 01006558 00000100 00000000 " MACS "0800",
                 FROM "6081 192.0.2.1:4789 udp 57+0");
    /* Tunnels in tunnels have an end. */
    g_autoptr(GByteArray) packet = make_plain();
    for (guint i = 0; i < 10; i++) {
        GByteArray *outer = frames_ipv4(FRAMES_ALDER, FRAMES_BIRCH, 4, packet);
        g_byte_array_unref(packet);
        packet = outer;
    }
    g_autofree char *text = describe(LINK_RAW, packet->data, packet->len);
    g_assert_nonnull(strstr(text, " | "));
}

/* Cut off anywhere, in whatever is above: never more than there is, and what is missing is known.
 */
static void test_cut(void)
{
    g_autoptr(GByteArray) tcp = frames_tcp(1, 2, 3, FRAMES_ACK, "abcdef", 6);
    g_autoptr(GByteArray) ip = frames_ipv4(FRAMES_ALDER, FRAMES_BIRCH, 6, tcp);
    g_autoptr(GByteArray) gre = g_byte_array_new();
    frames_hex(gre, "00006558" MACS "8100 0001 0800");
    frames_bytes(gre, ip->data, ip->len);
    g_autoptr(GByteArray) outer = frames_ipv6(1, 2, 47, gre);
    g_autoptr(GByteArray) frame = frames_ethernet(0x86dd, outer);

    for (gsize length = 0; length <= frame->len; length++) {
        g_autofree char *text = describe(LINK_ETHERNET, frame->data, length);
        if (length < 54)
            g_assert_cmpstr(text, ==, "short");
        else if (length == frame->len)
            g_assert_true(g_str_has_suffix(text, "| 192.0.2.1:1 198.51.100.7:2 tcp 6+0"));
        else if (length == frame->len - 4u)
            g_assert_true(g_str_has_suffix(text, "| 192.0.2.1:1 198.51.100.7:2 tcp 2+4"));
        else
            g_assert_true(g_str_has_prefix(text, "2001:db8::1:0 2001:db8::2:0 gre "));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packet/links", test_links);
    g_test_add_func("/packet/ipv4", test_ipv4);
    g_test_add_func("/packet/ipv6", test_ipv6);
    g_test_add_func("/packet/tunnels", test_tunnels);
    g_test_add_func("/packet/cut", test_cut);
    return g_test_run();
}
