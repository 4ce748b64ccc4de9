/* From captures to observations: what conversations say, in whatever pieces they come; and bounds.
 */
#include "frames.h"
#include "shield/packets/flow.h"
#include "shield/packets/packets.h"
#include "shield/set_builder.h"

static gboolean collect(gpointer user, const Observation *observation, guint64 packet)
{
    GString *text = user;

    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        g_string_append_printf(text, "%d %s=%.*s; ", (int)packet, value->field, (int)value->length,
                               value->text);
    }
    return TRUE;
}

/* What a capture gives, without the addresses unless @addresses; frees @file. */
static void check(GByteArray *file, gboolean addresses, const char *expected)
{
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_autoptr(GString) all = g_string_new(NULL), text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    PacketsCounts counts;

    packets_read(stream, collect, all, &counts, &error);
    g_assert_no_error(error);
    g_auto(GStrv) parts = g_strsplit(all->str, "; ", -1);
    for (char **part = parts; *part && **part; part++)
        if (addresses || !strstr(*part, " ip."))
            g_string_append_printf(text, "%s; ", *part);
    g_assert_cmpstr(text->str, ==, expected);
    g_byte_array_unref(file);
}

static GByteArray *tcp(gboolean back, guint32 sequence, guint flags, const void *data, gsize length)
{
    return back ? frames_wrap(FRAMES_BIRCH, FRAMES_ALDER, 6,
                              frames_tcp(80, 1000, sequence, flags, data, length))
                : frames_wrap(FRAMES_ALDER, FRAMES_BIRCH, 6,
                              frames_tcp(1000, 80, sequence, flags, data, length));
}

static GByteArray *udp(guint source, guint destination, const void *data, gsize length)
{
    return frames_wrap(FRAMES_ALDER, FRAMES_BIRCH, 17,
                       frames_udp(source, destination, data, length));
}

/* A text from one end, in order. */
static void say(GByteArray *file, gboolean back, guint32 *sequence, const char *text)
{
    frames_capture(file, 1, tcp(back, *sequence, FRAMES_ACK, text, strlen(text)));
    *sequence += (guint32)strlen(text);
}

/* Once for each conversation and direction. */
static void test_addresses(void)
{
    GByteArray *file = frames_pcap();

    for (guint i = 0; i < 3; i++) {
        frames_capture(file, i, tcp(FALSE, i, FRAMES_ACK, "", 0));
        frames_capture(file, i, tcp(TRUE, i, FRAMES_ACK, "", 0));
    }
    frames_capture(file, 4, udp(1000, 80, "\1", 1));
    frames_capture(file, 5, udp(1001, 80, "\1", 1));
    /* A conversation that was silent for so long is another. */
    frames_capture(file, 1000, udp(1000, 80, "\1", 1));
    check(file, TRUE,
          "1 ip.src=192.0.2.1; 1 ip.dst=198.51.100.7; 2 ip.src=198.51.100.7; "
          "2 ip.dst=192.0.2.1; 7 ip.src=192.0.2.1; 7 ip.dst=198.51.100.7; "
          "8 ip.src=192.0.2.1; 8 ip.dst=198.51.100.7; 9 ip.src=192.0.2.1; "
          "9 ip.dst=198.51.100.7; ");
}

#define REQUEST "GET /a HTTP/1.1\r\nHost: alder.example\r\n\r\n"

/* A request in pieces of any size, in any order of pairs, a piece twice. */
static void test_pieces(void)
{
    gsize length = strlen(REQUEST);

    for (gsize size = 1; size <= length; size++) {
        GByteArray *file = frames_pcap();
        guint count = (guint)((length + size - 1) / size);
        frames_capture(file, 1, tcp(FALSE, 0xffffffee, FRAMES_SYN, "", 0));
        for (guint i = 0; i < count; i++) {
            guint piece = (i ^ 1) < count ? i ^ 1 : i;
            gsize at = piece * size;
            frames_capture(file, 1,
                           tcp(FALSE, (guint32)(0xffffffef + at), FRAMES_ACK, &REQUEST[at],
                               MIN(size, length - at)));
            frames_capture(file, 1,
                           tcp(FALSE, (guint32)(0xffffffef + at), FRAMES_ACK, &REQUEST[at], 1));
        }
        guint last = 2 * count; /* the last piece, or the one before that was late, fills it */
        g_autofree char *expected = g_strdup_printf(
            "%u http.host=alder.example; %u http.url=http://alder.example/a; ", last, last);
        check(file, FALSE, expected);
    }
}

