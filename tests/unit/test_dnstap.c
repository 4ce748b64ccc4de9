/* dnstap: Frame Streams and the fields of its protocol buffers; and what is broken. */
#include "frames.h"
#include "shield/packets/dnstap.h"

/* START with its content type. */
#define START                                                                                      \
    "00000000 00000022 00000002 00000001 00000016 70726f746f6275663a646e737461702e446e7374"        \
    "6170"
#define STOP "00000000 00000004 00000003"

static void append_end(GString *text, const DnstapEnd *end)
{
    for (gsize i = 0; i < end->length; i++)
        g_string_append_printf(text, "%02x", end->bytes[i]);
    g_string_append_printf(text, ":%u ", end->port);
}

/* Writes each message as "number type time protocol query-end response-end lengths; ". */
static void check(const char *hex, const char *expected)
{
    g_autoptr(GByteArray) file = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    DnstapMessage message;
    gboolean end = FALSE;

    frames_hex(file, hex);
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_autoptr(Dnstap) dnstap = dnstap_new(stream);
    while (dnstap_next(dnstap, &message, &end, &error) && !end) {
        g_string_append_printf(text, "%d %u %" G_GINT64_FORMAT " %u ", (int)message.number,
                               message.type, message.time, message.protocol);
        append_end(text, &message.query_end);
        append_end(text, &message.response_end);
        g_string_append_printf(text, "%u/%u; ", (guint)message.query_length,
                               (guint)message.response_length);
    }
    if (error)
        g_string_append_printf(text, "[%s]", error->message);
    if (dnstap_cut_off(dnstap))
        g_string_append(text, "cut off");
    if (dnstap_broken(dnstap))
        g_string_append_printf(text, "%d broken", (int)dnstap_broken(dnstap));
    g_assert_cmpstr(text->str, ==, expected);
}

/* type 5 (CLIENT_QUERY), INET, UDP, addresses, ports, time, query */
#define QUERY                                                                                      \
    "00000034 7801 7230 0805 1001 1801 2204c0000201 2a04c6336407 30e807 3835 "                     \
    "4080a8d6b907 4d00ca9a3b 52 0c 000101000000000000000000"

static void test_messages(void)
{
    /* 1 s of nanoseconds is none: it is cut to its part below a second. */
    check(START QUERY STOP, "1 5 2000000000000000 1 c0000201:1000 c6336407:53 12/0; ");
    check(START QUERY QUERY, "1 5 2000000000000000 1 c0000201:1000 c6336407:53 12/0; "
                             "2 5 2000000000000000 1 c0000201:1000 c6336407:53 12/0; ");
    /* A response: IPv6, its own time; fields that are not known, of every wire type. */
    check(START "0000004f 0a0161 120162 7801 7245 0806 1002 1802 "
                "221020010db8000000000000000000000001 60 e907 6d 0000003c 72 04 00010000 "
                "a00105 a9010102030405060708 ad0101020304 b201020102 3a0161 2a020102 " STOP,
          "1 6 1001006632 2 20010db8000000000000000000000001:0 :0 0/4; ");
    /* What comes behind STOP is another stream's. */
    check(START STOP START QUERY STOP, "1 5 2000000000000000 1 c0000201:1000 c6336407:53 12/0; ");
    check(START, "");
}

static void test_broken(void)
{
    check("00000000 00000022 00000002 00000001 00000016 70726f746f6275663a646e737461702e446e7374"
          "6171",
          "[broken dnstap behind message 0: these Frame Streams hold something else]");
    check("00000000 00000003 00000002",
          "[broken dnstap behind message 0: a control frame of an impossible length]");
    check(START "00040001 00", "[broken dnstap behind message 0: a frame is longer than any may "
                               "be]");
    check(START "00000010 7801", "cut off");
    check(START "0000", "cut off");
    check(START "00000000 0000", "cut off");
    /* No message, a message longer than its frame, a field of a group, a number without end. */
    check(START "00000002 7801" QUERY "00000003 720901"
                "00000002 730a"
                "0000000b ffffffffffffffffffffff" STOP,
          "2 5 2000000000000000 1 c0000201:1000 c6336407:53 12/0; 4 broken");
}

static void test_detect(void)
{
    static const char start[] = "\0\0\0\0\0\0\0\x22\0\0\0\2";
    g_assert_true(dnstap_detect(start, 12));
    g_assert_false(dnstap_detect(start, 11));
    g_assert_false(dnstap_detect("\0\0\0\0\0\0\0\0\0\0\0\0", 12));
    g_assert_false(dnstap_detect("00000000 00000022", 16));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dnstap/messages", test_messages);
    g_test_add_func("/dnstap/broken", test_broken);
    g_test_add_func("/dnstap/detect", test_detect);
    return g_test_run();
}
