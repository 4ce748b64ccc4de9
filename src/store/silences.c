#include "store/silences.h"

#include "store/reader.h"
#include "store/tx.h"

void silences_free(Silence *silence)
{
    if (!silence)
        return;
    g_free(silence->dossier);
    g_free(silence->clock);
    g_free(silence->coordinator);
    g_free(silence);
}

gboolean silences_add(StoreTx *tx, const Silence *silence, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO silence (dossier, clock, started, coordinator, entry) VALUES (?1, ?2, ?3, ?4,"
        " ?5)",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, silence->dossier);
    sqlite_bind_text(statement, 2, silence->clock);
    sqlite3_bind_int64(statement, 3, silence->started);
    sqlite_bind_text(statement, 4, silence->coordinator);
    sqlite3_bind_int64(statement, 5, (gint64)silence->entry);
    return sqlite_run(tx->db, statement, error);
}

gboolean silences_is_told(StoreTx *tx, const char *dossier, const char *clock, gint64 started,
                          gboolean *ret_told, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM silence WHERE dossier = ?1 AND clock = ?2 AND started = ?3", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    sqlite_bind_text(statement, 2, clock);
    sqlite3_bind_int64(statement, 3, started);
    if (!sqlite_step(tx->db, statement, ret_told, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean silences_end(StoreTx *tx, guint64 entry, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE silence SET is_over = 1 WHERE entry = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)entry);
    return sqlite_run(tx->db, statement, error);
}

static gpointer read_silence(sqlite3_stmt *statement)
{
    Silence *silence = g_new0(Silence, 1);
    silence->dossier = sqlite_dup_text(statement, 0);
    silence->clock = sqlite_dup_text(statement, 1);
    silence->started = sqlite3_column_int64(statement, 2);
    silence->coordinator = sqlite_dup_text(statement, 3);
    silence->entry = (guint64)sqlite3_column_int64(statement, 4);
    return silence;
}

GPtrArray *silences_open(Store *store, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT dossier, clock, started, coordinator, entry FROM silence"
                             " WHERE is_over = 0 ORDER BY entry LIMIT ?1",
                             error)
            : NULL;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, max);
    return sqlite_collect(reader.db, statement, read_silence, (GDestroyNotify)silences_free, error);
}
