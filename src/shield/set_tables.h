/* set_tables.h - the values of a set that is being built, in tables. Private to set_*.c. */
#pragma once

#include "base/error.h"
#include "shield/set_indicators.h"
#include "shield/set_keys.h"
#include "shield/set_sort.h"

/* Values of one table, as they were added. */
typedef struct {
    guint32 at; /* in `bytes` */
    guint32 indicator;
} SetTablesEntry;

typedef struct {
    SetRegion bytes;   /* values of one width after one another; texts with their NULs */
    SetRegion entries; /* SetTablesEntry each */
    guint32 count;     /* of them */
} SetTable;

static inline const SetTablesEntry *set_tables_entry(const SetTable *table, guint32 entry)
{
    return (const SetTablesEntry *)(gconstpointer)table->entries.bytes + entry;
}

typedef struct {
    SetTable tables[SET_TABLES];
} SetTables;

/* Frees what was added; zeroed ones are empty. */
void set_tables_clear(SetTables *tables);

/* Adds what set_file_pack() said; of texts @text counts, of the others @bytes. */
gboolean set_tables_add(SetTables *tables, SetFileTable table, const guint8 *bytes,
                        const char *text, gsize length, guint32 indicator, GError **error);

struct SetOrderBytes;

/* Told each different value, in the order of their numbers. */
typedef void (*SetTablesEach)(gpointer user, SetFileTable table, const guint8 *bytes, gsize length);

/* Writes tables, indexes, filters and links. @bytes: set_order_begin_bytes() of them. @numbers has
 * the number of each indicator in the file or SET_INDICATORS_NONE. What was added is given up on
 * the way, and the room of @sort, in which it begins to sort. */
void set_tables_write(SetTables *tables, struct SetOrderBytes *bytes, SetWriter *writer,
                      SetSort *sort, const guint32 *numbers, SetTablesEach each, gpointer user);

/* Bytes that this takes, or a little more; most of it, when there are many networks. */
gsize set_tables_size(const SetTables *tables);
