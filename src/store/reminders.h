/* reminders.h - when dossiers have to be looked at because a clock runs, and which reminders of a
 * clock were given (node/reminder.h). */
#pragma once

#include "store/store.h"

#define REMINDERS_CLOCK_MAX 64 /* bytes of a clock's name */

/* The dossier @number is to be looked at from @at on (microseconds since 1970; G_MAXINT64: never).
 */
gboolean reminders_set(StoreTx *tx, gint64 number, gint64 at, GError **error);

/* The ids of the dossiers that are to be looked at by @now, at most @limit, those that wait longest
 * first. NULL-terminated; caller frees. */
char **reminders_due(Store *store, gint64 now, guint limit, GError **error);

/* How many reminders were given of the clock that began at @started, and how many by mail. */
gboolean reminders_count(Store *store, const char *dossier, const char *clock, gint64 started,
                         guint *ret_count, guint *ret_mailed, GError **error);

/* What was given of one clock. */
typedef struct {
    const char *clock;
    gint64 started;
    guint count, mailed;
} RemindersGiven;

/* Remembers what was given, and when the dossier is to be looked at next. A dossier that is not
 * there is passed over. */
gboolean reminders_mark(StoreTx *tx, const char *dossier, const RemindersGiven *given,
                        guint n_given, gint64 next, GError **error);
