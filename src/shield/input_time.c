#include "shield/input_time.h"

#include <string.h>

#include "base/timestamp.h"

#define US_PER_SECOND G_GINT64_CONSTANT(1000000)
#define US_PER_DAY    (86400 * US_PER_SECOND)

typedef struct {
    const char *text;
    gsize length, at;
} Cursor;

static gboolean take(Cursor *cursor, char c)
{
    if (cursor->at >= cursor->length || cursor->text[cursor->at] != c)
        return FALSE;
    cursor->at++;
    return TRUE;
}

/* A number of @least to @most digits. */
static gboolean take_number(Cursor *cursor, guint least, guint most, int *ret_number)
{
    guint digits = 0;
    int number = 0;

    while (digits < most && cursor->at < cursor->length &&
           g_ascii_isdigit(cursor->text[cursor->at])) {
        number = number * 10 + (cursor->text[cursor->at++] - '0');
        digits++;
    }
    *ret_number = number;
    return digits >= least;
}

static gboolean take_month(Cursor *cursor, int *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (cursor->length - cursor->at < 3)
        return FALSE;
    for (int month = 0; month < 12; month++)
        if (g_ascii_strncasecmp(names + 3 * month, cursor->text + cursor->at, 3) == 0) {
            cursor->at += 3;
            *ret_month = month + 1;
            return TRUE;
        }
    return FALSE;
}

