#include "shield/scan.h"
#include "shield/set_builder.h"

#include <string.h>

#include "shield/hit.h"

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA512                                                                                     \
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                             \
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
#define JA4 "t13d1516h2_8daaf6152771_02713d6af862"

/* A set of values given as any text observable_classify() knows; "ja3 " before one makes it that.
 */
static Set *make_set(const char *const *values)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    for (guint i = 0; values[i]; i++) {
        g_autofree char *id = g_strdup_printf("indicator--00000000-0000-4000-8000-%012u", i + 1);
        SetIndicator indicator = {.id = id, .source = "test", .confidence = -1};
        char *canonical = NULL;
        ObservableKind kind;
        if (g_str_has_prefix(values[i], "ja3 ")) {
            kind = OBSERVABLE_JA3;
            canonical = g_strdup(values[i] + 4);
        } else {
            kind = observable_classify(values[i], strlen(values[i]), &canonical);
        }
        g_assert_cmpint(kind, !=, OBSERVABLE_NONE);
        g_assert_true(set_builder_add_indicator(builder, &indicator, &error));
        g_assert_true(set_builder_add_value(builder, kind, canonical, &error));
        g_free(canonical);
    }
    Set *set = set_builder_open(builder, NULL);
    g_assert_nonnull(set);
    return set;
}

/* Writes a hit as "line:column type value [= seen]; ". */
static gboolean collect(gpointer user, const ScanHit *hit)
{
    GString *into = user;
    g_string_append_printf(into, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " %s %s", hit->line,
                           hit->column, observable_kind_name(hit->value.kind), hit->value.value);
    if (strlen(hit->value.value) != hit->seen_length ||
        memcmp(hit->value.value, hit->seen, hit->seen_length) != 0)
        g_string_append_printf(into, " = %.*s", (int)hit->seen_length, hit->seen);
    g_string_append(into, "; ");
    return TRUE;
}

static char *scan_bytes(const Set *set, const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) hits = g_string_new(NULL);
    /* Exact-size copy: a read past the end is an error under AddressSanitizer. */
    g_autofree char *copy = g_memdup2(text, length);
    g_autoptr(Stream) stream = stream_from_memory(copy, length);
    g_assert_true(scan_stream(set, stream, collect, hits, &error));
    g_assert_no_error(error);
    if (hits->len > 0)
        g_string_truncate(hits, hits->len - 2);
    return g_string_free(g_steal_pointer(&hits), FALSE);
}

typedef struct {
    const char *text;
    const char *hits;
} Case;

static void check(const char *const *values, const Case *cases)
{
    g_autoptr(Set) set = make_set(values);
    for (; cases->text; cases++) {
        g_autofree char *hits = scan_bytes(set, cases->text, strlen(cases->text));
        g_test_message("%s", cases->text);
        g_assert_cmpstr(hits, ==, cases->hits);
    }
}

#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CASES(...)  ((const Case[]){__VA_ARGS__, {NULL, NULL}})

