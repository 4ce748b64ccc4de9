#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/durable.h"
#include "store/schema.h"
#include "store/sqlite.h"

#define BACKUP_CACHE_KIB 4096

static gboolean refuse_existing(const char *path, GError **error)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s exists already", path);
    return FALSE;
}

/* VACUUM INTO reads one snapshot and writes a compact file without a write-ahead log. */
static gboolean copy_store(Sqlite *db, const char *to, GError **error)
{
    if (db->snapshot && !sqlite_exec(db, "ROLLBACK", error)) /* it makes its own */
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(db, "VACUUM INTO ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, to);
    return sqlite_run(db, statement, error);
}

static gboolean sync_path(const char *path, int flags, GError **error)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return error_from_errno(error, errno, "%s", path);
    int result = fsync(fd);
    int errnum = errno;
    close(fd);
    return result == 0 ? TRUE : error_from_errno(error, errnum, "%s", path);
}

/* Puts the finished file @temporary in its place, durably. */
static gboolean put_in_place(const char *temporary, const char *path, GError **error)
{
    if (!sync_path(temporary, O_RDONLY, error))
        return FALSE;
    if (g_chmod(temporary, 0600) != 0 || g_rename(temporary, path) != 0)
        return error_from_errno(error, errno, "%s", path);
    g_autofree char *directory = g_path_get_dirname(path);
    return sync_path(directory, O_RDONLY | O_DIRECTORY, error);
}

static gboolean set_attachment(Sqlite *db, const char *attachment, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('attachment', ?1)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, attachment);
    return sqlite_run(db, statement, error);
}

static gboolean check_whole(Sqlite *db, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, "PRAGMA quick_check(1)", error);
    gboolean row;
    if (!statement || !sqlite_step(db, statement, &row, error))
        return FALSE;
    gboolean whole = row && g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_reset(statement);
    if (!whole)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is damaged", db->path);
    return whole;
}

/* Opens without the settings that would turn the file into one with a write-ahead log. */
static Sqlite *open_plain(const char *path, GError **error)
{
    Sqlite *db = sqlite_open(path, SQLITE_FOR_READING, BACKUP_CACHE_KIB, error);
    if (db && !sqlite_exec(db, "PRAGMA query_only=OFF", error))
        g_clear_pointer(&db, sqlite_close);
    return db;
}

static gboolean write_temporary(const char *path, const char *temporary, const char *attachment,
                                GError **error)
{
    g_autoptr(Sqlite) store = open_plain(path, error);
    /* Who makes the file says better than SQLite why it cannot be. */
    if (!store || !schema_check(store, error) || !durable_create(temporary, "", 0, 0600, error) ||
        !copy_store(store, temporary, error))
        return FALSE;
    g_autoptr(Sqlite) copy = open_plain(temporary, error);
    return copy && (!attachment || set_attachment(copy, attachment, error)) &&
           check_whole(copy, error);
}

gboolean backup_write(const char *path, const char *backup, const char *attachment, GError **error)
{
    if (!refuse_existing(backup, error))
        return FALSE;
    g_autofree char *temporary = g_strdup_printf("%s.part", backup);
    g_unlink(temporary);
    if (write_temporary(path, temporary, attachment, error) &&
        put_in_place(temporary, backup, error))
        return TRUE;
    g_unlink(temporary);
    return FALSE;
}

static gboolean get_attachment(Sqlite *db, char **ret_attachment, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT value FROM meta WHERE name = 'attachment'", error);
    gboolean row;
    if (!statement || !sqlite_step(db, statement, &row, error))
        return FALSE;
    *ret_attachment = row ? sqlite_dup_text(statement, 0) : NULL;
    sqlite3_reset(statement);
    return TRUE;
}

/* Runs @sql if the backup is of a schema that has @table. */
static gboolean exec_if_there(Sqlite *db, const char *table, const char *sql, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, table);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    return !row || sqlite_exec(db, sql, error);
}

/* Nothing may ever be signed that might have been signed otherwise after the backup: neither
 * checkpoints of the ledger nor, by a witness that has forgotten what it saw since, those of
 * others. */
static gboolean hold(const char *path, GError **error)
{
    g_autoptr(Sqlite) db = open_plain(path, error);
    return db && exec_if_there(db, "ledger", "UPDATE ledger SET held = 1", error) &&
           exec_if_there(db, "watched_log", "UPDATE watched_log SET watched = 0", error);
}

static gboolean read_into(const char *backup, const char *temporary, char **ret_attachment,
                          GError **error)
{
    g_autoptr(Sqlite) db = open_plain(backup, error);
    g_autoptr(GError) local = NULL;
    if (!db)
        return FALSE;
    /* A backup of an older schema is fine: opening the store migrates it. */
    if (!schema_check(db, &local) &&
        !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_CONFLICT)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return check_whole(db, error) && get_attachment(db, ret_attachment, error) &&
           copy_store(db, temporary, error) && hold(temporary, error);
}

gboolean backup_read(const char *backup, const char *path, char **ret_attachment, GError **error)
{
    if (!refuse_existing(path, error))
        return FALSE;
    g_autofree char *temporary = g_strdup_printf("%s.part", path);
    g_autofree char *attachment = NULL;
    g_unlink(temporary);
    if (!read_into(backup, temporary, &attachment, error) ||
        !put_in_place(temporary, path, error)) {
        g_unlink(temporary);
        return FALSE;
    }
    *ret_attachment = g_steal_pointer(&attachment);
    return TRUE;
}
