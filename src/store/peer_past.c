#include "store/peer_past.h"

#include "base/error.h"
#include "store/reader.h"
#include "store/tx.h"

/* --- keys --------------------------------------------------------------------------------------
 */

gboolean peer_past_add_key(StoreTx *tx, gint64 number, gint64 when, GError **error)
{
    sqlite3_stmt *add =
        sqlite_prepare(tx->db,
                       "INSERT OR REPLACE INTO peer_key (peer, vkey, since, until)"
                       " SELECT number, message_vkey,"
                       " coalesce((SELECT max(until) FROM peer_key WHERE peer = ?1), 0), ?2"
                       " FROM peer WHERE number = ?1",
                       error);
    if (!add)
        return FALSE;
    sqlite3_bind_int64(add, 1, number);
    sqlite3_bind_int64(add, 2, when);
    if (!sqlite_run(tx->db, add, error))
        return FALSE;
    sqlite3_stmt *trim = sqlite_prepare(
        tx->db,
        "DELETE FROM peer_key WHERE peer = ?1 AND until <= (SELECT until FROM peer_key"
        " WHERE peer = ?1 ORDER BY until DESC LIMIT 1 OFFSET ?2)",
        error);
    if (!trim)
        return FALSE;
    sqlite3_bind_int64(trim, 1, number);
    sqlite3_bind_int64(trim, 2, PEER_PAST_KEYS_MAX);
    return sqlite_run(tx->db, trim, error);
}

char **peer_past_keys(StoreTx *tx, gint64 number, gint64 when, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT vkey FROM peer_key WHERE peer = ?1 AND since - ?3 <= ?2"
                       " AND until + ?3 >= ?2 ORDER BY until DESC",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, when);
    sqlite3_bind_int64(statement, 3, PEER_PAST_SLACK_US);
    return sqlite_collect_texts(tx->db, statement, error);
}

char **peer_past_every_key(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT vkey FROM peer_key WHERE peer = ?1 ORDER BY until DESC", error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    return sqlite_collect_texts(reader.db, statement, error);
}

/* --- ledgers -----------------------------------------------------------------------------------
 */

static gboolean check_room(StoreTx *tx, gint64 number, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM peer_ledger WHERE peer = ?1 LIMIT 1 OFFSET ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, PEER_PAST_LEDGERS_MAX - 1);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row)
        return TRUE;
    sqlite3_reset(statement);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%d lost ledgers of a node are enough",
                PEER_PAST_LEDGERS_MAX);
    return FALSE;
}

gboolean peer_past_add_ledger(StoreTx *tx, gint64 number, gint64 when, GError **error)
{
    if (!check_room(tx, number, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO peer_ledger (peer, origin, ledger_vkey, changes, size, root, checkpoint,"
        " cursor, until) SELECT number, origin, ledger_vkey, (SELECT json_group_array(note) FROM"
        " (SELECT note FROM peer_change WHERE peer = ?1 ORDER BY number)), size, root, checkpoint,"
        " cursor, ?2 FROM peer WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, when);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

void peer_past_ledger_free(PeerPastLedger *ledger)
{
    if (!ledger)
        return;
    g_free(ledger->origin);
    g_free(ledger);
}

static gpointer read_ledger(sqlite3_stmt *statement)
{
    PeerPastLedger *ledger = g_new0(PeerPastLedger, 1);
    ledger->origin = sqlite_dup_text(statement, 0);
    ledger->cursor = (guint64)sqlite3_column_int64(statement, 1);
    ledger->until = sqlite3_column_int64(statement, 2);
    return ledger;
}

GPtrArray *peer_past_ledgers(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(
                  reader.db,
                  "SELECT origin, cursor, until FROM peer_ledger WHERE peer = ?1 ORDER BY number",
                  error)
            : NULL;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    return sqlite_collect(reader.db, statement, read_ledger, (GDestroyNotify)peer_past_ledger_free,
                          error);
}

gboolean peer_past_forget(StoreTx *tx, gint64 number, GError **error)
{
    static const char *const sql[] = {"DELETE FROM peer_key WHERE peer = ?1",
                                      "DELETE FROM peer_ledger WHERE peer = ?1"};
    for (guint i = 0; i < G_N_ELEMENTS(sql); i++) {
        sqlite3_stmt *statement = sqlite_prepare(tx->db, sql[i], error);
        if (!statement)
            return FALSE;
        sqlite3_bind_int64(statement, 1, number);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
    }
    return TRUE;
}
