#include "store/keyed.h"

#include "store/tx.h"

/* So many rows gather. More would be moved for less each, and whoever meets the commit that moves
 * them would wait longer than 0.1 s. */
#define RECENT_MAX 65536

/* To read a row of the index costs so much less than to look a key up there. */
#define ROWS_PER_LOOKUP 8
/* Of so many objects the filter would be too large to keep in memory: beyond 32 MiB. */
#define FILTER_MAX (G_GUINT64_CONSTANT(1) << 23)
#define FILTER_MIN (G_GUINT64_CONSTANT(1) << 14)

static const struct {
    const char *count, *add, *move, *empty;
} indexes[KEYED_INDEXES] = {
    [KEYED_OBJECTS] = {"SELECT count(*) FROM object_key_recent",
                       "INSERT OR IGNORE INTO object_key_recent (key, object)"
                       " SELECT c0, c1 FROM bulk(?1)",
                       "INSERT OR IGNORE INTO object_key (key, object)"
                       " SELECT key, object FROM object_key_recent ORDER BY key, object",
                       "DELETE FROM object_key_recent"},
    [KEYED_VALUES] = {"SELECT count(*) FROM value_recent",
                      "INSERT OR IGNORE INTO value_recent (key, version)"
                      " SELECT c0, c1 FROM bulk(?1)",
                      "INSERT OR IGNORE INTO value (key, version)"
                      " SELECT key, version FROM value_recent ORDER BY key, version",
                      "DELETE FROM value_recent"},
};

void keyed_init(Keyed *keyed)
{
    keyed->max = RECENT_MAX;
    keyed_forget(keyed);
}

void keyed_clear(Keyed *keyed)
{
    keyfilter_clear(&keyed->filter);
}

void keyed_forget(Keyed *keyed)
{
    for (guint i = 0; i < KEYED_INDEXES; i++)
        keyed->recent[i] = -1;
}

gboolean keyed_add(StoreTx *tx, KeyedIndex index, Bulk *rows, GError **error)
{
    guint count = bulk_rows(rows);
    gint64 *recent = &tx->keyed.recent[index];
    if (count == 0)
        return TRUE;
    if (*recent < 0 && !sqlite_get_int(tx->db, indexes[index].count, 0, recent, error))
        return FALSE;
    if (index == KEYED_OBJECTS && tx->keyed.filter.bits)
        for (guint i = 0; i < count; i++)
            keyfilter_add(&tx->keyed.filter, rows->cells[(gsize)i * rows->columns].number);
    bulk_sort(rows);
    if (!bulk_run(rows, tx->db, indexes[index].add, error))
        return FALSE;
    *recent += count;
    return TRUE;
}

static gboolean fill_filter(StoreTx *tx, guint64 room, GError **error)
{
    g_auto(Keyfilter) filter = {NULL};
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT key FROM object_key UNION ALL SELECT key FROM object_key_recent", error);
    if (!statement)
        return FALSE;
    keyfilter_init(&filter, room);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        keyfilter_add(&filter, sqlite3_column_int64(statement, 0));
    }
    keyfilter_clear(&tx->keyed.filter);
    tx->keyed.filter = filter;
    filter = (Keyfilter){NULL};
    return TRUE;
}

gboolean keyed_prepare(StoreTx *tx, gsize count, GError **error)
{
    Keyed *keyed = &tx->keyed;
    gint64 objects;
    if (keyed->filter.bits && keyed->filter.held < keyed->filter.room)
        return TRUE;
    /* Numbers are given upwards, and no object is ever removed. */
    if (!sqlite_get_int(tx->db, "SELECT max(number) FROM object", 0, &objects, error))
        return FALSE;
    keyed->looked_up += count;
    if ((guint64)objects >= FILTER_MAX)
        keyfilter_clear(&keyed->filter);
    else if (keyed->filter.bits || keyed->looked_up * ROWS_PER_LOOKUP > (guint64)objects)
        return fill_filter(tx, MAX(2 * (guint64)objects, FILTER_MIN), error);
    return TRUE;
}

gboolean keyed_may_have(const StoreTx *tx, gint64 key)
{
    return !tx->keyed.filter.bits || keyfilter_may_have(&tx->keyed.filter, key);
}

static gboolean run(StoreTx *tx, const char *sql, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    return statement && sqlite_run(tx->db, statement, error);
}

gboolean keyed_end(StoreTx *tx, GError **error)
{
    for (guint i = 0; i < KEYED_INDEXES; i++) {
        if (tx->keyed.recent[i] < tx->keyed.max)
            continue;
        if (!run(tx, indexes[i].move, error) || !run(tx, indexes[i].empty, error))
            return FALSE;
        tx->keyed.recent[i] = 0;
    }
    return TRUE;
}
