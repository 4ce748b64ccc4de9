/* QUIC: what its clients' first packets say, by the RFCs' own examples and in whatever pieces they
 * come; what only looks so; and bounds. */
#include "quic_maker.h"
#include "shield/packets/flow.h"
#include "shield/packets/packets.h"
#include "shield/packets/quic_frames.h"

#define FIRST  "8394c8f03e515708"
#define SERVER "f067a5502a4262b5"
#define CLIENT "c0ffee01"

/* Packets read, and what they said: "packet name source>destination; ". */
typedef struct {
    Packets *packets;
    GString *text;
    guint number;
} Scene;

static gboolean collect(gpointer user, const Observation *observation, guint64 packet)
{
    GString *text = user;

    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        if (strcmp(value->field, "tls.sni") == 0)
            g_string_append_printf(text, "%d %.*s %s %u>%u; ", (int)packet, (int)value->length,
                                   value->text, observation->protocol, observation->source.port,
                                   observation->destination.port);
        else if (!g_str_has_prefix(value->field, "ip.") && !g_str_has_prefix(value->field, "tls."))
            g_string_append_printf(text, "%s; ", value->field);
    }
    return TRUE;
}

static Scene *begin(void)
{
    Scene *scene = g_new0(Scene, 1);
    scene->text = g_string_new(NULL);
    scene->packets = packets_new(collect, scene->text);
    return scene;
}

static void add_captured(Scene *scene, guint32 client, guint port, gboolean back,
                         const GByteArray *datagram, gsize captured)
{
    g_autoptr(GByteArray) frame =
        back ? frames_wrap(FRAMES_BIRCH, client, 17,
                           frames_udp(port, 1000, datagram->data, datagram->len))
             : frames_wrap(client, FRAMES_BIRCH, 17,
                           frames_udp(1000, port, datagram->data, datagram->len));
    CapturePacket packet = {.number = ++scene->number,
                            .time = 1000000,
                            .link = 1,
                            .data = frame->data,
                            .length = MIN(frame->len, captured),
                            .original = frame->len};
    g_assert_true(packets_add(scene->packets, &packet));
}

/* From Alder to port 443 of Birch, or back; frees the datagram. */
static void add(Scene *scene, gboolean back, GByteArray *datagram)
{
    add_captured(scene, FRAMES_ALDER, 443, back, datagram, G_MAXSIZE);
    g_byte_array_unref(datagram);
}

/* Ends the scene: what was told, and how many hellos could not be read. */
static void check_counts(Scene *scene, const char *expected, guint unread)
{
    PacketsCounts counts;

    packets_end(scene->packets);
    packets_count(scene->packets, &counts);
    g_assert_cmpstr(scene->text->str, ==, expected);
    g_assert_cmpuint(counts.hellos, ==, unread);
    packets_free(scene->packets);
    g_string_free(scene->text, TRUE);
    g_free(scene);
}

static void check(Scene *scene, const char *expected)
{
    check_counts(scene, expected, 0);
}

/* The part of a hello from @from to before @to, as one frame in a packet of its own. */
static GByteArray *part(const QuicMade *made, const GByteArray *hello, guint from, guint to)
{
    GByteArray *frames = g_byte_array_new();
    quic_crypto(frames, from, hello->data + from, to - from);
    return quic_seal(made, frames, 1100);
}

/* A client's first packet, whole. */
static GByteArray *initial(const char *destination, const char *name)
{
    g_autoptr(GByteArray) hello = quic_hello(name, 0);
    return part(&(QuicMade){.destination = destination, .source = CLIENT}, hello, 0, hello->len);
}

static GByteArray *example(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "quic", name, NULL);
    g_autofree char *hex = NULL;
    g_autoptr(GError) error = NULL;
    GByteArray *bytes = g_byte_array_new();

    g_file_get_contents(path, &hex, NULL, &error);
    g_assert_no_error(error);
    frames_hex(bytes, hex);
    g_assert_cmpuint(bytes->len, ==, 1200);
    return bytes;
}

/* --- The standards' own examples ---------------------------------------------------------------
 */

/* Client keys of the connection ID 0x8394c8f03e515708: RFC 9001 A.1, RFC 9369 A.1,
 * draft-ietf-quic-tls-23 A.1, draft-ietf-quic-tls-29 A.1. */
