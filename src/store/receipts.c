#include "store/receipts.h"

#include "base/timestamp.h"
#include "store/reader.h"
#include "store/tx.h"

/* How long a status resource is kept, and how many at most: a flood of requests must not fill the
 * disk with their statuses. */
#define LIFETIME_US  (G_GINT64_CONSTANT(24) * 3600 * 1000000)
#define MAX_RECEIPTS 4096

static gboolean remove_old(StoreTx *tx, gint64 newest, gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM receipt WHERE number <= ?1 OR created < ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, newest - MAX_RECEIPTS);
    sqlite3_bind_int64(statement, 2, now - LIFETIME_US);
    return sqlite_run(tx->db, statement, error);
}

gboolean receipts_put(StoreTx *tx, const char *id, const char *root, const char *account,
                      const char *json, gsize length, GError **error)
{
    gint64 now = timestamp_now();
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO receipt (id, root, account, created, json)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, id);
    sqlite_bind_text(statement, 2, root);
    sqlite_bind_text(statement, 3, account);
    sqlite3_bind_int64(statement, 4, now);
    sqlite3_bind_text64(statement, 5, json, length, SQLITE_STATIC, SQLITE_UTF8);
    return sqlite_run(tx->db, statement, error) &&
           remove_old(tx, sqlite3_last_insert_rowid(tx->db->handle), now, error);
}

char *receipts_get(Store *store, const char *id, const char *root, const char *account,
                   gsize *ret_length, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT json FROM receipt WHERE id = ?1 AND root = ?2 AND account = ?3", error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, id);
    sqlite_bind_text(statement, 2, root);
    sqlite_bind_text(statement, 3, account);
    gboolean row;
    if (!sqlite_step(reader.db, statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no status \"%s\"", id);
        return NULL;
    }
    char *json = sqlite_dup_text(statement, 0);
    *ret_length = (gsize)sqlite3_column_bytes(statement, 0);
    sqlite3_reset(statement);
    return json;
}