/* "13:55:36", ".123" or ",123". */
static gboolean take_clock(Cursor *cursor, gint64 *ret_us)
{
    int hour, minute, second;

    if (!take_number(cursor, 1, 2, &hour) || !take(cursor, ':') ||
        !take_number(cursor, 2, 2, &minute) || !take(cursor, ':') ||
        !take_number(cursor, 2, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return FALSE;
    *ret_us = ((hour * 60 + minute) * 60 + second) * US_PER_SECOND;
    if (cursor->at + 1 < cursor->length && strchr(".,", cursor->text[cursor->at]) &&
        g_ascii_isdigit(cursor->text[cursor->at + 1])) {
        gint64 unit = US_PER_SECOND / 10;
        for (cursor->at++; cursor->at < cursor->length && g_ascii_isdigit(cursor->text[cursor->at]);
             cursor->at++, unit /= 10)
            *ret_us += (cursor->text[cursor->at] - '0') * unit;
    }
    return TRUE;
}

/* "Z", "+01:00", "+0100", "+01", after at most one blank; nothing is UTC. */
static gint64 take_zone(Cursor *cursor)
{
    Cursor zone = *cursor;
    int hours, minutes = 0;

    if (take(&zone, 'Z') || take(&zone, 'z')) {
        *cursor = zone;
        return 0;
    }
    take(&zone, ' ');
    gboolean west = zone.at < zone.length && zone.text[zone.at] == '-';
    if (!take(&zone, '+') && !take(&zone, '-'))
        return 0;
    if (!take_number(&zone, 2, 2, &hours) || hours > 23)
        return 0;
    take(&zone, ':');
    if (zone.at < zone.length && g_ascii_isdigit(zone.text[zone.at]) &&
        (!take_number(&zone, 2, 2, &minutes) || minutes > 59))
        return 0;
    *cursor = zone;
    return (west ? -1 : 1) * (hours * 60 + minutes) * 60 * US_PER_SECOND;
}

static gboolean from_date(int year, int month, int day, gint64 *ret_us)
{
    if (year < 1970 || year > 9999 || !g_date_valid_dmy((GDateDay)day, month, (GDateYear)year))
        return FALSE;
    GDate date, epoch;
    g_date_clear(&date, 1);
    g_date_clear(&epoch, 1);
    g_date_set_dmy(&date, (GDateDay)day, month, (GDateYear)year);
    g_date_set_dmy(&epoch, 1, G_DATE_JANUARY, 1970);
    *ret_us = g_date_days_between(&epoch, &date) * US_PER_DAY;
    return TRUE;
}

/* A date without a year is the last one that is not in the future; a day is left for clocks and
 * zones. */
static gboolean guess_year(int month, int day, gint64 clock, gint64 now, gint64 *ret_us)
{
    char text[TIMESTAMP_MAX];
    int year = (int)g_ascii_strtoll(timestamp_format(text, now, 0), NULL, 10);

    for (int back = -1; back < 8; back++) { /* a leap day may be that far */
        gint64 date;
        if (from_date(year - back, month, day, &date) && date + clock <= now + US_PER_DAY) {
            *ret_us = date + clock;
            return TRUE;
        }
    }
    return FALSE;
}

/* "2024-01-31T13:55:36.123+0100" and "2024/01/31 13:55:36". */
static gboolean read_iso(Cursor *cursor, gint64 now, gint64 *ret_us)
{
    int year, month, day;
    gint64 date, clock;

    if (!take_number(cursor, 4, 4, &year) || cursor->at >= cursor->length ||
        !strchr("-/", cursor->text[cursor->at]))
        return FALSE;
    char dash = cursor->text[cursor->at++];
    if (!take_number(cursor, 2, 2, &month) || !take(cursor, dash) ||
        !take_number(cursor, 2, 2, &day) || !from_date(year, month, day, &date))
        return FALSE;
    *ret_us = date;
    Cursor rest = *cursor;
    if (!take(&rest, 'T') && !take(&rest, 't') && !take(&rest, ' '))
        return TRUE;
    if (!take_clock(&rest, &clock))
        return TRUE;
    gint64 zone = take_zone(&rest);
    *cursor = rest;
    *ret_us = date + clock - zone;
    return TRUE;
}

/* "10/Oct/2000:13:55:36 -0700", "25-Nov-2023 06:25:01.123". */
static gboolean read_day_first(Cursor *cursor, gint64 now, gint64 *ret_us)
{
    int year, month, day;
    gint64 date, clock;

    if (!take_number(cursor, 1, 2, &day) || cursor->at >= cursor->length ||
        !strchr("-/ ", cursor->text[cursor->at]))
        return FALSE;
    char dash = cursor->text[cursor->at++];
    if (!take_month(cursor, &month) || !take(cursor, dash) || !take_number(cursor, 4, 4, &year) ||
        (!take(cursor, ':') && !take(cursor, ' ')) || !take_clock(cursor, &clock) ||
        !from_date(year, month, day, &date))
        return FALSE;
    *ret_us = date + clock - take_zone(cursor);
    return TRUE;
}

/* "Oct 10 13:55:36", "Oct 10 2000 13:55:36". */
static gboolean read_month_first(Cursor *cursor, gint64 now, gint64 *ret_us)
{
    int year, month, day;
    gint64 date, clock;

    if (!take_month(cursor, &month) || !take(cursor, ' '))
        return FALSE;
    take(cursor, ' ');
    if (!take_number(cursor, 1, 2, &day) || !take(cursor, ' '))
        return FALSE;
    Cursor with_year = *cursor;
    if (take_number(&with_year, 4, 4, &year) && take(&with_year, ' ') &&
        take_clock(&with_year, &clock) && from_date(year, month, day, &date)) {
        *cursor = with_year;
        *ret_us = date + clock - take_zone(cursor);
        return TRUE;
    }
    return take_clock(cursor, &clock) && guess_year(month, day, clock, now, ret_us);
}

/* Since 1970, in the unit that makes it a time of our days. */
static gboolean read_epoch(Cursor *cursor, gint64 now, gint64 *ret_us)
{
    gint64 number = 0, fraction = 0, unit = US_PER_SECOND / 10;
    gsize start = cursor->at;

    while (cursor->at < cursor->length && g_ascii_isdigit(cursor->text[cursor->at])) {
        if (cursor->at - start >= 19)
            return FALSE;
        number = number * 10 + (cursor->text[cursor->at++] - '0');
    }
    gsize digits = cursor->at - start;
    if (cursor->at + 1 < cursor->length && cursor->text[cursor->at] == '.' &&
        g_ascii_isdigit(cursor->text[cursor->at + 1]))
        for (cursor->at++; cursor->at < cursor->length && g_ascii_isdigit(cursor->text[cursor->at]);
             cursor->at++, unit /= 10)
            fraction += (cursor->text[cursor->at] - '0') * unit;
    if (digits < 9)
        return FALSE;
    if (digits <= 11)
        *ret_us = number * US_PER_SECOND + fraction;
    else if (digits <= 14)
        *ret_us = number * 1000 + fraction / 1000;
    else
        *ret_us = digits <= 17 ? number : number / 1000;
    return TRUE;
}

/* "/Date(1706695200123)/", as .NET writes times in JSON. */
static gboolean read_wrapped(Cursor *cursor, gint64 now, gint64 *ret_us)
{
    static const char start[] = "/Date(";

    for (gsize i = 0; i < sizeof(start) - 1; i++)
        if (!take(cursor, start[i]))
            return FALSE;
    return read_epoch(cursor, now, ret_us);
}

gsize input_time_read(const char *text, gsize length, gint64 now, gint64 *ret_us)
{
    static gboolean (*const forms[])(Cursor *, gint64, gint64 *) = {
        read_iso, read_day_first, read_month_first, read_epoch, read_wrapped};

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        Cursor cursor = {.text = text, .length = length};
        gint64 us;
        if (forms[i](&cursor, now, &us)) {
            *ret_us = us;
            return cursor.at;
        }
    }
    return 0;
}
