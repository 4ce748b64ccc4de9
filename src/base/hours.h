/* hours.h - the hours in which somebody works, as people write them:
 *
 *   24/7
 *   Mon-Fri 08:00-17:00
 *   Mon-Thu 08:00-17:00, Fri 08:00-14:00, Sat,Sun 10:00-12:00 UTC+5:30
 *   Mon-Fri 08:00-17:00 UTC+1 except 2026-12-24, 2026-12-25
 *
 * Days of the week and hours of the day, parts separated by commas, a time zone as its distance
 * from UTC at the end (UTC if none), then the days on which nobody works. A part that ends before
 * it begins goes on after midnight. */
#pragma once

#include "base/error.h"

typedef struct Hours Hours;

/* CONCERT_ERROR_INPUT says what is not understood. Free with hours_free(). */
Hours *hours_parse(const char *text, GError **error);
void hours_free(Hours *hours);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hours, hours_free)

/* Whether these are all hours: "24/7". */
gboolean hours_is_always(const Hours *hours);

/* Whether somebody works at @us, microseconds since 1970. */
gboolean hours_is_open(const Hours *hours, gint64 us);

/* @us if somebody works then, else when work begins next, to the minute. */
gint64 hours_next(const Hours *hours, gint64 us);

/* --- the hours of several together -------------------------------------------------------------
 */

/* The moment at which @span microseconds have gone by since @start, of those alone in which at
 * least one of the @n @hours is open; @limit if that is not before it. */
gint64 hours_after(const Hours *const *hours, guint n, gint64 start, gint64 span, gint64 limit);

/* How many microseconds they are open from @start to @end. Walks every minute of it. */
gint64 hours_between(const Hours *const *hours, guint n, gint64 start, gint64 end);