static void test_ipv4(void)
{
    check(VALUES("192.0.2.1", "198.51.100.7"),
          CASES({"192.0.2.1", "1:1 ipv4 192.0.2.1"}, {"a 192.0.2.1 b", "1:3 ipv4 192.0.2.1"},
                {"x\ny\n (192.0.2.1)", "3:3 ipv4 192.0.2.1"}, {"192.0.2.1.", "1:1 ipv4 192.0.2.1"},
                {"192.0.2.1...", "1:1 ipv4 192.0.2.1"}, {"192.0.2.1:443", "1:1 ipv4 192.0.2.1"},
                {"src=192.0.2.1,dst=198.51.100.7;", "1:5 ipv4 192.0.2.1; 1:19 ipv4 198.51.100.7"},
                {"192.0.2.1-198.51.100.7", "1:1 ipv4 192.0.2.1; 1:11 ipv4 198.51.100.7"},
                {"192.0.2.1/32", "1:1 ipv4 192.0.2.1 = 192.0.2.1/32"},
                {"192.0.2.1/24", "1:1 ipv4 192.0.2.1"}, {"192.0.2.1/443", "1:1 ipv4 192.0.2.1"},
                {"http://192.0.2.1/a", "1:8 ipv4 192.0.2.1"},
                {"http://u@192.0.2.1:80/a", "1:10 ipv4 192.0.2.1"},
                {"http://3221225985/", "1:8 ipv4 192.0.2.1 = 3221225985"},
                {"http://0xc0.0.02.1/", "1:8 ipv4 192.0.2.1 = 0xc0.0.02.1"},
                {"DIRECT/192.0.2.1", "1:8 ipv4 192.0.2.1"},
                {"node7/192.0.2.1", "1:7 ipv4 192.0.2.1"},
                {"node7.alder.example/192.0.2.1:80", "1:21 ipv4 192.0.2.1"},
                {"Alder/192.0.2.1:80", "1:7 ipv4 192.0.2.1"}, {"/192.0.2.1", "1:2 ipv4 192.0.2.1"},
                {"\"192.0.2.1\"", "1:2 ipv4 192.0.2.1"}, {"[192.0.2.1]", "1:2 ipv4 192.0.2.1"},
                {"\342\200\234192.0.2.1\342\200\235", "1:4 ipv4 192.0.2.1"},
                {"mallory@192.0.2.1", "1:9 ipv4 192.0.2.1"},
                /* no addresses */
                {"1192.0.2.1", ""}, {"192.0.2.11", ""}, {"192.0.2.1.5", ""}, {"5.192.0.2.1", ""},
                {"192.0.2.1.bl.alder.example", ""}, {"192.0.2.01", ""}, {"v192.0.2.1", ""},
                {"192.0.2.1x", ""}, {"192.0.2.1-alder", ""}, {"alder-192.0.2.1", ""},
                {"192.0.2.1_1", ""}, {"192.0.2.1-5", ""}, {"Chrome/192.0.2.1 Safari/1", ""},
                {".192.0.2.1", ""}, {"192.0.2.1%2e5", ""}));
    check(VALUES("124.0.0.0", "0.0.0.0/0"),
          CASES({"Chrome/124.0.0.0 Safari/537.36", ""}, {"OPR/124.0.0.0", ""},
                {"/124.0.0.0", "1:2 ipv4 124.0.0.0; 1:2 cidr 0.0.0.0/0 = 124.0.0.0"}));
}

static void test_cidr(void)
{
    check(
        VALUES("192.0.2.0/24", "192.0.0.0/16", "192.0.2.128/25", "2001:db8::/32", "::/0"),
        CASES({"192.0.2.7", "1:1 cidr 192.0.0.0/16 = 192.0.2.7; 1:1 cidr 192.0.2.0/24 = 192.0.2.7"},
              {"192.0.2.200", "1:1 cidr 192.0.0.0/16 = 192.0.2.200; 1:1 cidr 192.0.2.0/24 = "
                              "192.0.2.200; 1:1 cidr 192.0.2.128/25 = 192.0.2.200"},
              {"192.0.3.1", "1:1 cidr 192.0.0.0/16 = 192.0.3.1"}, {"192.1.0.1", ""},
              {"192.0.2.0/24", "1:1 cidr 192.0.0.0/16 = 192.0.2.0/24; 1:1 cidr 192.0.2.0/24"},
              {"192.0.2.0/23", "1:1 cidr 192.0.0.0/16 = 192.0.2.0/23"}, {"192.0.0.0/15", ""},
              {"192.0.2.0/24.", "1:1 cidr 192.0.0.0/16 = 192.0.2.0/24; 1:1 cidr 192.0.2.0/24"},
              {"192.0.2.0/24/x",
               "1:1 cidr 192.0.0.0/16 = 192.0.2.0; 1:1 cidr 192.0.2.0/24 = 192.0.2.0"},
              {"2001:db8:5::9",
               "1:1 cidr ::/0 = 2001:db8:5::9; 1:1 cidr 2001:db8::/32 = 2001:db8:5::9"},
              {"2001:db8:5::/48",
               "1:1 cidr ::/0 = 2001:db8:5::/48; 1:1 cidr 2001:db8::/32 = 2001:db8:5::/48"},
              {"::ffff:192.0.3.1", "1:1 cidr 192.0.0.0/16 = ::ffff:192.0.3.1"}));
}

