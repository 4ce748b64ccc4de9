#include "store/keyed.h"

#include "store/tx.h"

/* So many rows gather. More would be moved for less each, and whoever meets the commit that moves
 * them would wait longer than 0.1 s. */
#define RECENT_MAX 65536

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
    bulk_sort(rows);
    if (!bulk_run(rows, tx->db, indexes[index].add, error))
        return FALSE;
    *recent += count;
    return TRUE;
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
