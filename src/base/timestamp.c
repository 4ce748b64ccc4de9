#include "base/timestamp.h"

#include <string.h>

#define US_PER_SECOND G_GINT64_CONSTANT(1000000)
#define US_PER_DAY    (86400 * US_PER_SECOND)

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years are counted from March
 * so that the leap day is the last of a year, in eras of 400 years, which all have 146097 days. */
static gint64 days_from_date(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (gint64)era * 146097 + day_of_era - 719468;
}

static void date_from_days(gint64 days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    gint64 era = (days >= 0 ? days : days - 146096) / 146097;
    int day_of_era = (int)(days - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *ret_month = shifted_month + (shifted_month < 10 ? 3 : -9);
    *ret_year = (int)(year_of_era + era * 400) + (*ret_month <= 2);
}

/* Reads exactly @count digits at @text. */
static gboolean read_digits(const char *text, int count, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return TRUE;
}

static gboolean date_is_valid(int year, int month, int day)
{
    static const int days_of_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return FALSE;
    gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days_of_month[month - 1] + (month == 2 && leap);
}

static gboolean parse_date(const char *text, gsize length, gint64 *ret_us)
{
    int year, month, day;
    if (length < 10 || !read_digits(text, 4, &year) || text[4] != '-' ||
        !read_digits(text + 5, 2, &month) || text[7] != '-' || !read_digits(text + 8, 2, &day) ||
        !date_is_valid(year, month, day))
        return FALSE;
    *ret_us = days_from_date(year, month, day) * US_PER_DAY;
    return TRUE;
}

/* Reads "hh:mm:ss[.f+]" and says how much of the text it took. */
static gboolean parse_time_of_day(const char *text, gsize length, gint64 *ret_us, guint *ret_digits,
                                  gsize *ret_used)
{
    int hour, minute, second;
    if (length < 8 || !read_digits(text, 2, &hour) || text[2] != ':' ||
        !read_digits(text + 3, 2, &minute) || text[5] != ':' ||
        !read_digits(text + 6, 2, &second) || hour > 23 || minute > 59 || second > 59)
        return FALSE;

    gsize used = 8;
    gint64 fraction = 0;
    gint64 unit = US_PER_SECOND / 10;
    guint digits = 0;
    if (used < length && text[used] == '.') {
        for (used++; used < length && g_ascii_isdigit(text[used]); used++, unit /= 10) {
            fraction += (text[used] - '0') * unit;
            if (++digits > 255)
                return FALSE;
        }
        if (digits == 0)
            return FALSE;
    }
    *ret_us = ((gint64)hour * 3600 + minute * 60 + second) * US_PER_SECOND + fraction;
    *ret_digits = digits;
    *ret_used = used;
    return TRUE;
}

gboolean timestamp_parse(const char *text, gsize length, gint64 *ret_us, guint *ret_digits)
{
    gint64 date, time_of_day;
    guint digits;
    gsize used;
    if (length < 20 || !parse_date(text, length, &date) || text[10] != 'T' ||
        !parse_time_of_day(text + 11, length - 11, &time_of_day, &digits, &used) ||
        11 + used + 1 != length || text[11 + used] != 'Z')
        return FALSE;
    *ret_us = date + time_of_day;
    if (ret_digits)
        *ret_digits = digits;
    return TRUE;
}

/* Reads a zone: nothing, "Z", or "+hh:mm", "+hhmm", "+hh"; what it adds to UTC, in microseconds. */
static gboolean parse_zone(const char *text, gsize length, gint64 *ret_offset)
{
    int hour, minute = 0;
    if (length == 0 || (length == 1 && g_ascii_toupper(text[0]) == 'Z')) {
        *ret_offset = 0;
        return TRUE;
    }
    if ((text[0] != '+' && text[0] != '-') || length < 3 || !read_digits(text + 1, 2, &hour))
        return FALSE;
    gsize minutes_at = length > 3 && text[3] == ':' ? 4 : 3;
    if (length > 3 && (length != minutes_at + 2 || !read_digits(text + minutes_at, 2, &minute)))
        return FALSE;
    if (hour > 23 || minute > 59)
        return FALSE;
    *ret_offset = (text[0] == '-' ? -1 : 1) * (gint64)(hour * 60 + minute) * 60 * US_PER_SECOND;
    return TRUE;
}

/* Reads "hh:mm" where no seconds follow. */
static gboolean parse_minutes(const char *text, gsize length, gint64 *ret_us, gsize *ret_used)
{
    int hour, minute;
    if (length < 5 || !read_digits(text, 2, &hour) || text[2] != ':' ||
        !read_digits(text + 3, 2, &minute) || hour > 23 || minute > 59 ||
        (length > 5 && text[5] == ':'))
        return FALSE;
    *ret_us = ((gint64)hour * 60 + minute) * 60 * US_PER_SECOND;
    *ret_used = 5;
    return TRUE;
}

gboolean timestamp_parse_lenient(const char *text, gsize length, gint64 *ret_us)
{
    gint64 date, time_of_day, offset;
    guint digits;
    gsize used;
    if (!parse_date(text, length, &date))
        return FALSE;
    if (length == 10) {
        *ret_us = date;
        return TRUE;
    }
    if (g_ascii_toupper(text[10]) != 'T' && text[10] != ' ')
        return FALSE;
    if (!parse_minutes(text + 11, length - 11, &time_of_day, &used) &&
        !parse_time_of_day(text + 11, length - 11, &time_of_day, &digits, &used))
        return FALSE;
    if (!parse_zone(text + 11 + used, length - 11 - used, &offset))
        return FALSE;
    *ret_us = date + time_of_day - offset;
    return TRUE;
}

/* Writes @value with @digits digits and what comes behind it. By hand, because every object that is
 * made or served carries several times, and printf takes most of the time of making one. */
static char *put_number(char *text, guint value, guint digits, char behind)
{
    for (guint i = digits; i-- > 0; value /= 10)
        text[i] = (char)('0' + value % 10);
    text[digits] = behind;
    return text + digits + 1;
}

const char *timestamp_format(char buffer[TIMESTAMP_MAX], gint64 us, guint digits)
{
    gint64 days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    gint64 rest = us - days * US_PER_DAY;
    int year, month, day;
    date_from_days(days, &year, &month, &day);
    guint seconds = (guint)(rest / US_PER_SECOND);
    char *end = buffer;
    if (year >= 0 && year <= 9999)
        end = put_number(end, (guint)year, 4, '-');
    else
        end += g_snprintf(buffer, TIMESTAMP_MAX, "%04d-", year);
    end = put_number(end, (guint)month, 2, '-');
    end = put_number(end, (guint)day, 2, 'T');
    end = put_number(end, seconds / 3600, 2, ':');
    end = put_number(end, seconds / 60 % 60, 2, ':');
    end = put_number(end, seconds % 60, 2, digits > 0 ? '.' : 'Z');
    if (digits > 0) {
        char fraction[16];
        put_number(fraction, (guint)(rest % US_PER_SECOND) * 1000, 9, '\0');
        digits = MIN(digits, 9);
        memcpy(end, fraction, digits);
        end[digits] = 'Z';
        end += digits + 1;
    }
    *end = '\0';
    return buffer;
}

gint64 timestamp_now(void)
{
    return g_get_real_time();
}
