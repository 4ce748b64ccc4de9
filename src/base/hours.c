#include "base/hours.h"

#include <string.h>

#define DAY_MINUTES  (24 * 60)
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define MINUTE_US    ((gint64)60 * G_USEC_PER_SEC)
#define TEXT_MAX     512
/* 1970-01-01 was a Thursday; weeks begin on Monday. */
#define EPOCH_MINUTE (3 * DAY_MINUTES)
#define ZONE_MAX     (14 * 60)

struct Hours {
    gboolean open[WEEK_MINUTES];
    int zone; /* minutes east of UTC */
};

void hours_free(Hours *hours)
{
    g_free(hours);
}

static gboolean fail(GError **error, const char *what, const char *at)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s at \"%.20s\": hours are \"24/7\", or such as \"Mon-Fri 08:00-17:00, Sat "
                "10:00-12:00 UTC+2\"",
                what, at);
    return FALSE;
}

static void skip_blanks(const char **text)
{
    *text += strspn(*text, " \t");
}

static gboolean read_day(const char **text, int *ret_day)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (guint i = 0; i < G_N_ELEMENTS(days); i++)
        if (g_ascii_strncasecmp(*text, days[i], 3) == 0 && !g_ascii_isalpha((*text)[3])) {
            *text += 3;
            *ret_day = (int)i;
            return TRUE;
        }
    return FALSE;
}

/* "08:00", "8:00", "24:00"; without ":" a whole hour. */
static gboolean read_time(const char **text, int *ret_minutes)
{
    int hour = 0, minute = 0, digits = 0;
    for (; g_ascii_isdigit(**text) && digits < 2; ++*text, digits++)
        hour = hour * 10 + (**text - '0');
    if (digits == 0)
        return FALSE;
    if (**text == ':') {
        const char *rest = *text + 1;
        if (!g_ascii_isdigit(rest[0]) || !g_ascii_isdigit(rest[1]))
            return FALSE;
        minute = (rest[0] - '0') * 10 + (rest[1] - '0');
        *text = rest + 2;
    }
    *ret_minutes = hour * 60 + minute;
    return minute < 60 && *ret_minutes <= DAY_MINUTES && !g_ascii_isdigit(**text);
}

/* "Mon-Fri", "Sat,Sun", nothing (every day): as bits. */
static gboolean read_days(const char **text, guint *ret_days)
{
    guint days = 0;
    int first, last;
    while (read_day(text, &first)) {
        last = first;
        if (**text == '-') {
            ++*text;
            if (!read_day(text, &last))
                return FALSE;
        }
        for (int day = first;; day = (day + 1) % 7) {
            days |= 1u << day;
            if (day == last)
                break;
        }
        if (**text != ',')
            break;
        const char *next = *text + 1;
        skip_blanks(&next);
        if (!g_ascii_isalpha(*next))
            return FALSE;
        *text = next;
    }
    *ret_days = days ? days : 0x7f;
    return TRUE;
}

static gboolean read_part(const char **text, Hours *hours, GError **error)
{
    guint days;
    int from, to;
    const char *begin = *text;
    if (!read_days(text, &days))
        return fail(error, "no day of the week", begin);
    skip_blanks(text);
    if (!read_time(text, &from) || *(*text)++ != '-' || !read_time(text, &to))
        return fail(error, "no hours", begin);
    int length = to > from ? to - from : DAY_MINUTES + to - from;
    for (int day = 0; day < 7; day++)
        for (int i = 0; (days >> day & 1) && i < length; i++)
            hours->open[(day * DAY_MINUTES + from + i) % WEEK_MINUTES] = TRUE;
    return TRUE;
}

static gboolean read_zone(const char *text, Hours *hours, GError **error)
{
    int minutes = 0;
    if (g_ascii_strncasecmp(text, "UTC", 3) != 0)
        return fail(error, "what is no time zone", text);
    const char *rest = text + 3;
    char sign = *rest;
    if (sign == '\0')
        return TRUE;
    rest++;
    if ((sign != '+' && sign != '-') || !read_time(&rest, &minutes) || *rest || minutes > ZONE_MAX)
        return fail(error, "what is no time zone", text);
    hours->zone = sign == '-' ? -minutes : minutes;
    return TRUE;
}

static gboolean parse(const char *text, Hours *hours, GError **error)
{
    for (;;) {
        skip_blanks(&text);
        if (!read_part(&text, hours, error))
            return FALSE;
        skip_blanks(&text);
        if (*text != ',')
            break;
        text++;
    }
    return !*text || read_zone(text, hours, error);
}

Hours *hours_parse(const char *text, GError **error)
{
    g_autoptr(Hours) hours = g_new0(Hours, 1);
    g_autofree char *copy = g_strstrip(g_strndup(text, TEXT_MAX));
    if (g_str_equal(copy, "24/7")) {
        for (guint i = 0; i < WEEK_MINUTES; i++)
            hours->open[i] = TRUE;
        return g_steal_pointer(&hours);
    }
    return parse(copy, hours, error) ? g_steal_pointer(&hours) : NULL;
}

/* The minute of the week of @us where the hours are meant. */
static guint minute_of(const Hours *hours, gint64 us)
{
    gint64 minutes = us / MINUTE_US - (us % MINUTE_US < 0) + EPOCH_MINUTE + hours->zone;
    return (guint)((minutes % WEEK_MINUTES + WEEK_MINUTES) % WEEK_MINUTES);
}

gboolean hours_is_open(const Hours *hours, gint64 us)
{
    return hours->open[minute_of(hours, us)];
}

gint64 hours_next(const Hours *hours, gint64 us)
{
    guint minute = minute_of(hours, us);
    if (hours->open[minute])
        return us;
    gint64 begin = us - (us % MINUTE_US + MINUTE_US) % MINUTE_US;
    for (guint i = 1; i < WEEK_MINUTES; i++)
        if (hours->open[(minute + i) % WEEK_MINUTES])
            return begin + i * MINUTE_US;
    return us; /* cannot be: a part is never empty */
}