static void test_ipv6(void)
{
    check(
        VALUES("2001:db8::1", "192.0.2.1", "::2", "2001:db8::c000:209"),
        CASES({"2001:db8::1", "1:1 ipv6 2001:db8::1"},
              {"2001:DB8:0:0:0:0:0:1", "1:1 ipv6 2001:db8::1 = 2001:DB8:0:0:0:0:0:1"},
              {"2001:0db8::0001", "1:1 ipv6 2001:db8::1 = 2001:0db8::0001"},
              {"[2001:db8::1]:443", "1:2 ipv6 2001:db8::1"},
              {"http://[2001:db8::1]/", "1:9 ipv6 2001:db8::1"},
              {"2001:db8::1%eth0 x", "1:1 ipv6 2001:db8::1 = 2001:db8::1%eth0"},
              {"2001:db8::1%2Fx", "1:1 ipv6 2001:db8::1"},
              {"2001:db8::1/128", "1:1 ipv6 2001:db8::1 = 2001:db8::1/128"},
              {"2001:db8::1/64", "1:1 ipv6 2001:db8::1"}, {"2001:db8::1.", "1:1 ipv6 2001:db8::1"},
              {"2001:db8::1: x", "1:1 ipv6 2001:db8::1"}, {"2001:db8::1,", "1:1 ipv6 2001:db8::1"},
              {"src:2001:db8::1", "1:5 ipv6 2001:db8::1"},
              {"ip:2001:db8::1", "1:4 ipv6 2001:db8::1"},
              {"src=2001:db8::1", "1:5 ipv6 2001:db8::1"}, {"::2", "1:1 ipv6 ::2"},
              {"addr ::2 ", "1:6 ipv6 ::2"}, {"2001:db8::1-2001:db8::5", "1:1 ipv6 2001:db8::1"},
              {"2001:db8::192.0.2.9", "1:1 ipv6 2001:db8::c000:209 = 2001:db8::192.0.2.9"},
              {"::ffff:192.0.2.1", "1:1 ipv4 192.0.2.1 = ::ffff:192.0.2.1"},
              {"::FFFF:c000:201", "1:1 ipv4 192.0.2.1 = ::FFFF:c000:201"},
              {"0:0:0:0:0:ffff:192.0.2.1", "1:1 ipv4 192.0.2.1 = 0:0:0:0:0:ffff:192.0.2.1"},
              {"2001[:]db8[:][:]1", "1:1 ipv6 2001:db8::1 = 2001[:]db8[:][:]1"},
              {"2001:db8::1z", ""}, {"2001:db8::1:2", ""}, {"12001:db8::1", ""},
              {"2001:db8::11", ""}, {"2001:db8::1.443", ""}, {"12:34:56 a::b std::vector", ""}));
}

static void test_domain(void)
{
    check(
        VALUES("alder.example", "www.birch.example", "birch.example", "xn--bcher-kva.example"),
        CASES({"alder.example", "1:1 domain alder.example"},
              {"ALDER.Example", "1:1 domain alder.example = ALDER.Example"},
              {"alder.example.", "1:1 domain alder.example"},
              {"(alder.example)", "1:2 domain alder.example"},
              {"www.alder.example", "1:1 domain alder.example = www.alder.example"},
              {"a.b.c.alder.example:53", "1:1 domain alder.example = a.b.c.alder.example"},
              {"_dmarc.alder.example", "1:1 domain alder.example = _dmarc.alder.example"},
              {"www.birch.example",
               "1:1 domain birch.example = www.birch.example; 1:1 domain www.birch.example"},
              {".alder.example", "1:2 domain alder.example"},
              {"wait...alder.example", "1:8 domain alder.example"},
              {"--alder.example", "1:3 domain alder.example"},
              {"_alder.example_", "1:2 domain alder.example"},
              {"https://me@www.alder.example:8443/x",
               "1:12 domain alder.example = www.alder.example"},
              {"mallory@alder.example", "1:9 domain alder.example"},
              {"host=alder.example;", "1:6 domain alder.example"},
              {"/srv/alder.example/log", "1:6 domain alder.example"},
              {"C:\\alder.example\\log", "1:4 domain alder.example"},
              {"192.0.2.1.alder.example", "1:1 domain alder.example = 192.0.2.1.alder.example"},
              {"b\303\274cher.example", "1:1 domain xn--bcher-kva.example = b\303\274cher.example"},
              {"www.B\303\234cher.example.",
               "1:1 domain xn--bcher-kva.example = www.B\303\234cher.example"},
              {"XN--BCHER-kva.example", "1:1 domain xn--bcher-kva.example = XN--BCHER-kva.example"},
              {"b\303\274cher\343\200\202example",
               "1:1 domain xn--bcher-kva.example = b\303\274cher\343\200\202example"},
              {"\303\274.alder.example", "1:1 domain alder.example = \303\274.alder.example"},
              {"\342\200\234alder.example\342\200\235", "1:4 domain alder.example"},
              {"\350\256\277\351\227\256alder.example\344\270\213\350\275\275",
               "1:7 domain alder.example"},
              /* none */
              {"alder.example.net", ""}, {"xalder.example", ""}, {"alder.examples", ""},
              {"alder-example", ""}, {"alder.example@birch.org", ""}, {"\303\274alder.example", ""},
              {"alder.example\303\274", ""}, {"alder_example", ""}, {"alder.example-x", ""}));
}

