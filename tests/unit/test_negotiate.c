/* Headers (server/negotiate.h), paths (server/router.h) and compressing (server/compress.h). */
#include "server/compress.h"
#include "server/router.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

static void test_accept(void)
{
    static const struct {
        const char *accept;
        gboolean accepts;
    } cases[] = {
        {NULL, TRUE},
        {"", FALSE},
        {"application/taxii+json;version=2.1", TRUE},
        {"application/taxii+json; version=2.1", TRUE},
        {"APPLICATION/TAXII+JSON ; Version = \"2.1\"", TRUE},
        {"application/taxii+json", TRUE},
        {"application/taxii+json;charset=utf-8", TRUE},
        {"*/*", TRUE},
        {"application/*;q=0.1", TRUE},
        {"application/taxii+json;version=2.0", FALSE},
        {"application/taxii+json;version=2.10", FALSE},
        {"application/json", FALSE},
        {"application/taxii+jsonx", FALSE},
        {"text/html, application/xml;q=0.9, */*;q=0.8", TRUE},
        {"*/*;q=0", FALSE},
        {"application/taxii+json;q=0, */*", FALSE},
        {"application/taxii+json;version=2.1;q=0, application/taxii+json", FALSE},
        {"application/taxii+json;version=2.0, application/taxii+json;version=2.1", TRUE},
        {"a;b=\"x,y;*/*\", application/taxii+json", TRUE},
        {"a;b=\"application/taxii+json", FALSE},
        {"*/*;q=2", FALSE},
        {"*/*;q=0.000", FALSE},
        {"*/*;q=0.001", TRUE},
        {",,,*/*,,", TRUE},
        {";;;", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (negotiate_accepts_taxii(cases[i].accept) != cases[i].accepts)
            g_error("Accept: %s", cases[i].accept);
}

static void test_content_type(void)
{
    g_assert_true(negotiate_is_taxii("application/taxii+json;version=2.1"));
    g_assert_true(negotiate_is_taxii("application/taxii+json"));
    g_assert_false(negotiate_is_taxii(NULL));
    g_assert_false(negotiate_is_taxii(""));
    g_assert_false(negotiate_is_taxii("*/*"));
    g_assert_false(negotiate_is_taxii("application/*"));
    g_assert_false(negotiate_is_taxii("application/taxii+json;version=2.0"));
    g_assert_false(negotiate_is_taxii("application/stix+json;version=2.1"));
}

static void test_coding(void)
{
    static const struct {
        const char *accept;
        NegotiateCoding coding;
    } cases[] = {
        {NULL, NEGOTIATE_IDENTITY},
        {"", NEGOTIATE_IDENTITY},
        {"gzip", NEGOTIATE_GZIP},
        {"x-gzip", NEGOTIATE_GZIP},
        {"deflate, gzip, br, zstd", NEGOTIATE_ZSTD},
        {"gzip;q=1.0, zstd;q=0.9", NEGOTIATE_GZIP},
        {"gzip;q=0, zstd;q=0", NEGOTIATE_IDENTITY},
        {"*", NEGOTIATE_ZSTD},
        {"*;q=0, gzip", NEGOTIATE_GZIP},
        {"zstd;q=0, *", NEGOTIATE_GZIP},
        {"identity;q=1, gzip;q=0.5", NEGOTIATE_IDENTITY},
        {"identity;q=0, gzip;q=0.001", NEGOTIATE_GZIP},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (negotiate_coding(cases[i].accept) != cases[i].coding)
            g_error("Accept-Encoding: %s", cases[i].accept);
}

static gsize unpack(NegotiateCoding coding, const char *packed, gsize length, char *out, gsize room)
{
    if (coding == NEGOTIATE_ZSTD)
        return ZSTD_decompress(out, room, packed, length);
    z_stream stream = {.next_in = (Bytef *)packed,
                       .avail_in = (uInt)length,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)room};
    g_assert_cmpint(inflateInit2(&stream, 15 + 16), ==, Z_OK);
    g_assert_cmpint(inflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    inflateEnd(&stream);
    return room - stream.avail_out;
}

static void test_compress(void)
{
    static const gsize lengths[] = {1024, 5000, 300000, 5000000};
    for (NegotiateCoding coding = NEGOTIATE_GZIP; coding <= NEGOTIATE_ZSTD; coding++) {
        for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
            g_autofree char *body = g_malloc(lengths[i]);
            for (gsize at = 0; at < lengths[i]; at++)
                body[at] = "abcdefgh"[g_test_rand_int_range(0, 8)];
            for (guint with_head = 0; with_head < 2; with_head++) {
                const char *head = "{\"objects\":[";
                gsize head_length = with_head ? strlen(head) : 0, length;
                g_autofree char *packed =
                    compress_joined(coding, head, head_length, body, lengths[i], &length);
                g_assert_nonnull(packed);
                g_assert_cmpuint(length, <, lengths[i]);
                gsize room = head_length + lengths[i];
                g_autofree char *out = g_malloc(room);
                g_assert_cmpuint(unpack(coding, packed, length, out, room), ==, room);
                g_assert_cmpmem(out, head_length, head, head_length);
                g_assert_cmpmem(out + head_length, lengths[i], body, lengths[i]);
            }
        }
    }
}

static void test_compress_what_cannot_be(void)
{
    char noise[4096];
    for (gsize i = 0; i < sizeof noise; i++)
        noise[i] = (char)g_test_rand_int();
    gsize length = 77;
    for (NegotiateCoding coding = NEGOTIATE_IDENTITY; coding <= NEGOTIATE_ZSTD; coding++)
        g_assert_null(compress_joined(coding, NULL, 0, noise, sizeof noise, &length));
    g_assert_cmpuint(length, ==, 77);
}

static void test_router(void)
{
    static const struct {
        const char *template, *path, *values;
    } cases[] = {
        {"/taxii2/", "/taxii2/", ""},
        {"/taxii2/", "/taxii2", ""},
        {"/taxii2/", "/taxii2?x=/y", ""},
        {"/taxii2/", "/taxii", NULL},
        {"/taxii2/", "/taxii2/x", NULL},
        {"/taxii2/", "/taxii2//", NULL},
        {"/taxii2/", "taxii2", NULL},
        {"/taxii2/", "", NULL},
        {"/taxii2/", "/", NULL},
        {"/{a}/", "/", NULL},
        {"/{a}/", "//", NULL},
        {"/{a}/", "/x", "x"},
        {"/{a}/b/{c}/", "/x/b/y/?b", "x,y"},
        {"/{a}/b/{c}/", "/x/c/y/", NULL},
        {"/{a}/b/{c}/", "/x/b/", NULL},
        {"/{a}/b/{c}/", "/x/b//", NULL},
        {"/{a}/b/{c}/", "/%78/b/%C3%BC", "x,\303\274"},
        {"/{a}/b/", "/x%2Fb/b", NULL},
        {"/{a}/b/", "/%zz/b", NULL},
        {"/{a}/b/", "/%00/b", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        RouterMatch match = {{NULL}};
        gboolean fits = router_fits(cases[i].template, cases[i].path, &match);
        if (fits != (cases[i].values != NULL))
            g_error("%s on %s", cases[i].template, cases[i].path);
        g_autofree char *values = g_strjoinv(",", match.values);
        if (fits)
            g_assert_cmpstr(values, ==, cases[i].values);
        router_match_clear(&match);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/negotiate/accept", test_accept);
    g_test_add_func("/negotiate/content-type", test_content_type);
    g_test_add_func("/negotiate/coding", test_coding);
    g_test_add_func("/compress/round-trip", test_compress);
    g_test_add_func("/compress/what-cannot-be", test_compress_what_cannot_be);
    g_test_add_func("/router/fits", test_router);
    return g_test_run();
}
