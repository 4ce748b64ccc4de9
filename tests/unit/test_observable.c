#include "stix/observable.h"

#include <string.h>

#include "stix/observable_url.h"

typedef struct {
    ObservableKind kind;
    const char *text;
    ObservableKind actual; /* OBSERVABLE_NONE: refused */
    const char *canonical;
} Case;

static const Case cases[] = {
    {OBSERVABLE_IPV4, "192.0.2.1", OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV6, "192.0.2.1", OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV4, "0.0.0.0", OBSERVABLE_IPV4, "0.0.0.0"},
    {OBSERVABLE_IPV4, "255.255.255.255", OBSERVABLE_IPV4, "255.255.255.255"},
    {OBSERVABLE_IPV4, "192.0.2.01", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2.256", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2.1.", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2.1.1", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0..1", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2.1 ", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV4, "192.0.2.1/32", OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV4, "192.0.2.77/24", OBSERVABLE_CIDR, "192.0.2.0/24"},
    {OBSERVABLE_CIDR, "192.0.2.255/25", OBSERVABLE_CIDR, "192.0.2.128/25"},
    {OBSERVABLE_CIDR, "192.0.2.255/0", OBSERVABLE_CIDR, "0.0.0.0/0"},
    {OBSERVABLE_CIDR, "192.0.2.0/33", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_CIDR, "192.0.2.0/024", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_CIDR, "192.0.2.0/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_CIDR, "192.0.2.0/2x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_CIDR, "192.0.2.0/24/8", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:DB8:0:0:0:0:0:1", OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_IPV6, "2001:0db8:0000:0000:0001:0000:0000:0001", OBSERVABLE_IPV6,
     "2001:db8::1:0:0:1"},
    {OBSERVABLE_IPV6, "2001:db8:0:1:1:1:1:1", OBSERVABLE_IPV6, "2001:db8:0:1:1:1:1:1"},
    {OBSERVABLE_IPV6, "2001:db8::0:1", OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_IPV6, "::", OBSERVABLE_IPV6, "::"},
    {OBSERVABLE_IPV6, "::1", OBSERVABLE_IPV6, "::1"},
    {OBSERVABLE_IPV6, "2001:db8::", OBSERVABLE_IPV6, "2001:db8::"},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7::", OBSERVABLE_IPV6, "1:2:3:4:5:6:7:0"},
    {OBSERVABLE_IPV6, "::2:3:4:5:6:7:8", OBSERVABLE_IPV6, "0:2:3:4:5:6:7:8"},
    {OBSERVABLE_IPV6, "2001:db8::192.0.2.33", OBSERVABLE_IPV6, "2001:db8::c000:221"},
    {OBSERVABLE_IPV6, "::192.0.2.33", OBSERVABLE_IPV6, "::c000:221"},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:192.0.2.33", OBSERVABLE_IPV6, "1:2:3:4:5:6:c000:221"},
    {OBSERVABLE_IPV6, "::ffff:192.0.2.33", OBSERVABLE_IPV4, "192.0.2.33"},
    {OBSERVABLE_IPV6, "::FFFF:c000:221", OBSERVABLE_IPV4, "192.0.2.33"},
    {OBSERVABLE_IPV6, "0:0:0:0:0:ffff:c000:0221", OBSERVABLE_IPV4, "192.0.2.33"},
    {OBSERVABLE_IPV6, "::ffff:192.0.2.33/120", OBSERVABLE_CIDR, "192.0.2.0/24"},
    {OBSERVABLE_IPV6, "::ffff:192.0.2.33/128", OBSERVABLE_IPV4, "192.0.2.33"},
    {OBSERVABLE_IPV6, "::ffff:0:0/96", OBSERVABLE_CIDR, "0.0.0.0/0"},
    {OBSERVABLE_IPV6, "::ffff:0:0/95", OBSERVABLE_CIDR, "::fffe:0:0/95"},
    {OBSERVABLE_IPV6, "[2001:db8::1]", OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_IPV6, "fe80::1%eth0", OBSERVABLE_IPV6, "fe80::1"},
    {OBSERVABLE_IPV6, "[fe80::1%25eth0]", OBSERVABLE_IPV6, "fe80::1"},
    {OBSERVABLE_IPV6, "fe80::1%", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:db8:ffff::1/33", OBSERVABLE_CIDR, "2001:db8:8000::/33"},
    {OBSERVABLE_IPV6, "2001:db8::1/128", OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_IPV6, "2001:db8::1/129", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:db8::1::2", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:db8:::1", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7:8:9", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7:8::", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7:192.0.2.1", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, ":1:2:3:4:5:6:7", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "1:2:3:4:5:6:7:", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:db8::12345", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, ":", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_IPV6, "2001:db8::1]", OBSERVABLE_NONE, NULL},

    {OBSERVABLE_DOMAIN, "alder.example", OBSERVABLE_DOMAIN, "alder.example"},
    {OBSERVABLE_DOMAIN, "WWW.Alder.EXAMPLE.", OBSERVABLE_DOMAIN, "www.alder.example"},
    {OBSERVABLE_DOMAIN, "_dmarc.alder.example", OBSERVABLE_DOMAIN, "_dmarc.alder.example"},
    {OBSERVABLE_DOMAIN, "-a-.alder.example", OBSERVABLE_DOMAIN, "-a-.alder.example"},
    {OBSERVABLE_DOMAIN, "b\303\274cher.example", OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "B\303\234CHER.Example", OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "bu\314\210cher.example", OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "XN--BCHER-KVA.example", OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "stra\303\237e.example", OBSERVABLE_DOMAIN, "xn--strae-oqa.example"},
    {OBSERVABLE_DOMAIN, "b\303\274cher\343\200\202example", OBSERVABLE_DOMAIN,
     "xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "_tcp.b\303\274cher.example", OBSERVABLE_DOMAIN,
     "_tcp.xn--bcher-kva.example"},
    {OBSERVABLE_DOMAIN, "alder", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder.", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder.example..", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, ".alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder..example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder.example/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "*.alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "al der.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "192.0.2.1", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder.123", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "alder.0x7f", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "b\374cher.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_DOMAIN, "", OBSERVABLE_NONE, NULL},

    {OBSERVABLE_URL, "http://alder.example", OBSERVABLE_URL, "http://alder.example/"},
    {OBSERVABLE_URL, "HTTP://Alder.Example:80/A", OBSERVABLE_URL, "http://alder.example/A"},
    {OBSERVABLE_URL, "https://alder.example:443", OBSERVABLE_URL, "https://alder.example/"},
    {OBSERVABLE_URL, "https://alder.example:80", OBSERVABLE_URL, "https://alder.example:80/"},
    {OBSERVABLE_URL, "http://alder.example:/", OBSERVABLE_URL, "http://alder.example/"},
    {OBSERVABLE_URL, "http://alder.example:08080/", OBSERVABLE_URL, "http://alder.example:8080/"},
    {OBSERVABLE_URL, "http://alder.example:65536/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://alder.example:x/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://alder.example./a", OBSERVABLE_URL, "http://alder.example/a"},
    {OBSERVABLE_URL, "http://alder.example?q#f", OBSERVABLE_URL, "http://alder.example/?q"},
    {OBSERVABLE_URL, "http://alder.example/#f?q", OBSERVABLE_URL, "http://alder.example/"},
    {OBSERVABLE_URL, "http://alder.example/?", OBSERVABLE_URL, "http://alder.example/?"},
    {OBSERVABLE_URL, "http://a.example/a/./b/../c", OBSERVABLE_URL, "http://a.example/a/c"},
    {OBSERVABLE_URL, "http://a.example/../../x", OBSERVABLE_URL, "http://a.example/x"},
    {OBSERVABLE_URL, "http://a.example/a/..", OBSERVABLE_URL, "http://a.example/"},
    {OBSERVABLE_URL, "http://a.example/a/.", OBSERVABLE_URL, "http://a.example/a/"},
    {OBSERVABLE_URL, "http://a.example/%2e%2E/x", OBSERVABLE_URL, "http://a.example/x"},
    {OBSERVABLE_URL, "http://a.example//a//b/", OBSERVABLE_URL, "http://a.example//a//b/"},
    {OBSERVABLE_URL, "http://a.example/%7Ea%2fb%3d", OBSERVABLE_URL, "http://a.example/~a%2Fb%3D"},
    {OBSERVABLE_URL, "http://a.example/a b\"<", OBSERVABLE_URL, "http://a.example/a%20b%22%3C"},
    {OBSERVABLE_URL, "http://a.example/\303\274", OBSERVABLE_URL, "http://a.example/%C3%BC"},
    {OBSERVABLE_URL, "http://a.example/%c3%bc", OBSERVABLE_URL, "http://a.example/%C3%BC"},
    {OBSERVABLE_URL, "http://a.example/100%", OBSERVABLE_URL, "http://a.example/100%25"},
    {OBSERVABLE_URL, "http://a.example/%%411", OBSERVABLE_URL, "http://a.example/%25A1"},
    {OBSERVABLE_URL, "http://a.example/?a[]=1&b={}", OBSERVABLE_URL,
     "http://a.example/?a[]=1&b=%7B%7D"},
    {OBSERVABLE_URL, "http:\\\\a.example\\b\\c?d\\e", OBSERVABLE_URL, "http://a.example/b/c?d%5Ce"},
    {OBSERVABLE_URL, "http://user:pw@a.example/", OBSERVABLE_URL, "http://a.example/"},
    {OBSERVABLE_URL, "http://birch.example@a.example:81/", OBSERVABLE_URL, "http://a.example:81/"},
    {OBSERVABLE_URL, "http://B\303\234cher.example/", OBSERVABLE_URL,
     "http://xn--bcher-kva.example/"},
    {OBSERVABLE_URL, "http://b%C3%BCcher.example/", OBSERVABLE_URL,
     "http://xn--bcher-kva.example/"},
    {OBSERVABLE_URL, "http://localhost:8080/x", OBSERVABLE_URL, "http://localhost:8080/x"},
    {OBSERVABLE_URL, "http://192.0.2.1/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://3221225985/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://0xC0000201/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://0300.0.0x2.01/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://192.0.513/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://192.0.2.1./x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://192.0.2.256/x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://192.0.2.1.5/x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://4294967296/x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://[2001:DB8::0:1]:80/x", OBSERVABLE_URL, "http://[2001:db8::1]/x"},
    {OBSERVABLE_URL, "http://[::ffff:192.0.2.1]/x", OBSERVABLE_URL, "http://192.0.2.1/x"},
    {OBSERVABLE_URL, "http://[fe80::1%25eth0]/", OBSERVABLE_URL, "http://[fe80::1]/"},
    {OBSERVABLE_URL, "http://[2001:db8::1/x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://2001:db8::1/x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "tcp://192.0.2.1:4444", OBSERVABLE_URL, "tcp://192.0.2.1:4444/"},
    {OBSERVABLE_URL, "http:///x", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "://a.example/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "1http://a.example/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "mailto:a@a.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://a.example/\nb", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "http://a b.example/", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_URL, "alder.example/x", OBSERVABLE_NONE, NULL},

    {OBSERVABLE_MD5, "D41D8CD98F00B204E9800998ECF8427E", OBSERVABLE_MD5,
     "d41d8cd98f00b204e9800998ecf8427e"},
    {OBSERVABLE_JA3, "D41D8CD98F00B204E9800998ECF8427E", OBSERVABLE_JA3,
     "d41d8cd98f00b204e9800998ecf8427e"},
    {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427g", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_SHA1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", OBSERVABLE_SHA1,
     "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {OBSERVABLE_SHA256, "d41d8cd98f00b204e9800998ecf8427e", OBSERVABLE_NONE, NULL},

    {OBSERVABLE_EMAIL, "Mallory@Alder.EXAMPLE", OBSERVABLE_EMAIL, "mallory@alder.example"},
    {OBSERVABLE_EMAIL, "a+b@b\303\274cher.example", OBSERVABLE_EMAIL, "a+b@xn--bcher-kva.example"},
    {OBSERVABLE_EMAIL, "\303\234@alder.example", OBSERVABLE_EMAIL, "\303\274@alder.example"},
    {OBSERVABLE_EMAIL, "@alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_EMAIL, "a@alder", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_EMAIL, "a@b@alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_EMAIL, ".a@alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_EMAIL, "a..b@alder.example", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_EMAIL, "a b@alder.example", OBSERVABLE_NONE, NULL},

    {OBSERVABLE_JA4, "T13D1516h2_8daaf6152771_02713D6AF862", OBSERVABLE_JA4,
     "t13d1516h2_8daaf6152771_02713d6af862"},
    {OBSERVABLE_JA4, "x13d1516h2_8daaf6152771_02713d6af862", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_JA4, "t13d1516h2_8daaf6152771_02713d6af86", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_JA4, "t13d1516h2-8daaf6152771_02713d6af862", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_OTHER, "HKLM\\Software\\Alder", OBSERVABLE_OTHER, "HKLM\\Software\\Alder"},
    {OBSERVABLE_OTHER, "\377", OBSERVABLE_NONE, NULL},
    {OBSERVABLE_NONE, "192.0.2.1", OBSERVABLE_NONE, NULL},
};

static void test_normalise(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        ObservableKind kind = 99;
        /* Exact-size copy: a read past the end is an error under AddressSanitizer. */
        g_autofree char *copy = g_memdup2(c->text, strlen(c->text));
        g_autofree char *canonical = observable_normalise(c->kind, copy, strlen(c->text), &kind);
        g_test_message("%s", c->text);
        g_assert_cmpstr(canonical, ==, c->canonical);
        if (!canonical) {
            g_assert_cmpint(kind, ==, 99);
            continue;
        }
        g_assert_cmpint(kind, ==, c->actual);
        g_autofree char *again = observable_normalise(kind, canonical, strlen(canonical), NULL);
        g_assert_cmpstr(again, ==, canonical);
    }
}

static void test_classify(void)
{
    static const Case looks[] = {
        {0, "192.0.2.1", OBSERVABLE_IPV4, "192.0.2.1"},
        {0, "192[.]0[.]2[.]1", OBSERVABLE_IPV4, "192.0.2.1"},
        {0, "192.0.2[.]1", OBSERVABLE_IPV4, "192.0.2.1"},
        {0, "192.0.2.0/24", OBSERVABLE_CIDR, "192.0.2.0/24"},
        {0, "192(.)0{.}2[dot]0/24", OBSERVABLE_CIDR, "192.0.2.0/24"},
        {0, "2001[:]db8[:][:]1", OBSERVABLE_IPV6, "2001:db8::1"},
        {0, "[2001:db8::1]", OBSERVABLE_IPV6, "2001:db8::1"},
        {0, "[::]", OBSERVABLE_IPV6, "::"},
        {0, "alder.example", OBSERVABLE_DOMAIN, "alder.example"},
        {0, "www(dot)alder[DOT]example", OBSERVABLE_DOMAIN, "www.alder.example"},
        {0, "www\\.alder\\.example", OBSERVABLE_DOMAIN, "www.alder.example"},
        {0, "b\303\274cher[.]example", OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
        {0, "alder.xn--p1ai", OBSERVABLE_DOMAIN, "alder.xn--p1ai"},
        {0, "libalder.so.1", OBSERVABLE_NONE, NULL},
        {0, "setup.x86", OBSERVABLE_NONE, NULL},
        {0, "a.b", OBSERVABLE_NONE, NULL},
        {0, "alder", OBSERVABLE_NONE, NULL},
        {0, "hxxp://alder[.]example/a", OBSERVABLE_URL, "http://alder.example/a"},
        {0, "hXXps[:]//alder.example/a(.)b", OBSERVABLE_URL, "https://alder.example/a.b"},
        {0, "hxxps[://]alder.example", OBSERVABLE_URL, "https://alder.example/"},
        {0, "http[:]//alder.example/a[.]b", OBSERVABLE_URL, "http://alder.example/a.b"},
        {0, "http://alder.example/a(.)b", OBSERVABLE_URL, "http://alder.example/a(.)b"},
        {0, "http://[2001:db8::1]/a", OBSERVABLE_URL, "http://[2001:db8::1]/a"},
        {0, "fxp://alder.example/a", OBSERVABLE_URL, "ftp://alder.example/a"},
        {0, "alder.example/a", OBSERVABLE_URL, "http://alder.example/a"},
        {0, "alder[.]example:8080/a", OBSERVABLE_URL, "http://alder.example:8080/a"},
        {0, "192.0.2.1/a", OBSERVABLE_URL, "http://192.0.2.1/a"},
        {0, "192.0.2.1:8080/a", OBSERVABLE_URL, "http://192.0.2.1:8080/a"},
        {0, "192.0.2.1/33", OBSERVABLE_URL, "http://192.0.2.1/33"},
        {0, "1/2", OBSERVABLE_NONE, NULL},
        {0, "and/or", OBSERVABLE_NONE, NULL},
        {0, "hxxp", OBSERVABLE_NONE, NULL},
        {0, "mallory@alder.example", OBSERVABLE_EMAIL, "mallory@alder.example"},
        {0, "mallory[@]alder[.]example", OBSERVABLE_EMAIL, "mallory@alder.example"},
        {0, "mallory[at]alder(dot)example", OBSERVABLE_EMAIL, "mallory@alder.example"},
        {0, "D41D8CD98F00B204E9800998ECF8427E", OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {0, "da39a3ee5e6b4b0d3255bfef95601890afd80709", OBSERVABLE_SHA1,
         "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", OBSERVABLE_SHA256,
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {0, "t13d1516h2_8daaf6152771_02713d6af862", OBSERVABLE_JA4,
         "t13d1516h2_8daaf6152771_02713d6af862"},
        {0, "\"alder.example\"", OBSERVABLE_NONE, NULL},
        {0, "", OBSERVABLE_NONE, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(looks); i++) {
        g_autofree char *canonical = NULL;
        g_autofree char *copy = g_memdup2(looks[i].text, strlen(looks[i].text));
        ObservableKind kind = observable_classify(copy, strlen(looks[i].text), &canonical);
        g_test_message("%s", looks[i].text);
        g_assert_cmpstr(canonical, ==, looks[i].canonical);
        g_assert_cmpint(kind, ==, looks[i].actual);
    }
}

static void test_bounds(void)
{
    g_autofree char *label63 = g_strnfill(63, 'a');
    g_autofree char *label64 = g_strnfill(64, 'a');
    g_autofree char *fits = g_strconcat(label63, ".example", NULL);
    g_autofree char *too_long = g_strconcat(label64, ".example", NULL);
    g_autofree char *last = g_strconcat("a.", label64, NULL);
    g_autofree char *name253 =
        g_strdup_printf("%s.%s.%s.%.61s", label63, label63, label63, label63);
    g_autofree char *name254 =
        g_strdup_printf("%s.%s.%s.%.62s", label63, label63, label63, label63);
    const struct {
        const char *text;
        gboolean valid;
    } names[] = {{fits, TRUE}, {too_long, FALSE}, {last, FALSE}, {name253, TRUE}, {name254, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *canonical =
            observable_normalise(OBSERVABLE_DOMAIN, names[i].text, strlen(names[i].text), NULL);
        g_assert_cmpint(canonical != NULL, ==, names[i].valid);
    }

    g_autofree char *path = g_strnfill(OBSERVABLE_MAX_LENGTH, 'a');
    g_autofree char *url = g_strconcat("http://alder.example/", path, NULL);
    g_assert_null(observable_normalise(OBSERVABLE_URL, url, strlen(url), NULL));
    g_autofree char *at_bound =
        observable_normalise(OBSERVABLE_URL, url, OBSERVABLE_MAX_LENGTH, NULL);
    g_assert_cmpuint(strlen(at_bound), ==, OBSERVABLE_MAX_LENGTH);
    /* Escaping makes it too long. */
    url[100] = ' ';
    g_assert_null(observable_normalise(OBSERVABLE_URL, url, OBSERVABLE_MAX_LENGTH, NULL));

    g_assert_null(observable_normalise(OBSERVABLE_IPV4, "192.0.2.1\0x", 11, NULL));
    g_assert_null(observable_normalise(OBSERVABLE_DOMAIN, "a\0b.example", 11, NULL));
    g_assert_null(observable_normalise(OBSERVABLE_OTHER, "a\0b", 3, NULL));
}

/* A URL that is read piece by piece is, after each piece, what it is when read at once. */
static void test_url_extend(void)
{
    static const char *const beginnings[] = {
        "http://alder.example",     "https://alder.example/",          "http://192.0.2.1:80", "h",
        "http://[2001:db8::1]/a?b", "http://me:secret@alder.example/a"};
    static const char *const pieces[] = {"/",   ".",   "..", "/./", "/../", "%2e", "%2E",      "%",
                                         "2",   "e",   "4",  "%41", "%2f",  "%zz", ",",        "'",
                                         ";",   "(",   "?",  "#",   "\\",   "a",   "\303\274", "@",
                                         ":80", "[.]", " ",  "~",   "b/c",  "&d=", "x.y"};
    g_autoptr(GRand) chance = g_rand_new_with_seed(3);
    guint extended = 0, spoiled = 0;

    for (guint round = 0; round < 30000; round++) {
        g_autoptr(GString) text = g_string_new(beginnings[round % G_N_ELEMENTS(beginnings)]);
        g_autoptr(GString) url = g_string_new(NULL);
        observable_url_append(text->str, text->len, url, NULL);
        for (guint i = 0; i < 12; i++) {
            g_autoptr(GString) wanted = g_string_new(NULL);
            gsize length = text->len;
            for (gint more = g_rand_int_range(chance, 1, 4); more > 0; more--)
                g_string_append(text, pieces[g_rand_int_range(chance, 0, G_N_ELEMENTS(pieces))]);
            observable_url_append(text->str, text->len, wanted, NULL);
            if (observable_url_extend(text->str, length, text->len, url)) {
                g_assert_cmpstr(url->str, ==, wanted->str);
                extended++;
            } else {
                g_string_assign(url, wanted->str);
                spoiled++;
            }
        }
    }
    g_assert_cmpuint(extended, >, 30000);
    g_assert_cmpuint(spoiled, >, 30000);
}

static void test_url_parts(void)
{
    static const char url[] = "http://me@Alder.example.:8080/a?b";
    g_autoptr(GString) into = g_string_new("before ");
    ObservableUrlParts parts;
    g_assert_true(observable_url_append(url, strlen(url), into, &parts));
    g_assert_cmpstr(into->str, ==, "before http://alder.example:8080/a?b");
    g_assert_cmpuint(parts.host, ==, 7);
    g_assert_cmpuint(parts.host_length, ==, 13);
    g_assert_cmpuint(parts.path, ==, 25);
    g_assert_cmpint(parts.host_kind, ==, OBSERVABLE_DOMAIN);
    g_assert_false(observable_url_append("http://a..b/", 12, into, &parts));
    g_assert_cmpstr(into->str, ==, "before http://alder.example:8080/a?b");
}

static void test_kind_names(void)
{
    for (int kind = OBSERVABLE_IPV4; kind <= OBSERVABLE_OTHER; kind++)
        g_assert_cmpint(observable_kind_from_name(observable_kind_name(kind)), ==, kind);
    g_assert_cmpstr(observable_kind_name(OBSERVABLE_SHA256), ==, "sha256");
    g_assert_null(observable_kind_name(OBSERVABLE_NONE));
    g_assert_null(observable_kind_name(OBSERVABLE_OTHER + 1));
    g_assert_cmpint(observable_kind_from_name("SHA256"), ==, OBSERVABLE_NONE);
}

/* The plain paths are called for every value of a feed of millions. */
static void test_speed(void)
{
    static const char *const texts[] = {"192.0.2.123", "www.alder.example",
                                        "d41d8cd98f00b204e9800998ecf8427e",
                                        "http://alder.example/download/file.bin?id=12345"};
    static const ObservableKind kinds[] = {OBSERVABLE_IPV4, OBSERVABLE_DOMAIN, OBSERVABLE_MD5,
                                           OBSERVABLE_URL};
    if (!g_test_perf()) {
        g_test_skip("only with -m perf");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        gsize length = strlen(texts[i]);
        g_test_timer_start();
        for (guint n = 0; n < 1000000; n++)
            g_free(observable_normalise(kinds[i], texts[i], length, NULL));
        double rate = 1.0 / g_test_timer_elapsed();
        g_test_maximized_result(rate, "%s: %.1f M/s", observable_kind_name(kinds[i]), rate);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/observable/normalise", test_normalise);
    g_test_add_func("/observable/classify", test_classify);
    g_test_add_func("/observable/bounds", test_bounds);
    g_test_add_func("/observable/url-parts", test_url_parts);
    g_test_add_func("/observable/url-extend", test_url_extend);
    g_test_add_func("/observable/kind-names", test_kind_names);
    g_test_add_func("/observable/speed", test_speed);
    return g_test_run();
}
