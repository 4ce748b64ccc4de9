/* set_values.h - the values of a set that is being built, on their way into its tables: they are
 * looked at in turn, but not at once (set_queue.h). Private to set_*.c. */
#pragma once

#include "shield/set_queue.h"
#include "shield/set_region.h"
#include "shield/set_tables.h"
#include "shield/suffix.h"

/* Refused domains that are counted. */
#define SET_VALUES_REFUSED_MAX 100000

typedef struct {
    SetQueue *queue;

    /* What follows belongs to its thread, until set_values_end(). */
    SetTables tables;
    SetIndicatorsValues of;
    Suffix *suffix;
    GTree *refused; /* domains that are public suffixes, each once, in order */
} SetValues;

/* @seed: see SetIndicatorsValues. */
SetValues *set_values_new(guint64 seed);
void set_values_free(SetValues *values);

/* Adds a canonical value of the indicator @number. Tells also what was wrong with others before. */
gboolean set_values_add(SetValues *values, guint32 number, ObservableKind kind,
                        const char *canonical, gsize length, GError **error);

/* Waits until all were looked at, of @count indicators. */
gboolean set_values_end(SetValues *values, guint32 count, GError **error);
