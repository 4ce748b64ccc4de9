/* Packets out of capture files: pcap and pcapng in all their byte orders and resolutions, whole,
 * cut off and broken. */
#include "frames.h"
#include "shield/packets/capture.h"

/* Writes every packet as "number time link length/original first-byte; ", or the failure. */
static char *read_all(const GByteArray *file)
{
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_autoptr(Capture) capture = capture_new(stream);
    GString *text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    CapturePacket packet;
    gboolean end;

    for (;;) {
        if (!capture_next(capture, &packet, &end, &error)) {
            g_string_append_printf(text, "[%s]", error->message);
            break;
        }
        if (end)
            break;
        g_string_append_printf(text, "%d %" G_GINT64_FORMAT " %u %u/%u %02x; ", (int)packet.number,
                               packet.time, packet.link, (guint)packet.length,
                               (guint)packet.original, packet.length ? packet.data[0] : 0);
    }
    if (capture_cut_off(capture))
        g_string_append(text, "cut off");
    return g_string_free(text, FALSE);
}

static void check(const char *hex, const char *expected)
{
    g_autoptr(GByteArray) file = g_byte_array_new();
    frames_hex(file, hex);
    g_assert_true(capture_detect((const char *)file->data, file->len));
    g_autofree char *text = read_all(file);
    g_assert_cmpstr(text, ==, expected);
}

/* The same packet in every kind of pcap: byte orders, resolutions, the longer header. */
static void test_pcap(void)
{
    check("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
          "01000000 02000000 03000000 05000000 aabbcc",
          "1 1000002 1 3/5 aa; ");
    check("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001"
          "00000001 00000002 00000003 00000005 aabbcc",
          "1 1000002 1 3/5 aa; ");
    check("4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000"
          "01000000 d0070000 01000000 01000000 aa 02000000 00000000 00000000 00000000",
          "1 1000002 101 1/1 aa; 2 2000000 101 0/0 00; ");
    check("a1b23c4d 0002 0004 00000000 00000000 00040000 00000071"
          "ffffffff 3b9ac9ff 00000001 00000001 aa",
          "1 4294967295999999 113 1/1 aa; ");
    check("34cdb2a1 0200 0400 00000000 00000000 00000400 01000000"
          "01000000 02000000 01000000 01000000 0000000000000000 aa",
          "1 1000002 1 1/1 aa; ");
    /* The upper bits of the link layer say something else. */
    check("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000054"
          "01000000 02000000 01000000 00000000 aa",
          "1 1000002 1 1/1 aa; ");
}

static void test_pcap_broken(void)
{
    check("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
          "01000000 02000000 01000500 01000500 aa",
          "[broken capture behind packet 0: a packet is longer than any may be]");
    check("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
          "01000000 02000000 03000000 05000000 aabb",
          "1 1000002 1 2/5 aa; cut off");
    check("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000 01000000 02", "cut off");
    check("d4c3b2a1 0200 0400 00000000",
          "[broken capture behind packet 0: its header is no pcap or "
          "pcapng header]");
}

#define SECTION_LE "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
#define SECTION_BE "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"

static void test_pcapng(void)
{
    /* Microseconds unless it says otherwise; blocks that are not known are passed over. */
    check(SECTION_LE "01000000 14000000 0100 0000 00000400 14000000"
                     "77777777 10000000 01020304 10000000"
                     "06000000 24000000 00000000 00000000 40420f00 03000000 05000000 aabbcc00 "
                     "24000000",
          "1 1000000 1 3/5 aa; ");
    check(SECTION_BE "00000001 00000014 0065 0000 00040000 00000014"
                     "00000006 00000024 00000000 00000000 000f4240 00000003 00000005 aabbcc00 "
                     "00000024",
          "1 1000000 101 3/5 aa; ");
    /* Two interfaces: nanoseconds, and 1/1024 s with an offset of 10 s; then another section. */
    check(SECTION_LE
          "01000000 20000000 0100 0000 00000400 0900 0100 09000000 00000000 20000000"
          "01000000 2c000000 6500 0000 00000000 0900 0100 8a000000 0e00 0800 "
          "0a00000000000000 00000000 2c000000"
          "06000000 20000000 00000000 00000000 00ca9a3b 00000000 00000000 20000000"
          "06000000 20000000 01000000 00000000 00060000 00000000 00000000 20000000" SECTION_BE
          "00000001 00000014 0001 0000 00000002 00000014"
          "00000003 00000014 00000005 aabb0000 00000014"
          "00000002 00000024 0000 0000 00000000 00000001 00000001 00000001 cc000000 "
          "00000024",
          "1 1000000 1 0/0 00; 2 11500000 101 0/0 00; 3 0 1 2/5 aa; 4 1 1 1/1 cc; ");
    /* 2^-30 s: one and a half seconds. */
    check(SECTION_LE "01000000 20000000 0100 0000 00000400 0900 0100 9e000000 00000000 20000000"
                     "06000000 20000000 00000000 00000000 00000060 00000000 00000000 20000000",
          "1 1500000 1 0/0 00; ");
}

