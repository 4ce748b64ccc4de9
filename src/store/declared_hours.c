#include "store/declared_hours.h"

#include "store/reader.h"
#include "store/tx.h"

gboolean declared_hours_put(StoreTx *tx, const char *node, gint64 since, const char *hours,
                            GError **error)
{
    sqlite3_stmt *add = sqlite_prepare(
        tx->db, "INSERT OR REPLACE INTO declared_hours (node, since, hours) VALUES (?1, ?2, ?3)",
        error);
    if (!add)
        return FALSE;
    sqlite_bind_text(add, 1, node);
    sqlite3_bind_int64(add, 2, since);
    sqlite_bind_text(add, 3, hours);
    if (!sqlite_run(tx->db, add, error))
        return FALSE;
    sqlite3_stmt *trim =
        sqlite_prepare(tx->db,
                       "DELETE FROM declared_hours WHERE node = ?1 AND since <= (SELECT since FROM"
                       " declared_hours WHERE node = ?1 ORDER BY since DESC LIMIT 1 OFFSET ?2)",
                       error);
    if (!trim)
        return FALSE;
    sqlite_bind_text(trim, 1, node);
    sqlite3_bind_int64(trim, 2, DECLARED_HOURS_KEPT);
    return sqlite_run(tx->db, trim, error);
}

gboolean declared_hours_forget(StoreTx *tx, const char *node, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM declared_hours WHERE node = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, node);
    return sqlite_run(tx->db, statement, error);
}

static gboolean get(Sqlite *db, const char *node, gint64 when, char **ret_hours, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement = sqlite_prepare(
        db,
        "SELECT hours FROM declared_hours WHERE node = ?1"
        " ORDER BY since <= ?2 DESC, CASE WHEN since <= ?2 THEN -since ELSE since END LIMIT 1",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, node);
    sqlite3_bind_int64(statement, 2, when);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    *ret_hours = row ? sqlite_dup_text(statement, 0) : NULL;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean declared_hours_get(Store *store, const char *node, gint64 when, char **ret_hours,
                            GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) && get(reader.db, node, when, ret_hours, error);
}

gboolean declared_hours_get_tx(StoreTx *tx, const char *node, gint64 when, char **ret_hours,
                               GError **error)
{
    return get(tx->db, node, when, ret_hours, error);
}
