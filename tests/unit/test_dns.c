/* DNS messages: names, compression, the values of records; and what is broken. */
#include "frames.h"
#include "shield/packets/dns.h"

/* Writes the values as "field=text; ". */
static char *read_message(const guint8 *message, gsize length, gboolean *ret_whole)
{
    g_autofree Draft *draft = g_new0(Draft, 1);
    /* A copy of just that size: whoever reads too far is caught. */
    g_autofree guint8 *copy = g_memdup2(message, length);
    GString *text = g_string_new(NULL);

    draft_begin(draft);
    *ret_whole = dns_read(copy, length, draft);
    for (guint i = 0; i < draft->observation.count; i++) {
        const ObservationValue *value = &draft->observation.values[i];
        g_string_append_printf(text, "%s=%.*s; ", value->field, (int)value->length, value->text);
    }
    if (draft->observation.left_out)
        g_string_append(text, "...");
    return g_string_free(text, FALSE);
}

static void check(const char *hex, gboolean whole, const char *expected)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    gboolean was_whole;

    frames_hex(message, hex);
    g_autofree char *text = read_message(message->data, message->len, &was_whole);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpint(was_whole, ==, whole);
}

#define ALDER "05 616c646572 07 6578616d706c65 00" /* alder.example, at offset 12 */

static void test_query(void)
{
    check("0001 0100 0001 0000 0000 0000" ALDER "0001 0001", TRUE, "dns.query=alder.example; ");
    check("0001 0100 0002 0000 0000 0000" ALDER "0001 0001 01 61 c00c 0001 0001", TRUE,
          "dns.query=alder.example; dns.query=a.alder.example; ");
    /* The root is no name of anybody. */
    check("0001 0100 0001 0000 0000 0000 00 0002 0001", TRUE, "");
    /* What is no part of host names. */
    check("0001 0100 0001 0000 0000 0000 05 612e625c20 03 c3bc7f 00 0001 0001", TRUE,
          "dns.query=a\\.b\\\\\\032.ü\\127; ");
}

#define ANSWER(type, length) "c00c " type " 0001 00000e10 " length " "

static void test_records(void)
{
    check("0001 8180 0001 0003 0000 0000" ALDER "0001 0001"
          "c00c 0005 0001 00000e10 0006 03 777777 c00c" /* at 31; the name at 43 */
          "c02b 0001 0001 00000e10 0004 c0000201"
          "c02b 001c 0001 00000e10 0010 20010db8000000000000000000000001",
          TRUE,
          "dns.query=alder.example; dns.cname=www.alder.example; dns.a=192.0.2.1; "
          "dns.aaaa=2001:db8::1; ");
    check("0001 8180 0001 0005 0000 0000" ALDER
          "000f 0001" ANSWER("000f", "0006") "000a 01 6d c00c" ANSWER(
              "0010",
              "0006") "02 6162 02 6364" ANSWER("0021",
                                               "000a") "0000 0000 0000 01 73 "
                                                       "c00c" ANSWER(
                                                           "0006",
                                                           "0018") "c00c "
                                                                   "c00c "
                                                                   "0000000"
                                                                   "0000000"
                                                                   "0000000"
                                                                   "0000000"
                                                                   "0000000"
                                                                   "0000"
                                                                   "0" ANSWER(
                                                                       "0101",
                                                                       "0009") "00 05 6973737565 "
                                                                               "4143",
          TRUE,
          "dns.query=alder.example; dns.mx=m.alder.example; dns.txt=abcd; "
          "dns.srv=s.alder.example; dns.soa=alder.example; dns.caa=issueAC; ");
    /* HTTPS: a name, then hints of addresses behind other parameters. */
    check("0001 8180 0001 0001 0000 0000" ALDER
          "0041 0001" ANSWER("0041", "002a") "0001 00 0001 0003 026832 0004 0008 c0000201 c6336407 "
                                             "0006 0010 20010db8000000000000000000000002",
          TRUE,
          "dns.query=alder.example; dns.https=192.0.2.1; dns.https=198.51.100.7; "
          "dns.https=2001:db8::2; ");
    /* Records of other names, in whatever section. */
    check("0001 8180 0000 0000 0001 0001" ALDER "0002 0001 00000e10 0004 016e c00c"
          "c025 0001 0001 00000e10 0004 c0000235",
          TRUE, "dns.name=alder.example; dns.ns=n.alder.example; dns.a=192.0.2.53; ");
    /* Lengths that do not fit the type, types that are not known: nothing is read into them. */
    check("0001 8180 0001 0003 0000 0000" ALDER "0001 0001" ANSWER("0001", "0003") "c00002" ANSWER(
              "001c", "0004") "c0000201" ANSWER("fde9", "0002") "c00c",
          TRUE, "dns.query=alder.example; ");
}

/* A name that runs through the message, pointers that lead in circles, forwards or out of it. */
static void test_broken(void)
{
    check("", FALSE, "");
    check("0001 0100 0001 0000 0000", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 c00c 0001 0001", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 01 61 c00c 0001 0001", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 c010 0001 0001 00", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 ffff 0001 0001", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 45 616c646572 00 0001 0001", FALSE, "");
    check("0001 0100 0001 0000 0000 0000 05 616c6465", FALSE, "");
    check("0001 0100 0002 0000 0000 0000" ALDER "0001 0001", FALSE, "dns.query=alder.example; ");
    check("0001 8180 0001 0001 0000 0000" ALDER "0001 0001 c00c 0001 0001 00000e10 0008 c0000201",
          FALSE, "dns.query=alder.example; ");
    check("0001 8180 ffff ffff ffff ffff" ALDER "0001 0001", FALSE, "dns.query=alder.example; ");
}

/* 255 bytes are a name, 256 are none; escaped, it takes four times as many. */
static void test_longest(void)
{
    for (guint last = 61; last <= 62; last++) {
        g_autoptr(GByteArray) message = g_byte_array_new();
        char text[DNS_MAX_NAME];
        gsize length, end;

        for (guint i = 0; i < 4; i++) {
            guint size = i == 3 ? last : 63;
            const guint8 byte = (guint8)size;
            frames_bytes(message, &byte, 1);
            for (guint k = 0; k < size; k++)
                frames_hex(message, "01");
        }
        frames_hex(message, "00");
        gboolean read = dns_read_name(message->data, message->len, 0, text, &length, &end);
        g_assert_cmpint(read, ==, last == 61);
        if (read) {
            g_assert_cmpuint(length, ==, 4 * (3 * 63 + 61) + 3);
            g_assert_cmpuint(end, ==, message->len);
        }
    }
}

/* More values than an observation has room for: the rest is counted, nothing is overrun. */
static void test_crowded(void)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    gboolean whole;
    guint count = 0;

    frames_hex(message, "0001 8180 0001 03e8 0000 0000" ALDER "0001 0001");
    for (guint i = 0; i < 1000; i++)
        frames_hex(message, ANSWER("0001", "0004") "c0000201");
    g_autofree char *text = read_message(message->data, message->len, &whole);
    for (const char *at = text; (at = strstr(at, "dns.a=")); at++)
        count++;
    g_assert_cmpuint(count, ==, OBSERVATION_MAX_VALUES - 1);
    g_assert_true(g_str_has_suffix(text, "..."));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dns/query", test_query);
    g_test_add_func("/dns/records", test_records);
    g_test_add_func("/dns/broken", test_broken);
    g_test_add_func("/dns/longest", test_longest);
    g_test_add_func("/dns/crowded", test_crowded);
    return g_test_run();
}
