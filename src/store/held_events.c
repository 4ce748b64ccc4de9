#include "store/held_events.h"

#include <string.h>

#include "base/error.h"
#include "store/reader.h"
#include "store/tx.h"

#define COLUMNS "dossier, hash, type, author, source, time, arrived, until, bytes"

void held_event_free(HeldEvent *event)
{
    if (!event)
        return;
    g_free(event->dossier);
    g_free(event->type);
    g_free(event->author);
    g_free(event->source);
    g_clear_pointer(&event->bytes, g_bytes_unref);
    g_free(event);
}

/* --- putting -----------------------------------------------------------------------------------
 */

/* Whether it is held; if not, whether there is room for one more of its source. */
static gboolean look(StoreTx *tx, const HeldEvent *event, gboolean *ret_held, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT count(*), coalesce(sum(hash = ?1), 0) FROM held_event"
                       " WHERE source = ?2",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, event->hash, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 2, event->source);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 count = sqlite3_column_int64(statement, 0);
    *ret_held = sqlite3_column_int64(statement, 1) > 0;
    sqlite3_reset(statement);
    if (*ret_held || count < HELD_EVENTS_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%d events that %s sent claim times ahead and are held here: no more are",
                HELD_EVENTS_MAX, event->source);
    return FALSE;
}

gboolean held_events_put(StoreTx *tx, const HeldEvent *event, GError **error)
{
    gboolean is_held;
    gsize length;
    if (!look(tx, event, &is_held, error))
        return FALSE;
    sqlite3_stmt *statement = is_held ? NULL
                                      : sqlite_prepare(tx->db,
                                                       "INSERT OR IGNORE INTO held_event (" COLUMNS
                                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                                                       " ?9)",
                                                       error);
    if (!statement)
        return is_held;
    const void *bytes = g_bytes_get_data(event->bytes, &length);
    sqlite_bind_text(statement, 1, event->dossier);
    sqlite3_bind_blob(statement, 2, event->hash, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 3, event->type);
    sqlite_bind_text(statement, 4, event->author);
    sqlite_bind_text(statement, 5, event->source);
    sqlite3_bind_int64(statement, 6, event->time);
    sqlite3_bind_int64(statement, 7, event->arrived);
    sqlite3_bind_int64(statement, 8, event->until);
    sqlite3_bind_blob64(statement, 9, bytes, length, SQLITE_STATIC);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- getting -----------------------------------------------------------------------------------
 */

static gpointer read_event(sqlite3_stmt *statement)
{
    HeldEvent *event = g_new0(HeldEvent, 1);
    event->dossier = sqlite_dup_text(statement, 0);
    if (sqlite3_column_bytes(statement, 1) == SHA256_SIZE)
        memcpy(event->hash, sqlite3_column_blob(statement, 1), SHA256_SIZE);
    event->type = sqlite_dup_text(statement, 2);
    event->author = sqlite_dup_text(statement, 3);
    event->source = sqlite_dup_text(statement, 4);
    event->time = sqlite3_column_int64(statement, 5);
    event->arrived = sqlite3_column_int64(statement, 6);
    event->until = sqlite3_column_int64(statement, 7);
    event->bytes =
        g_bytes_new(sqlite3_column_blob(statement, 8), (gsize)sqlite3_column_bytes(statement, 8));
    return event;
}

static GPtrArray *read_all(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_event, (GDestroyNotify)held_event_free, error);
}

static gboolean drop(StoreTx *tx, const HeldEvent *event, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM held_event WHERE hash = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, event->hash, SHA256_SIZE, SQLITE_STATIC);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

GPtrArray *held_events_take(StoreTx *tx, gint64 now, guint max, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "SELECT " COLUMNS " FROM held_event WHERE until <= ?1"
                                             " ORDER BY until, hash LIMIT ?2",
                                             error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, max);
    g_autoptr(GPtrArray) list = read_all(tx->db, statement, error);
    for (guint i = 0; list && i < list->len; i++)
        if (!drop(tx, list->pdata[i], error))
            return NULL;
    return g_steal_pointer(&list);
}

GPtrArray *held_events_list(Store *store, const char *dossier, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT " COLUMNS " FROM held_event WHERE ?1 IS NULL OR dossier = ?1"
                             " ORDER BY time, hash",
                             error)
            : NULL;
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, dossier);
    return read_all(reader.db, statement, error);
}

gboolean held_events_next(Store *store, gint64 *ret_until, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           sqlite_get_int(reader.db, "SELECT min(until) FROM held_event", G_MAXINT64, ret_until,
                          error);
}

gboolean held_events_count(Store *store, guint64 *ret_count, GError **error)
{
    g_auto(Reader) reader = {0};
    gint64 count;
    if (!reader_begin(store, &reader, error) ||
        !sqlite_get_int(reader.db, "SELECT count(*) FROM held_event", 0, &count, error))
        return FALSE;
    *ret_count = (guint64)count;
    return TRUE;
}