static void test_keys(void)
{
    static const struct {
        guint32 version;
        const char *keys; /* key, IV, header protection */
    } rows[] = {
        {1, "1f369613dd76d5467730efcbe3b1a22d fa044b2f42a3fd3b46fb255c"
            "9f50449e04a0e810283a1e9933adedd2"},
        {0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d 91f73e2351d8fa91660e909f"
                     "45b95e15235d6f45a6b19cbcb0294ba9"},
        {0xff000017, "af7fd7efebd21878ff66811248983694 8681359410a70bb9c92f0420"
                     "a980b8b4fb7d9fbc13e814c23164253d"},
        {0xff00001c, "af7fd7efebd21878ff66811248983694 8681359410a70bb9c92f0420"
                     "a980b8b4fb7d9fbc13e814c23164253d"},
        {0xff00001d, "175257a31eb09dea9366d8bb79ad80ba 6b26114b9cba2b63a9e8dd4f"
                     "9ddd12c994c0698b89374a9c077a3077"},
        {0xff000020, "175257a31eb09dea9366d8bb79ad80ba 6b26114b9cba2b63a9e8dd4f"
                     "9ddd12c994c0698b89374a9c077a3077"},
    };
    const QuicPacketId id = {8, {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}};
    g_autoptr(QuicCipher) cipher = quic_cipher_new();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) expected = g_byte_array_new();
        QuicCipherKeys keys;
        frames_hex(expected, rows[i].keys);
        g_assert_true(quic_cipher_derive(cipher, quic_packet_version(rows[i].version), &id, &keys));
        g_assert_cmpmem(&keys, sizeof(keys), expected->data, expected->len);
    }
    static const guint32 unknown[] = {0,          2,          0x51303433, 0x6b3343ce, 0x709a50c4,
                                      0xff000016, 0xff000023, 0xfaceb002, 0x0a0a0a0a};
    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
        g_assert_cmpint(quic_packet_version(unknown[i]), ==, QUIC_PACKET_NONE);
}

/* The client's packets of RFC 9001 A.2, RFC 9369 A.2 and draft-ietf-quic-tls-29 A.2; on port 53,
 * too. */
static void test_examples(void)
{
    static const struct {
        const char *file, *expected;
    } rows[] = {
        {"rfc9001-a2.hex", "1 example.com udp 1000>443; 2 example.com udp 1000>53; "},
        {"rfc9369-a2.hex", "1 example.com udp 1000>443; 2 example.com udp 1000>53; "},
        {"draft29-a2.hex", "1 server udp 1000>443; 2 server udp 1000>53; "},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) datagram = example(rows[i].file);
        Scene *scene = begin();
        add_captured(scene, FRAMES_ALDER, 443, FALSE, datagram, G_MAXSIZE);
        add_captured(scene, FRAMES_ALDER, 53, FALSE, datagram, G_MAXSIZE);
        check(scene, rows[i].expected);
    }
}

/* The server's packet of RFC 9001 A.3 is no client's, with and without the client's before it. */
static void test_server(void)
{
    static const char server[] =
        "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554"
        "780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b"
        "562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074e"
        "e";

    for (guint first = 0; first < 2; first++) {
        GByteArray *answer = g_byte_array_new();
        Scene *scene = begin();
        frames_hex(answer, server);
        if (first)
            add(scene, FALSE, example("rfc9001-a2.hex"));
        add(scene, TRUE, answer);
        check(scene, first ? "1 example.com udp 1000>443; " : "");
    }
}

/* --- Pieces ------------------------------------------------------------------------------------
 */

/* Frames in any order, some twice, some overlapping with other bytes, others between them. */
static void test_frames(void)
{
    for (guint size = 1; size < 40; size++) {
        g_autoptr(GByteArray) hello = quic_hello("alder.example", 0);
        g_autofree guint8 *wrong = g_memdup2(hello->data, hello->len);
        GByteArray *frames = g_byte_array_new();
        guint count = (hello->len + size - 1) / size;
        Scene *scene = begin();
        for (guint i = 0; i < hello->len; i++)
            wrong[i] ^= 0xff;
        for (guint i = 0; i < count; i++) {
            guint piece = (i ^ 1) < count ? i ^ 1 : i, at = piece * size;
            quic_noise(frames);
            quic_crypto(frames, at, hello->data + at, MIN(size, hello->len - at));
            quic_crypto(frames, at, wrong + at, 1);
            quic_crypto(frames, at, wrong, 0);
        }
        add(scene, FALSE, quic_seal(&(QuicMade){.destination = FIRST}, frames, 0));
        check(scene, "1 alder.example udp 1000>443; ");
    }
}

