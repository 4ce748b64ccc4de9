/* peers_read.c - rows of peers as Peers, and finding them. */
#include <string.h>

#include "store/peers_rows.h"
#include "store/reader.h"

const char *peer_state_name(PeerState state)
{
    static const char *const names[] = {"invited", "asked", "active", "suspended", "ended"};
    return names[state];
}

static const char *const step_names[] = {"none", "invite", "accept", "suspend", "resume", "end"};

const char *peer_step_name(PeerStep step)
{
    return step_names[step];
}

gboolean peer_step_parse(const char *name, PeerStep *ret_step)
{
    for (guint i = PEER_STEP_INVITE; i < G_N_ELEMENTS(step_names); i++) {
        if (g_str_equal(name, step_names[i])) {
            *ret_step = (PeerStep)i;
            return TRUE;
        }
    }
    return FALSE;
}

void peer_free(Peer *peer)
{
    if (!peer)
        return;
    char *const texts[] = {peer->origin,        peer->node,         peer->organisation,
                           peer->reason,        peer->card,         peer->ledger_vkey,
                           peer->recovery_vkey, peer->message_vkey, peer->parcel_key,
                           peer->checkpoint,    peer->failure,      peer->fork_reason};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_strfreev(peer->urls);
    g_strfreev(peer->tls);
    g_strfreev(peer->changes);
    g_free(peer);
}

/* --- rows --------------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
    "number, origin, node, organisation, ours, theirs, ours_at, theirs_at, ended_at, agreed, "     \
    "reason,"                                                                                      \
    " since, compared, card_number, ledger_vkey, recovery_vkey, message_vkey, parcel_key, urls,"   \
    " tls, size, root, checkpoint, cursor, contacted, failure, failed, failures, skew, received,"  \
    " sent, traffic_day, fork_reason, skew_at"
#define CARD_COLUMN 34 /* after all of COLUMNS */

static gboolean agrees(PeerStep step)
{
    return step == PEER_STEP_INVITE || step == PEER_STEP_ACCEPT || step == PEER_STEP_RESUME;
}

/* What follows from what the two sides said. */
static void set_state(Peer *peer)
{
    peer->suspended_by_us = peer->ours == PEER_STEP_SUSPEND;
    peer->suspended_by_them = peer->theirs == PEER_STEP_SUSPEND;
    gboolean we = agrees(peer->ours) || peer->suspended_by_us;
    gboolean they = agrees(peer->theirs) || peer->suspended_by_them;
    if (we && they)
        peer->state =
            peer->suspended_by_us || peer->suspended_by_them ? PEER_SUSPENDED : PEER_ACTIVE;
    else
        peer->state = we ? PEER_INVITED : they ? PEER_ASKED : PEER_ENDED;
}

static char **read_list(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text && *text ? g_strsplit(text, "\n", -1) : g_new0(char *, 1);
}