static void test_url(void)
{
    check(
        VALUES("http://alder.example/a/b?c=1", "http://birch.example/", "https://192.0.2.1:8443/x",
               "http://cedar.example/a&b", "http://cedar.example/a"),
        CASES({"http://alder.example/a/b?c=1", "1:1 url http://alder.example/a/b?c=1"},
              {"HTTP://ALDER.example:80/a/./b?c=1#top",
               "1:1 url http://alder.example/a/b?c=1 = HTTP://ALDER.example:80/a/./b?c=1#top"},
              {"<http://alder.example/a/b?c=1>", "1:2 url http://alder.example/a/b?c=1"},
              {"'http://alder.example/a/b?c=1',", "1:2 url http://alder.example/a/b?c=1"},
              {"(http://alder.example/a/b?c=1).", "1:2 url http://alder.example/a/b?c=1"},
              {"u=http://me@alder.example/%61/b?c=1 x",
               "1:3 url http://alder.example/a/b?c=1 = http://me@alder.example/%61/b?c=1"},
              {"alder.example/a/b?c=1",
               "1:1 url http://alder.example/a/b?c=1 = alder.example/a/b?c=1"},
              {"alder.example:80/a/b?c=1",
               "1:1 url http://alder.example/a/b?c=1 = alder.example:80/a/b?c=1"},
              {"192.0.2.1:8443/x", "1:1 url https://192.0.2.1:8443/x = 192.0.2.1:8443/x"},
              {"https://192.0.2.1:8443/x", "1:1 url https://192.0.2.1:8443/x"},
              {"http://birch.example", "1:1 url http://birch.example/ = http://birch.example"},
              {"http://birch.example.", "1:1 url http://birch.example/ = http://birch.example"},
              {"http://birch.example,", "1:1 url http://birch.example/ = http://birch.example"},
              {"birch.example/", "1:1 url http://birch.example/ = birch.example/"},
              {"http:\\/\\/alder.example\\/a\\/b?c=1",
               "1:1 url http://alder.example/a/b?c=1 = http:\\/\\/alder.example\\/a\\/b?c=1"},
              {"\"http://cedar.example/a\\u0026b\"",
               "1:2 url http://cedar.example/a&b = http://cedar.example/a\\u0026b"},
              {"q=http%3A%2F%2Falder.example%2Fa%2Fb%3Fc%3D1&r",
               "1:3 url http://alder.example/a/b?c=1 = http%3A%2F%2Falder.example%2Fa%2Fb%3Fc%3D1"},
              {"hxxp://alder[.]example/a/b?c=1",
               "1:1 url http://alder.example/a/b?c=1 = hxxp://alder[.]example/a/b?c=1"},
              {"hXXp[:]//alder.example/a/b?c=1",
               "1:1 url http://alder.example/a/b?c=1 = hXXp[:]//alder.example/a/b?c=1"},
              /* none */
              {"https://alder.example/a/b?c=1", ""}, {"http://alder.example/a/b?c=12", ""},
              {"http://alder.example/a/b?c=1&d", ""}, {"http://alder.example/a/B?c=1", ""},
              {"http://www.alder.example/a/b?c=1", ""}, {"birch.example", ""},
              {"http://birch.example/x", ""}, {"http://cedar.example/a%20b", ""},
              {"http://alder.example@birch.org/a/b?c=1", ""}));
}

