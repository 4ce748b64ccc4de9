#include "store/releases.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/reader.h"
#include "store/tx.h"

#define IN_FORCE "SELECT value FROM meta WHERE name = 'release'"

void releases_row_free(ReleasesRow *row)
{
    if (!row)
        return;
    g_free(row->by);
    g_free(row->selection);
    g_free(row->over_limit);
    g_free(row->approvers[0]);
    g_free(row->approvers[1]);
    g_free(row);
}

static void never_free(gpointer data)
{
    ReleasesNever *never = data;
    g_free(never->kind);
    g_free(never->value);
    g_free(never->by);
    g_free(never->reason);
    g_free(never);
}

static void standing_free(gpointer data)
{
    ReleasesStanding *standing = data;
    g_free(standing->source);
    g_free(standing->kind);
    g_free(standing->by);
    g_free(standing);
}

/* --- reading -----------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
    "number, base, made, by, selection, over_limit, digest, entries, vals, added, removed,"        \
    " dangerous, standing, approver, approved, second, seconded, since, until,"                    \
    " number IS (" IN_FORCE "), content IS NOT NULL"

static ReleasesRow *read_row(sqlite3_stmt *statement)
{
    ReleasesRow *row = g_new0(ReleasesRow, 1);
    row->number = sqlite3_column_int64(statement, 0);
    row->base = sqlite3_column_int64(statement, 1);
    row->made = sqlite3_column_int64(statement, 2);
    row->by = sqlite_dup_text(statement, 3);
    row->selection = sqlite_dup_text(statement, 4);
    row->over_limit = sqlite_dup_text(statement, 5);
    if (sqlite3_column_bytes(statement, 6) == SHA256_SIZE)
        memcpy(row->digest, sqlite3_column_blob(statement, 6), SHA256_SIZE);
    row->entries = (guint64)sqlite3_column_int64(statement, 7);
    row->values = (guint64)sqlite3_column_int64(statement, 8);
    row->added = (guint64)sqlite3_column_int64(statement, 9);
    row->removed = (guint64)sqlite3_column_int64(statement, 10);
    row->dangerous = (guint64)sqlite3_column_int64(statement, 11);
    row->standing = sqlite3_column_int64(statement, 12);
    for (int i = 0; i < 2; i++) {
        row->approvers[i] = sqlite_dup_text(statement, 13 + 2 * i);
        row->approved[i] = sqlite3_column_int64(statement, 14 + 2 * i);
    }
    row->since = sqlite3_column_int64(statement, 17);
    row->until = sqlite3_column_int64(statement, 18);
    row->in_force = sqlite3_column_int(statement, 19) != 0;
    row->has_content = sqlite3_column_int(statement, 20) != 0;
    return row;
}

static gpointer read_never(sqlite3_stmt *statement)
{
    ReleasesNever *never = g_new0(ReleasesNever, 1);
    never->kind = sqlite_dup_text(statement, 0);
    never->value = sqlite_dup_text(statement, 1);
    never->by = sqlite_dup_text(statement, 2);
    never->reason = sqlite_dup_text(statement, 3);
    never->made = sqlite3_column_int64(statement, 4);
    return never;
}

static gpointer read_standing(sqlite3_stmt *statement)
{
    ReleasesStanding *standing = g_new0(ReleasesStanding, 1);
    standing->number = sqlite3_column_int64(statement, 0);
    standing->source = sqlite_dup_text(statement, 1);
    standing->kind = sqlite_dup_text(statement, 2);
    standing->min_confidence = sqlite3_column_int(statement, 3);
    standing->daily = (guint64)sqlite3_column_int64(statement, 4);
    standing->made = sqlite3_column_int64(statement, 5);
    standing->until = sqlite3_column_int64(statement, 6);
    standing->by = sqlite_dup_text(statement, 7);
    standing->paused = sqlite3_column_int(statement, 8) != 0;
    standing->day = sqlite3_column_int64(statement, 9);
    standing->used = (guint64)sqlite3_column_int64(statement, 10);
    standing->waiting = (guint64)sqlite3_column_int64(statement, 11);
    return standing;
}

static gpointer read_release(sqlite3_stmt *statement)
{
    return read_row(statement);
}

/* All rows of @sql, which takes no parameter but a limit. */
static GPtrArray *read_list(Store *store, const char *sql, gint64 limit, SqliteRead read,
                            GDestroyNotify release, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db, sql, error);
    if (statement && limit != 0)
        sqlite3_bind_int64(statement, 1, limit);
    return sqlite_collect(reader.db, statement, read, release, error);
}

