#include "store/dossiers.h"

#include <string.h>

#include "store/reader.h"
#include "store/tx.h"

#define EVENT_COLUMNS "e.hash, e.bytes, e.arrived, e.source, e.entry"

#define COLUMNS                                                                                    \
    "id, procedure, title, opener, state, final, opened, last, waits_for, waits_what, waits_here," \
    " due, machine, tlp, events, void, pending, exercise"

void dossier_event_free(DossierEvent *event)
{
    if (!event)
        return;
    g_bytes_unref(event->bytes);
    g_free(event->source);
    g_free(event);
}

void dossier_free(Dossier *dossier)
{
    if (!dossier)
        return;
    g_free(dossier->id);
    g_free(dossier->procedure);
    g_free(dossier->title);
    g_free(dossier->opener);
    g_free(dossier->state);
    g_strfreev(dossier->waits_for);
    g_free(dossier->waits_what);
    g_free(dossier->machine);
    g_free(dossier);
}

/* --- adding ------------------------------------------------------------------------------------
 */

/* The numbers that @sql gives for one or two parameters; *ret_row FALSE: there is no row. */
static gboolean read_numbers(Sqlite *db, sqlite3_stmt *statement, gint64 *ret_numbers, guint count,
                             gboolean *ret_row, GError **error)
{
    if (!sqlite_step(db, statement, ret_row, error))
        return FALSE;
    for (guint i = 0; *ret_row && i < count; i++)
        ret_numbers[i] = sqlite3_column_int64(statement, (int)i);
    sqlite3_reset(statement);
    return TRUE;
}

static gboolean is_known(StoreTx *tx, const guint8 *hash, gint64 *ret_dossier, gboolean *ret_known,
                         GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT dossier FROM event WHERE hash = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, hash, SHA256_SIZE, SQLITE_STATIC);
    return read_numbers(tx->db, statement, ret_dossier, 1, ret_known, error);
}

/* How many rows there are, at most @max, that @sql (one parameter and the maximum) finds. */
static gboolean count_up_to(StoreTx *tx, const char *sql, const char *name, gint64 max,
                            gint64 *ret_count, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite3_bind_int64(statement, 2, max);
    return read_numbers(tx->db, statement, ret_count, 1, &row, error);
}

/* Whether one more dossier may come from @source. */
static gboolean check_source(StoreTx *tx, const char *source, GError **error)
{
    gint64 live = 0, unopened = 0;
    if (!source)
        return TRUE;
    if (!count_up_to(tx,
                     "SELECT count(*) FROM (SELECT 1 FROM dossier WHERE source = ?1 AND final = 0"
                     " LIMIT ?2)",
                     source, DOSSIERS_LIVE_MAX, &live, error) ||
        !count_up_to(tx,
                     "SELECT count(*) FROM (SELECT 1 FROM dossier WHERE source = ?1 AND final = 0"
                     " AND opener IS NULL LIMIT ?2)",
                     source, DOSSIERS_UNOPENED_MAX, &unopened, error))
        return FALSE;
    if (live >= DOSSIERS_LIVE_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT,
                         "%s has %d dossiers here that are not over, and can have no more", source,
                         DOSSIERS_LIVE_MAX);
    if (unopened >= DOSSIERS_UNOPENED_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT,
                         "of %d dossiers from %s the opening event is missing already",
                         DOSSIERS_UNOPENED_MAX, source);
    return TRUE;
}

