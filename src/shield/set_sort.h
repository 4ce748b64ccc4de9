/* set_sort.h - puts what a set consists of in order. Private to set_builder*.c. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 key;
    guint32 at; /* where the one who sorts has it */
    guint32 indicator : 31;
    guint32 same : 1; /* the same value as the one before */
} SetSortItem;

/* Room to sort in, kept from one time to the next: to have the system clear fresh memory takes
 * longer than to sort. Zeroed it is empty. */
typedef struct {
    SetSortItem *items; /* of the last time */
    SetSortItem *other;
    gsize room;
} SetSort;

/* Makes room for @count items, whose content is not set. */
SetSortItem *set_sort_begin(SetSort *sort, gsize count);

/* Sorts the first @count items by `key`, then, what has the same, by @compare (which gets
 * SetSortItems). */
void set_sort_run(SetSort *sort, gsize count, GCompareDataFunc compare, gpointer user);

/* Copies the first @count items to @ret_kept, which has room for no others. */
void set_sort_keep(const SetSort *sort, gsize count, SetSort *ret_kept);

void set_sort_clear(SetSort *sort);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SetSort, set_sort_clear)