/* A large hello, as those with keys against quantum computers are, in two packets: in both orders,
 * with a repetition, and in one datagram. */
static void test_packets(void)
{
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 1800);
    const QuicMade one = {.destination = FIRST, .number = 1},
                   two = {.destination = FIRST, .number = 2};

    for (guint order = 0; order < 4; order++) {
        Scene *scene = begin();
        add(scene, FALSE, order & 1 ? part(&two, hello, 1000, 1800) : part(&one, hello, 0, 1000));
        if (order & 2)
            add(scene, FALSE,
                order & 1 ? part(&two, hello, 1000, 1800) : part(&one, hello, 0, 1000));
        add(scene, FALSE, order & 1 ? part(&one, hello, 0, 1000) : part(&two, hello, 1000, 1800));
        add(scene, FALSE, part(&one, hello, 0, 1000));
        check(scene,
              order & 2 ? "3 alder.example udp 1000>443; " : "2 alder.example udp 1000>443; ");
    }
    GByteArray *datagram = part(&one, hello, 0, 1000);
    g_autoptr(GByteArray) second = part(&two, hello, 1000, 1800);
    Scene *scene = begin();
    frames_bytes(datagram, second->data, second->len);
    add(scene, FALSE, datagram);
    check(scene, "1 alder.example udp 1000>443; ");
}

/* Behind packets of other types, which say how long they are; not behind a Retry, which does not,
 * nor behind a packet to somebody else. */
static void test_coalesced(void)
{
    static const struct {
        guint32 version;
        guint type;
        const char *destination;
        gboolean found;
    } rows[] = {
        {1, 1, "08" FIRST, TRUE},          {1, 2, "08" FIRST, TRUE},
        {1, 3, "08" FIRST, FALSE},         {0x6b3343cf, 2, "08" FIRST, TRUE},
        {0x6b3343cf, 3, "08" FIRST, TRUE}, {0x6b3343cf, 0, "08" FIRST, FALSE},
        {1, 2, "08" SERVER, FALSE},        {1, 2, "00", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *datagram = g_byte_array_new();
        g_autoptr(GByteArray) behind = initial(FIRST, "alder.example");
        const guint8 first = (guint8)(0xc0 | rows[i].type << 4);
        Scene *scene = begin();
        frames_bytes(datagram, &first, 1);
        frames_be32(datagram, rows[i].version);
        frames_hex(datagram, rows[i].destination);
        frames_hex(datagram, "00 14 0000000000000000000000000000000000000000");
        frames_bytes(datagram, behind->data, behind->len);
        add(scene, FALSE, datagram);
        check(scene, rows[i].found ? "1 alder.example udp 1000>443; " : "");
    }
}

/* --- Connections -------------------------------------------------------------------------------
 */

/* After the server has answered the client sends to the server's ID, sealed with the first keys. */
static void test_server_id(void)
{
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 1800);
    Scene *scene = begin();

    add(scene, FALSE, part(&(QuicMade){.destination = FIRST}, hello, 0, 1000));
    add(scene, TRUE, initial("", "never"));
    add(scene, FALSE,
        part(&(QuicMade){.destination = SERVER, .keys = FIRST, .number = 1}, hello, 1000, 1800));
    check(scene, "3 alder.example udp 1000>443; ");
}

/* After a Retry the keys are of the server's ID, and the client begins again: what was told is not
 * told again. */
static void test_retry(void)
{
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 1800);
    const QuicMade again = {.destination = SERVER, .token = "746f6b656e", .number = 2};
    Scene *scene = begin();

    add(scene, FALSE, part(&(QuicMade){.destination = FIRST}, hello, 0, 1000));
    add(scene, FALSE, part(&again, hello, 0, 1000));
    add(scene, FALSE, part(&again, hello, 1000, 1800));
    check(scene, "3 alder.example udp 1000>443; ");
    scene = begin();
    add(scene, FALSE, initial(FIRST, "alder.example"));
    add(scene, FALSE, initial(SERVER, "alder.example"));
    check(scene, "1 alder.example udp 1000>443; ");
}

