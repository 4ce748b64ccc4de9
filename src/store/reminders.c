#include "store/reminders.h"

#include "store/reader.h"
#include "store/tx.h"

gboolean reminders_set(StoreTx *tx, gint64 number, gint64 at, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       at == G_MAXINT64 ? "DELETE FROM reminder WHERE dossier = ?1"
                                        : "INSERT INTO reminder (dossier, at) VALUES (?1, ?2)"
                                          " ON CONFLICT (dossier) DO UPDATE SET at = excluded.at",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (at != G_MAXINT64)
        sqlite3_bind_int64(statement, 2, at);
    return sqlite_run(tx->db, statement, error);
}

static char **read_ids(Sqlite *db, gint64 now, guint limit, GError **error)
{
    gboolean row;
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT dossier.id FROM reminder JOIN dossier"
                       " ON dossier.number = reminder.dossier WHERE reminder.at <= ?1"
                       " ORDER BY reminder.at LIMIT ?2",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, limit);
    for (;;) {
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            return g_strv_builder_end(ids);
        g_strv_builder_add(ids, (const char *)sqlite3_column_text(statement, 0));
    }
}

char **reminders_due(Store *store, gint64 now, guint limit, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_ids(reader.db, now, limit, error) : NULL;
}

gboolean reminders_count(Store *store, const char *dossier, const char *clock, gint64 started,
                         guint *ret_count, guint *ret_mailed, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT count, mailed FROM reminded WHERE dossier ="
                       " (SELECT number FROM dossier WHERE id = ?1) AND clock = ?2 AND"
                       " started = ?3",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    sqlite_bind_text(statement, 2, clock);
    sqlite3_bind_int64(statement, 3, started);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_count = row ? (guint)sqlite3_column_int(statement, 0) : 0;
    *ret_mailed = row ? (guint)sqlite3_column_int(statement, 1) : 0;
    sqlite3_reset(statement);
    return TRUE;
}

static gboolean find_number(StoreTx *tx, const char *dossier, gint64 *ret_number, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT number FROM dossier WHERE id = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_number = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return TRUE;
}

static gboolean mark_one(StoreTx *tx, gint64 number, const RemindersGiven *given, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO reminded (dossier, clock, started, count, mailed) VALUES (?1,"
                       " ?2, ?3, ?4, ?5) ON CONFLICT (dossier, clock, started) DO UPDATE SET"
                       " count = max(count, excluded.count),"
                       " mailed = max(mailed, excluded.mailed)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, given->clock);
    sqlite3_bind_int64(statement, 3, given->started);
    sqlite3_bind_int64(statement, 4, given->count);
    sqlite3_bind_int64(statement, 5, given->mailed);
    return sqlite_run(tx->db, statement, error);
}

gboolean reminders_mark(StoreTx *tx, const char *dossier, const RemindersGiven *given,
                        guint n_given, gint64 next, GError **error)
{
    gint64 number;
    if (!find_number(tx, dossier, &number, error))
        return FALSE;
    if (number == 0)
        return TRUE;
    for (guint i = 0; i < n_given; i++)
        if (!mark_one(tx, number, &given[i], error))
            return FALSE;
    return reminders_set(tx, number, next, error);
}
