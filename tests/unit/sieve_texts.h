/* sieve_texts.h - texts that are hard on the sieve, for its test and its fuzz target. */
#pragma once

#include <string.h>

#include "shield/set_builder.h"

#define TEXTS_MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define TEXTS_SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define TEXTS_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TEXTS_SHA512                                                                               \
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                             \
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
#define TEXTS_JA4 "t13d1516h2_8daaf6152771_02713d6af862"

static const struct {
    ObservableKind kind;
    const char *value;
} sieve_texts_values[] = {
    {OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV4, "203.0.113.200"},
    {OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_IPV6, "::1"},
    {OBSERVABLE_IPV6, "db8::1"},
    {OBSERVABLE_IPV6, "2001:db8:1:2:3:4:5:6"},
    {OBSERVABLE_IPV6, "64:ff9b::c000:201"},
    {OBSERVABLE_CIDR, "198.51.100.0/24"},
    {OBSERVABLE_CIDR, "124.0.0.0/14"},
    {OBSERVABLE_CIDR, "203.0.113.16/29"},
    {OBSERVABLE_CIDR, "2001:db8:1::/48"},
    {OBSERVABLE_CIDR, "2001:db8:8000::/33"},
    {OBSERVABLE_DOMAIN, "alder.example"},
    {OBSERVABLE_DOMAIN, "_birch.example"},
    {OBSERVABLE_DOMAIN, "www.cedar.example"},
    {OBSERVABLE_DOMAIN, "a-name-longer-than-the-window.of-a-key.forum.example"},
    {OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "xn--e1afmkfd.xn--80akhbyknj4f"},
    {OBSERVABLE_DOMAIN, "xn--r8jz45g.xn--zckzah"},
    {OBSERVABLE_DOMAIN, "xn--mgbh0fb.xn--kgbechtv"},
    {OBSERVABLE_DOMAIN, "name.example-"},
    {OBSERVABLE_DOMAIN, "b32.t1"},
    {OBSERVABLE_URL, "http://birch.example/a?b"},
    {OBSERVABLE_URL, "https://alder.example/x/y"},
    {OBSERVABLE_URL, "http://localhost/evil"},
    {OBSERVABLE_URL, "http://host-/evil"},
    {OBSERVABLE_URL, "http://dash.example-/"},
    {OBSERVABLE_URL, "http://192.0.2.77/a"},
    {OBSERVABLE_URL, "http://[2001:db8::77]/a"},
    {OBSERVABLE_URL, "http://xn--bcher-kva.test/a"},
    {OBSERVABLE_URL, "http://xn--bcher-kva/a"},
    {OBSERVABLE_MD5, TEXTS_MD5},
    {OBSERVABLE_JA3, TEXTS_MD5},
    {OBSERVABLE_SHA1, TEXTS_SHA1},
    {OBSERVABLE_SHA256, TEXTS_SHA256},
    {OBSERVABLE_SHA512, TEXTS_SHA512},
    {OBSERVABLE_EMAIL, "mallory@cedar.test"},
    {OBSERVABLE_EMAIL, "mallory@xn--bcher-kva.example"},
    {OBSERVABLE_JA4, TEXTS_JA4},
};

