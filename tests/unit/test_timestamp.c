#include "base/timestamp.h"

#include <string.h>

static void check(const char *text, gint64 expected_us, guint expected_digits)
{
    gint64 us = 0;
    guint digits = 99;
    char buffer[TIMESTAMP_MAX];
    g_assert_true(timestamp_parse(text, strlen(text), &us, &digits));
    g_assert_cmpint(us, ==, expected_us);
    g_assert_cmpuint(digits, ==, expected_digits);
    if (digits <= 6)
        g_assert_cmpstr(timestamp_format(buffer, us, digits), ==, text);
}

static void test_parse(void)
{
    check("1970-01-01T00:00:00Z", 0, 0);
    check("2000-02-29T12:34:56.789Z", G_GINT64_CONSTANT(951827696789000), 3);
    check("1969-12-31T23:59:59.999999Z", -1, 6);
    check("0001-01-01T00:00:00.000Z", G_GINT64_CONSTANT(-62135596800000000), 3);
    check("9999-12-31T23:59:59.999Z", G_GINT64_CONSTANT(253402300799999000), 3);
    check("2016-04-06T20:06:37.123456789Z", G_GINT64_CONSTANT(1459973197123456), 9);
}

static void test_refuse(void)
{
    static const char *const wrong[] = {
        "",
        "2016-04-06",
        "2016-04-06T20:06:37",
        "2016-04-06t20:06:37Z",
        "2016-04-06T20:06:37z",
        "2016-04-06T20:06:37.Z",
        "2016-04-06T20:06:37+00:00",
        "2016-04-31T20:06:37Z",
        "2015-02-29T20:06:37Z",
        "2016-13-01T20:06:37Z",
        "2016-00-01T20:06:37Z",
        "2016-04-06T24:00:00Z",
        "2016-04-06T20:60:00Z",
        "2016-04-06T20:06:60Z",
        "2016-04-06T20:06:37ZZ",
        " 2016-04-06T20:06:37Z",
        "2016-04-06T20:06:37.1234x",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        gint64 us = 42;
        g_assert_false(timestamp_parse(wrong[i], strlen(wrong[i]), &us, NULL));
        g_assert_cmpint(us, ==, 42);
    }
}

static void test_lenient(void)
{
    static const struct {
        const char *text;
        gint64 us;
    } cases[] = {
        {"2016-04-06", G_GINT64_CONSTANT(1459900800000000)},
        {"2016-04-06T20:06Z", G_GINT64_CONSTANT(1459973160000000)},
        {"2016-04-06 22:06+02:00", G_GINT64_CONSTANT(1459973160000000)},
        {"2016-04-06 20:06:37", G_GINT64_CONSTANT(1459973197000000)},
        {"2016-04-06t20:06:37z", G_GINT64_CONSTANT(1459973197000000)},
        {"2016-04-06T22:06:37+02:00", G_GINT64_CONSTANT(1459973197000000)},
        {"2016-04-06T22:06:37.5+0200", G_GINT64_CONSTANT(1459973197500000)},
        {"2016-04-06T15:06:37-05", G_GINT64_CONSTANT(1459973197000000)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 us = 0;
        g_assert_true(timestamp_parse_lenient(cases[i].text, strlen(cases[i].text), &us));
        g_assert_cmpint(us, ==, cases[i].us);
    }
    gint64 us = 42;
    g_assert_false(timestamp_parse_lenient("2016-04-06 20:06:37+2", 21, &us));
    g_assert_false(timestamp_parse_lenient("2016-04-06T20:60Z", 17, &us));
    g_assert_false(timestamp_parse_lenient("2016-04-06T20:06:Z", 18, &us));
    g_assert_false(timestamp_parse_lenient("2016-04-06T20:0", 15, &us));
    g_assert_false(timestamp_parse_lenient("06/04/2016", 10, &us));
    g_assert_cmpint(us, ==, 42);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timestamp/parse", test_parse);
    g_test_add_func("/timestamp/refuse", test_refuse);
    g_test_add_func("/timestamp/lenient", test_lenient);
    return g_test_run();
}