static void test_pcapng_broken(void)
{
    check(SECTION_LE "06000000 20000000 00000000 00000000 00ca9a3b 00000000 00000000 20000000",
          "[broken capture behind packet 0: a packet of an interface that is not described]");
    check(SECTION_LE "77777777 0b000000", "cut off");
    check(SECTION_LE "77777777 0b000000 00000000",
          "[broken capture behind packet 0: a block of an impossible length]");
    check(SECTION_LE "01000000 14000000 0100 0000 00000400 14000000"
                     "06000000 20000000 00000000 00000000 00000000 01000000 01000000 20000000",
          "[broken capture behind packet 0: a packet is longer than its block]");
    check(SECTION_LE "77777777 00000010 00000000", "cut off");
}

/* What is cut off anywhere gives the packets before, and never anything else. */
static void test_cut(void)
{
    g_autoptr(GByteArray) file = frames_pcap();

    for (guint i = 0; i < 3; i++)
        frames_capture(file, i,
                       frames_wrap(FRAMES_ALDER, FRAMES_BIRCH, 17, frames_udp(1, 2, "abc", 3)));
    guint packet = (file->len - 24) / 3;
    for (guint length = 24; length <= file->len; length++) {
        /* On the heap, of just that size: a reader that goes too far is caught. */
        g_autoptr(GByteArray) part = g_byte_array_new();
        frames_bytes(part, file->data, length);
        g_autofree char *text = read_all(part);
        guint whole = (length - 24) / packet, rest = (length - 24) % packet, given = 0;
        for (const char *at = text; (at = strchr(at, ';')); at++)
            given++;
        g_assert_cmpuint(given, ==, whole + (rest >= 16));
        g_assert_cmpint(g_str_has_suffix(text, "cut off"), ==, rest > 0);
    }
}

/* Packets of all sizes, so that they lie across the ends of what is read in one go. */
static void test_many(void)
{
    g_autoptr(GByteArray) file = frames_pcap();
    g_autofree guint8 *bytes = g_malloc0(CAPTURE_MAX_PACKET);
    guint64 count = 0, total = 0;
    gboolean end;

    for (gsize size = 1; size <= CAPTURE_MAX_PACKET; size = size * 9 / 8 + 1) {
        bytes[size - 1] = (guint8)size;
        GByteArray *frame = g_byte_array_new();
        frames_bytes(frame, bytes, size);
        frames_capture(file, 0, frame);
        count++;
        total += size;
    }
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_autoptr(Capture) capture = capture_new(stream);
    CapturePacket packet;
    while (capture_next(capture, &packet, &end, NULL) && !end) {
        g_assert_cmpuint(packet.data[packet.length - 1], ==, (guint8)packet.length);
        count--;
        total -= packet.length;
    }
    g_assert_true(end);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpuint(total, ==, 0);
}

static void test_detect(void)
{
    g_assert_false(capture_detect("\xd4\xc3\xb2\xa1 some text", 16));
    g_assert_false(capture_detect("\n\r\r\n some text", 14));
    g_assert_false(capture_detect("\xd4\xc3\xb2\xa1\x02", 5));
    g_assert_false(capture_detect("192.0.2.1 is text", 17));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture/pcap", test_pcap);
    g_test_add_func("/capture/pcap-broken", test_pcap_broken);
    g_test_add_func("/capture/pcapng", test_pcapng);
    g_test_add_func("/capture/pcapng-broken", test_pcapng_broken);
    g_test_add_func("/capture/cut", test_cut);
    g_test_add_func("/capture/many", test_many);
    g_test_add_func("/capture/detect", test_detect);
    return g_test_run();
}
