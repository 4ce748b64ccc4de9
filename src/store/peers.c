#include "store/peers.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/declared_hours.h"
#include "store/peer_past.h"
#include "store/peers_rows.h"
#include "store/reader.h"

/* --- meeting -----------------------------------------------------------------------------------
 */

static char *join(const char *const *list)
{
    return list ? g_strjoinv("\n", (char **)list) : g_strdup("");
}

/* Binds from parameter 2 on what a card says, as CARD_SET names it. */
#define CARD_SET                                                                                   \
    "organisation = ?2, card_number = ?3, message_name = ?4, message_vkey = ?5,"                   \
    " parcel_key = ?6, urls = ?7, tls = ?8, card = ?9"

static gboolean bind_card(sqlite3_stmt *statement, const PeerCard *card, GError **error)
{
    g_autoptr(NoteVerifier) message = note_verifier_parse(card->message_vkey, error);
    if (!message)
        return FALSE;
    g_autofree char *urls = join(card->urls);
    g_autofree char *tls = join(card->tls);
    sqlite_bind_text(statement, 2, card->organisation);
    sqlite3_bind_int64(statement, 3, (gint64)card->card_number);
    sqlite3_bind_text(statement, 4, message->name, -1, SQLITE_TRANSIENT);
    sqlite_bind_text(statement, 5, card->message_vkey);
    sqlite_bind_text(statement, 6, card->parcel_key);
    sqlite3_bind_text(statement, 7, urls, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, 8, tls, -1, SQLITE_TRANSIENT);
    sqlite_bind_text(statement, 9, card->card);
    return TRUE;
}

static gboolean run_numbered(StoreTx *tx, const char *sql, gint64 number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

static gboolean forget_peer(StoreTx *tx, gint64 number, GError **error)
{
    return peer_past_forget(tx, number, error) &&
           run_numbered(tx, "DELETE FROM peer_change WHERE peer = ?1", number, error) &&
           run_numbered(tx, "DELETE FROM peer WHERE number = ?1", number, error);
}

static gint64 card_time(const PeerCard *card)
{
    return card->time_us ? card->time_us : timestamp_now();
}

static gboolean keep_hours(StoreTx *tx, const PeerCard *card, GError **error)
{
    return declared_hours_put(tx, card->node, card_time(card), card->hours ? card->hours : "",
                              error);
}

static gboolean insert_peer(StoreTx *tx, const PeerCard *card, gint64 *ret_number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO peer (origin, organisation, card_number, message_name, message_vkey,"
        " parcel_key, urls, tls, card, node, ledger_vkey, recovery_vkey, since)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        error);
    if (!statement || !bind_card(statement, card, error))
        return FALSE;
    sqlite_bind_text(statement, 1, card->origin);
    sqlite_bind_text(statement, 10, card->node);
    sqlite_bind_text(statement, 11, card->ledger_vkey);
    sqlite_bind_text(statement, 12, card->recovery_vkey);
    sqlite3_bind_int64(statement, 13, timestamp_now());
    tx->changed = TRUE;
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return keep_hours(tx, card, error);
}

/* What came from, and was for, a ledger of the same name with other keys is not the new one's: its
 * entries would be taken for known, and the new owner of the name would get what was meant for the
 * old one. It stays under a name that no ledger has. */
static gboolean retire_ledger(StoreTx *tx, const Peer *known, const PeerCard *card, GError **error)
{
    if (g_str_equal(known->ledger_vkey, card->ledger_vkey) &&
        g_str_equal(known->recovery_vkey, card->recovery_vkey))
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE party SET origin = ?2 WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    g_autofree char *retired =
        g_strdup_printf("%s (replaced %" G_GINT64_FORMAT ")", known->origin, timestamp_now());
    sqlite_bind_text(statement, 1, known->origin);
    sqlite_bind_text(statement, 2, retired);
    g_hash_table_remove_all(tx->parties);
    return sqlite_run(tx->db, statement, error);
}

/* A peer that was met keeps its number when it is met anew. */
static gboolean renew_peer(StoreTx *tx, const Peer *known, const PeerCard *card, GError **error)
{
    gint64 number = known->number;
    if (!retire_ledger(tx, known, card, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE peer SET " CARD_SET ", ledger_vkey = ?10, recovery_vkey = ?11, origin = ?12,"
        " ours = 0, theirs = 0, agreed = 0, compared = 0, size = 0, root = NULL, checkpoint = NULL,"
        " cursor = 0, fork_reason = NULL, reason = NULL WHERE number = ?1",
        error);
    if (!statement || !bind_card(statement, card, error))
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 10, card->ledger_vkey);
    sqlite_bind_text(statement, 11, card->recovery_vkey);
    sqlite_bind_text(statement, 12, card->origin);
    return peer_past_forget(tx, number, error) && declared_hours_forget(tx, known->node, error) &&
           keep_hours(tx, card, error) &&
           run_numbered(tx, "DELETE FROM peer_change WHERE peer = ?1", number, error) &&
           sqlite_run(tx->db, statement, error);
}

gboolean peers_put(StoreTx *tx, const PeerCard *card, gboolean replace, gint64 *ret_number,
                   GError **error)
{
    g_autoptr(GError) none = NULL;
    gint64 count;
    g_autoptr(Peer) known = peers_get_tx(tx, card->node, &none);
    if (!known && !g_error_matches(none, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&none));
        return FALSE;
    }
    if (known && !replace) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is known already",
                    card->node);
        return FALSE;
    }
    if (known) {
        if (!renew_peer(tx, known, card, error))
            return FALSE;
        *ret_number = known->number;
        return TRUE;
    }
    if (!sqlite_get_int(tx->db, "SELECT count(*) FROM peer", 0, &count, error))
        return FALSE;
    if (count >= PEERS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%d peers are enough", PEERS_MAX);
        return FALSE;
    }
    return insert_peer(tx, card, ret_number, error);
}