GPtrArray *releases_list(Store *store, guint limit, GError **error)
{
    return read_list(store, "SELECT " COLUMNS " FROM shield_release ORDER BY number DESC LIMIT ?1",
                     limit > 0 ? (gint64)limit : -1, read_release,
                     (GDestroyNotify)releases_row_free, error);
}

GPtrArray *releases_never(Store *store, GError **error)
{
    return read_list(store, "SELECT kind, value, by, reason, made FROM shield_never ORDER BY value",
                     0, read_never, never_free, error);
}

GPtrArray *releases_standing(Store *store, GError **error)
{
    return read_list(store,
                     "SELECT number, source, kind, min_confidence, daily, made, until, by, paused,"
                     " day, used, waiting FROM shield_standing ORDER BY number",
                     0, read_standing, standing_free, error);
}

static gboolean not_found(gint64 number, const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s %" G_GINT64_FORMAT, what,
                number);
    return FALSE;
}

static ReleasesRow *get(Sqlite *db, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT " COLUMNS " FROM shield_release WHERE number = ?1", error);
    gboolean found;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(db, statement, &found, error))
        return NULL;
    if (!found) {
        not_found(number, "there is no release", error);
        return NULL;
    }
    ReleasesRow *row = read_row(statement);
    sqlite3_reset(statement);
    return row;
}

ReleasesRow *releases_get(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? get(reader.db, number, error) : NULL;
}

ReleasesRow *releases_get_tx(StoreTx *tx, gint64 number, GError **error)
{
    return get(tx->db, number, error);
}

GBytes *releases_content(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean found;
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT content FROM shield_release WHERE number = ?1 AND content IS NOT NULL",
        error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(reader.db, statement, &found, error))
        return NULL;
    if (!found) {
        not_found(number, "there is no content any more of release", error);
        return NULL;
    }
    GBytes *bytes =
        g_bytes_new(sqlite3_column_blob(statement, 0), (gsize)sqlite3_column_bytes(statement, 0));
    sqlite3_reset(statement);
    return bytes;
}

gboolean releases_in_force(Store *store, gint64 *ret_number, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           sqlite_get_int(reader.db, IN_FORCE, 0, ret_number, error);
}

gboolean releases_in_force_tx(StoreTx *tx, gint64 *ret_number, GError **error)
{
    return sqlite_get_int(tx->db, IN_FORCE, 0, ret_number, error);
}

char *releases_state(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    gint64 in_force, changes;
    return reader_begin(store, &reader, error) &&
                   sqlite_get_int(reader.db, IN_FORCE, 0, &in_force, error) &&
                   sqlite_get_int(reader.db,
                                  "SELECT value FROM meta WHERE name = 'never_block_changes'", 0,
                                  &changes, error)
               ? g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, in_force, changes)
               : NULL;
}

gboolean releases_summary(Store *store, ReleasesSummary *ret_summary, GError **error)
{
    g_auto(Reader) reader = {0};
    gint64 in_force, proposed, waiting;
    if (!reader_begin(store, &reader, error) ||
        !sqlite_get_int(reader.db, IN_FORCE, 0, &in_force, error) ||
        !sqlite_get_int(reader.db,
                        "SELECT count(*) FROM shield_release WHERE approver IS NOT NULL"
                        " AND second IS NULL AND since = 0 AND number > coalesce((" IN_FORCE
                        "), 0)",
                        0, &proposed, error) ||
        !sqlite_get_int(reader.db, "SELECT sum(waiting) FROM shield_standing WHERE NOT paused", 0,
                        &waiting, error))
        return FALSE;
    *ret_summary = (ReleasesSummary){in_force, (guint64)proposed, (guint64)waiting};
    return TRUE;
}

/* --- changing ----------------------------------------------------------------------------------
 */