static void test_hash(void)
{
    check(VALUES(MD5, SHA1, SHA256, SHA512, JA4),
          CASES({MD5, "1:1 md5 " MD5},
                {"D41D8CD98F00B204E9800998ECF8427E",
                 "1:1 md5 " MD5 " = D41D8CD98F00B204E9800998ECF8427E"},
                {"sha1:" SHA1 "\r\nsha256=" SHA256, "1:6 sha1 " SHA1 "; 2:8 sha256 " SHA256},
                {SHA512 " x", "1:1 sha512 " SHA512}, {"mal_" MD5 ".bin", "1:5 md5 " MD5},
                {"a-" SHA256 "-b", "1:3 sha256 " SHA256},
                {"d4:1d:8c:d9:8f:00:b2:04:E9:80:09:98:ec:f8:42:7e",
                 "1:1 md5 " MD5 " = d4:1d:8c:d9:8f:00:b2:04:E9:80:09:98:ec:f8:42:7e"},
                {"ja4=" JA4 ",", "1:5 ja4 " JA4}, {"x" MD5, ""}, {MD5 "0", ""}, {"0" MD5, ""},
                {MD5 "z", ""}, {"0" SHA1, ""}, {"x" JA4, ""}, {JA4 "0", ""}, {"x_" JA4, ""},
                {"d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e:00", ""}));
    check(VALUES("ja3 " MD5), CASES({MD5, "1:1 ja3 " MD5}));
    check(VALUES("ja3 " MD5, MD5), CASES({MD5, "1:1 md5 " MD5 "; 1:1 ja3 " MD5}));
}

static void test_email(void)
{
    check(VALUES("mallory@alder.example", "alder.example", "mallory@xn--bcher-kva.example"),
          CASES({"mallory@alder.example",
                 "1:1 email mallory@alder.example; 1:9 domain alder.example"},
                {"to=<Mallory@Alder.example>",
                 "1:5 email mallory@alder.example = Mallory@Alder.example; 1:13 domain "
                 "alder.example = Alder.example"},
                {"from=mallory@alder.example,",
                 "1:6 email mallory@alder.example; 1:14 domain alder.example"},
                {"mailto:mallory@alder.example",
                 "1:8 email mallory@alder.example; 1:16 domain alder.example"},
                {"mallory%40alder.example",
                 "1:1 email mallory@alder.example = mallory%40alder.example; 1:11 domain "
                 "alder.example"},
                {"mallory[@]alder[.]example",
                 "1:1 email mallory@alder.example = mallory[@]alder[.]example; 1:11 domain "
                 "alder.example = alder[.]example"},
                {"mallory@b\303\274cher.example",
                 "1:1 email mallory@xn--bcher-kva.example = mallory@b\303\274cher.example"},
                {"xmallory@alder.example", "1:10 domain alder.example"},
                {"x.mallory@alder.example", "1:11 domain alder.example"},
                {"mallory@www.alder.example", "1:9 domain alder.example = www.alder.example"}));
}