/* @card takes the place of the peer's: so does its message key. */
static gboolean keep_key(StoreTx *tx, const Peer *peer, const PeerCard *card, GError **error)
{
    return g_str_equal(peer->message_vkey, card->message_vkey) ||
           peer_past_add_key(tx, peer->number, card_time(card), error);
}

gboolean peers_set_card(StoreTx *tx, gint64 number, const PeerCard *card, GError **error)
{
    g_autoptr(Peer) peer = peers_rows_get(tx, number, error);
    if (!peer)
        return FALSE;
    if (card->card_number <= peer->card_number)
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE peer SET " CARD_SET " WHERE number = ?1", error);
    if (!statement || !bind_card(statement, card, error) || !keep_key(tx, peer, card, error) ||
        !keep_hours(tx, card, error))
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_succeed(StoreTx *tx, gint64 number, const PeerCard *card, const char *ledger_vkey,
                       GError **error)
{
    g_autoptr(Peer) peer = peers_rows_get(tx, number, error);
    if (!peer || !peer_past_add_ledger(tx, number, timestamp_now(), error) ||
        !keep_key(tx, peer, card, error) || !keep_hours(tx, card, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE peer SET " CARD_SET ", ledger_vkey = ?10, origin = ?11, size = 0, root = NULL,"
        " checkpoint = NULL, cursor = 0, fork_reason = NULL, failure = NULL, failures = 0"
        " WHERE number = ?1",
        error);
    if (!statement || !bind_card(statement, card, error))
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 10, ledger_vkey);
    sqlite_bind_text(statement, 11, card->origin);
    return sqlite_run(tx->db, statement, error) &&
           run_numbered(tx, "DELETE FROM peer_change WHERE peer = ?1", number, error);
}

gboolean peers_add_change(StoreTx *tx, gint64 number, const char *change, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO peer_change (peer, note) SELECT ?1, ?2"
                       " WHERE (SELECT count(*) FROM peer_change WHERE peer = ?1) < ?3"
                       " AND NOT EXISTS (SELECT 1 FROM peer_change WHERE peer = ?1 AND note = ?2)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, change);
    sqlite3_bind_int64(statement, 3, KEYCHANGE_LIST_MAX);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- steps -------------------------------------------------------------------------------------
 */

/* Says the step; FALSE when it changes nothing. */
static gboolean say_step(Peer *peer, PeerSide side, PeerStep step, gint64 when)
{
    PeerStep *said = side == PEER_US ? &peer->ours : &peer->theirs;
    gint64 *said_at = side == PEER_US ? &peer->ours_at : &peer->theirs_at;
    if (when <= *said_at || when <= peer->ended_at)
        return FALSE;
    switch (step) {
    case PEER_STEP_SUSPEND:
    case PEER_STEP_RESUME:
        if (*said == PEER_STEP_NONE)
            return FALSE;
        break;
    case PEER_STEP_END:
        if (peer->ours == PEER_STEP_NONE && peer->theirs == PEER_STEP_NONE)
            return FALSE;
        peer->ours = peer->theirs = PEER_STEP_NONE;
        peer->ended_at = *said_at = when;
        return TRUE;
    case PEER_STEP_INVITE:
    case PEER_STEP_ACCEPT:
        if (*said == PEER_STEP_SUSPEND) /* only resuming ends a suspension */
            return FALSE;
        break;
    case PEER_STEP_NONE:
        return FALSE;
    }
    *said = step;
    *said_at = when;
    peer->agreed |= side == PEER_US;
    return TRUE;
}

static gboolean write_step(StoreTx *tx, const Peer *peer, const char *reason, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE peer SET ours = ?2, theirs = ?3, ours_at = ?4, theirs_at = ?5,"
                       " ended_at = ?6, reason = coalesce(?7, reason), agreed = ?8"
                       " WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer->number);
    sqlite3_bind_int64(statement, 2, peer->ours);
    sqlite3_bind_int64(statement, 3, peer->theirs);
    sqlite3_bind_int64(statement, 4, peer->ours_at);
    sqlite3_bind_int64(statement, 5, peer->theirs_at);
    sqlite3_bind_int64(statement, 6, peer->ended_at);
    sqlite_bind_text(statement, 7, reason);
    sqlite3_bind_int(statement, 8, peer->agreed);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_has_room(StoreTx *tx, gboolean *ret_room, GError **error)
{
    gint64 waiting;
    if (!sqlite_get_int(tx->db, "SELECT count(*) FROM peer WHERE ours = 0 AND theirs != 0", 0,
                        &waiting, error))
        return FALSE;
    *ret_room = waiting < PEERS_WAITING_MAX;
    return TRUE;
}

static gboolean check_room(StoreTx *tx, const Peer *peer, PeerSide side, GError **error)
{
    gboolean room;
    if (side == PEER_US || peer->ours != PEER_STEP_NONE || peer->theirs != PEER_STEP_NONE)
        return TRUE;
    if (!peers_has_room(tx, &room, error))
        return FALSE;
    if (!room)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                    "%d invitations wait for an answer already", PEERS_WAITING_MAX);
    return room;
}

gboolean peers_step(StoreTx *tx, gint64 number, PeerSide side, PeerStep step, gint64 when,
                    const char *reason, gboolean *ret_changed, GError **error)
{
    g_autoptr(Peer) peer = peers_rows_get(tx, number, error);
    if (!peer || !check_room(tx, peer, side, error))
        return FALSE;
    /* Nothing was agreed, followed or signed. What we end ourselves stays known, so that the same
     * invitation does not come again. */
    gboolean unanswered = step == PEER_STEP_END && side == PEER_THEM && !peer->agreed;
    gboolean changed = say_step(peer, side, step, when);
    if (changed && !(unanswered ? forget_peer(tx, number, error)
                                : write_step(tx, peer, side == PEER_THEM ? reason : NULL, error)))
        return FALSE;
    if (ret_changed)
        *ret_changed = changed;
    return TRUE;
}

gboolean peers_set_said(StoreTx *tx, gint64 number, const char *text, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE peer SET said = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, text);
    return sqlite_run(tx->db, statement, error);
}

gboolean peers_get_said(Store *store, gint64 number, char **ret_text, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db, "SELECT said FROM peer WHERE number = ?1", error)
            : NULL;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_text = row ? sqlite_dup_text(statement, 0) : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

gboolean peers_set_compared(StoreTx *tx, gint64 number, gboolean compared, GError **error)
{
    return run_numbered(tx,
                        compared ? "UPDATE peer SET compared = 1 WHERE number = ?1"
                                 : "UPDATE peer SET compared = 0 WHERE number = ?1",
                        number, error);
}
