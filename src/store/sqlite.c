#include "store/sqlite.h"

#include <errno.h>
#include <string.h>

#include "base/disk.h"

/* How long a statement waits for a lock that another process holds; only opening and recovery after
 * a crash take such locks. */
#define BUSY_TIMEOUT_MS 10000

/* Who comes to read on a full disk when others do tries again so often at most, a few seconds. */
#define TRIES_MAX 300

static gboolean is_full(Sqlite *db)
{
    int code = sqlite3_errcode(db->handle), errnum = sqlite3_system_errno(db->handle);
    return code == SQLITE_FULL || ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) &&
                                   (errnum == ENOSPC || errnum == EDQUOT));
}

gboolean sqlite_fail(Sqlite *db, GError **error)
{
    int code = sqlite3_errcode(db->handle);
    ConcertError kind = CONCERT_ERROR_IO;
    const char *what = sqlite3_errmsg(db->handle);
    if (is_full(db)) {
        kind = CONCERT_ERROR_FULL;
        what = "no space left on the disk";
    } else if (code == SQLITE_CANTOPEN && disk_has_no_inode(db->path)) {
        kind = CONCERT_ERROR_FULL;
        what = DISK_NO_INODE;
    } else if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        kind = CONCERT_ERROR_BUSY;
    } else if (code == SQLITE_READONLY) {
        /* Who reads writes too: into the index of the write-ahead log. */
        what = "it, and its directory, have to be writable for this user, also to read";
    }
    g_set_error(error, CONCERT_ERROR, kind, "%s: %s", db->path, what);
    return FALSE;
}

static gboolean configure(Sqlite *db, SqlitePurpose purpose, guint cache_kib, GError **error)
{
    int persist = 1;
    sqlite3_extended_result_codes(db->handle, 0);
    /* The log and its index stay, empty, when nobody has the store open: a disk that has no inode
     * left could not make them again, and then neither be written to nor read. */
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    /* A database file from outside must not be able to run anything through its schema. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);

    g_autofree char *cache = g_strdup_printf("PRAGMA cache_size=-%u", cache_kib);
    if (!sqlite_exec(db, cache, error) || !sqlite_exec(db, "PRAGMA temp_store=MEMORY", error))
        return FALSE;
    if (purpose == SQLITE_FOR_READING)
        return sqlite_exec(db, "PRAGMA query_only=ON", error);
    return sqlite_exec(db,
                       "PRAGMA page_size=8192;"
                       "PRAGMA journal_mode=WAL;"
                       "PRAGMA synchronous=FULL;"
                       "PRAGMA foreign_keys=OFF;"
                       "PRAGMA wal_autocheckpoint=0",
                       error);
}

static void finalize(gpointer statement)
{
    sqlite3_finalize(statement);
}

/* Readers open read-write as well, since WAL readers write their marks into the -shm file;
 * query_only keeps them from changing data. */
static gboolean open_handle(Sqlite *db, const char *name, int flags, SqlitePurpose purpose,
                            guint cache_kib, GError **error)
{
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(name, &db->handle, flags, NULL) == SQLITE_OK)
        return configure(db, purpose, cache_kib, error);
    return db->handle ? sqlite_fail(db, error)
                      : error_set(error, CONCERT_ERROR_IO, "%s: out of memory", db->path);
}

static gboolean open_and_begin(Sqlite *db, const char *name, int flags, const char *begin,
                               guint cache_kib, GError **error)
{
    if (open_handle(db, name, flags, SQLITE_FOR_READING, cache_kib, error) &&
        sqlite_exec(db, begin, error))
        return TRUE;
    g_clear_pointer(&db->handle, sqlite3_close);
    return FALSE;
}

/* The first who reads a store that nobody has open makes the -shm file, of 32 KiB, which a full
 * disk has no room for. SQLite can do without: who may not write to the -shm file, and finds nobody
 * who does, makes the index of the write-ahead log in memory of its own, under the locks that keep
 * others from moving what it reads (walBeginShmUnreliable()). The file must be there, but may be
 * empty; the try before has made it, or failed for want of even that. Whose transaction begins just
 * when another tries to make the file has no index at all, and only another connection gets one:
 * hence the tries, and one transaction as long as this one lasts. */
static gboolean open_for_reading(Sqlite *db, guint cache_kib, GError **error)
{
    static const char touch[] = "PRAGMA schema_version", begin[] = "BEGIN; PRAGMA schema_version";
    g_autofree char *path = g_canonicalize_filename(db->path, NULL);
    g_autofree char *uri = g_filename_to_uri(path, NULL, NULL);
    g_autofree char *name = g_strconcat(uri, "?readonly_shm=1", NULL);
    for (guint tries = 0;; tries++) {
        g_autoptr(GError) failure = NULL;
        if (open_and_begin(db, db->path, 0, touch, cache_kib, &failure))
            return TRUE;
        gboolean full = g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_FULL) &&
                        !disk_has_no_inode(db->path);
        db->snapshot = full && open_and_begin(db, name, SQLITE_OPEN_URI, begin, cache_kib, NULL);
        if (db->snapshot)
            return TRUE;
        if (!full || tries == TRIES_MAX) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        g_usleep((gulong)g_random_int_range(1000, 20000));
    }
}

