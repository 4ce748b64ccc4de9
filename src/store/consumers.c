#include "store/consumers.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/reader.h"
#include "store/tx.h"

void consumer_free(Consumer *consumer)
{
    if (!consumer)
        return;
    g_free(consumer->name);
    g_strfreev(consumer->formats);
    g_free(consumer);
}

static gboolean check_name(const char *name, GError **error)
{
    gsize length = strlen(name);
    if (length >= 1 && length <= CONSUMERS_NAME_MAX &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "consumer \"%s\": a name is 1 to %d of a-z, 0-9, '.', '_', '-'", name,
                CONSUMERS_NAME_MAX);
    return FALSE;
}

gboolean consumers_add(StoreTx *tx, const char *name, const char *formats,
                       const guint8 sha256[SHA256_SIZE], gint64 expires, GError **error)
{
    gint64 count;
    if (!check_name(name, error) ||
        !sqlite_get_int(tx->db, "SELECT count(*) FROM consumer", 0, &count, error))
        return FALSE;
    if (count >= CONSUMERS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "there are %d consumers already",
                    CONSUMERS_MAX);
        return FALSE;
    }
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO consumer (name, sha256, formats, created, expires)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite3_bind_blob(statement, 2, sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 3, formats);
    sqlite3_bind_int64(statement, 4, timestamp_now());
    sqlite3_bind_int64(statement, 5, expires);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "consumer \"%s\" exists already; remove it first", name);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

gboolean consumers_remove(StoreTx *tx, const char *name, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, "DELETE FROM consumer WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no consumer \"%s\"", name);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

#define COLUMNS "name, formats, created, expires"

static gpointer read_row(sqlite3_stmt *statement)
{
    Consumer *consumer = g_new0(Consumer, 1);
    g_autofree char *formats = sqlite_dup_text(statement, 1);
    consumer->name = sqlite_dup_text(statement, 0);
    consumer->formats = g_strsplit(formats, " ", -1);
    consumer->created = sqlite3_column_int64(statement, 2);
    consumer->expires = sqlite3_column_int64(statement, 3);
    return consumer;
}

Consumer *consumers_lookup(Store *store, const guint8 sha256[SHA256_SIZE], gint64 now,
                           GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db,
                                             "SELECT " COLUMNS " FROM consumer WHERE sha256 = ?1"
                                             " AND (expires = 0 OR expires > ?2)",
                                             error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now);
    if (!sqlite_step(reader.db, statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no such token");
        return NULL;
    }
    Consumer *consumer = read_row(statement);
    sqlite3_reset(statement);
    return consumer;
}

GPtrArray *consumers_list(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT " COLUMNS " FROM consumer ORDER BY name", error);
    return sqlite_collect(reader.db, statement, read_row, (GDestroyNotify)consumer_free, error);
}
