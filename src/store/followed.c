#include "store/followed.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/collections.h"
#include "store/reader.h"
#include "store/tx.h"

/* They are stored as numbers. */
G_STATIC_ASSERT(OBJECT_LENIENT == 0 && OBJECT_DEFAULT == 1 && OBJECT_STRICT == 2);

const char *followed_count_name(FollowedCount count)
{
    static const char *const names[FOLLOWED_COUNTS] = {
        "accepted", "unchanged", "variants", "claims", "rejected", "broken", "requests", "bytes"};
    return names[count];
}

void followed_free(Followed *followed)
{
    if (!followed)
        return;
    g_free(followed->name);
    g_free(followed->url);
    g_free(followed->remote);
    g_free(followed->collection);
    g_free(followed->source);
    g_free(followed->user);
    g_free(followed->reading);
    g_free(followed->failure);
    g_free(followed->remark);
    g_free(followed);
}

/* --- adding and removing -----------------------------------------------------------------------
 */

gboolean followed_check_name(const char *name, GError **error)
{
    gsize length = strlen(name);
    gboolean good = length > 0 && length <= FOLLOWED_NAME_MAX && g_ascii_isalnum(name[0]);
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_isalnum(name[i]) || strchr("._-", name[i]);
    return good || error_set(error, CONCERT_ERROR_INPUT,
                             "\"%s\" cannot be the name of a source: 1 to %d letters, digits, '.', "
                             "'_' and '-', the first a letter or digit",
                             name, FOLLOWED_NAME_MAX);
}

static gboolean check_url(const char *url, GError **error)
{
    gsize length = strlen(url);
    gboolean good = (g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://")) &&
                    length <= FOLLOWED_URL_MAX;
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_isgraph(url[i]) || (guchar)url[i] >= 0x80;
    return good || error_set(error, CONCERT_ERROR_INPUT, "\"%.200s\" is no http or https URL", url);
}

static gboolean check_source(const Followed *followed, GError **error)
{
    const char *const texts[] = {followed->remote, followed->collection, followed->source,
                                 followed->user, followed->reading};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i] && strlen(texts[i]) > FOLLOWED_TEXT_MAX)
            return error_set(error, CONCERT_ERROR_LIMIT, "\"%.40s...\" is too long", texts[i]);
    if (!followed_check_name(followed->name, error) || !check_url(followed->url, error))
        return FALSE;
    if (followed->every < 1 || followed->every > FOLLOWED_EVERY_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "a source is followed every 1 s to 366 d");
    if ((followed->auth == FOLLOWED_BASIC) != (followed->user != NULL) ||
        (followed->user && strchr(followed->user, ':')))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "a password goes with a user's name, which has no \":\" in it");
    return TRUE;
}

static gboolean check_place(StoreTx *tx, const Followed *followed, GError **error)
{
    gint64 count, number;
    if (!collections_find_number(tx, followed->collection, &number, error) ||
        !sqlite_get_int(tx->db, "SELECT count(*) FROM followed", 0, &count, error))
        return FALSE;
    return count < FOLLOWED_MAX ||
           error_set(error, CONCERT_ERROR_LIMIT, "%d sources are followed already", FOLLOWED_MAX);
}