/* Two connections of one flow at the same time, and one that a client at the other end begins; more
 * than are known make the oldest go. */
static void test_connections(void)
{
    g_autoptr(GByteArray) alder = quic_hello("alder.example", 1800);
    g_autoptr(GByteArray) birch = quic_hello("birch.example", 1800);
    const QuicMade one = {.destination = FIRST, .source = CLIENT},
                   two = {.destination = SERVER, .source = "c0ffee02"};
    Scene *scene = begin();

    add(scene, FALSE, part(&one, alder, 0, 1000));
    add(scene, FALSE, part(&two, birch, 0, 1000));
    add(scene, TRUE, initial("0102030405060708", "cedar.example"));
    add(scene, FALSE, part(&one, alder, 1000, 1800));
    add(scene, FALSE, part(&two, birch, 1000, 1800));
    check(scene, "3 cedar.example udp 443>1000; 4 alder.example udp 1000>443; "
                 "5 birch.example udp 1000>443; ");
    scene = begin();
    add(scene, FALSE, part(&one, alder, 0, 1000));
    for (guint i = 0; i < QUIC_MAX_CONNECTIONS; i++) {
        g_autofree char *id = g_strdup_printf("00112233445566%02x", i);
        add(scene, FALSE, part(&(QuicMade){.destination = id}, birch, 0, 1000));
    }
    add(scene, FALSE, part(&one, alder, 1000, 1800));
    check_counts(scene, "", 2); /* the oldest went, and so did the one after it for its rest */
}

/* --- What is none ------------------------------------------------------------------------------
 */

/* A bit wrong anywhere, a byte missing: nothing is said, and nothing is read beyond the end. */
static void test_wrong(void)
{
    g_autoptr(GByteArray) right = example("rfc9001-a2.hex");
    g_autoptr(GByteArray) second = example("rfc9369-a2.hex");

    for (guint at = 0; at < right->len; at += at < 64 ? 1 : 31) {
        GByteArray *wrong = g_byte_array_new();
        Scene *scene = begin();
        frames_bytes(wrong, right->data, right->len);
        wrong->data[at] ^= 0x40;
        add(scene, FALSE, wrong);
        check(scene, "");
    }
    for (guint length = 6; length < right->len; length += length < 64 ? 1 : 31) {
        g_autoptr(GByteArray) cut = g_byte_array_new();
        Scene *scene = begin();
        frames_bytes(cut, length % 2 ? right->data : second->data, length);
        add_captured(scene, FRAMES_ALDER, 443, FALSE, cut, G_MAXSIZE);
        add_captured(scene, FRAMES_ALDER, 443, FALSE, right, 14 + 20 + 8 + length);
        check(scene, "");
    }
}

/* What is said otherwise of such datagrams is said all the same when they do not open. */
static void test_text(void)
{
    GByteArray *text = g_byte_array_new();
    Scene *scene = begin();

    frames_hex(text, "ef6b3343cf");
    frames_text(text, " 192.0.2.9 is text that begins as QUIC does");
    add(scene, FALSE, text);
    check(scene, "payload; ");
}

/* A frame that has no place in an Initial ends it; what was before it counts. */
static void test_broken_frames(void)
{
    static const char *const behind[] = {"1c 00 00 00", "08 00", "02 00 00 bfffffff 00", "06 00",
                                         "06 00 7fff",  "40",    "06 c000000000000000"};
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 0);
    Hello read;
    gsize held = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(behind); i++) {
        g_autoptr(GByteArray) frames = g_byte_array_new();
        QuicFrames kept = {0};
        quic_crypto(frames, 0, hello->data, 60);
        frames_hex(frames, behind[i]);
        g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                        HELLO_MORE);
        g_assert_cmpuint(kept.hello->len, ==, 60);
        g_byte_array_set_size(frames, 0);
        quic_crypto(frames, 60, hello->data + 60, hello->len - 60);
        g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                        HELLO_FOUND);
        g_assert_cmpstr(read.name, ==, "alder.example");
        quic_frames_clear(&kept, &held);
        g_assert_cmpuint(held, ==, 0);
    }
}

/* --- Bounds ------------------------------------------------------------------------------------
 */

/* Bytes and pieces of one hello: the longest is found, what claims to be longer or comes in more
 * pieces than may wait is given up, and what lies beyond is not kept. */
