/* peers_follow.c - how far peers were followed, and what became of reaching them. */
#include "store/peers.h"
#include "store/tx.h"

#define DAY_US (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)

gboolean peers_set_progress(StoreTx *tx, gint64 number, guint64 size, const MerkleHash *root,
                            const char *checkpoint, guint64 cursor, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        checkpoint
            ? "UPDATE peer SET size = ?2, root = ?3, checkpoint = ?4, cursor = ?5 WHERE number = ?1"
            : "UPDATE peer SET cursor = ?5 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (checkpoint) {
        sqlite3_bind_int64(statement, 2, (gint64)size);
        sqlite3_bind_blob(statement, 3, root->bytes, SHA256_SIZE, SQLITE_TRANSIENT);
        sqlite_bind_text(statement, 4, checkpoint);
    }
    sqlite3_bind_int64(statement, 5, (gint64)cursor);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_set_contact(StoreTx *tx, gint64 number, gint64 when, const char *failure,
                           gint64 skew_us, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        failure ? "UPDATE peer SET failed = ?2, failure = ?3, failures = failures + 1,"
                  " skew = coalesce(?4, skew), skew_at = iif(?4 IS NULL, skew_at, ?2)"
                  " WHERE number = ?1"
                : "UPDATE peer SET contacted = ?2, failure = ?3, failures = 0,"
                  " skew = coalesce(?4, skew), skew_at = iif(?4 IS NULL, skew_at, ?2)"
                  " WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, when);
    sqlite_bind_text(statement, 3, failure);
    if (skew_us != PEERS_SKEW_UNKNOWN)
        sqlite3_bind_int64(statement, 4, skew_us);
    else
        sqlite3_bind_null(statement, 4);
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_add_traffic(StoreTx *tx, gint64 number, gint64 when, guint64 received, guint64 sent,
                           GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE peer SET received = ?3 + CASE traffic_day WHEN ?2 THEN received ELSE 0 END,"
        " sent = ?4 + CASE traffic_day WHEN ?2 THEN sent ELSE 0 END, traffic_day = ?2"
        " WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, when / DAY_US);
    sqlite3_bind_int64(statement, 3, (gint64)received);
    sqlite3_bind_int64(statement, 4, (gint64)sent);
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_set_fork(StoreTx *tx, gint64 number, const char *reason, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE peer SET fork_reason = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, reason);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}