static gboolean insert_dossier(StoreTx *tx, const DossiersEvent *event, gint64 *ret_number,
                               GError **error)
{
    if (!check_source(tx, event->source, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT INTO dossier (id, procedure, source) VALUES (?1, ?2, ?3)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, event->dossier);
    sqlite_bind_text(statement, 2, event->procedure);
    sqlite_bind_text(statement, 3, event->source);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

/* Whether the dossier @number has room for the event. */
static gboolean check_room(StoreTx *tx, gint64 number, const gint64 sizes[2],
                           const DossiersEvent *event, GError **error)
{
    gint64 count = 0;
    gboolean row;
    if (sizes[0] >= DOSSIERS_EVENTS_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT,
                         "the dossier has %d events, and can have no more", DOSSIERS_EVENTS_MAX);
    if (sizes[1] + (gint64)g_bytes_get_size(event->bytes) > DOSSIERS_BYTES_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "the dossier would have more than %d bytes",
                         DOSSIERS_BYTES_MAX);
    if (!event->source)
        return TRUE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT count(*) FROM event WHERE dossier = ?1 AND author = ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, event->author);
    if (!read_numbers(tx->db, statement, &count, 1, &row, error))
        return FALSE;
    return count < DOSSIERS_AUTHOR_MAX ||
           error_set(error, CONCERT_ERROR_LIMIT,
                     "%s has %d events in the dossier, and can have no more", event->author,
                     DOSSIERS_AUTHOR_MAX);
}

/* The dossier of an event, made when it is new. */
static gboolean find_dossier(StoreTx *tx, const DossiersEvent *event, gint64 *ret_number,
                             GError **error)
{
    gint64 columns[3] = {0};
    gboolean row;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT number, events, bytes FROM dossier WHERE id = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, event->dossier);
    if (!read_numbers(tx->db, statement, columns, 3, &row, error))
        return FALSE;
    if (!row)
        return insert_dossier(tx, event, ret_number, error);
    *ret_number = columns[0];
    return check_room(tx, columns[0], &columns[1], event, error);
}

static gboolean insert_event(StoreTx *tx, const DossiersEvent *event, gint64 dossier,
                             GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(event->bytes, &length);
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO event (dossier, hash, author, arrived, source, bytes)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, dossier);
    sqlite3_bind_blob(statement, 2, event->hash, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 3, event->author);
    sqlite3_bind_int64(statement, 4, event->arrived);
    sqlite_bind_text(statement, 5, event->source);
    sqlite3_bind_blob64(statement, 6, bytes, length, SQLITE_STATIC);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    statement = sqlite_prepare(
        tx->db, "UPDATE dossier SET events = events + 1, bytes = bytes + ?2 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, dossier);
    sqlite3_bind_int64(statement, 2, (gint64)length);
    return sqlite_run(tx->db, statement, error);
}

gboolean dossiers_add_event(StoreTx *tx, const DossiersEvent *event, gint64 *ret_dossier,
                            gboolean *ret_new, GError **error)
{
    gint64 number = 0;
    gboolean known;
    if (!is_known(tx, event->hash, &number, &known, error))
        return FALSE;
    if (!known &&
        (!find_dossier(tx, event, &number, error) || !insert_event(tx, event, number, error)))
        return FALSE;
    tx->changed = tx->changed || !known;
    *ret_dossier = number;
    *ret_new = !known;
    return TRUE;
}

gboolean dossiers_is_known(StoreTx *tx, const guint8 hash[SHA256_SIZE], gboolean *ret_known,
                           GError **error)
{
    gint64 number;
    return is_known(tx, hash, &number, ret_known, error);
}

gboolean dossiers_set_entry(StoreTx *tx, const guint8 hash[SHA256_SIZE], guint64 entry,
                            GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE event SET entry = ?2 WHERE hash = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, hash, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (gint64)entry);
    return sqlite_run(tx->db, statement, error);
}