gboolean followed_add(StoreTx *tx, const Followed *followed, GError **error)
{
    if (!check_source(followed, error) || !check_place(tx, followed, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT OR IGNORE INTO followed (name, kind, url, remote, collection, source, level, every,"
        " auth, user, since, reading, added, due)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, followed->name);
    sqlite3_bind_int(statement, 2, (int)followed->kind);
    sqlite_bind_text(statement, 3, followed->url);
    sqlite_bind_text(statement, 4, followed->remote);
    sqlite_bind_text(statement, 5, followed->collection);
    sqlite_bind_text(statement, 6, followed->source);
    sqlite3_bind_int(statement, 7, (int)followed->level);
    sqlite3_bind_int64(statement, 8, followed->every);
    sqlite3_bind_int(statement, 9, (int)followed->auth);
    sqlite_bind_text(statement, 10, followed->user);
    sqlite3_bind_int64(statement, 11, followed->since);
    sqlite_bind_text(statement, 12, followed->reading);
    sqlite3_bind_int64(statement, 13, timestamp_now());
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    return sqlite3_changes(tx->db->handle) > 0 ||
           error_set(error, CONCERT_ERROR_CONFLICT, "a source %s is followed already",
                     followed->name);
}

/* Runs @sql, which changes what ?1, @name, names. */
static gboolean change_named(StoreTx *tx, const char *sql, const char *name, gint64 second,
                             gint64 third, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (sqlite3_bind_parameter_count(statement) >= 3) {
        sqlite3_bind_int64(statement, 2, second);
        sqlite3_bind_int64(statement, 3, third);
    }
    return sqlite_run(tx->db, statement, error);
}

static gboolean check_changed(StoreTx *tx, const char *name, GError **error)
{
    return sqlite3_changes(tx->db->handle) > 0 ||
           error_set(error, CONCERT_ERROR_NOT_FOUND, "no source %s is followed", name);
}

gboolean followed_remove(StoreTx *tx, const char *name, GError **error)
{
    return change_named(tx,
                        "DELETE FROM followed_mark WHERE followed IN"
                        " (SELECT number FROM followed WHERE name = ?1)",
                        name, 0, 0, error) &&
           change_named(tx,
                        "DELETE FROM followed_count WHERE followed IN"
                        " (SELECT number FROM followed WHERE name = ?1)",
                        name, 0, 0, error) &&
           change_named(tx, "DELETE FROM followed WHERE name = ?1", name, 0, 0, error) &&
           check_changed(tx, name, error);
}

gboolean followed_pause(StoreTx *tx, const char *name, gboolean paused, GError **error)
{
    return change_named(tx,
                        "UPDATE followed SET paused = ?2, due = CASE WHEN ?2 THEN due ELSE ?3 END"
                        " WHERE name = ?1",
                        name, paused ? 1 : 0, timestamp_now(), error) &&
           check_changed(tx, name, error);
}

/* --- how far it has come -----------------------------------------------------------------------
 */

static gboolean is_there(StoreTx *tx, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT (SELECT count(*) FROM followed_mark WHERE followed = ?1)"
                       " FROM followed WHERE number = ?1",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row)
        return error_set(error, CONCERT_ERROR_NOT_FOUND, "the source is not followed any more");
    gint64 marks = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return marks < FOLLOWED_MARKS_MAX ||
           error_set(error, CONCERT_ERROR_LIMIT, "a source of more than %d parts",
                     FOLLOWED_MARKS_MAX);
}

static gboolean put_mark(StoreTx *tx, gint64 number, const char *part, const char *mark,
                         GError **error)
{
    if (strlen(part) > FOLLOWED_PART_MAX || (mark && strlen(mark) > FOLLOWED_MARK_MAX))
        return error_set(error, CONCERT_ERROR_LIMIT, "%.100s...: the mark is too long", part);
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        mark ? "INSERT OR REPLACE INTO followed_mark (followed, part, mark) VALUES (?1, ?2, ?3)"
             : "DELETE FROM followed_mark WHERE followed = ?1 AND part = ?2",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, part);
    if (mark)
        sqlite_bind_text(statement, 3, mark);
    return sqlite_run(tx->db, statement, error);
}

gboolean followed_mark(StoreTx *tx, gint64 number, const char *const *parts,
                       const char *const *marks, guint count, GError **error)
{
    if (!is_there(tx, number, error))
        return FALSE;
    for (guint i = 0; i < count; i++)
        if (!put_mark(tx, number, parts[i], marks[i], error))
            return FALSE;
    return TRUE;
}

static gboolean put_count(StoreTx *tx, gint64 number, guint count, guint64 last, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO followed_count (followed, count, last, total) VALUES (?1, ?2, ?3, ?3)"
        " ON CONFLICT DO UPDATE SET last = excluded.last, total = total + excluded.last",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int(statement, 2, (int)count);
    sqlite3_bind_int64(statement, 3, (gint64)last);
    return sqlite_run(tx->db, statement, error);
}

gboolean followed_finish(StoreTx *tx, const Followed *followed, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE followed SET started = ?2, finished = ?3, due = ?4, more = ?5, failure = ?6,"
        " remark = ?7, failures = CASE WHEN ?6 IS NULL THEN 0 ELSE failures + 1 END,"
        " succeeded = CASE WHEN ?6 IS NULL THEN ?3 ELSE succeeded END WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, followed->number);
    sqlite3_bind_int64(statement, 2, followed->started);
    sqlite3_bind_int64(statement, 3, followed->finished);
    sqlite3_bind_int64(statement, 4, followed->due);
    sqlite3_bind_int(statement, 5, followed->more ? 1 : 0);
    sqlite_bind_text(statement, 6, followed->failure);
    sqlite_bind_text(statement, 7, followed->remark);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0)
        return error_set(error, CONCERT_ERROR_NOT_FOUND, "the source is not followed any more");
    for (guint i = 0; i < FOLLOWED_COUNTS; i++)
        if (!put_count(tx, followed->number, i, followed->last[i], error))
            return FALSE;
    return TRUE;
}

