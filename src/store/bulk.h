/* bulk.h - rows of C memory as a table of SQLite, so that one statement writes or looks up a
 * thousand of them: "INSERT INTO t SELECT c0, c1 FROM bulk(?1)" opens and ends once what a thousand
 * INSERTs open and end a thousand times. Private to the store. */
#pragma once

#include "store/sqlite.h"

/* How many columns (c0, c1, ...) a row may have. */
#define BULK_COLUMNS 13

typedef enum { BULK_INT, BULK_NULL, BULK_TEXT, BULK_BLOB } BulkKind;

/* One value. What a text or a blob points to must live until the statement has run. */
typedef struct {
    union {
        gint64 number;
        const void *bytes;
    };
    guint32 length; /* of a blob */
    guint32 kind;   /* BulkKind */
} BulkCell;

/* The rows of one statement: bulk_rows() times `columns` cells. */
typedef struct {
    BulkCell *cells;
    guint columns, used, room;
} Bulk;

/* Makes the table `bulk` known to a connection. */
gboolean bulk_register(Sqlite *db, GError **error);

void bulk_init(Bulk *bulk, guint columns);

void bulk_clear(Bulk *bulk);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bulk, bulk_clear)

/* Appends a row; @cells has one for each column. */
void bulk_add(Bulk *bulk, const BulkCell *cells);

guint bulk_rows(const Bulk *bulk);

void bulk_empty(Bulk *bulk);

/* Sorts rows by their first cell, an integer: keys that come in order find their pages warm. */
void bulk_sort(Bulk *bulk);

/* Binds the rows to parameter 1 of @statement; they must stay as they are until it has run. */
void bulk_bind(const Bulk *bulk, sqlite3_stmt *statement);

/* Runs @sql, a constant, over the rows and empties them; without rows does nothing. */
gboolean bulk_run(Bulk *bulk, Sqlite *db, const char *sql, GError **error);