static void test_escapes(void)
{
    check(
        VALUES("alder.example", "192.0.2.1", MD5),
        CASES({"u=%2Falder.example%2Fx", "1:6 domain alder.example"},
              {"x%20www.alder.example%3a80", "1:5 domain alder.example = www.alder.example"},
              {"alder%2Eexample", "1:1 domain alder.example = alder%2Eexample"},
              {"%61lder.example", "1:1 domain alder.example = %61lder.example"},
              {"x%61lder.example", ""}, {"alder.example%2Enet", ""},
              {"%2561lder.example", "1:1 domain alder.example = %2561lder.example"},
              {"http%253A%252F%252Falder.example", "1:20 domain alder.example"},
              {"alder\\u002eexample", "1:1 domain alder.example = alder\\u002eexample"},
              {"\"a\\nalder.example\\r\\n\"", "1:5 domain alder.example"},
              {"\\\\alder.example\\share", "1:3 domain alder.example"},
              {"C:\\n\\alder.example", "1:6 domain alder.example"},
              {"\\u002falder.example", "1:7 domain alder.example"},
              {"\\x2falder.example", "1:5 domain alder.example"},
              {"alder\\.example", "1:1 domain alder.example = alder\\.example"},
              {"{\\\"u\\\":\\\"\\\\/\\\\/alder.example\\\\/\\\"}", "1:16 domain alder.example"},
              {"alder[.]example", "1:1 domain alder.example = alder[.]example"},
              {"www[.]alder.example", "1:1 domain alder.example = www[.]alder.example"},
              {"www(dot)alder(dot)example", "1:1 domain alder.example = www(dot)alder(dot)example"},
              {"alder.example[.]net", ""},
              {"192[.]0[.]2[.]1", "1:1 ipv4 192.0.2.1 = 192[.]0[.]2[.]1"},
              {"192.0.2[.]1", "1:1 ipv4 192.0.2.1 = 192.0.2[.]1"}, {"192.0.2.1[.]5", ""},
              {"5[.]192.0.2.1", ""}, {"hxxp://alder.example", "1:8 domain alder.example"},
              {"%2F" MD5 "%2F", "1:4 md5 " MD5}, {"x\\n" MD5, "1:4 md5 " MD5}));
}

#define BYTES(text) (text), sizeof(text) - 1

static void test_places(void)
{
    g_autoptr(Set) set = make_set(VALUES("alder.example", "192.0.2.1"));
    static const struct {
        const char *text;
        gsize length;
        const char *hits;
    } cases[] = {
        {BYTES(""), ""},
        {BYTES("a\r\nb alder.example\r\n192.0.2.1"),
         "2:3 domain alder.example; 3:1 ipv4 192.0.2.1"},
        {BYTES("\0\0alder.example\0\n192.0.2.1\0"), "1:3 domain alder.example; 2:1 ipv4 192.0.2.1"},
        {BYTES("\377\376a\0l\0d\0e\0r\0.\0e\0x\0a\0m\0p\0l\0e\0\n\0"), "1:1 domain alder.example"},
        {BYTES("\376\377\0a\0l\0d\0e\0r\0.\0e\0x\0a\0m\0p\0l\0e"), "1:1 domain alder.example"},
        {BYTES("\357\273\277alder.example"), "1:4 domain alder.example"},
        {BYTES("\377alder.example\377"), "1:2 domain alder.example"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *hits = scan_bytes(set, cases[i].text, cases[i].length);
        g_assert_cmpstr(hits, ==, cases[i].hits);
    }
}

/* Values at every place around the edges of the windows a long text is looked at in, in one line
 * and in many. */
static void test_windows(void)
{
    static const char value[] = " sub.alder.example/x,192.0.2.1 ";
    g_autoptr(Set) set = make_set(VALUES("alder.example", "192.0.2.1"));
    const gsize size = 900000, step = 4093; /* prime: every alignment comes */
    for (int lines = 0; lines < 2; lines++) {
        g_autofree char *text = g_strnfill(size, lines ? '\n' : '.');
        g_autoptr(GString) expected = g_string_new(NULL);
        for (gsize at = 0; at + sizeof(value) < size; at += step) {
            memcpy(text + at, value, sizeof(value) - 1);
            gsize line = 1, column = at;
            if (lines) {
                line = at - (at / step) * (sizeof(value) - 1) + 1;
                column = 0;
            }
            g_string_append_printf(expected,
                                   "%zu:%zu domain alder.example = sub.alder.example; "
                                   "%zu:%zu ipv4 192.0.2.1; ",
                                   line, column + 2, line, column + 22);
        }
        g_string_truncate(expected, expected->len - 2);
        g_autofree char *hits = scan_bytes(set, text, size);
        g_assert_cmpstr(hits, ==, expected->str);
    }
    /* A word of any length is no value, nor is its end. */
    g_autofree char *word = g_strnfill(size, 'a');
    memcpy(word + size - 14, ".alder.example", 14);
    g_autofree char *hits = scan_bytes(set, word, size);
    g_assert_cmpstr(hits, ==, "");
}

/* Escapes and values in a field without end. */
static void test_long_field(void)
{
    g_autoptr(Set) set = make_set(VALUES("http://alder.example/x", "alder.example"));
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) expected = g_string_new(NULL);
    for (guint i = 0; i < 20000; i++) {
        g_string_append_printf(expected,
                               "1:%zu url http://alder.example/x = http:\\/\\/alder.example\\/x; "
                               "1:%zu domain alder.example; ",
                               text->len + 1, text->len + 10);
        g_string_append(text, "http:\\/\\/alder.example\\/x,");
    }
    g_string_truncate(expected, expected->len - 2);
    g_autofree char *hits = scan_bytes(set, text->str, text->len);
    g_assert_cmpstr(hits, ==, expected->str);
}

