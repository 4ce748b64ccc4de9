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
        {"Mon-Fri 08:00-17:00 UTC+1 except 2026-12-24, 2026-12-25", "2026-12-23T12:00:00Z", TRUE},
        {"Mon-Fri 08:00-17:00 UTC+1 except 2026-12-24, 2026-12-25", "2026-12-24T12:00:00Z", FALSE},
        {"Mon-Fri 08:00-17:00 except 2026-12-25", "2026-12-25T08:00:00Z", FALSE},
        {"00:00-24:00 UTC+10 except 2026-12-25", "2026-12-24T13:59:59Z", TRUE}, /* its own day */
        {"00:00-24:00 UTC+10 except 2026-12-25", "2026-12-24T14:00:00Z", FALSE},
        {"00:00-24:00 UTC+10 except 2026-12-25", "2026-12-25T14:00:00Z", TRUE},
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

/* What is written in UTC: hours of work from a moment on, and how many there were. */
static void test_after(void)
{
    static const struct {
        const char *hours, *other; /* other: NULL, or of somebody else */
        const char *start;
        guint minutes;
        const char *end;
    } cases[] = {
        {"24/7", NULL, "2026-11-21T10:00:00Z", 24 * 60, "2026-11-22T10:00:00Z"},
        {"Mon-Fri 08:00-17:00", NULL, "2026-11-23T09:00:00Z", 60, "2026-11-23T10:00:00Z"},
        /* what is left on Friday evening goes on on Monday */
        {"Mon-Fri 08:00-17:00", NULL, "2026-11-20T16:30:30Z", 60, "2026-11-23T08:30:30Z"},
        {"Mon-Fri 08:00-17:00", NULL, "2026-11-21T12:00:00Z", 60, "2026-11-23T09:00:00Z"},
        /* ends when the office closes, not when it opens again */
        {"Mon-Fri 08:00-17:00", NULL, "2026-11-20T16:00:00Z", 60, "2026-11-20T17:00:00Z"},
        {"Mon-Fri 08:00-17:00", NULL, "2026-11-23T08:00:00Z", 24 * 60, "2026-11-25T14:00:00Z"},
        /* a zone with half an hour: 02:30 to 11:30 */
        {"Mon-Fri 08:00-17:00 UTC+5:30", NULL, "2026-11-20T11:00:00Z", 60, "2026-11-23T03:00:00Z"},
        {"Mon-Fri 08:00-17:00 UTC-8", NULL, "2026-11-21T00:30:00Z", 60, "2026-11-23T16:30:00Z"},
        /* closed days, a long weekend */
        {"Mon-Fri 08:00-17:00 except 2026-12-24, 2026-12-25", NULL, "2026-12-23T16:00:00Z", 120,
         "2026-12-28T09:00:00Z"},
        /* two that share the day, and two that overlap */
        {"08:00-12:00", "20:00-22:00 UTC+0", "2026-11-20T11:00:00Z", 120, "2026-11-20T21:00:00Z"},
        {"08:00-12:00", "10:00-14:00", "2026-11-20T11:00:00Z", 120, "2026-11-20T13:00:00Z"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Hours) hours = hours_parse(cases[i].hours, NULL);
        g_autoptr(Hours) other = cases[i].other ? hours_parse(cases[i].other, NULL) : NULL;
        const Hours *const both[] = {hours, other};
        guint n = other ? 2 : 1;
        gint64 start = at(cases[i].start), end = at(cases[i].end);
        gint64 span = (gint64)cases[i].minutes * 60 * G_USEC_PER_SEC;
        g_test_message("%u min of %s", cases[i].minutes, cases[i].hours);
        g_assert_cmpint(hours_after(both, n, start, span, G_MAXINT64), ==, end);
        g_assert_cmpint(hours_between(both, n, start, end), ==, span);
        g_assert_cmpint(hours_after(both, n, start, span, end - 1), ==, end - 1);
    }
    g_autoptr(Hours) always = hours_parse("24/7", NULL);
    g_autoptr(Hours) whole = hours_parse("Sat-Fri 00:00-24:00", NULL);
    g_autoptr(Hours) but = hours_parse("00:00-24:00 except 2026-12-25", NULL);
    g_assert_true(hours_is_always(always) && hours_is_always(whole));
    g_assert_false(hours_is_always(but));
    g_assert_cmpint(hours_next(but, at("2026-12-25T12:00:00Z")), ==, at("2026-12-26T00:00:00Z"));
}

static void test_bad(void)
{
    static const char *const texts[] = {
        "",
        "always",
        "Mon",
        "Mon-Fri",
        "Mon-Fry 08:00-17:00",
        "08:00",
        "08:00-",
        "8:0-9:00",
        "25:00-26:00",
        "08:60-09:00",
        "Mon, 08-09",
        "Mon 08-09 CET",
        "08-09 UTC+25",
        "08-09 UTC+1 x",
        "Mon 08-09,",
        "08-09 24/7",
        "Mon 08:00-09:00;",
        "Mon 123-09:00",
        "08-09 except",
        "08-09 except ",
        "08-09 except 2026-02-30",
        "08-09 except 2026-12-25 UTC+1",
        "08-09 UTC+1except 2026-12-25",
        "08-09 except 2026-12-25,",
        "08-09 except 26-12-25",
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
    g_test_add_func("/hours/after", test_after);
    g_test_add_func("/hours/bad", test_bad);
    return g_test_run();
}