static void test_bounds(void)
{
    Hello read;
    gsize held = 0;

    for (guint size = HELLO_MAX - 1; size <= HELLO_MAX + 1; size++) {
        g_autoptr(GByteArray) hello = quic_hello("alder.example", size);
        g_autoptr(GByteArray) frames = g_byte_array_new();
        QuicFrames kept = {0};
        quic_crypto(frames, 1, hello->data + 1, hello->len - 1);
        quic_crypto(frames, HELLO_MAX, hello->data, 1000);
        quic_crypto(frames, 0x3fffffff, hello->data, 1000);
        g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                        HELLO_MORE);
        g_assert_cmpuint(held, <, HELLO_MAX + 100);
        g_byte_array_set_size(frames, 0);
        quic_crypto(frames, 0, hello->data, 1);
        g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                        size <= HELLO_MAX ? HELLO_FOUND : HELLO_NONE);
        quic_frames_clear(&kept, &held);
        g_assert_cmpuint(held, ==, 0);
    }
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 1000), frames = g_byte_array_new();
    QuicFrames kept = {0};
    for (guint i = 1; i <= TCP_MAX_PIECES + 1; i++)
        quic_crypto(frames, 2 * i, hello->data + 2 * i, 1);
    g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                    HELLO_NONE);
    g_assert_cmpint(quic_frames_add(&kept, frames->data, frames->len, &held, &read), ==,
                    HELLO_NONE);
    quic_frames_clear(&kept, &held);
    g_assert_cmpuint(held, ==, 0);
}

/* Packets that do not open are tried so often and no more. */
static void test_tries(void)
{
    for (guint more = 0; more < 2; more++) {
        Scene *scene = begin();
        for (guint i = 0; i < QUIC_MAX_TRIES - 1 + more; i++) {
            GByteArray *wrong = example("rfc9001-a2.hex");
            wrong->data[1199] ^= 1;
            add(scene, FALSE, wrong);
        }
        add(scene, FALSE, example("rfc9001-a2.hex"));
        add(scene, FALSE, example("rfc9001-a2.hex"));
        check_counts(scene, more ? "" : "256 example.com udp 1000>443; ", more);
    }
}

/* More conversations than there is room for, each with half a hello: memory is bounded, those that
 * had to go are counted, and the next one is read. */
static void test_flood(void)
{
    g_autoptr(GByteArray) hello = quic_hello("alder.example", 1800);
    g_autoptr(GByteArray) half = part(&(QuicMade){.destination = FIRST}, hello, 0, 1000);
    g_autoptr(GByteArray) rest = part(&(QuicMade){.destination = FIRST}, hello, 1000, 1800);
    guint flows = PACKETS_MAX_FLOWS + 1000;
    PacketsCounts counts;
    Scene *scene = begin();

    for (guint i = 0; i < flows; i++)
        add_captured(scene, i, 443, FALSE, half, G_MAXSIZE);
    packets_count(scene->packets, &counts);
    g_assert_cmpuint(counts.flows, ==, flows);
    g_assert_cmpuint(counts.out, >, 1000);
    add_captured(scene, 0, 443, FALSE, rest, G_MAXSIZE);
    g_assert_cmpuint(scene->text->len, ==, 0);
    add_captured(scene, flows - 1, 443, FALSE, rest, G_MAXSIZE);
    g_autofree char *expected = g_strdup_printf("%u alder.example udp 1000>443; ", scene->number);
    check_counts(scene, expected, flows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quic/keys", test_keys);
    g_test_add_func("/quic/examples", test_examples);
    g_test_add_func("/quic/server", test_server);
    g_test_add_func("/quic/frames", test_frames);
    g_test_add_func("/quic/packets", test_packets);
    g_test_add_func("/quic/coalesced", test_coalesced);
    g_test_add_func("/quic/server-id", test_server_id);
    g_test_add_func("/quic/retry", test_retry);
    g_test_add_func("/quic/connections", test_connections);
    g_test_add_func("/quic/wrong", test_wrong);
    g_test_add_func("/quic/text", test_text);
    g_test_add_func("/quic/broken-frames", test_broken_frames);
    g_test_add_func("/quic/bounds", test_bounds);
    g_test_add_func("/quic/tries", test_tries);
    g_test_add_func("/quic/flood", test_flood);
    return g_test_run();
}