/* Spellings of them. */
static const char *const sieve_texts_indicators[] = {
    "192.0.2.1",
    "203.0.113.200",
    "203.0.113.17",
    "192.0.2.0/24",
    "198.51.100.7",
    "198.51.100.0/24",
    "198.51.100.9/32",
    "192.0.2.1-192.0.2.9",
    "192.0.2.9-192.0.2.1",
    "124.0.0.0",
    "chrome/124.0.0.0.",
    "Chrome/124.0.2.1",
    "::ffff:192.0.2.1",
    "::ffff:c000:201",
    "2001:db8::1",
    "2001:0DB8:0:0::0:1",
    "2001:db8:1:2:3:4:5:6",
    "2001:db8:1::9/64",
    "2001:db8:8000::/34",
    "64:ff9b::192.0.2.1",
    "0:0:0:0:0:0:0:1",
    "::1",
    ":::1",
    "fe80::1%eth0",
    "[2001:db8::1]:443",
    "http://3221225985/",
    "http://0xc0.0.02.1/",
    "http://192.513/",
    "http://0300.0.2.1./x",
    "alder.example",
    "WWW.Alder.Example.",
    "a.b.alder.example",
    "_birch.example",
    "x._birch.example",
    "www.cedar.example",
    "x.www.cedar.example",
    "a-name-longer-than-the-window.of-a-key.forum.example",
    "b\303\274cher.example",
    "B\303\234CHER.example",
    "XN--BCHER-KVA.example",
    "\320\277\321\200\320\270\320\274\320\265\321\200."
    "\320\270\321\201\320\277\321\213\321\202\320\260\320\275\320\270\320\265",
    "alder\343\200\202example",
    "\357\275\201lder.example",
    "\344\276\213\343\201\210.\343\203\206\343\202\271\343\203\210",
    "\344\276\213\343\201\210\343\200\202\357\276\203\357\275\275\357\276\204",
    "www.\344\276\213\343\201\210.\343\203\206\343\202\271\343\203\210\357\274\216",
    "\331\205\330\253\330\247\331\204.\330\245\330\256\330\252\330\250\330\247\330\261",
    "name.example-",
    "b32.t1",
    "http://birch.example/a?b",
    "http://user:pass@birch.example:80/a?b",
    "birch.example/a?b",
    "https:\\/\\/alder.example\\/x\\/y",
    "http%3A%2F%2Fbirch.example%2Fa%3Fb",
    "hxxp[:]//birch[.]example/a?b",
    "http://localhost/evil",
    "http:\\/\\/localhost\\/evil",
    "http:%2F%2Flocalhost%2Fevil",
    "http%3a//localhost/evil",
    "http://u:p@localhost/evil",
    "http://u%40localhost/evil",
    "http://localhost./evil",
    "http://host-/evil",
    "http://dash.example-/",
    "192.0.2.77/a",
    "http://[2001:db8::77]/a",
    "http://b\303\274cher.test/a",
    "http://b\303\274cher/a",
    "http://\357\275\214ocalhost/evil",
    "http://loc\302\255alhost/evil",
    "http://al\302\255der.example/x/y",
    "https://%61lder.example/x/y",
    TEXTS_MD5,
    "D41D8CD98F00B204E9800998ECF8427E",
    "d4:1d:8c:d9:8f:00:b2:04:E9:80:09:98:ec:f8:42:7e",
    "x:d4:1d:8c:d9:8f:00:b2:04:E9:80:09:98:ec:f8:42:7e",
    TEXTS_SHA1,
    TEXTS_SHA256,
    TEXTS_SHA512,
    "mallory@cedar.test",
    "mallory%40cedar.test",
    "mallory[at]cedar[dot]test",
    "mallory@b\303\274cher.example",
    TEXTS_JA4,
    "alder[.]example",
    "www(dot)alder(dot)example",
    "alder\\.example",
    "alder%2Eexample",
    "%61lder.example",
    "%2561lder.example",
    "http%253A%252F%252Falder.example",
    "alder\\u002eexample",
    "alder\\\\u002eexample",
    "\\nalder.example",
    "\\\\nalder.example",
    "\\x2falder.example",
    "%20alder.example",
    "#012alder.example",
    "%23011alder.example",
    "#011192.0.2.1",
    "#012mallory@cedar.test",
    "#015" TEXTS_MD5,
    "#0332001:db8::1",
    "#012http://localhost/evil",
    "%22192.0.2.1%22",
    "%20" TEXTS_MD5,
    "0x" TEXTS_MD5,
    "\\t0X" TEXTS_SHA1,
    "\\n" TEXTS_MD5,
    "\\n" TEXTS_JA4,
    "%20" TEXTS_JA4,
    "\\n2001:db8::1",
    "%202001:db8::1",
    "2001%3Adb8%3A%3A1",
    "2001[:]db8[:][:]1",
    "b%C3%BCcher.example",
    "%20b\303\274cher.example",
    "\\tb\303\274cher.example",
    "wait...alder.example",
    "alder.example...wait",
    "alder.example-..wait",
    "__alder.example__",
    "--alder.example--",
    NULL,
};