static gboolean write_json(gpointer user, const ScanHit *hit)
{
    hit_append_json(user, "a\377.log", hit);
    return TRUE;
}

static gboolean write_row(gpointer user, const ScanHit *hit)
{
    hit_append_row(user, "a.log", hit);
    return FALSE; /* stops the scan */
}

static void test_hit(void)
{
    static const char text[] = "x\n  \"WWW.Alder.example\" alder.example";
    g_autoptr(GError) error = NULL;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator full = {.id = "indicator--5b5b2d5a-0000-4000-8000-00000000abcd",
                         .source = "feed\033[2J",
                         .name = "a \"name\"",
                         .confidence = 80,
                         .tlp = MARKING_TLP_AMBER_STRICT,
                         .valid_until = G_GINT64_CONSTANT(1700000000000000)};
    SetIndicator bare = {.id = "x-thing--A", .source = "other", .confidence = -1};
    g_assert_true(set_builder_add_indicator(builder, &full, &error));
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, "alder.example", &error));
    g_assert_true(set_builder_add_indicator(builder, &bare, &error));
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, "alder.example", &error));
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);

    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(Stream) stream = stream_from_memory(text, 24);
    g_assert_true(scan_stream(set, stream, write_json, json, &error));
    g_assert_cmpstr(
        json->str, ==,
        "{\"type\":\"domain\",\"value\":\"alder.example\",\"seen\":\"WWW.Alder.example\","
        "\"indicator\":\"indicator--5b5b2d5a-0000-4000-8000-00000000abcd\","
        "\"source\":\"feed\\u001B[2J\",\"name\":\"a \\\"name\\\"\","
        "\"file\":\"a\357\277\275.log\",\"line\":2,\"column\":4,\"confidence\":80,"
        "\"valid_until\":\"2023-11-14T22:13:20.000Z\",\"tlp\":\"amber+strict\"}\n"
        "{\"type\":\"domain\",\"value\":\"alder.example\",\"seen\":\"WWW.Alder.example\","
        "\"indicator\":\"x-thing--A\",\"source\":\"other\",\"name\":null,"
        "\"file\":\"a\357\277\275.log\",\"line\":2,\"column\":4,\"confidence\":null,"
        "\"valid_until\":null,\"tlp\":null}\n");

    g_autoptr(GString) row = g_string_new(NULL);
    g_autoptr(Stream) again = stream_from_memory(text, sizeof(text) - 1);
    g_assert_true(scan_stream(set, again, write_row, row, &error));
    g_assert_cmpstr(row->str, ==,
                    "a.log:2:4                     domain  alder.example                     "
                    "WWW.Alder.example                 "
                    "indicator--5b5b2d5a-0000-4000-8000-00000000abcd  feed\\x1b[2J  "
                    "TLP:AMBER+STRICT  confidence 80  until 2023-11-14T22:13:20Z\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scan/ipv4", test_ipv4);
    g_test_add_func("/scan/cidr", test_cidr);
    g_test_add_func("/scan/ipv6", test_ipv6);
    g_test_add_func("/scan/domain", test_domain);
    g_test_add_func("/scan/url", test_url);
    g_test_add_func("/scan/hash", test_hash);
    g_test_add_func("/scan/email", test_email);
    g_test_add_func("/scan/escapes", test_escapes);
    g_test_add_func("/scan/places", test_places);
    g_test_add_func("/scan/windows", test_windows);
    g_test_add_func("/scan/long-field", test_long_field);
    g_test_add_func("/scan/hit", test_hit);
    return g_test_run();
}
