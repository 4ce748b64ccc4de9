#include "store/peer_witness.h"

#include "store/reader.h"
#include "store/tx.h"
#include "store/witness.h"

/* What was done for a peer, and what of it is still there. */
typedef struct {
    gboolean watching, asking; /* it was done */
    char *origin, *vkeys;      /* the log that is watched through it; NULL: none is */
    gboolean frozen;
    char *name, *vkey; /* the witness that is asked through it; NULL: none is */
} Done;

static void done_clear(Done *done)
{
    g_free(done->origin);
    g_free(done->vkeys);
    g_free(done->name);
    g_free(done->vkey);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Done, done_clear)

/* The first row of @sql, which is about @peer; NULL with *ret_row FALSE: there is none. */
static sqlite3_stmt *query(Sqlite *db, const char *sql, gint64 peer, gboolean *ret_row,
                           GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, peer);
    return sqlite_step(db, statement, ret_row, error) ? statement : NULL;
}

static gboolean load(Sqlite *db, gint64 peer, Done *done, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement =
        query(db, "SELECT watching, asking FROM peer_witness WHERE peer = ?1", peer, &row, error);
    if (!statement)
        return FALSE;
    if (row) {
        done->watching = sqlite3_column_int(statement, 0) != 0;
        done->asking = sqlite3_column_int(statement, 1) != 0;
        sqlite3_reset(statement);
    }
    statement = query(db,
                      "SELECT l.origin, l.vkeys, EXISTS (SELECT 1 FROM evidence e"
                      " WHERE e.origin = l.origin AND e.settled = 0) FROM watched_log l"
                      " WHERE l.peer = ?1 AND l.watched",
                      peer, &row, error);
    if (!statement)
        return FALSE;
    if (row) {
        done->origin = sqlite_dup_text(statement, 0);
        done->vkeys = sqlite_dup_text(statement, 1);
        done->frozen = sqlite3_column_int(statement, 2) != 0;
        sqlite3_reset(statement);
    }
    statement = query(db, "SELECT name, vkey FROM witness WHERE peer = ?1", peer, &row, error);
    if (!statement)
        return FALSE;
    if (row) {
        done->name = sqlite_dup_text(statement, 0);
        done->vkey = sqlite_dup_text(statement, 1);
        sqlite3_reset(statement);
    }
    return TRUE;
}

/* Adds something; *ret_added. What is there because a person said so counts as added, and for what
 * there is no room nothing does. */
static gboolean take_result(gboolean good, GError *failure, gboolean *ret_added, GError **error)
{
    *ret_added = good || g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    if (good || *ret_added || g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT)) {
        g_clear_error(&failure);
        return TRUE;
    }
    g_propagate_error(error, failure);
    return FALSE;
}

/* --- the log that is watched -------------------------------------------------------------------
 */

static gboolean mark_log(StoreTx *tx, const char *origin, gint64 peer, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE watched_log SET peer = nullif(?2, 0) WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, peer);
    return sqlite_run(tx->db, statement, error);
}

static gboolean is_watched(StoreTx *tx, const char *origin, gboolean *ret_watched, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT 1 FROM watched_log WHERE origin = ?1 AND watched", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    if (!sqlite_step(tx->db, statement, ret_watched, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

/* Watches the peer's ledger, unless a person has it watched already. */
static gboolean watch(StoreTx *tx, const PeerWitnessSpec *spec, Done *done, GError **error)
{
    gboolean by_hand;
    GError *failure = NULL;
    if (!is_watched(tx, spec->origin, &by_hand, error))
        return FALSE;
    done->watching = TRUE;
    if (by_hand)
        return TRUE;
    gboolean good = witness_watch(tx, spec->origin, spec->log, &failure);
    return take_result(good, failure, &done->watching, error) &&
           (!good || mark_log(tx, spec->origin, spec->peer, error));
}

/* A log that signed two trees stays until a person decides: then it is that person's. */
static gboolean unwatch(StoreTx *tx, Done *done, GError **error)
{
    done->watching = FALSE;
    return done->frozen ? mark_log(tx, done->origin, 0, error)
                        : witness_unwatch(tx, done->origin, error);
}

static gboolean settle_log(StoreTx *tx, const PeerWitnessSpec *spec, Done *done, GError **error)
{
    gboolean is_other = done->origin && g_strcmp0(done->origin, spec->origin) != 0;
    if (done->origin && (!spec->log || is_other) && !unwatch(tx, done, error))
        return FALSE;
    if (!spec->log)
        return TRUE;
    if (!done->watching)
        return watch(tx, spec, done, error);
    /* Else a person took it back, unless only the key is another one now. */
    if (!done->origin || is_other || g_str_equal(done->vkeys, spec->log))
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE watched_log SET vkeys = ?2 WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, spec->origin);
    sqlite_bind_text(statement, 2, spec->log);
    return sqlite_run(tx->db, statement, error);
}

/* --- the witness that is asked -----------------------------------------------------------------
 */

static gboolean ask(StoreTx *tx, const PeerWitnessSpec *spec, Done *done, GError **error)
{
    GError *failure = NULL;
    gboolean good = witness_add_peer(tx, spec->cosigner, spec->peer, &failure);
    return take_result(good, failure, &done->asking, error);
}

static gboolean settle_witness(StoreTx *tx, const PeerWitnessSpec *spec, Done *done, GError **error)
{
    if (done->name && g_strcmp0(done->vkey, spec->cosigner) != 0) {
        if (!witness_remove(tx, done->name, error))
            return FALSE;
        done->asking = FALSE;
    }
    return !spec->cosigner || done->asking || ask(tx, spec, done, error);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static gboolean remember(StoreTx *tx, gint64 peer, const Done *before, const Done *done,
                         GError **error)
{
    if (before->watching == done->watching && before->asking == done->asking)
        return TRUE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        done->watching || done->asking
            ? "INSERT OR REPLACE INTO peer_witness (peer, watching, asking) VALUES (?1, ?2, ?3)"
            : "DELETE FROM peer_witness WHERE peer = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer);
    if (done->watching || done->asking) {
        sqlite3_bind_int(statement, 2, done->watching);
        sqlite3_bind_int(statement, 3, done->asking);
    }
    return sqlite_run(tx->db, statement, error);
}

gboolean peer_witness_settle(StoreTx *tx, const PeerWitnessSpec *spec, GError **error)
{
    g_auto(Done) done = {0};
    if (!load(tx->db, spec->peer, &done, error))
        return FALSE;
    const Done before = done;
    if (!settle_log(tx, spec, &done, error) || !settle_witness(tx, spec, &done, error))
        return FALSE;
    if (!spec->is_peer)
        done.watching = done.asking = FALSE;
    return remember(tx, spec->peer, &before, &done, error);
}

gboolean peer_witness_state(Store *store, gint64 peer, PeerWitnessState *ret_state, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(Done) done = {0};
    if (!reader_begin(store, &reader, error) || !load(reader.db, peer, &done, error))
        return FALSE;
    *ret_state = (PeerWitnessState){.log_removed = done.watching && !done.origin,
                                    .cosigner_removed = done.asking && !done.name};
    return TRUE;
}