static gpointer read_peer(sqlite3_stmt *statement)
{
    Peer *peer = g_new0(Peer, 1);
    int column = 0;
    peer->number = sqlite3_column_int64(statement, column++);
    peer->origin = sqlite_dup_text(statement, column++);
    peer->node = sqlite_dup_text(statement, column++);
    peer->organisation = sqlite_dup_text(statement, column++);
    peer->ours = (PeerStep)sqlite3_column_int(statement, column++);
    peer->theirs = (PeerStep)sqlite3_column_int(statement, column++);
    peer->ours_at = sqlite3_column_int64(statement, column++);
    peer->theirs_at = sqlite3_column_int64(statement, column++);
    peer->ended_at = sqlite3_column_int64(statement, column++);
    peer->agreed = sqlite3_column_int(statement, column++) != 0;
    peer->reason = sqlite_dup_text(statement, column++);
    peer->since = sqlite3_column_int64(statement, column++);
    peer->compared = sqlite3_column_int(statement, column++) != 0;
    peer->card_number = (guint64)sqlite3_column_int64(statement, column++);
    peer->ledger_vkey = sqlite_dup_text(statement, column++);
    peer->recovery_vkey = sqlite_dup_text(statement, column++);
    peer->message_vkey = sqlite_dup_text(statement, column++);
    peer->parcel_key = sqlite_dup_text(statement, column++);
    peer->urls = read_list(statement, column++);
    peer->tls = read_list(statement, column++);
    peer->size = (guint64)sqlite3_column_int64(statement, column++);
    if (sqlite3_column_bytes(statement, column) == SHA256_SIZE)
        memcpy(peer->root.bytes, sqlite3_column_blob(statement, column), SHA256_SIZE);
    column++;
    peer->checkpoint = sqlite_dup_text(statement, column++);
    peer->cursor = (guint64)sqlite3_column_int64(statement, column++);
    peer->contacted = sqlite3_column_int64(statement, column++);
    peer->failure = sqlite_dup_text(statement, column++);
    peer->failed = sqlite3_column_int64(statement, column++);
    peer->failures = (guint)sqlite3_column_int(statement, column++);
    peer->skew_us = sqlite3_column_int64(statement, column++);
    peer->received = (guint64)sqlite3_column_int64(statement, column++);
    peer->sent = (guint64)sqlite3_column_int64(statement, column++);
    peer->traffic_day = sqlite3_column_int64(statement, column++);
    peer->fork_reason = sqlite_dup_text(statement, column++);
    peer->fork = peer->fork_reason != NULL;
    peer->skew_at = sqlite3_column_int64(statement, column++);
    if (sqlite3_column_count(statement) > CARD_COLUMN)
        peer->card = sqlite_dup_text(statement, CARD_COLUMN);
    peer->changes = g_new0(char *, 1);
    set_state(peer);
    return peer;
}

static gboolean load_changes(Sqlite *db, Peer *peer, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT note FROM peer_change WHERE peer = ?1 ORDER BY number", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer->number);
    char **notes = sqlite_collect_texts(db, statement, error);
    if (!notes)
        return FALSE;
    g_strfreev(peer->changes);
    peer->changes = notes;
    return TRUE;
}

/* The one peer that @sql finds with the text @key as its parameter. */
static Peer *find_peer(Sqlite *db, const char *sql, const char *key, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, key);
    if (!sqlite_step(db, statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s is no peer of this node",
                    key);
        return NULL;
    }
    g_autoptr(Peer) peer = read_peer(statement);
    sqlite3_reset(statement);
    return load_changes(db, peer, error) ? g_steal_pointer(&peer) : NULL;
}

/* An origin has a "/", the name of a node has none. */
static Peer *get_peer(Sqlite *db, const char *name, GError **error)
{
    return find_peer(db,
                     strchr(name, '/') ? "SELECT " COLUMNS ", card FROM peer WHERE origin = ?1"
                                       : "SELECT " COLUMNS ", card FROM peer WHERE node = ?1",
                     name, error);
}

Peer *peers_get(Store *store, const char *name, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? get_peer(reader.db, name, error) : NULL;
}

Peer *peers_get_tx(StoreTx *tx, const char *name, GError **error)
{
    return get_peer(tx->db, name, error);
}

Peer *peers_find_key(Store *store, const char *key, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error)
               ? find_peer(reader.db, "SELECT " COLUMNS " FROM peer WHERE message_name = ?1", key,
                           error)
               : NULL;
}

GPtrArray *peers_list(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT " COLUMNS " FROM peer ORDER BY node", error);
    return sqlite_collect(reader.db, statement, read_peer, (GDestroyNotify)peer_free, error);
}

KeyHistory *peers_history(const Peer *peer, GError **error)
{
    g_autoptr(NoteVerifier) ledger = note_verifier_parse(peer->ledger_vkey, error);
    g_autoptr(NoteVerifier) recovery =
        ledger ? note_verifier_parse(peer->recovery_vkey, error) : NULL;
    g_autoptr(KeyHistory) history =
        recovery ? keychange_history_new(ledger, NULL, recovery, error) : NULL;
    return history && keychange_history_add_list(history, (const char *const *)peer->changes,
                                                 g_strv_length(peer->changes), error)
               ? g_steal_pointer(&history)
               : NULL;
}

Peer *peers_rows_get(StoreTx *tx, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT " COLUMNS " FROM peer WHERE number = ?1", error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(tx->db, statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "the peer is not known any more");
        return NULL;
    }
    Peer *peer = read_peer(statement);
    sqlite3_reset(statement);
    return peer;
}
