#include "shield/set_order.h"

#include <string.h>

#include "shield/set_ahead.h"

/* Entries that are worth a thread. */
#define MANY 20000

static gint compare_values(const SetOrder *order, const SetSortItem *a, const SetSortItem *b)
{
    const guint8 *first = order->table->bytes.bytes + a->at,
                 *second = order->table->bytes.bytes + b->at;
    if (set_order_has_keys(order))
        return 0;
    return order->width > 0 ? memcmp(first, second, order->width)
                            : strcmp((const char *)first, (const char *)second);
}

static gint compare_items(gconstpointer a, gconstpointer b, gpointer user)
{
    const SetSortItem *first = a, *second = b;
    gint order = compare_values(user, first, second);
    if (order != 0)
        return order;
    return first->indicator < second->indicator ? -1 : first->indicator > second->indicator;
}

static guint64 key_at(const SetOrder *order, guint32 entry)
{
    const SetTable *table = order->table;
    const guint8 *value = table->bytes.bytes + set_tables_entry(table, entry)->at;
    if (order->width > 0)
        return set_file_first(value, order->width);
    /* A text ends where the next one begins. */
    const guint8 *end =
        table->bytes.bytes +
        (entry + 1 < table->count ? set_tables_entry(table, entry + 1)->at : table->bytes.length);
    return set_file_text_key(order->seed, (const char *)value, (gsize)(end - value) - 1);
}

/* Those of indicators left out are not among them. */
static gpointer sort_values(gpointer user)
{
    SetOrder *order = user;
    const SetTable *table = order->table;
    SetSortItem *items = set_sort_begin(&order->sort, table->count);
    guint32 count = 0, same = 0;

    for (guint32 i = 0; i < table->count; i++) {
        const SetTablesEntry *entry = set_tables_entry(table, i);
        guint32 number = order->numbers[entry->indicator];
        if (number != SET_INDICATORS_NONE)
            items[count++] = (SetSortItem){
                .key = key_at(order, i), .at = entry->at, .indicator = number & G_MAXINT32};
    }
    set_sort_run(&order->sort, count, compare_items, order);
    for (guint32 i = 1; i < count; i++) {
        items[i].same = items[i].key == items[i - 1].key &&
                        compare_values(order, &items[i], &items[i - 1]) == 0;
        same += items[i].same;
    }
    order->count = count;
    order->different = count - same;
    return NULL;
}

void set_order_begin(SetOrder *order, const SetTable *table, SetFileTable number)
{
    order->table = table;
    order->number = number;
    order->width = set_file_widths[number];
    if (table->count >= MANY)
        order->thread = set_ahead_start(sort_values, order);
    else
        sort_values(order);
}

const SetSortItem *set_order_items(SetOrder *order)
{
    set_ahead_end(&order->thread);
    return order->sort.items;
}

/* --- Before the indicators have numbers ------------------------------------------------------- */

static gpointer sort_bytes(gpointer user)
{
    SetOrderBytes *bytes = user;
    SetSort room = {0};

    for (guint i = 0; i < SET_TABLE_DOMAIN; i++) {
        const SetTable *table = &bytes->tables->tables[i];
        SetOrder *order = &bytes->orders[i];
        order->table = table;
        order->number = (SetFileTable)i;
        order->width = set_file_widths[i];
        order->count = table->count;
        SetSortItem *items = set_sort_begin(&room, table->count);
        for (guint32 j = 0; j < table->count; j++) {
            const SetTablesEntry *entry = set_tables_entry(table, j);
            items[j] = (SetSortItem){.key = key_at(order, j),
                                     .at = entry->at,
                                     .indicator = entry->indicator & G_MAXINT32};
        }
        set_sort_run(&room, table->count, compare_items, order);
        set_sort_keep(&room, table->count, &order->sort);
    }
    set_sort_clear(&room);
    return NULL;
}

void set_order_begin_bytes(SetOrderBytes *bytes, const SetTables *tables)
{
    guint32 count = 0;

    *bytes = (SetOrderBytes){.tables = tables};
    for (guint i = 0; i < SET_TABLE_DOMAIN; i++)
        count += tables->tables[i].count;
    if (count >= MANY)
        bytes->thread = set_ahead_start(sort_bytes, bytes);
    else
        sort_bytes(bytes);
}

static gint compare_numbers(gconstpointer a, gconstpointer b, gpointer user)
{
    const SetSortItem *first = a, *second = b;
    return first->indicator < second->indicator ? -1 : first->indicator > second->indicator;
}

/* Ends a run of items of one value. */
static void end_run(SetOrder *order, guint32 start, guint32 end)
{
    SetSortItem *items = order->sort.items;

    if (start == end)
        return;
    order->different++;
    if (end - start == 1)
        return;
    g_qsort_with_data(items + start, (gint)(end - start), sizeof(*items), compare_numbers, NULL);
    for (guint32 i = start + 1; i < end; i++)
        items[i].same = TRUE;
}

SetOrder *set_order_take_bytes(SetOrderBytes *bytes, SetFileTable number, const guint32 *numbers)
{
    SetOrder *order = &bytes->orders[number];
    guint32 count = 0, start = 0;

    set_ahead_end(&bytes->thread);
    SetSortItem *items = order->sort.items;
    for (guint32 i = 0; i < order->count; i++) {
        guint32 indicator = numbers[items[i].indicator];
        if (indicator == SET_INDICATORS_NONE)
            continue;
        if (count > 0 && (items[i].key != items[count - 1].key ||
                          compare_values(order, &items[i], &items[count - 1]) != 0)) {
            end_run(order, start, count);
            start = count;
        }
        items[count] = items[i];
        items[count++].indicator = indicator & G_MAXINT32;
    }
    end_run(order, start, count);
    order->count = count;
    return order;
}

void set_order_clear_bytes(SetOrderBytes *bytes)
{
    set_ahead_end(&bytes->thread);
    for (guint i = 0; i < SET_TABLE_DOMAIN; i++)
        set_sort_clear(&bytes->orders[i].sort);
}
