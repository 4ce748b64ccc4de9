#include "store/introductions.h"

#include <string.h>

#include "store/declared_hours.h"
#include "store/reader.h"
#include "store/tx.h"

/* --- nodes -------------------------------------------------------------------------------------
 */

/* What is known of the node. */
typedef struct {
    char *ledger, *recovery, *message, *by;
    guint64 number;
} Known;

static void known_clear(Known *known)
{
    g_free(known->ledger);
    g_free(known->recovery);
    g_free(known->message);
    g_free(known->by);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Known, known_clear)

static gboolean read_known(Sqlite *db, const char *node, Known *ret_known, gboolean *ret_row,
                           GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "SELECT ledger, recovery, message, by, number FROM introduced WHERE node = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, node);
    if (!sqlite_step(db, statement, ret_row, error))
        return FALSE;
    if (*ret_row)
        *ret_known = (Known){.ledger = sqlite_dup_text(statement, 0),
                             .recovery = sqlite_dup_text(statement, 1),
                             .message = sqlite_dup_text(statement, 2),
                             .by = sqlite_dup_text(statement, 3),
                             .number = (guint64)sqlite3_column_int64(statement, 4)};
    sqlite3_reset(statement);
    return TRUE;
}

static gboolean check_count(StoreTx *tx, const char *by, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT count(*) FROM introduced WHERE by = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, by);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 count = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (count < INTRODUCTIONS_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%s has introduced %d nodes, and can introduce no more", by, INTRODUCTIONS_MAX);
    return FALSE;
}

static gboolean write_known(StoreTx *tx, const Introduction *introduction, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO introduced (node, card, ledger, recovery, message, number, by, at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (node) DO UPDATE SET"
        " card = excluded.card, message = excluded.message, number = excluded.number",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, introduction->node);
    sqlite_bind_text(statement, 2, introduction->card);
    sqlite_bind_text(statement, 3, introduction->ledger_vkey);
    sqlite_bind_text(statement, 4, introduction->recovery_vkey);
    sqlite_bind_text(statement, 5, introduction->message_vkey);
    sqlite3_bind_int64(statement, 6, (gint64)introduction->number);
    sqlite_bind_text(statement, 7, introduction->by);
    sqlite3_bind_int64(statement, 8, introduction->at);
    return sqlite_run(tx->db, statement, error) &&
           declared_hours_put(tx, introduction->node, introduction->made,
                              introduction->hours ? introduction->hours : "", error);
}

gboolean introductions_put(StoreTx *tx, const Introduction *introduction, GError **error)
{
    g_auto(Known) known = {0};
    gboolean row;
    if (!read_known(tx->db, introduction->node, &known, &row, error))
        return FALSE;
    if (!row)
        return check_count(tx, introduction->by, error) && write_known(tx, introduction, error);
    if (strcmp(known.ledger, introduction->ledger_vkey) != 0 ||
        strcmp(known.recovery, introduction->recovery_vkey) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s introduces %s with other keys than %s did", introduction->by,
                    introduction->node, known.by);
        return FALSE;
    }
    return introduction->number <= known.number || write_known(tx, introduction, error);
}

static gboolean get(Sqlite *db, const char *node, char **ret_message_vkey, char **ret_by,
                    GError **error)
{
    g_auto(Known) known = {0};
    gboolean row;
    if (!read_known(db, node, &known, &row, error))
        return FALSE;
    *ret_message_vkey = g_steal_pointer(&known.message);
    *ret_by = g_steal_pointer(&known.by);
    return TRUE;
}

gboolean introductions_get_tx(StoreTx *tx, const char *node, char **ret_message_vkey, char **ret_by,
                              GError **error)
{
    return get(tx->db, node, ret_message_vkey, ret_by, error);
}

gboolean introductions_get(Store *store, const char *node, char **ret_message_vkey, char **ret_by,
                           GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           get(reader.db, node, ret_message_vkey, ret_by, error);
}

gboolean introductions_card(Store *store, const char *node, char **ret_card, char **ret_ledger_vkey,
                            GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT card, ledger FROM introduced WHERE node = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, node);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_card = row ? sqlite_dup_text(statement, 0) : NULL;
    *ret_ledger_vkey = row ? sqlite_dup_text(statement, 1) : NULL;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean introductions_sent(StoreTx *tx, const char *node, const char *peer, guint64 number,
                            gboolean *ret_before, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO introduced_to (node, peer, number) VALUES (?1, ?2, ?3) ON CONFLICT"
        " (node, peer) DO UPDATE SET number = excluded.number WHERE excluded.number > number",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, node);
    sqlite_bind_text(statement, 2, peer);
    sqlite3_bind_int64(statement, 3, (gint64)number);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *ret_before = sqlite3_changes(tx->db->handle) == 0;
    return TRUE;
}

/* --- what is to be sent on ---------------------------------------------------------------------
 */

static gboolean run_relay(StoreTx *tx, const char *sql, const guint8 *hash, const char *dossier,
                          GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, hash, SHA256_SIZE, SQLITE_STATIC);
    if (dossier)
        sqlite_bind_text(statement, 2, dossier);
    return sqlite_run(tx->db, statement, error);
}

gboolean introductions_add_relay(StoreTx *tx, const char *dossier, const guint8 *hash,
                                 GError **error)
{
    return run_relay(tx, "INSERT OR IGNORE INTO relay (event, dossier) VALUES (?1, ?2)", hash,
                     dossier, error);
}

gboolean introductions_remove_relay(StoreTx *tx, const guint8 *hash, GError **error)
{
    return run_relay(tx, "DELETE FROM relay WHERE event = ?1", hash, NULL, error);
}

static void relay_clear(gpointer data)
{
    g_free(((IntroductionsRelay *)data)->dossier);
}

GArray *introductions_relays(Store *store, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    g_autoptr(GArray) relays = g_array_new(FALSE, FALSE, sizeof(IntroductionsRelay));
    g_array_set_clear_func(relays, relay_clear);
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT event, dossier FROM relay LIMIT ?1", error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, max);
    for (gboolean row;;) {
        IntroductionsRelay relay;
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&relays);
        if (sqlite3_column_bytes(statement, 0) != SHA256_SIZE)
            continue;
        memcpy(relay.hash, sqlite3_column_blob(statement, 0), SHA256_SIZE);
        relay.dossier = sqlite_dup_text(statement, 1);
        g_array_append_val(relays, relay);
    }
}
