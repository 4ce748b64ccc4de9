#include "intake/extent.h"

#include <string.h>

/* Both scanners over the same bytes, given at once and in pieces. */
static void check_alike(const char *text, gsize length, gsize piece)
{
    gsize fast_at = 0, plain_at = 0, whole_at = 0;
    Extent fast = {0}, plain = {0}, whole = {0};
    ExtentResult fast_result = EXTENT_MORE;
    for (gsize given = 0; given < length && fast_result == EXTENT_MORE;) {
        given = MIN(length, given + piece);
        g_autofree char *exact = g_memdup2(text, given); /* so that reading past it shows */
        fast_result = extent_scan(&fast, exact, given, &fast_at);
    }
    ExtentResult whole_result = extent_scan(&whole, text, length, &whole_at);
    ExtentResult plain_result = extent_scan_plain(&plain, text, length, &plain_at);
    g_assert_cmpint(fast_result, ==, plain_result);
    g_assert_cmpint(whole_result, ==, plain_result);
    if (plain_result != EXTENT_MORE) {
        g_assert_cmpuint(fast_at, ==, plain_at);
        g_assert_cmpuint(whole_at, ==, plain_at);
    }
}

static void check(const char *text, ExtentResult expected, gsize expected_at)
{
    gsize at = 0;
    Extent extent = {0};
    g_assert_cmpint(extent_scan(&extent, text, strlen(text), &at), ==, expected);
    if (expected != EXTENT_MORE)
        g_assert_cmpuint(at, ==, expected_at);
    for (gsize piece = 1; piece < 70; piece++)
        check_alike(text, strlen(text), piece);
}

static void test_cases(void)
{
    check("{}", EXTENT_END, 2);
    check("{},{}", EXTENT_END, 2);
    check("{\"a\":\"}\"}", EXTENT_END, 9);
    check("{\"a\":\"\\\"}\"} ", EXTENT_END, 11);
    check("{\"a\":\"\\\\\"}}", EXTENT_END, 10);
    check("{\"a\":{\"b\":[{},{}]}} x", EXTENT_END, 19);
    check("{\"a\":1", EXTENT_MORE, 0);
    check("{\"a", EXTENT_MORE, 0);
    check("", EXTENT_MORE, 0);
    check("{\"a\nb\":1}", EXTENT_BROKEN, 3);
    check("{\"a\"b\":1}", EXTENT_BROKEN, 4);
    check("{\"a\":\"b}, {\"type\":\"x\"}", EXTENT_BROKEN, 12);
    /* What it lets pass is left to the real parser. */
    check("{\"a\":[1,2}", EXTENT_END, 10);
}

static void test_places(void)
{
    /* Quotes, escapes and ends at every place of a block. */
    for (gsize pad = 0; pad < 200; pad++)
        for (gsize slashes = 0; slashes < 70; slashes += slashes < 6 ? 1 : 9) {
            g_autoptr(GString) text = g_string_new("{\"");
            for (gsize i = 0; i < pad; i++)
                g_string_append_c(text, 'x');
            for (gsize i = 0; i < slashes; i++)
                g_string_append_c(text, '\\');
            g_string_append(text, "\"}\"}, {\"next\":1}");
            check_alike(text->str, text->len, 64);
            gsize at;
            Extent extent = {0};
            if (slashes % 2 == 0) /* the quote ends the string */
                g_assert_cmpint(extent_scan(&extent, text->str, text->len, &at), ==, EXTENT_END);
        }
}

static void test_random(void)
{
    static const char alphabet[] = "{}{}[]\"\"\"\\\\:, a\n\x80\xc3";
    for (guint round = 0; round < 20000; round++) {
        char text[300];
        gsize length = 1 + (gsize)g_test_rand_int_range(0, sizeof text - 1);
        text[0] = '{';
        for (gsize i = 1; i < length; i++)
            text[i] = g_test_rand_int_range(0, 3) > 0
                          ? ' '
                          : alphabet[g_test_rand_int_range(0, sizeof alphabet - 1)];
        check_alike(text, length, (gsize)g_test_rand_int_range(1, 200));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/extent/cases", test_cases);
    g_test_add_func("/extent/places", test_places);
    g_test_add_func("/extent/random", test_random);
    return g_test_run();
}
