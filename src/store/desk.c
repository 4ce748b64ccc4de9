#include "store/desk.h"

#include "store/reader.h"
#include "store/tx.h"

gboolean desk_assign(StoreTx *tx, const char *dossier, const char *name, gint64 at, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       name ? "INSERT INTO desk (dossier, assignee, since) VALUES (?1, ?2, ?3)"
                              " ON CONFLICT (dossier) DO UPDATE SET assignee = excluded.assignee,"
                              " since = excluded.since WHERE assignee <> excluded.assignee"
                            : "DELETE FROM desk WHERE dossier = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    if (name) {
        sqlite_bind_text(statement, 2, name);
        sqlite3_bind_int64(statement, 3, at);
    }
    return sqlite_run(tx->db, statement, error);
}

static gboolean count_notes(StoreTx *tx, const char *dossier, gint64 *ret_count, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT count(*) FROM desk_note WHERE dossier = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_count = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean desk_add_note(StoreTx *tx, const char *dossier, const char *author, const char *text,
                       gint64 at, GError **error)
{
    gint64 count;
    if (!count_notes(tx, dossier, &count, error))
        return FALSE;
    if (count >= DESK_NOTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "%s has %d notes, and can have no more", dossier, DESK_NOTES_MAX);
        return FALSE;
    }
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT INTO desk_note (dossier, at, author, text) VALUES (?1, ?2, ?3, ?4)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    sqlite3_bind_int64(statement, 2, at);
    sqlite_bind_text(statement, 3, author);
    sqlite_bind_text(statement, 4, text);
    return sqlite_run(tx->db, statement, error);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static void note_free(gpointer data)
{
    DeskNote *note = data;
    g_free(note->author);
    g_free(note->text);
    g_free(note);
}

void desk_free(Desk *desk)
{
    if (!desk)
        return;
    g_free(desk->dossier);
    g_free(desk->assignee);
    g_clear_pointer(&desk->notes, g_ptr_array_unref);
    g_free(desk);
}

static gpointer read_desk(sqlite3_stmt *statement)
{
    Desk *desk = g_new0(Desk, 1);
    desk->dossier = sqlite_dup_text(statement, 0);
    desk->assignee = sqlite_dup_text(statement, 1);
    desk->since = sqlite3_column_int64(statement, 2);
    return desk;
}

static gpointer read_note(sqlite3_stmt *statement)
{
    DeskNote *note = g_new0(DeskNote, 1);
    note->author = sqlite_dup_text(statement, 0);
    note->text = sqlite_dup_text(statement, 1);
    note->at = sqlite3_column_int64(statement, 2);
    return note;
}

#define DESKS(where) "SELECT dossier, assignee, since FROM desk" where " ORDER BY since, dossier"

/* @sql is one of DESKS(). */
static GPtrArray *find_desks(Sqlite *db, const char *sql, const char *text, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    if (statement && text)
        sqlite_bind_text(statement, 1, text);
    return sqlite_collect(db, statement, read_desk, (GDestroyNotify)desk_free, error);
}

static GPtrArray *find_notes(Sqlite *db, const char *dossier, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "SELECT author, text, at FROM desk_note WHERE dossier = ?1 ORDER BY number", error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, dossier);
    return sqlite_collect(db, statement, read_note, note_free, error);
}

Desk *desk_get(Store *store, const char *dossier, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    g_autoptr(GPtrArray) found =
        find_desks(reader.db, DESKS(" WHERE dossier = ?1"), dossier, error);
    if (!found)
        return NULL;
    g_autoptr(Desk) desk = found->len > 0 ? g_ptr_array_steal_index(found, 0) : g_new0(Desk, 1);
    if (!desk->dossier)
        desk->dossier = g_strdup(dossier);
    desk->notes = find_notes(reader.db, dossier, error);
    return desk->notes ? g_steal_pointer(&desk) : NULL;
}

GPtrArray *desk_list(Store *store, const char *name, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error)
               ? find_desks(reader.db, name ? DESKS(" WHERE assignee = ?1") : DESKS(""), name,
                            error)
               : NULL;
}