gboolean dossiers_put_state(StoreTx *tx, gint64 number, const Dossier *dossier, GError **error)
{
    g_autofree char *waits_for = g_strjoinv(" ", dossier->waits_for);
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE dossier SET title = ?2, opener = ?3, state = ?4, final = ?5, opened = ?6,"
        " last = ?7, waits_for = ?8, waits_what = ?9, waits_here = ?10, due = ?11, machine = ?12,"
        " tlp = ?13, void = ?14, pending = ?15, exercise = ?16 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, dossier->title);
    sqlite_bind_text(statement, 3, dossier->opener);
    sqlite_bind_text(statement, 4, dossier->state);
    sqlite3_bind_int(statement, 5, dossier->is_final);
    sqlite3_bind_int64(statement, 6, dossier->opened);
    sqlite3_bind_int64(statement, 7, dossier->last);
    sqlite_bind_text(statement, 8, waits_for);
    sqlite_bind_text(statement, 9, dossier->waits_what);
    sqlite3_bind_int(statement, 10, dossier->waits_here);
    if (dossier->due != G_MAXINT64)
        sqlite3_bind_int64(statement, 11, dossier->due);
    else
        sqlite3_bind_null(statement, 11);
    sqlite_bind_text(statement, 12, dossier->machine);
    sqlite3_bind_int64(statement, 13, dossier->tlp);
    sqlite3_bind_int64(statement, 14, dossier->n_void);
    sqlite3_bind_int64(statement, 15, dossier->n_pending);
    sqlite3_bind_int(statement, 16, dossier->is_exercise);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- all of them -------------------------------------------------------------------------------
 */

static void number_clear(gpointer data)
{
    g_free(((DossiersNumber *)data)->id);
}

GArray *dossiers_after_tx(StoreTx *tx, gint64 after, guint max, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(DossiersNumber));
    g_array_set_clear_func(numbers, number_clear);
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT number, id FROM dossier WHERE number > ?1 ORDER BY number LIMIT ?2", error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, max);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&numbers);
        const DossiersNumber one = {sqlite3_column_int64(statement, 0),
                                    sqlite_dup_text(statement, 1)};
        g_array_append_val(numbers, one);
    }
}

gboolean dossiers_tables(Store *store, char **ret_tables, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT value FROM meta WHERE name = 'procedures'", error);
    if (!statement || !sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_tables = row ? sqlite_dup_text(statement, 0) : NULL;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean dossiers_set_tables(StoreTx *tx, const char *tables, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('procedures', ?1)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, tables);
    return sqlite_run(tx->db, statement, error);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gpointer read_event(sqlite3_stmt *statement)
{
    DossierEvent *event = g_new0(DossierEvent, 1);
    if (sqlite3_column_bytes(statement, 0) == SHA256_SIZE)
        memcpy(event->hash, sqlite3_column_blob(statement, 0), SHA256_SIZE);
    event->bytes =
        g_bytes_new(sqlite3_column_blob(statement, 1), (gsize)sqlite3_column_bytes(statement, 1));
    event->arrived = sqlite3_column_int64(statement, 2);
    event->source = sqlite_dup_text(statement, 3);
    event->entry = sqlite3_column_type(statement, 4) == SQLITE_NULL
                       ? DOSSIERS_NO_ENTRY
                       : (guint64)sqlite3_column_int64(statement, 4);
    return event;
}

static GPtrArray *load_events(Sqlite *db, const char *id, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db,
                                             "SELECT " EVENT_COLUMNS
                                             " FROM event e JOIN dossier d ON d.number = e.dossier"
                                             " WHERE d.id = ?1 ORDER BY e.number",
                                             error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, id);
    return sqlite_collect(db, statement, read_event, (GDestroyNotify)dossier_event_free, error);
}

GPtrArray *dossiers_events_tx(StoreTx *tx, const char *id, GError **error)
{
    return load_events(tx->db, id, error);
}

GPtrArray *dossiers_events(Store *store, const char *id, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? load_events(reader.db, id, error) : NULL;
}

static gpointer read_dossier(sqlite3_stmt *statement)
{
    Dossier *dossier = g_new0(Dossier, 1);
    const char *waits_for = (const char *)sqlite3_column_text(statement, 8);
    dossier->id = sqlite_dup_text(statement, 0);
    dossier->procedure = sqlite_dup_text(statement, 1);
    dossier->title = sqlite_dup_text(statement, 2);
    dossier->opener = sqlite_dup_text(statement, 3);
    dossier->state = sqlite_dup_text(statement, 4);
    dossier->is_final = sqlite3_column_int(statement, 5) != 0;
    dossier->opened = sqlite3_column_int64(statement, 6);
    dossier->last = sqlite3_column_int64(statement, 7);
    dossier->waits_for = g_strsplit(waits_for ? waits_for : "", " ", -1);
    dossier->waits_what = sqlite_dup_text(statement, 9);
    dossier->waits_here = sqlite3_column_int(statement, 10) != 0;
    dossier->due = sqlite3_column_type(statement, 11) == SQLITE_NULL
                       ? G_MAXINT64
                       : sqlite3_column_int64(statement, 11);
    dossier->machine = sqlite_dup_text(statement, 12);
    dossier->tlp = (guint)sqlite3_column_int(statement, 13);
    dossier->n_events = (guint)sqlite3_column_int(statement, 14);
    dossier->n_void = (guint)sqlite3_column_int(statement, 15);
    dossier->n_pending = (guint)sqlite3_column_int(statement, 16);
    dossier->is_exercise = sqlite3_column_int(statement, 17) != 0;
    return dossier;
}

static GPtrArray *read_all(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_dossier, (GDestroyNotify)dossier_free, error);
}

