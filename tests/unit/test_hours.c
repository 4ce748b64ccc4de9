/* test_hours.c - declared hours: what is read, and when work begins next. */
#include <string.h>

#include "base/hours.h"
#include "base/timestamp.h"

static gint64 at(const char *text)
{
    gint64 us;
    g_assert_true(timestamp_parse(text, strlen(text), &us, NULL));
    return us;
}

/* 2026-11-23 is a Monday. */
static void test_open(void)
{
    static const struct {
        const char *hours, *time;
        gboolean open;
    } cases[] = {
        {"24/7", "2026-11-22T03:00:00Z", TRUE},
        {"Mon-Fri 08:00-17:00", "2026-11-23T08:00:00Z", TRUE},
        {"Mon-Fri 08:00-17:00", "2026-11-23T16:59:59Z", TRUE},
        {"Mon-Fri 08:00-17:00", "2026-11-23T17:00:00Z", FALSE},
        {"Mon-Fri 08:00-17:00", "2026-11-22T12:00:00Z", FALSE},
        {"mon-fri 8-17", "2026-11-23T16:59:59Z", TRUE},
        {"Fri-Mon 08:00-09:00", "2026-11-22T08:30:00Z", TRUE},
        {"Fri-Mon 08:00-09:00", "2026-11-24T08:30:00Z", FALSE},
        {"Sat,Sun 10:00-12:00", "2026-11-22T11:00:00Z", TRUE},
        {"Sat, Sun 10:00-12:00, Mon 01:00-02:00", "2026-11-23T01:30:00Z", TRUE},
        {"Sun 22:00-06:00", "2026-11-23T05:59:00Z", TRUE}, /* into the next week */
        {"Sun 22:00-06:00", "2026-11-23T06:00:00Z", FALSE},
        {"08:00-17:00", "2026-11-22T09:00:00Z", TRUE}, /* every day */
        {"Mon-Fri 08:00-17:00 UTC+5:30", "2026-11-23T02:29:59Z", FALSE},
        {"Mon-Fri 08:00-17:00 UTC+5:30", "2026-11-23T02:30:00Z", TRUE},
        {"Mon-Fri 08:00-17:00 UTC-8", "2026-11-24T00:30:00Z", TRUE},
        {"Mon-Fri 08:00-17:00 UTC", "2026-11-23T08:00:00Z", TRUE},
        {"Thu 00:00-24:00", "1970-01-01T12:00:00Z", TRUE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Hours) hours = hours_parse(cases[i].hours, &error);
        g_assert_no_error(error);
        g_test_message("%s at %s", cases[i].hours, cases[i].time);
        g_assert_cmpint(hours_is_open(hours, at(cases[i].time)), ==, cases[i].open);
    }
}

static void test_next(void)
{
    g_autoptr(Hours) office = hours_parse("Mon-Fri 08:00-17:00", NULL);
    g_autoptr(Hours) abroad = hours_parse("Mon 09:00-10:00 UTC+1", NULL);
    g_assert_cmpint(hours_next(office, at("2026-11-23T09:10:11Z")), ==, at("2026-11-23T09:10:11Z"));
    g_assert_cmpint(hours_next(office, at("2026-11-20T17:00:01Z")), ==, at("2026-11-23T08:00:00Z"));
    g_assert_cmpint(hours_next(office, at("2026-11-23T07:59:59Z")), ==, at("2026-11-23T08:00:00Z"));
    g_assert_cmpint(hours_next(abroad, at("2026-11-23T09:00:00Z")), ==, at("2026-11-30T08:00:00Z"));
}

static void test_bad(void)
{
    static const char *const texts[] = {
        "",           "always",           "Mon",           "Mon-Fri",       "Mon-Fry 08:00-17:00",
        "08:00",      "08:00-",           "8:0-9:00",      "25:00-26:00",   "08:60-09:00",
        "Mon, 08-09", "Mon 08-09 CET",    "08-09 UTC+25",  "08-09 UTC+1 x", "Mon 08-09,",
        "08-09 24/7", "Mon 08:00-09:00;", "Mon 123-09:00",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", texts[i]);
        g_assert_null(hours_parse(texts[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hours/open", test_open);
    g_test_add_func("/hours/next", test_next);
    g_test_add_func("/hours/bad", test_bad);
    return g_test_run();
}
