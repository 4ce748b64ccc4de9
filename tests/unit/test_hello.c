/* The ClientHello: SNI, and JA3 and JA4 by their authors' own examples. */
#include "frames.h"
#include "shield/packets/hello.h"

/* A ClientHello of numbers: "4865-4866"; extensions likewise, with contents as far as needed. */
typedef struct {
    guint version;
    const char *ciphers;    /* hexadecimal, two bytes each */
    const char *extensions; /* hexadecimal: type, length, contents; NULL: no extensions */
} Made;

static GByteArray *make_message(const Made *made)
{
    GByteArray *body = g_byte_array_new(), *message = g_byte_array_new();
    g_autoptr(GByteArray) ciphers = g_byte_array_new(), extensions = g_byte_array_new();
    guint8 random[32] = {0}, one[] = {1, 0};

    frames_be16(body, made->version);
    frames_bytes(body, random, sizeof(random));
    frames_hex(body, "00");
    frames_hex(ciphers, made->ciphers);
    frames_be16(body, ciphers->len);
    frames_bytes(body, ciphers->data, ciphers->len);
    frames_bytes(body, one, 2);
    if (made->extensions) {
        frames_hex(extensions, made->extensions);
        frames_be16(body, extensions->len);
        frames_bytes(body, extensions->data, extensions->len);
    }
    frames_be32(message, 0x01000000 | body->len);
    frames_bytes(message, body->data, body->len);
    g_byte_array_unref(body);
    return message;
}

/* The message in records of at most @size bytes. */
static GByteArray *make_records(const GByteArray *message, guint size)
{
    GByteArray *records = g_byte_array_new();

    for (guint at = 0; at < message->len; at += size) {
        guint part = MIN(size, message->len - at);
        frames_hex(records, "160301");
        frames_be16(records, part);
        frames_bytes(records, message->data + at, part);
    }
    return records;
}

static void read_made(const Made *made, Hello *hello)
{
    g_autoptr(GByteArray) message = make_message(made);
    g_autoptr(GByteArray) records = make_records(message, 16384);
    g_assert_cmpint(hello_read(records->data, records->len, hello), ==, HELLO_FOUND);
}

/* https://github.com/salesforce/ja3, README. */
static void test_ja3(void)
{
    Hello hello;
    /* 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0 */
    Made made = {769, "002f 0035 0005 000a c009 c00a c013 c014 0032 0038 0013 0004",
                 "0000 0000 000a 0008 0006 0017 0018 0019 000b 0002 01 00"};
    read_made(&made, &hello);
    g_assert_cmpstr(hello.ja3, ==, "ada70206e40642a3e4461f35503241d5");
    /* 769,4-5-10-9-100-98-3-6-19-18-99,,, */
    made = (Made){769, "0004 0005 000a 0009 0064 0062 0003 0006 0013 0012 0063", NULL};
    read_made(&made, &hello);
    g_assert_cmpstr(hello.ja3, ==, "de350869b8c85de67a350c8d186f11e6");
    g_assert_cmpuint(hello.name_length, ==, 0);
}

/* GREASE anywhere changes nothing. */
static void test_grease(void)
{
    Hello hello;
    Made made = {769, "0a0a 002f 0035 0005 000a c009 c00a c013 c014 0032 0038 0013 0004",
                 "fafa 0000 0000 0000 000a 000a 0008 1a1a 0017 0018 0019 000b 0002 01 00 2a2a 0001 "
                 "00"};
    read_made(&made, &hello);
    g_assert_cmpstr(hello.ja3, ==, "ada70206e40642a3e4461f35503241d5");
    g_assert_true(g_str_has_prefix(hello.ja4, "t10d120300_"));
}

/* The extensions of the example in FoxIO's technical_details/JA4.md, in its order; @name and @alpn
 * are the contents of theirs. */
#define JA4_EXTENSIONS(name, alpn)                                                                 \
    "1a1a 0000 001b 0000 0000 " name " 0033 0000 0010 " alpn " 4469 0000 0017 0000 002d 0000 "     \
    "000d 0012 0010 0403 0804 0401 0503 0805 0501 0806 0601 0005 0000 0023 0000 0012 0000 "        \
    "002b 0007 06 0a0a 0304 0303 ff01 0000 000b 0000 000a 0000 0015 0000"
#define JA4_CIPHERS                                                                                \
    "8a8a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"

