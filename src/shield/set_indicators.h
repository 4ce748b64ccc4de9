/* set_indicators.h - the indicators of a set that is being built: gathered, and numbered in the
 * order of their ids. Private to set_*.c. */
#pragma once

#include "shield/set_builder.h"
#include "shield/set_file.h"
#include "shield/set_queue.h"
#include "shield/set_region.h"
#include "shield/set_sort.h"

typedef struct {
    SetRegion files; /* SetFileIndicator each, put in order in their place */
    guint32 count;
    GString *pool;      /* of ids, names and patterns; offset 0 is the empty text, "none" */
    GArray *patterns;   /* SetFilePattern, numbered as they came */
    GPtrArray *sources; /* their names; `file.source` is a number of these, from 1 */
    GHashTable *known;  /* of them: name -> number */
    gsize sources_length;
    guint32 source; /* the one added last */

    SetQueue *queue; /* NULL: all ids are there; else it makes those that are not */
    SetRegion made;  /* SetIndicatorsMade each; its thread's, until set_indicators_end() */
} SetIndicators;

/* An id that was made. */
typedef struct {
    guint32 number; /* of the indicator */
    guint8 uuid[16];
} SetIndicatorsMade;

/* It may not be moved from the first indicator on. */
void set_indicators_init(SetIndicators *all);
void set_indicators_clear(SetIndicators *all);

/* @space: see set_builder_add_made(), or NULL. */
gboolean set_indicators_add(SetIndicators *all, const SetIndicator *given, const guint8 *space,
                            GError **error);

/* Does the indicator added last take values? */
gboolean set_indicators_want_values(const SetIndicators *all);

/* Waits until all ids are there. */
gboolean set_indicators_end(SetIndicators *all, GError **error);

/* What is known of the values of each indicator. */
typedef struct {
    SetRegion digests; /* guint64 each: the sum of their keys under `seed` */
    SetRegion any;     /* guint8 each: has it any, or a pattern? */
    guint64 seed;      /* secret, so that nobody knows which of two that claim one id is taken */
} SetIndicatorsValues;

void set_indicators_clear_values(SetIndicatorsValues *values);

/* Adds the patterns to them: of two that claim one id, these may be all that differs. */
void set_indicators_add_patterns(const SetIndicators *all, SetIndicatorsValues *values);

/* An indicator that is left out. */
#define SET_INDICATORS_NONE G_MAXUINT32

/* The indicators that are in the file, which are not older versions, nor withdrawn ones, nor what
 * has neither values nor a pattern. */
typedef struct {
    guint32 *numbers; /* of each indicator in the file, or SET_INDICATORS_NONE */
    guint32 *order;   /* the indicators by these numbers, then those left out */
    guint32 count;
    guint64 parts;    /* what a seed may be made of: the same in whatever order they came */
    GString *shared;  /* texts: their sources */
    guint32 *sources; /* where each source is in there */
} SetIndicatorsKept;

/* @values has all of them. Sorts in the room of @sort. */
void set_indicators_keep(const SetIndicators *all, const SetIndicatorsValues *values, SetSort *sort,
                         SetIndicatorsKept *ret_kept);
void set_indicators_clear_kept(SetIndicatorsKept *kept);

static inline SetFileIndicator *set_indicators_at(const SetIndicators *all, guint32 number)
{
    return (SetFileIndicator *)(gpointer)all->files.bytes + number;
}

/* A text of the pool. */
static inline const char *set_indicators_text(const SetIndicators *all, guint32 offset)
{
    return all->pool->str + offset;
}