/* --- reading -----------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
    "number, name, kind, url, remote, collection, source, level, every, auth, user, since,"        \
    " reading, paused, added, started, finished, succeeded, due, more, failures, failure, remark"

static gpointer take_row(sqlite3_stmt *statement)
{
    Followed *followed = g_new0(Followed, 1);
    followed->number = sqlite3_column_int64(statement, 0);
    followed->name = sqlite_dup_text(statement, 1);
    followed->kind = (FollowedKind)sqlite3_column_int(statement, 2);
    followed->url = sqlite_dup_text(statement, 3);
    followed->remote = sqlite_dup_text(statement, 4);
    followed->collection = sqlite_dup_text(statement, 5);
    followed->source = sqlite_dup_text(statement, 6);
    followed->level = (ObjectLevel)sqlite3_column_int(statement, 7);
    followed->every = (guint)sqlite3_column_int64(statement, 8);
    followed->auth = (FollowedAuth)sqlite3_column_int(statement, 9);
    followed->user = sqlite_dup_text(statement, 10);
    followed->since = sqlite3_column_int64(statement, 11);
    followed->reading = sqlite_dup_text(statement, 12);
    followed->paused = sqlite3_column_int(statement, 13) != 0;
    followed->added = sqlite3_column_int64(statement, 14);
    followed->started = sqlite3_column_int64(statement, 15);
    followed->finished = sqlite3_column_int64(statement, 16);
    followed->succeeded = sqlite3_column_int64(statement, 17);
    followed->due = sqlite3_column_int64(statement, 18);
    followed->more = sqlite3_column_int(statement, 19) != 0;
    followed->failures = (guint)sqlite3_column_int64(statement, 20);
    followed->failure = sqlite_dup_text(statement, 21);
    followed->remark = sqlite_dup_text(statement, 22);
    return followed;
}

static gboolean read_counts(Sqlite *db, Followed *followed, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "SELECT count, last, total FROM followed_count WHERE followed = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, followed->number);
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        gint64 count = sqlite3_column_int64(statement, 0);
        if (count < 0 || count >= FOLLOWED_COUNTS)
            continue;
        followed->last[count] = (guint64)sqlite3_column_int64(statement, 1);
        followed->total[count] = (guint64)sqlite3_column_int64(statement, 2);
    }
}

/* Reads the rows of @statement, which is bound, with their counts. Element: Followed *. */
static GPtrArray *read_rows(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    g_autoptr(GPtrArray) list =
        sqlite_collect(db, statement, take_row, (GDestroyNotify)followed_free, error);
    for (guint i = 0; list && i < list->len; i++)
        if (!read_counts(db, list->pdata[i], error))
            return NULL;
    return g_steal_pointer(&list);
}

GPtrArray *followed_list(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT " COLUMNS " FROM followed ORDER BY name", error);
    return statement ? read_rows(reader.db, statement, error) : NULL;
}

Followed *followed_find(Store *store, const char *name, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT " COLUMNS " FROM followed WHERE name = ?1", error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, name);
    g_autoptr(GPtrArray) list = read_rows(reader.db, statement, error);
    if (list && list->len == 0)
        error_set(error, CONCERT_ERROR_NOT_FOUND, "no source %s is followed", name);
    return list && list->len > 0 ? g_ptr_array_steal_index(list, 0) : NULL;
}

gboolean followed_next(Store *store, gint64 now, GHashTable *without, Followed **ret_followed,
                       GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT " COLUMNS " FROM followed WHERE NOT paused AND due <= ?1 ORDER BY due, number",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, now);
    g_autoptr(GPtrArray) list = read_rows(reader.db, statement, error);
    if (!list)
        return FALSE;
    *ret_followed = NULL;
    for (guint i = 0; i < list->len && !*ret_followed; i++) {
        const Followed *followed = list->pdata[i];
        if (!without || !g_hash_table_contains(without, &followed->number))
            *ret_followed = g_ptr_array_steal_index(list, i);
    }
    return TRUE;
}

GHashTable *followed_marks(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT part, mark FROM followed_mark WHERE followed = ?1", error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    g_autoptr(GHashTable) marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gboolean row;;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&marks);
        g_hash_table_insert(marks, sqlite_dup_text(statement, 0), sqlite_dup_text(statement, 1));
    }
}
