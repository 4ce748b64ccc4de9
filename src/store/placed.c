#include "store/placed.h"

#include "store/sqlite.h"
#include "store/tx.h"

static gboolean has_reach(StoreTx *tx, gint64 collection, gboolean *ret_has, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM collection WHERE number = ?1 AND reach IS NOT NULL", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    if (!sqlite_step(tx->db, statement, ret_has, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean placed_add(StoreTx *tx, gint64 collection, const ObjectsResult *results, gsize count,
                    GError **error)
{
    gboolean follows;
    if (!has_reach(tx, collection, &follows, error))
        return FALSE;
    if (!follows)
        return TRUE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR IGNORE INTO placed (collection, version) VALUES (?1, ?2)", error);
    if (!statement)
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        if (!results[i].joins)
            continue;
        sqlite3_bind_int64(statement, 1, collection);
        sqlite3_bind_int64(statement, 2, results[i].version);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
    }
    return TRUE;
}

gboolean placed_add_all(StoreTx *tx, gint64 collection, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO placed (collection, version)"
                       " SELECT collection, version FROM member WHERE collection = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    return sqlite_run(tx->db, statement, error);
}

gboolean placed_has(StoreTx *tx, gint64 collection, gint64 version, gboolean *ret_has,
                    GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM placed WHERE collection = ?1 AND version = ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, version);
    if (!sqlite_step(tx->db, statement, ret_has, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean placed_settle(StoreTx *tx, gint64 collection, gint64 object, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "DELETE FROM placed WHERE collection = ?1 AND version IN"
                       " (SELECT number FROM version WHERE object = ?2 EXCEPT SELECT version"
                       " FROM member INDEXED BY member_object WHERE collection = ?1"
                       " AND object = ?2)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, object);
    return sqlite_run(tx->db, statement, error);
}