/* Counting every allocation under a lock is what SQLite does for a statistic that nobody reads. */
static gpointer stop_counting(gpointer unused)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return NULL;
}

Sqlite *sqlite_open(const char *path, SqlitePurpose purpose, guint cache_kib, GError **error)
{
    static GOnce once = G_ONCE_INIT;
    g_once(&once, stop_counting, NULL);
    g_autoptr(Sqlite) db = g_new0(Sqlite, 1);
    db->path = g_strdup(path);
    db->statements = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize);
    if (purpose == SQLITE_FOR_READING && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s: no such store", path);
        return NULL;
    }
    gboolean good = purpose == SQLITE_FOR_READING
                        ? open_for_reading(db, cache_kib, error)
                        : open_handle(db, path, SQLITE_OPEN_CREATE, purpose, cache_kib, error);
    return good ? g_steal_pointer(&db) : NULL;
}

void sqlite_close(Sqlite *db)
{
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    /* Who is the last leaves an empty log. */
    sqlite3_exec(db->handle, "PRAGMA journal_size_limit=0", NULL, NULL, NULL);
    sqlite3_close(db->handle);
    g_free(db->path);
    g_free(db);
}

sqlite3_stmt *sqlite_prepare(Sqlite *db, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(db->statements, sql);
    if (statement) {
        sqlite3_reset(statement);
        return statement;
    }
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK) {
        sqlite_fail(db, error);
        return NULL;
    }
    g_hash_table_insert(db->statements, (gpointer)sql, statement);
    return statement;
}

gboolean sqlite_step(Sqlite *db, sqlite3_stmt *statement, gboolean *ret_row, GError **error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *ret_row = TRUE;
        return TRUE;
    }
    if (code != SQLITE_DONE) {
        sqlite_fail(db, error);
        sqlite3_reset(statement);
        return FALSE;
    }
    sqlite3_reset(statement);
    *ret_row = FALSE;
    return TRUE;
}

gboolean sqlite_run(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    gboolean row;
    do {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
    } while (row);
    return TRUE;
}

gboolean sqlite_exec(Sqlite *db, const char *sql, GError **error)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(db, error);
    return TRUE;
}

void sqlite_bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, parameter);
}

char *sqlite_dup_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

void sqlite_bind_index(sqlite3_stmt *statement, int parameter, guint64 index)
{
    if (index == SQLITE_NO_INDEX)
        sqlite3_bind_null(statement, parameter);
    else
        sqlite3_bind_int64(statement, parameter, (gint64)index);
}

guint64 sqlite_column_index(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? SQLITE_NO_INDEX
               : (guint64)sqlite3_column_int64(statement, column);
}

gboolean sqlite_digest_entries(Sqlite *db, sqlite3_stmt *statement, guint64 *ret_count,
                               guint8 ret_digest[SHA256_SIZE], GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint64 count = 0;
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        guint64 index = GUINT64_TO_BE((guint64)sqlite3_column_int64(statement, 0));
        g_checksum_update(sum, (const guchar *)&index, sizeof index);
        g_checksum_update(sum, sqlite3_column_blob(statement, 1),
                          sqlite3_column_bytes(statement, 1));
        count++;
    }
    gsize length = SHA256_SIZE;
    g_checksum_get_digest(sum, ret_digest, &length);
    *ret_count = count;
    return TRUE;
}

GPtrArray *sqlite_collect(Sqlite *db, sqlite3_stmt *statement, SqliteRead read,
                          GDestroyNotify release, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(release);
    for (gboolean row; statement;) {
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&list);
        g_ptr_array_add(list, read(statement));
    }
    return NULL;
}

static gpointer read_text(sqlite3_stmt *statement)
{
    return sqlite_dup_text(statement, 0);
}

char **sqlite_collect_texts(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    g_autoptr(GPtrArray) texts = sqlite_collect(db, statement, read_text, g_free, error);
    if (!texts)
        return NULL;
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

gboolean sqlite_get_int(Sqlite *db, const char *sql, gint64 otherwise, gint64 *ret_number,
                        GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    gboolean row;
    if (!statement || !sqlite_step(db, statement, &row, error))
        return FALSE;
    *ret_number = otherwise;
    if (row && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return TRUE;
}