/* What stands between values. */
static const char *const sieve_texts_joints[] = {
    "",        " ",        "\n",       "\"",
    ".",       "..",       "-",        "_",
    "--",      ":",        "::",       "/",
    "//",      "://",      "http://",  "@",
    ",",       ";",        "(",        ")",
    "[",       "]",        "{",        "<",
    ">",       "'",        "\\",       "\\\"",
    "\\/",     "\\\\",     "\\n",      "%",
    "%20",     "%2F",      "%2e",      "%25",
    "%41",     "%C3",      "a",        "0",
    "f",       "x",        "\303\274", "\344\270\255",
    "\377",    "\\u0041",  "\\u0020",  "\\x2e",
    "[.]",     "(dot)",    "[:]",      "[://]",
    "\\.",     "=",        "&",        "?",
    "#",       "!",        "*",        "|",
    "\t",      "\302\240", "n",        ".x",
    "#012",    "#01",      "#177",     "#0123",
    "x.",      "1.",       ".1",       "/24",
    "Chrome/", "0x",       "u=",       "\342\200\213",
    NULL,
};

/* What nearly is one of them, and what makes up texts. */
static const char *const sieve_texts_others[] = {
    "alder.exampl",
    "xalder.example",
    "alder.example.net",
    "lder.example",
    "192.0.2.",
    "192.0.2.11",
    "1192.0.2.1",
    "192.0.2.01",
    "2001:db8:",
    "12:34:56",
    "aa:bb:cc:dd:ee:ff",
    "std::vector",
    "GET /index.html HTTP/1.1",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "{\"k\":\"v\",\"n\":[1,2]}",
    "C:\\\\Windows\\\\net.exe",
    "caf\303\251.",
    "\343\201\247\343\201\231\343\200\202",
    "\350\251\246\351\250\223\343\200\202\343\203\206\343\202\271\343\203\210",
    "\321\202.\320\265.",
    "d41d8cd98f00b204e9800998ecf8427",
    "\001\002\003",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "................................................................",
    "example",
    "alder",
    "bücher",
    "2001",
    "db8",
    "192",
    "localhost",
    "http",
    "https",
    "birch",
    "test",
    "cedar",
    "mallory",
};

static guint sieve_texts_random(guint64 *state, guint below)
{
    *state =
        *state * G_GUINT64_CONSTANT(6364136223846793005) + G_GUINT64_CONSTANT(1442695040888963407);
    return (guint)((*state >> 33) % below);
}

static const char *sieve_texts_one_of(const char *const *texts, guint count, guint64 *state)
{
    return texts[sieve_texts_random(state, count)];
}

/* Appends a piece: a value, something between values, or nearly one. */
static G_GNUC_UNUSED void sieve_texts_append(GString *into, guint64 *state)
{
    guint kind = sieve_texts_random(state, 16);
    if (kind < 4) {
        g_string_append(into, sieve_texts_one_of(sieve_texts_indicators,
                                                 G_N_ELEMENTS(sieve_texts_indicators) - 1, state));
    } else if (kind < 12) {
        g_string_append(into, sieve_texts_one_of(sieve_texts_joints,
                                                 G_N_ELEMENTS(sieve_texts_joints) - 1, state));
    } else if (kind < 14) {
        g_string_append(
            into, sieve_texts_one_of(sieve_texts_others, G_N_ELEMENTS(sieve_texts_others), state));
    } else if (kind == 14) {
        g_string_append_c(into, (char)sieve_texts_random(state, 256));
    } else {
        guint count = sieve_texts_random(state, 70);
        char c = "a0.-_: f/%\\x"[sieve_texts_random(state, 12)];
        while (count-- > 0)
            g_string_append_c(into, c);
    }
}