/* The statement for a query: only what is asked for stands in it, so that its indexes are used. */
static const char *query_sql(const DossiersQuery *query)
{
    g_autoptr(GString) sql = g_string_new("SELECT " COLUMNS " FROM dossier WHERE 1");
    if (query->procedure)
        g_string_append(sql, " AND procedure = ?1");
    if (query->state)
        g_string_append(sql, " AND state = ?2");
    if (query->is_live)
        g_string_append(sql, " AND final = 0");
    if (query->waits_here)
        g_string_append(sql, " AND waits_here = 1");
    if (query->has_machine)
        g_string_append(sql, " AND machine IS NOT NULL");
    if (query->due_before)
        g_string_append(sql, " AND due < ?3");
    g_string_append(sql, " ORDER BY last DESC, number DESC LIMIT ?4");
    return g_intern_string(sql->str);
}

GPtrArray *dossiers_list(Store *store, const DossiersQuery *query, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db, query_sql(query), error);
    if (!statement)
        return NULL;
    if (query->procedure)
        sqlite_bind_text(statement, 1, query->procedure);
    if (query->state)
        sqlite_bind_text(statement, 2, query->state);
    if (query->due_before)
        sqlite3_bind_int64(statement, 3, query->due_before);
    sqlite3_bind_int64(statement, 4, query->limit > 0 ? (gint64)query->limit : -1);
    return read_all(reader.db, statement, error);
}

Dossier *dossiers_get(Store *store, const char *id, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT " COLUMNS " FROM dossier WHERE id >= ?1 AND id < ?1 || x'7f'"
                       " ORDER BY id LIMIT 2",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, id);
    g_autoptr(GPtrArray) found = read_all(reader.db, statement, error);
    if (!found)
        return NULL;
    if (found->len == 0 || id[0] == '\0') {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "there is no dossier \"%s\" here: `concert dossier list --all` has all", id);
        return NULL;
    }
    const Dossier *first = found->pdata[0];
    if (found->len > 1 && strcmp(first->id, id) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "several dossiers begin with \"%s\": give more of the id", id);
        return NULL;
    }
    return g_ptr_array_steal_index(found, 0);
}

gboolean dossiers_summary(Store *store, gint64 now, DossiersSummary *ret_summary, GError **error)
{
    g_auto(Reader) reader = {0};
    gint64 counts[5] = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT (SELECT count(*) FROM dossier WHERE final = 0 AND exercise = 0),"
                       " (SELECT count(*) FROM dossier WHERE waits_here = 1 AND exercise = 0),"
                       " (SELECT count(*) FROM dossier WHERE due < ?1 AND exercise = 0),"
                       " (SELECT count(*) FROM dossier WHERE waits_here = 1 AND exercise = 1),"
                       " (SELECT coalesce(min(due), 0x7fffffffffffffff) FROM dossier"
                       "  WHERE waits_here = 1 AND exercise = 0)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, now);
    if (!read_numbers(reader.db, statement, counts, 5, &row, error))
        return FALSE;
    *ret_summary = (DossiersSummary){.live = (guint64)counts[0],
                                     .waiting = (guint64)counts[1],
                                     .overdue = (guint64)counts[2],
                                     .exercises = (guint64)counts[3],
                                     .due = counts[4]};
    return TRUE;
}