/* Requests one after the other, with bodies of known and unknown length, in one connection. */
static void test_requests(void)
{
    GByteArray *file = frames_pcap();
    guint32 client = 0, server = 0;

    say(file, FALSE, &client,
        "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 22\r\n\r\n"
        "GET /not HTTP/1.1");
    say(file, TRUE, &server, "HTTP/1.1 200 OK\r\nServer: a\r\n\r\nGET /body");
    say(file, FALSE, &client, "\r\nHosGET /3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
    say(file, FALSE, &client, "12345\r\n0\r\n\r\n");
    say(file, FALSE, &client, "GET /4 HTTP/1.1\r\n\r\n");
    say(file, TRUE, &server, "more of a body");
    say(file, TRUE, &server, "HTTP/1.1 302 OK\r\nLocation: /x\r\n\r\n");
    check(file, FALSE,
          "1 http.url=http://198.51.100.7/1; 1 http.url=http://198.51.100.7/2; 2 http.server=a; "
          "3 http.url=http://198.51.100.7/3; 5 http.url=http://198.51.100.7/4; "
          "7 http.location=/x; ");
}

/* Where a body in chunks ends the next request is found, however the pieces are cut; what is no
 * chunk ends it, too. */
static void test_chunks(void)
{
    static const char text[] =
        "POST /1 HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
        "1a;name=\"x\"\r\nGET /not HTTP/1.1\r\nHost: a\r\n0\r\nTrailer: GET /no\r\n\r\n"
        "GET /2 HTTP/1.1\r\n\r\nPOST /3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        "POST /4 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nGET /5 HTTP/1.1\r\n\r\n";
    for (gsize size = 1; size < sizeof(text); size += 7) {
        g_autoptr(GString) found = g_string_new(NULL);
        GByteArray *file = frames_pcap();
        guint32 client = 0;
        for (gsize at = 0; at < sizeof(text) - 1; at += size) {
            g_autofree char *piece = g_strndup(text + at, size);
            say(file, FALSE, &client, piece);
        }
        for (int i = 1; i <= 5; i++) {
            g_autofree char *line =
                g_strdup_printf("%s /%d ", i == 2 || i == 5 ? "GET" : "POST", i);
            gsize end = (gsize)(strstr(strstr(text, line), "\r\n\r\n") + 4 - text);
            g_string_append_printf(found, "%u http.url=http://198.51.100.7/%d; ",
                                   (guint)((end + size - 1) / size), i);
        }
        check(file, FALSE, found->str);
    }
}

/* A body is gone over though parts of it were not captured. */
static void test_gap(void)
{
    GByteArray *file = frames_pcap();
    guint32 client = 0;

    say(file, FALSE, &client, "POST /1 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
    client += 900;
    say(file, FALSE, &client, "GET /not HTTP/1.1\r\n\r\n");
    client += 100 - 21;
    say(file, FALSE, &client, "GET /2 HTTP/1.1\r\n\r\n");
    check(file, FALSE, "1 http.url=http://198.51.100.7/1; 3 http.url=http://198.51.100.7/2; ");
    /* A head of which the rest is missing is read as far as it goes. */
    file = frames_pcap();
    client = 0;
    say(file, FALSE, &client, "GET /1 HTTP/1.1\r\nHost: alder.example\r\n");
    client += 10;
    say(file, FALSE, &client, "GET /2 HTTP/1.1\r\n\r\n");
    check(file, FALSE,
          "2 http.host=alder.example; 2 http.url=http://alder.example/1; "
          "2 http.url=http://198.51.100.7/2; ");
}

/* Another protocol begins late: behind CONNECT, behind a proxy's greeting, behind STARTTLS. */
static void test_late(void)
{
    GByteArray *file = frames_pcap(), *hello = g_byte_array_new();
    guint32 client = 0, server = 0;

    frames_hex(hello, "160301 0041 0100003d 0303 00000000000000000000000000000000"
                      "00000000000000000000000000000000 00 0002 1301 0100 0012"
                      "0000 000e 000c 00 0009 622e6578616d706c65");
    say(file, FALSE, &client, "CONNECT alder.example:443 HTTP/1.1\r\n\r\n");
    say(file, TRUE, &server, "HTTP/1.1 200 OK\r\n\r\n");
    frames_capture(file, 1, tcp(FALSE, client, FRAMES_ACK, hello->data, hello->len));
    check(file, FALSE,
          "1 http.host=alder.example; 3 tls.sni=b.example; "
          "3 tls.ja3=1e7c622032b0cb79401b0f7be3793a1a; "
          "3 tls.ja4=t12d010100_0f2cb44170f4_000000000000; "
          "3 tls.ja4=t12d010100_0f2cb44170f4_d2e2adf7177b; ");
    g_byte_array_unref(hello);
}

static void test_text(void)
{
    GByteArray *file = frames_pcap();
    guint32 client = 0, server = 0;

    say(file, TRUE, &server, "220 mail.alder.example ESMTP\r\n");
    say(file, FALSE, &client, "MAIL FROM:<mallory@");
    say(file, FALSE, &client, "birch.example>\r\nRCPT");
    frames_capture(file, 1, udp(514, 514, "<13>192.0.2.9", 13));
    check(file, FALSE,
          "1 payload=220 mail.alder.example ESMTP\r\n; "
          "3 payload=MAIL FROM:<mallory@birch.example>\r\n; "
          "4 payload=<13>192.0.2.9; 4 payload=RCPT; ");
}

static void test_dns(void)
{
    static const char message[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5alder\7example\0\0\1\0\1";
    GByteArray *file = frames_pcap(), *stream = g_byte_array_new();

    frames_capture(file, 1, udp(1000, 53, message, sizeof(message) - 1));
    frames_capture(file, 1, udp(5353, 5353, message, sizeof(message) - 1));
    frames_capture(file, 1, udp(1000, 54, message, sizeof(message) - 1));
    check(file, FALSE, "1 dns.query=alder.example; 2 dns.query=alder.example; ");
    /* Two messages over TCP, in pieces. */
    for (guint i = 0; i < 2; i++) {
        frames_be16(stream, sizeof(message) - 1);
        frames_bytes(stream, message, sizeof(message) - 1);
    }
    file = frames_pcap();
    for (guint at = 0; at < stream->len; at += 7)
        frames_capture(file, 1,
                       frames_wrap(FRAMES_ALDER, FRAMES_BIRCH, 6,
                                   frames_tcp(1000, 53, at, FRAMES_ACK, stream->data + at,
                                              MIN(7, stream->len - at))));
    check(file, FALSE, "5 dns.query=alder.example; 10 dns.query=alder.example; ");
    g_byte_array_unref(stream);
}

/* A datagram in fragments, the last one first, one of them twice with other bytes. */
static void test_fragments(void)
{
    static const char message[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5alder\7example\0\0\1\0\1";
    g_autoptr(GByteArray) datagram = frames_udp(1000, 53, message, sizeof(message) - 1);
    static const struct {
        guint at, length, wrong;
    } parts[] = {{32, 100, 0}, {8, 8, 0}, {0, 8, 0}, {8, 8, 1}, {16, 16, 0}};
    GByteArray *file = frames_pcap();

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(GByteArray) part = g_byte_array_new();
        guint at = parts[i].at, length = MIN(parts[i].length, datagram->len - at);
        frames_bytes(part, datagram->data + at, length);
        if (parts[i].wrong)
            memset(part->data, 'x', part->len);
        g_autoptr(GByteArray) packet = frames_ipv4(FRAMES_ALDER, FRAMES_BIRCH, 17, part);
        guint field = at / 8 | (at + length < datagram->len ? 0x2000 : 0);
        packet->data[6] = (guint8)(field >> 8);
        packet->data[7] = (guint8)field;
        frames_capture(file, 1, frames_ethernet(0x0800, packet));
    }
    check(file, FALSE, "5 dns.query=alder.example; ");
}

/* A new connection between the same ports is another conversation. */
static void test_again(void)
{
    GByteArray *file = frames_pcap();

    for (guint32 first = 5; first < 2000; first += 1000) {
        guint32 client = first + 1;
        frames_capture(file, 1, tcp(FALSE, first, FRAMES_SYN, "", 0));
        frames_capture(file, 1, tcp(FALSE, first, FRAMES_SYN, "", 0));
        say(file, FALSE, &client, "GET / HTTP/1.1\r\n\r\n");
        frames_capture(file, 1, tcp(FALSE, client, FRAMES_FIN | FRAMES_ACK, "", 0));
    }
    check(file, TRUE,
          "1 ip.src=192.0.2.1; 1 ip.dst=198.51.100.7; 3 http.url=http://198.51.100.7/; "
          "5 ip.src=192.0.2.1; 5 ip.dst=198.51.100.7; "
          "7 http.url=http://198.51.100.7/; ");
}

static gboolean count_urls(gpointer user, const Observation *observation, guint64 packet)
{
    guint *count = user;
    for (guint i = 0; i < observation->count; i++)
        *count += observation->values[i].kind == OBSERVABLE_URL;
    return TRUE;
}

/* More conversations than are known at the same time, each with something not whole: the oldest go
 * and are read as far as they came, and memory is bounded. */
static void test_many(void)
{
    guint found = 0;
    g_autoptr(Packets) packets = packets_new(count_urls, &found);
    PacketsCounts counts;
    guint flows = PACKETS_MAX_FLOWS + 1000;

    for (guint i = 0; i < flows; i++) {
        g_autoptr(GByteArray) frame =
            frames_wrap(i, FRAMES_BIRCH, 6, frames_tcp(1000, 80, 0, FRAMES_ACK, "GET /", 5));
        CapturePacket packet = {.number = i, .link = 1, .data = frame->data, .length = frame->len};
        g_assert_true(packets_add(packets, &packet));
    }
    packets_count(packets, &counts);
    g_assert_cmpuint(counts.flows, ==, flows);
    g_assert_cmpuint(counts.out, ==, 1000);
    g_assert_cmpuint(found, ==, 1000);
    g_assert_true(packets_end(packets));
    g_assert_cmpuint(found, ==, flows);
}

/* What is kept of all connections together has a bound. */
static void test_held(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(Packets) packets = packets_new(collect, text);
    g_autofree char *much = g_malloc(60000);
    PacketsCounts counts;

    memset(much, 0, 60000);
    for (guint i = 0; i < 2000; i++) {
        g_autoptr(GByteArray) first =
            frames_wrap(i, FRAMES_BIRCH, 6, frames_tcp(1000, 80, 0, FRAMES_ACK, "x", 1));
        g_autoptr(GByteArray) late =
            frames_wrap(i, FRAMES_BIRCH, 6, frames_tcp(1000, 80, 9, FRAMES_ACK, much, 60000));
        CapturePacket packet = {.number = i, .link = 1, .data = first->data, .length = first->len};
        packets_add(packets, &packet);
        packet.data = late->data;
        packet.length = late->len;
        packets_add(packets, &packet);
        g_string_truncate(text, 0);
    }
    packets_count(packets, &counts);
    g_assert_cmpuint(counts.out, >, 2000 - PACKETS_MAX_HELD / 60000 - 2);
}

static gboolean print_hit(gpointer user, const ScanHit *hit)
{
    g_string_append_printf(user, "%d %s %s %s %s %u; ", (int)hit->line, hit->field,
                           observable_kind_name(hit->value.kind), hit->value.value,
                           hit->observation->protocol, hit->observation->source.port);
    return TRUE;
}

/* From a set to hits, by type: domains with what is under them, networks, fingerprints. */
static void test_scan(void)
{
    static const struct {
        ObservableKind kind;
        const char *value;
    } values[] = {
        {OBSERVABLE_DOMAIN, "alder.example"},
        {OBSERVABLE_CIDR, "198.51.100.0/24"},
        {OBSERVABLE_URL, "http://alder.example/a"},
    };
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                              .source = "test",
                              .confidence = -1};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GByteArray) file = frames_pcap();
    g_autoptr(GError) error = NULL;
    PacketsCounts counts;
    gboolean is;

    set_builder_add_indicator(builder, &indicator, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
        set_builder_add_value(builder, values[i].kind, values[i].value, NULL);
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    frames_capture(file, 1, tcp(FALSE, 0, FRAMES_ACK, REQUEST, strlen(REQUEST)));
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_assert_true(packets_detect(stream, &is, &error));
    g_assert_true(is);
    g_assert_true(packets_scan(set, stream, print_hit, text, &counts, &error));
    g_assert_cmpstr(
        text->str, ==,
        "1 ip.dst cidr 198.51.100.0/24 tcp 1000; 1 http.host domain alder.example tcp 1000; "
        "1 http.url url http://alder.example/a tcp 1000; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packets/addresses", test_addresses);
    g_test_add_func("/packets/pieces", test_pieces);
    g_test_add_func("/packets/requests", test_requests);
    g_test_add_func("/packets/chunks", test_chunks);
    g_test_add_func("/packets/gap", test_gap);
    g_test_add_func("/packets/late", test_late);
    g_test_add_func("/packets/text", test_text);
    g_test_add_func("/packets/dns", test_dns);
    g_test_add_func("/packets/fragments", test_fragments);
    g_test_add_func("/packets/again", test_again);
    g_test_add_func("/packets/many", test_many);
    g_test_add_func("/packets/held", test_held);
    g_test_add_func("/packets/scan", test_scan);
    return g_test_run();
}
