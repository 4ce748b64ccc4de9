/* clock_hours.h - the hours in which the time of a clock counts: those in which somebody is at work
 * at the nodes that have to act, as their cards declare them.
 *
 * This is no part of a dossier's state. The events alone say when a clock began, how long it runs
 * and for whom it waits, the same everywhere; when it is over in the hours of these nodes is each
 * node's own view, from the cards that it knows. No rule and no digest looks at it. */
#pragma once

#include "base/hours.h"
#include "dossier/engine.h"

/* Hours in which a time would be over so much later than around the clock are none. */
#define CLOCK_HOURS_MORE_US ((gint64)28 * 24 * 3600 * G_USEC_PER_SEC)
#define CLOCK_HOURS_MAX     16 /* different hours that a clock looks at */

typedef enum {
    CLOCK_HOURS_DATE,       /* a date that was agreed, or a term of the rules: never moved */
    CLOCK_HOURS_UNDECLARED, /* all hours count: a node that has to act declares none */
    CLOCK_HOURS_TOO_FEW,    /* all hours count: too few are declared */
    CLOCK_HOURS_ROUND,      /* it may not wait, and there is a 24/7 contact: all hours count */
    CLOCK_HOURS_NOT_ROUND,  /* it may not wait, but there is none: the declared hours count */
    CLOCK_HOURS_DECLARED,
} ClockHoursWhy;

struct ClockHours {
    ClockHoursWhy why;
    char *nodes;      /* whose hours: "cert.birch.example, cert.cedar.example"; may be empty */
    char *text;       /* the hours, parted by "; "; NULL: all */
    GPtrArray *hours; /* Hours *; NULL: all */
};

void clock_hours_free(ClockHours *hours);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClockHours, clock_hours_free)

/* What a node had declared at @when: lines; *ret_hours NULL: nothing is known. */
typedef gboolean (*ClockHoursAsk)(gpointer user, const char *node, gint64 when, char **ret_hours,
                                  GError **error);

/* The hours of @clock, one of @result's. */
ClockHours *clock_hours_new(const EngineResult *result, const EngineClock *clock, ClockHoursAsk ask,
                            gpointer user, GError **error);

/* "declared", "date", ...; and a sentence for people. The name is static; caller frees the
 * sentence. @hours NULL: a date. */
const char *clock_hours_name(const ClockHours *hours);
char *clock_hours_explain(const ClockHours *hours);

/* When @span microseconds are over that count, from @start on; how many there are up to @end. */
gint64 clock_hours_after(const ClockHours *hours, gint64 start, gint64 span);
gint64 clock_hours_between(const ClockHours *hours, gint64 start, gint64 end);