gboolean releases_next(StoreTx *tx, gint64 *ret_number, GError **error)
{
    return sqlite_get_int(tx->db, "SELECT max(number) + 1 FROM shield_release", 1, ret_number,
                          error);
}

gboolean releases_next_standing(StoreTx *tx, gint64 *ret_number, GError **error)
{
    return sqlite_get_int(tx->db,
                          "SELECT seq + 1 FROM sqlite_sequence WHERE name ="
                          " 'shield_standing'",
                          1, ret_number, error);
}

static gboolean run(StoreTx *tx, sqlite3_stmt *statement, GError **error)
{
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    tx->changed = TRUE;
    return TRUE;
}

gboolean releases_add(StoreTx *tx, const ReleasesRow *row, GBytes *content, GError **error)
{
    gsize length;
    const void *data = g_bytes_get_data(content, &length);
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO shield_release (number, base, made, by, selection, over_limit, digest,"
        " entries, vals, added, removed, dangerous, standing, since, until, content)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, 0, ?14)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, row->number);
    sqlite3_bind_int64(statement, 2, row->base);
    sqlite3_bind_int64(statement, 3, row->made);
    sqlite_bind_text(statement, 4, row->by);
    sqlite_bind_text(statement, 5, row->selection);
    sqlite_bind_text(statement, 6, row->over_limit);
    sqlite3_bind_blob(statement, 7, row->digest, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 8, (gint64)row->entries);
    sqlite3_bind_int64(statement, 9, (gint64)row->values);
    sqlite3_bind_int64(statement, 10, (gint64)row->added);
    sqlite3_bind_int64(statement, 11, (gint64)row->removed);
    sqlite3_bind_int64(statement, 12, (gint64)row->dangerous);
    sqlite3_bind_int64(statement, 13, row->standing);
    if (sqlite3_bind_blob64(statement, 14, data, length, SQLITE_STATIC) != SQLITE_OK)
        return sqlite_fail(tx->db, error);
    return run(tx, statement, error);
}

gboolean releases_approve(StoreTx *tx, gint64 number, guint place, const char *by, gint64 now,
                          GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       place == 0 ? "UPDATE shield_release SET approver = ?2, approved = ?3"
                                    " WHERE number = ?1"
                                  : "UPDATE shield_release SET second = ?2, seconded = ?3"
                                    " WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, by);
    sqlite3_bind_int64(statement, 3, now);
    return run(tx, statement, error);
}

/* Sets a number in @sql: ?1 the release, ?2 the time. */
static gboolean set_time(StoreTx *tx, const char *sql, gint64 number, gint64 now, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, now);
    return run(tx, statement, error);
}

static gboolean forget_old(StoreTx *tx, gint64 number, GError **error)
{
    return set_time(tx,
                    "UPDATE shield_release SET content = NULL WHERE content IS NOT NULL"
                    " AND number <> ?1 AND number NOT IN (SELECT number FROM shield_release"
                    " WHERE since > 0 ORDER BY since DESC LIMIT ?2)"
                    " AND number NOT IN (SELECT number FROM shield_release WHERE since = 0"
                    " ORDER BY number DESC LIMIT ?2)",
                    number, RELEASES_KEPT, error);
}

gboolean releases_enforce(StoreTx *tx, gint64 number, gint64 now, GError **error)
{
    gint64 before;
    return releases_in_force_tx(tx, &before, error) &&
           set_time(tx, "UPDATE shield_release SET until = ?2 WHERE number = ?1", before, now,
                    error) &&
           set_time(tx, "UPDATE shield_release SET since = ?2, until = 0 WHERE number = ?1", number,
                    now, error) &&
           set_time(tx,
                    "INSERT INTO meta VALUES ('release', ?1)"
                    " ON CONFLICT (name) DO UPDATE SET value = ?1",
                    number, now, error) &&
           forget_old(tx, number, error);
}

static gboolean count_never(StoreTx *tx, GError **error)
{
    return sqlite_exec(tx->db,
                       "INSERT INTO meta VALUES ('never_block_changes', 1)"
                       " ON CONFLICT (name) DO UPDATE SET value = value + 1",
                       error);
}

