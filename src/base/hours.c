#include "base/hours.h"

#include <string.h>

#define DAY_MINUTES  (24 * 60)
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define MINUTE_US    ((gint64)60 * G_USEC_PER_SEC)
#define TEXT_MAX     512
/* 1970-01-01 was a Thursday; weeks begin on Monday. */
#define EPOCH_MINUTE (3 * DAY_MINUTES)
#define ZONE_MAX     (14 * 60)
#define CLOSED_MAX   64
#define EPOCH_DAY    719163 /* 1970-01-01 as GLib counts days */

struct Hours {
    guint8 open[WEEK_MINUTES];
    int zone;                  /* minutes east of UTC */
    gint64 closed[CLOSED_MAX]; /* days since 1970 where the hours are meant */
    guint n_closed;
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

static gboolean read_zone(const char **text, Hours *hours, GError **error)
{
    int minutes = 0;
    if (g_ascii_strncasecmp(*text, "UTC", 3) != 0)
        return fail(error, "what is no time zone", *text);
    const char *rest = *text + 3;
    char sign = *rest;
    if ((sign == '+' || sign == '-') && (rest++, !read_time(&rest, &minutes)))
        return fail(error, "what is no time zone", *text);
    if ((*rest && *rest != ' ' && *rest != '\t') || minutes > ZONE_MAX)
        return fail(error, "what is no time zone", *text);
    hours->zone = sign == '-' ? -minutes : minutes;
    *text = rest;
    return TRUE;
}

static gboolean read_number(const char **text, guint digits, guint *ret_number)
{
    *ret_number = 0;
    for (guint i = 0; i < digits; i++, ++*text) {
        if (!g_ascii_isdigit(**text))
            return FALSE;
        *ret_number = *ret_number * 10 + (guint)(**text - '0');
    }
    return TRUE;
}

/* "2026-12-24" */
static gboolean read_date(const char **text, gint64 *ret_day)
{
    guint year, month, day;
    if (!read_number(text, 4, &year) || *(*text)++ != '-' || !read_number(text, 2, &month) ||
        *(*text)++ != '-' || !read_number(text, 2, &day) || g_ascii_isdigit(**text) ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return FALSE;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    *ret_day = (gint64)g_date_get_julian(&date) - EPOCH_DAY;
    return TRUE;
}

static gboolean read_closed(const char *text, Hours *hours, GError **error)
{
    static const char word[] = "except ";
    const char *begin = text;
    if (g_ascii_strncasecmp(text, word, strlen(word)) != 0)
        return fail(error, "what is neither a time zone nor \"except\" and days", begin);
    for (text += strlen(word);; text++) {
        skip_blanks(&text);
        begin = text;
        if (hours->n_closed == CLOSED_MAX || !read_date(&text, &hours->closed[hours->n_closed]))
            return fail(error, "no day, or too many,", begin);
        hours->n_closed++;
        skip_blanks(&text);
        if (*text != ',')
            return !*text || fail(error, "no day", text);
    }
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
    if (g_ascii_strncasecmp(text, "UTC", 3) == 0 && !read_zone(&text, hours, error))
        return FALSE;
    skip_blanks(&text);
    return !*text || read_closed(text, hours, error);
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

/* Minutes since the Monday before 1970, where the hours are meant. */
static gint64 local_minute(const Hours *hours, gint64 us)
{
    return us / MINUTE_US - (us % MINUTE_US < 0) + EPOCH_MINUTE + hours->zone;
}

static gint64 floor_div(gint64 value, gint64 by)
{
    return value / by - (value % by < 0);
}

static gboolean is_open(const Hours *hours, gint64 minute)
{
    if (!hours->open[minute - floor_div(minute, WEEK_MINUTES) * WEEK_MINUTES])
        return FALSE;
    gint64 day = hours->n_closed > 0 ? floor_div(minute - EPOCH_MINUTE, DAY_MINUTES) : 0;
    for (guint i = 0; i < hours->n_closed; i++)
        if (hours->closed[i] == day)
            return FALSE;
    return TRUE;
}

gboolean hours_is_always(const Hours *hours)
{
    return hours->n_closed == 0 && !memchr(hours->open, 0, WEEK_MINUTES);
}

gboolean hours_is_open(const Hours *hours, gint64 us)
{
    return is_open(hours, local_minute(hours, us));
}

gint64 hours_next(const Hours *hours, gint64 us)
{
    gint64 minute = local_minute(hours, us);
    if (is_open(hours, minute))
        return us;
    gint64 begin = us - (us % MINUTE_US + MINUTE_US) % MINUTE_US;
    /* A part is never empty, and a closed day takes away one of a week's at most. */
    for (gint64 i = 1; i <= (gint64)WEEK_MINUTES * (hours->n_closed + 1); i++)
        if (is_open(hours, minute + i))
            return begin + i * MINUTE_US;
    return us; /* cannot be */
}

static gboolean any_is_open(const Hours *const *hours, guint n, gint64 us)
{
    for (guint i = 0; i < n; i++)
        if (hours_is_open(hours[i], us))
            return TRUE;
    return FALSE;
}

static gint64 next_minute(gint64 us)
{
    return (floor_div(us, MINUTE_US) + 1) * MINUTE_US;
}

gint64 hours_after(const Hours *const *hours, guint n, gint64 start, gint64 span, gint64 limit)
{
    for (gint64 us = start, next; us < limit; us = next) {
        next = next_minute(us);
        if (!any_is_open(hours, n, us))
            continue;
        if (span <= next - us)
            return MIN(us + span, limit);
        span -= next - us;
    }
    return limit;
}

gint64 hours_between(const Hours *const *hours, guint n, gint64 start, gint64 end)
{
    gint64 span = 0;
    for (gint64 us = start, next; us < end; us = next) {
        next = MIN(next_minute(us), end);
        if (any_is_open(hours, n, us))
            span += next - us;
    }
    return span;
}
