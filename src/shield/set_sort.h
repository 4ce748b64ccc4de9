/* set_sort.h - puts what a set consists of in order. Private to set_builder*.c. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 key;
    guint32 entry;
    guint32 indicator : 31;
    guint32 same : 1; /* the same value as the one before */
} SetSortItem;

/* Sorts by `key`, then, what has the same, by @compare (which gets SetSortItems). */
void set_sort(SetSortItem *items, gsize count, GCompareDataFunc compare, gpointer user);