static void test_ja4(void)
{
    Hello hello;
    Made made = {0x0303, JA4_CIPHERS,
                 JA4_EXTENSIONS("0012 0010 00 000d 616c6465722e6578616d706c65",
                                "000e 000c 02 6832 08 687474702f312e31")};
    read_made(&made, &hello);
    g_assert_cmpstr(hello.ja4, ==, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    g_assert_cmpstr(hello.ja4_suricata, ==, "");
    g_assert_cmpstr(hello.name, ==, "alder.example");
    /* Without signature algorithms: "... = 6d807ffa2a79". */
    made.extensions = "001b 0000 0000 0000 0033 0000 0010 0005 0003 02 6832 4469 0000 0017 0000 "
                      "002d 0000 000d 0000 0005 0000 0023 0000 0012 0000 002b 0003 02 0304 "
                      "ff01 0000 000b 0000 000a 0000 0015 0000";
    read_made(&made, &hello);
    g_assert_cmpstr(hello.ja4, ==, "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

/* Of QUIC, "q", without records: the client whose JA4 FoxIO's README lists as
 * q13d0310h3_55b375c5d22e_cd85d2d88918. Cut off anywhere, it is not whole. */
static void test_ja4_quic(void)
{
    Made made = {0x0303, "1301 1302 1303",
                 "0000 0012 0010 00 000d 616c6465722e6578616d706c65 0010 0005 0003 02 6833"
                 "000a 0000 001b 0000 002b 0003 02 0304 002d 0000 0033 0000 0039 0000 4469 0000"
                 "000d 0014 0012 0403 0804 0401 0503 0805 0501 0806 0601 0201"};
    g_autoptr(GByteArray) message = make_message(&made);
    Hello hello;

    for (guint length = 0; length < message->len; length++) {
        g_autofree guint8 *part = g_memdup2(message->data, length);
        g_assert_cmpint(hello_read_message(part, length, HELLO_QUIC, &hello), ==, HELLO_MORE);
    }
    g_assert_cmpint(hello_read_message(message->data, message->len, HELLO_QUIC, &hello), ==,
                    HELLO_FOUND);
    g_assert_cmpstr(hello.ja4, ==, "q13d0310h3_55b375c5d22e_cd85d2d88918");
    g_assert_cmpstr(hello.name, ==, "alder.example");
}

/* What the first part says of versions, protocols and what is not there. */
static void test_ja4_first(void)
{
    static const struct {
        guint version;
        const char *ciphers, *extensions, *prefix;
    } cases[] = {
        {0x0303, "", NULL, "t12i000000_000000000000_000000000000"},
        {0x0300, "0004", NULL, "ts3i010000_"},
        {0x0002, "0004", NULL, "ts2i010000_"},
        {0x7777, "00ff 5600", NULL, "t00i020000_"},
        {0x0303, "", "0000 0000", "t12d000100_000000000000_000000000000"},
        {0x0303, "", "0010 0004 0002 01 ab", "t12i0001ab_"},
        {0x0303, "", "0010 0005 0003 02 abcd", "t12i0001ad_"},
        {0x0303, "", "0010 0005 0003 02 30ab", "t12i00013b_"},
        {0x0303, "", "0010 0007 0005 04 3031abcd", "t12i00013d_"},
        {0x0303, "", "0010 0007 0005 04 30abcd31", "t12i000101_"},
        {0x0303, "", "0010 0004 0002 01 68", "t12i0001hh_"},
        {0x0303, "", "0010 0003 0001 00", "t12i000100_"},
        {0x0303, "", "0010 000b 0009 08 687474702f312e31", "t12i0001h1_"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Made made = {cases[i].version, cases[i].ciphers, cases[i].extensions};
        Hello hello;
        read_made(&made, &hello);
        if (!g_str_has_prefix(hello.ja4, cases[i].prefix))
            g_error("case %u: %s, not %s", i, hello.ja4, cases[i].prefix);
        g_assert_cmpuint(strlen(hello.ja4), ==, 36);
    }
    /* More than 99 count as 99. */
    g_autoptr(GString) many = g_string_new(NULL);
    for (guint i = 1; i <= 120; i++)
        g_string_append_printf(many, "%04x", i);
    Made made = {0x0303, many->str, NULL};
    Hello hello;
    read_made(&made, &hello);
    g_assert_true(g_str_has_prefix(hello.ja4, "t12i990000_"));
}

/* Split into records of any size and cut off anywhere: found when it is whole, not before. */
static void test_split(void)
{
    Made made = {
        0x0303, JA4_CIPHERS,
        JA4_EXTENSIONS("0012 0010 00 000d 616c6465722e6578616d706c65", "0005 0003 02 6832")};
    g_autoptr(GByteArray) message = make_message(&made);

    for (guint size = 1; size <= message->len; size++) {
        g_autoptr(GByteArray) records = make_records(message, size);
        for (guint length = size < 4 ? records->len - 1 : 0; length <= records->len; length++) {
            g_autofree guint8 *part = g_memdup2(records->data, length);
            Hello hello;
            HelloOutcome outcome = hello_read(part, length, &hello);
            g_assert_cmpint(outcome, ==, length < records->len ? HELLO_MORE : HELLO_FOUND);
            if (outcome == HELLO_FOUND)
                g_assert_cmpstr(hello.ja4, ==, "t13d1516h2_8daaf6152771_e5627efa2ab1");
        }
    }
}

static HelloOutcome read_hex(const char *hex)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Hello hello;
    frames_hex(bytes, hex);
    return hello_read(bytes->data, bytes->len, &hello);
}

static void test_broken(void)
{
    g_assert_cmpint(read_hex("170301 0005 0100000100"), ==, HELLO_NONE); /* application data */
    g_assert_cmpint(read_hex("160301 0005 0200000100"), ==, HELLO_NONE); /* a ServerHello */
    g_assert_cmpint(read_hex("160201 0005 0100000100"), ==, HELLO_NONE);
    g_assert_cmpint(read_hex("160301 0000"), ==, HELLO_NONE);
    g_assert_cmpint(read_hex("160301 4101 01"), ==, HELLO_NONE);
    g_assert_cmpint(read_hex("160301 0005 0100000100"), ==, HELLO_NONE); /* too short a message */
    g_assert_cmpint(read_hex("160301 0005 0101000000"), ==, HELLO_NONE); /* 64 KiB */
    /* Extensions that are longer than the message. */
    g_assert_cmpint(read_hex("160301 002f 0100002b 0303 00000000000000000000000000000000"
                             "00000000000000000000000000000000 00 0002 1301 0100 ffff"),
                    ==, HELLO_NONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hello/ja3", test_ja3);
    g_test_add_func("/hello/grease", test_grease);
    g_test_add_func("/hello/ja4", test_ja4);
    g_test_add_func("/hello/ja4-quic", test_ja4_quic);
    g_test_add_func("/hello/ja4-first", test_ja4_first);
    g_test_add_func("/hello/split", test_split);
    g_test_add_func("/hello/broken", test_broken);
    return g_test_run();
}