gboolean releases_add_never(StoreTx *tx, const ReleasesNever *never, GError **error)
{
    gint64 count;
    if (!sqlite_get_int(tx->db, "SELECT count(*) FROM shield_never", 0, &count, error))
        return FALSE;
    if (count >= RELEASES_NEVER_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the never-block list has %d values already", RELEASES_NEVER_MAX);
        return FALSE;
    }
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT OR IGNORE INTO shield_never (kind, value, by, reason, made) VALUES (?1, ?2, ?3,"
        " ?4, ?5)",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, never->kind);
    sqlite_bind_text(statement, 2, never->value);
    sqlite_bind_text(statement, 3, never->by);
    sqlite_bind_text(statement, 4, never->reason);
    sqlite3_bind_int64(statement, 5, never->made);
    if (!run(tx, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s is on the never-block list already", never->value);
        return FALSE;
    }
    return count_never(tx, error);
}

gboolean releases_remove_never(StoreTx *tx, const char *value, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM shield_never WHERE value = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, value);
    if (!run(tx, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "%s is not on the never-block list", value);
        return FALSE;
    }
    return count_never(tx, error);
}

gboolean releases_add_standing(StoreTx *tx, const ReleasesStanding *standing, GError **error)
{
    gint64 count;
    if (!sqlite_get_int(tx->db, "SELECT count(*) FROM shield_standing", 0, &count, error))
        return FALSE;
    if (count >= RELEASES_STANDING_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "there are %d standing approvals already", RELEASES_STANDING_MAX);
        return FALSE;
    }
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO shield_standing (number, source, kind, min_confidence, daily, made, until, by)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, standing->number);
    sqlite_bind_text(statement, 2, standing->source);
    sqlite_bind_text(statement, 3, standing->kind);
    sqlite3_bind_int(statement, 4, standing->min_confidence);
    sqlite3_bind_int64(statement, 5, (gint64)standing->daily);
    sqlite3_bind_int64(statement, 6, standing->made);
    sqlite3_bind_int64(statement, 7, standing->until);
    sqlite_bind_text(statement, 8, standing->by);
    return run(tx, statement, error);
}

static gboolean change_standing(StoreTx *tx, const char *sql, gint64 number, gint64 value,
                                GError **error)
{
    if (!set_time(tx, sql, number, value, error))
        return FALSE;
    return sqlite3_changes(tx->db->handle) > 0 ||
           not_found(number, "there is no standing approval", error);
}

gboolean releases_remove_standing(StoreTx *tx, gint64 number, GError **error)
{
    return change_standing(tx, "DELETE FROM shield_standing WHERE number = ?1 AND ?2 = ?2", number,
                           0, error);
}

gboolean releases_resume_standing(StoreTx *tx, gint64 number, GError **error)
{
    return change_standing(tx, "UPDATE shield_standing SET paused = ?2 WHERE number = ?1", number,
                           0, error);
}

gboolean releases_pause_standing(StoreTx *tx, GError **error)
{
    return sqlite_exec(tx->db, "UPDATE shield_standing SET paused = 1, waiting = 0", error);
}

gboolean releases_check_standing(StoreTx *tx, gint64 number, gint64 now, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM shield_standing WHERE number = ?1 AND paused = 0 AND until > ?2",
        error);
    gboolean found;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, now);
    if (!sqlite_step(tx->db, statement, &found, error))
        return FALSE;
    sqlite3_reset(statement);
    if (!found)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "standing approval %" G_GINT64_FORMAT " ended or was stopped meanwhile",
                    number);
    return found;
}

gboolean releases_use_standing(StoreTx *tx, gint64 number, gint64 day, guint64 count,
                               GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE shield_standing SET used = CASE day WHEN ?2 THEN used ELSE 0 END"
                       " + ?3, day = ?2 WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, day);
    sqlite3_bind_int64(statement, 3, (gint64)count);
    return run(tx, statement, error);
}

gboolean releases_wait_standing(StoreTx *tx, gint64 number, guint64 waiting, GError **error)
{
    return change_standing(tx, "UPDATE shield_standing SET waiting = ?2 WHERE number = ?1", number,
                           (gint64)waiting, error);
}