static void sieve_texts_add(SetBuilder *builder, guint number, ObservableKind kind,
                            const char *value)
{
    g_autofree char *id = g_strdup_printf("indicator--00000000-0000-4000-8000-%012u", number);
    SetIndicator indicator = {.id = id, .source = "test", .confidence = -1};
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    g_assert_true(set_builder_add_value(builder, kind, value, NULL));
}

static G_GNUC_UNUSED Set *sieve_texts_set(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(sieve_texts_values); i++)
        sieve_texts_add(builder, i, sieve_texts_values[i].kind, sieve_texts_values[i].value);
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return set;
}

/* @count values of all kinds, none of which the lines below have. */
static G_GNUC_UNUSED Set *sieve_texts_large_set(guint count)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;
    guint64 state = 3;
    for (guint i = 0; i < count; i++) {
        char value[128];
        ObservableKind kind = OBSERVABLE_DOMAIN;
        guint a = sieve_texts_random(&state, 1u << 31), b = sieve_texts_random(&state, 1u << 31);
        switch (i % 6) {
        case 0:
            kind = OBSERVABLE_IPV4;
            g_snprintf(value, sizeof(value), "%u.%u.%u.%u", 1 + a % 9, b % 256, a / 256 % 256,
                       b / 256 % 256);
            break;
        case 1:
            kind = OBSERVABLE_MD5;
            g_snprintf(value, sizeof(value), "%08x%08x%08x%08x", a, b, a ^ b, a + b);
            break;
        case 2:
            kind = OBSERVABLE_URL;
            g_snprintf(value, sizeof(value), "http://h%x.p%u.example/%x", a, i % 97, b);
            break;
        default:
            g_snprintf(value, sizeof(value), "h%x.n%u.example", a, b % 50000);
        }
        sieve_texts_add(builder, i, kind, value);
    }
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return set;
}

/* A line of a log, of one of several kinds. */
static G_GNUC_UNUSED void sieve_texts_append_line(GString *into, guint64 *state)
{
    guint a = sieve_texts_random(state, 1u << 31), b = sieve_texts_random(state, 1u << 31);
    switch (sieve_texts_random(state, 4)) {
    case 0:
        g_string_append_printf(into,
                               "10.%u.%u.%u - - [01/Feb/2030:10:%02u:%02u +0000] \"GET "
                               "/a%x/b.html?q=%%20x%u HTTP/1.1\" 200 %u "
                               "\"https://w%x.forum.test/p%u\" \"Mozilla/5.0 (X11; Linux x86_64) "
                               "Chrome/124.0.0.0 Safari/537.36\"\n",
                               a % 256, b % 256, a / 256 % 256, a % 60, b % 60, a, b % 1000,
                               a % 99999, b, a % 100);
        break;
    case 1:
        g_string_append_printf(into,
                               "{\"timestamp\":\"2030-02-01T10:%02u:%02u.%06u+0000\","
                               "\"src_ip\":\"2001:db8:%x::%x\",\"http\":{\"hostname\":"
                               "\"w%x.cedar.test\",\"url\":\"\\/p\\/%x\\/q\",\"length\":%u},"
                               "\"md5\":\"%08x%08x%08x%08x\"}\n",
                               a % 60, b % 60, a % 1000000, a % 65536, b % 65536, b, a, b, a, b, a,
                               b);
        break;
    case 2:
        g_string_append_printf(into,
                               "%u.%06u\tC%x%x\t10.0.%u.%u\t%u\tw%x.birch.test\t1\tC_INTERNET\t"
                               "172.16.%u.%u\tF\n",
                               a, b % 1000000, a, b, a % 256, b % 256, a % 65536, b, b % 256,
                               a % 256);
        break;
    default:
        g_string_append_printf(into,
                               "Feb  1 10:%02u:%02u host%u app[%u]: caf\303\251 <%x@forum.test> "
                               "C:\\\\Temp\\\\new%u.txt \320\277\321\200\320\270 (%x)\n",
                               a % 60, b % 60, a % 10, b % 65536, a, b % 100, a);
    }
}
