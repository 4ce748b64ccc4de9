/* sqlite.h - one SQLite connection: opening it as Concert needs it, statements prepared once, and
 * SQLite's errors as GErrors. Private to the store. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "base/error.h"
#include "base/sha256.h"

typedef struct {
    sqlite3 *handle;
    GHashTable *statements; /* SQL text (by address) -> sqlite3_stmt */
    char *path;
    gboolean snapshot; /* opened for reading on a full disk: it is within a transaction, and has to
                          stay in it as long as anything is read */
} Sqlite;

typedef enum {
    SQLITE_FOR_READING, /* read-only; also on a disk that is full */
    SQLITE_FOR_WRITING, /* creates the file; WAL, synchronous=FULL, checkpoints are the caller's */
} SqlitePurpose;

/* Opens @path with a page cache of @cache_kib. Fails with CONCERT_ERROR_NOT_FOUND when reading and
 * there is no such file. */
Sqlite *sqlite_open(const char *path, SqlitePurpose purpose, guint cache_kib, GError **error);

void sqlite_close(Sqlite *db);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sqlite, sqlite_close)

/* Sets @error from the connection's last failure and returns FALSE: CONCERT_ERROR_FULL for a full
 * disk, _BUSY for a lock, _IO for the rest. */
gboolean sqlite_fail(Sqlite *db, GError **error);

/* The statement for @sql, a string constant or interned string, ready to bind: prepared at first
 * use and kept. NULL with @error when it cannot be prepared. */
sqlite3_stmt *sqlite_prepare(Sqlite *db, const char *sql, GError **error);

/* Runs @statement to its end and resets it. */
gboolean sqlite_run(Sqlite *db, sqlite3_stmt *statement, GError **error);

/* Steps once: *ret_row says whether there is a row. On error and at the end the statement is reset.
 */
gboolean sqlite_step(Sqlite *db, sqlite3_stmt *statement, gboolean *ret_row, GError **error);

/* Makes something of the row that @statement stands at. */
typedef gpointer (*SqliteRead)(sqlite3_stmt *statement);

/* What @read makes of each row of @statement, in their order; @release frees one. Without a
 * statement, since it could not be prepared, NULL; then @error says why already. */
GPtrArray *sqlite_collect(Sqlite *db, sqlite3_stmt *statement, SqliteRead read,
                          GDestroyNotify release, GError **error);

/* Likewise the texts in the first column, NULL-terminated. */
char **sqlite_collect_texts(Sqlite *db, sqlite3_stmt *statement, GError **error);

/* Runs SQL text without parameters, any number of statements. */
gboolean sqlite_exec(Sqlite *db, const char *sql, GError **error);

/* Binds text that outlives the statement's run; NULL binds NULL. */
void sqlite_bind_text(sqlite3_stmt *statement, int parameter, const char *text);

/* A copy of a text column, NULL for NULL. */
char *sqlite_dup_text(sqlite3_stmt *statement, int column);

/* Indices of ledgers, where NULL stands for none. */
#define SQLITE_NO_INDEX G_MAXUINT64
void sqlite_bind_index(sqlite3_stmt *statement, int parameter, guint64 index);
guint64 sqlite_column_index(sqlite3_stmt *statement, int column);

/* Runs @statement, whose rows are (index, entry): how many there are, and SHA-256 over them in
 * order, each as the index in 8 bytes, big-endian, and the entry's bytes. Two nodes that hold the
 * same entries get the same. */
gboolean sqlite_digest_entries(Sqlite *db, sqlite3_stmt *statement, guint64 *ret_count,
                               guint8 ret_digest[SHA256_SIZE], GError **error);

/* The one integer that @sql (no parameters) gives, or @otherwise when it gives no row or NULL. */
gboolean sqlite_get_int(Sqlite *db, const char *sql, gint64 otherwise, gint64 *ret_number,
                        GError **error);
