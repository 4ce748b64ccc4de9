/* set_order.h - the values of one table of a set that is being built, in order. Private to
 * set_tables.c. */
#pragma once

#include "shield/set_tables.h"

typedef struct {
    const SetTable *table;
    SetFileTable number;
    guint width;            /* of its values; 0: texts */
    const guint32 *numbers; /* see set_tables_write() */
    guint64 seed;
    SetSort sort;
    guint32 count, different; /* of sorted items, of their values */
    GThread *thread;          /* that sorts them */
} SetOrder;

/* Begins to put the texts of a table in order, on a thread of its own when it is worth one. Nothing
 * of the table may change until it has been done. */
void set_order_begin(SetOrder *order, const SetTable *table, SetFileTable number);

/* The tables of values of one width, whose order needs no seed. */
typedef struct SetOrderBytes {
    SetOrder orders[SET_TABLE_DOMAIN];
    const SetTables *tables;
    GThread *thread;
} SetOrderBytes;

/* Begins to put them in order before the indicators have their numbers. Nothing of the tables may
 * change until each was taken, or all were cleared. */
void set_order_begin_bytes(SetOrderBytes *bytes, const SetTables *tables);

/* The order of one of them, now that the indicators have @numbers. Each is taken once. */
SetOrder *set_order_take_bytes(SetOrderBytes *bytes, SetFileTable number, const guint32 *numbers);

void set_order_clear_bytes(SetOrderBytes *bytes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SetOrderBytes, set_order_clear_bytes)

/* Waits until it is done, and gives the items: `at` is where the value is in the table. */
const SetSortItem *set_order_items(SetOrder *order);

/* Are the values themselves the keys they are sorted by? */
static inline gboolean set_order_has_keys(const SetOrder *order)
{
    return order->width > 0 && order->width <= sizeof(guint64);
}
