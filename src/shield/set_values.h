/* set_values.h - the values of a set that is being built, on their way into its tables. Private to
 * set_*.c.
 *
 * They are copied, and looked at in turn, but not at once: when there are many a thread does it,
 * while whoever adds them finds the next ones. */
#pragma once

#include "shield/set_region.h"
#include "shield/set_tables.h"
#include "shield/suffix.h"

/* Refused domains that are counted. */
#define SET_VALUES_REFUSED_MAX 100000

typedef struct SetValuesBatch SetValuesBatch;

typedef struct {
    SetValuesBatch *filling; /* the caller's */

    /* What follows belongs to the thread, until set_values_end(). */
    SetTables tables;
    SetIndicatorsValues of;
    Suffix *suffix;
    GTree *refused; /* domains that are public suffixes, each once, in order */
    GError *failed; /* then nothing more is looked at; shared */

    GMutex mutex;
    GCond changed;
    SetValuesBatch *given, *spare; /* what the thread is to look at; what it is done with */
    gboolean ending;
    GThread *thread; /* NULL: there is none yet, or can be none */
} SetValues;

/* @seed: see SetIndicatorsValues. */
SetValues *set_values_new(guint64 seed);
void set_values_free(SetValues *values);

/* Adds a canonical value of the indicator @number. Tells also what was wrong with others before. */
gboolean set_values_add(SetValues *values, guint32 number, ObservableKind kind,
                        const char *canonical, gsize length, GError **error);

/* Waits until all were looked at, of @count indicators. */
gboolean set_values_end(SetValues *values, guint32 count, GError **error);
