#include "store/bulk.h"

#include <stdlib.h>
#include <string.h>

/* What bulk_bind() and the table agree on: SQLite hands the pointer over only to who names it. */
#define POINTER_TYPE "concert-bulk"

typedef struct {
    sqlite3_vtab_cursor base;
    const BulkCell *cells;
    guint columns;
    guint rows;
    guint row;
} Cursor;

static int table_connect(sqlite3 *handle, void *unused, int argc, const char *const *argv,
                         sqlite3_vtab **ret_table, char **ret_message)
{
    g_autoptr(GString) sql = g_string_new("CREATE TABLE x(");
    for (guint i = 0; i < BULK_COLUMNS; i++)
        g_string_append_printf(sql, "c%u,", i);
    g_string_append(sql, "rows HIDDEN)");
    int code = sqlite3_declare_vtab(handle, sql->str);
    if (code != SQLITE_OK)
        return code;
    sqlite3_vtab *table = sqlite3_malloc(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    *table = (sqlite3_vtab){0};
    *ret_table = table;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* The rows are the table's one argument; without them there is no plan. */
static int table_plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
        if (constraint->iColumn != BULK_COLUMNS || !constraint->usable ||
            constraint->op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = 1;
        info->estimatedRows = 1000;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int table_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    Cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (Cursor){0};
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int table_close(sqlite3_vtab_cursor *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

static int table_filter(sqlite3_vtab_cursor *base, int number, const char *name, int argc,
                        sqlite3_value **argv)
{
    Cursor *cursor = (Cursor *)base;
    const Bulk *bulk = sqlite3_value_pointer(argv[0], POINTER_TYPE);
    if (!bulk)
        return SQLITE_MISUSE;
    cursor->cells = bulk->cells;
    cursor->columns = bulk->columns;
    cursor->rows = bulk_rows(bulk);
    cursor->row = 0;
    return SQLITE_OK;
}

static int table_next(sqlite3_vtab_cursor *base)
{
    ((Cursor *)base)->row++;
    return SQLITE_OK;
}

static int table_eof(sqlite3_vtab_cursor *base)
{
    const Cursor *cursor = (const Cursor *)base;
    return cursor->row >= cursor->rows;
}

static int table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const Cursor *cursor = (const Cursor *)base;
    if ((guint)column >= cursor->columns)
        return SQLITE_OK; /* NULL */
    const BulkCell *cell = &cursor->cells[(gsize)cursor->row * cursor->columns + (guint)column];
    switch ((BulkKind)cell->kind) {
    case BULK_INT:
        sqlite3_result_int64(context, cell->number);
        break;
    case BULK_NULL:
        break;
    case BULK_TEXT:
        sqlite3_result_text(context, cell->bytes, -1, SQLITE_STATIC);
        break;
    case BULK_BLOB:
        sqlite3_result_blob(context, cell->bytes, (int)cell->length, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

static int table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_rowid)
{
    *ret_rowid = ((const Cursor *)base)->row;
    return SQLITE_OK;
}

/* No xCreate: the table exists in every connection that registers it and in no database file. */
static const sqlite3_module module = {
    .xConnect = table_connect,
    .xBestIndex = table_plan,
    .xDisconnect = table_disconnect,
    .xOpen = table_open,
    .xClose = table_close,
    .xFilter = table_filter,
    .xNext = table_next,
    .xEof = table_eof,
    .xColumn = table_column,
    .xRowid = table_rowid,
};

gboolean bulk_register(Sqlite *db, GError **error)
{
    if (sqlite3_create_module(db->handle, "bulk", &module, NULL) != SQLITE_OK)
        return sqlite_fail(db, error);
    return TRUE;
}

void bulk_init(Bulk *bulk, guint columns)
{
    g_assert(columns <= BULK_COLUMNS);
    *bulk = (Bulk){.columns = columns};
}

void bulk_clear(Bulk *bulk)
{
    g_free(bulk->cells);
    *bulk = (Bulk){.columns = bulk->columns};
}

void bulk_add(Bulk *bulk, const BulkCell *cells)
{
    if (bulk->used + bulk->columns > bulk->room) {
        bulk->room = MAX(64 * bulk->columns, 2 * bulk->room);
        bulk->cells = g_renew(BulkCell, bulk->cells, bulk->room);
    }
    memcpy(bulk->cells + bulk->used, cells, bulk->columns * sizeof *cells);
    bulk->used += bulk->columns;
}

guint bulk_rows(const Bulk *bulk)
{
    return bulk->used / bulk->columns;
}

void bulk_empty(Bulk *bulk)
{
    bulk->used = 0;
}

static int compare_first(const void *a, const void *b)
{
    gint64 x = ((const BulkCell *)a)->number, y = ((const BulkCell *)b)->number;
    return (x > y) - (x < y);
}

void bulk_sort(Bulk *bulk)
{
    if (bulk->used > 0)
        qsort(bulk->cells, bulk_rows(bulk), bulk->columns * sizeof(BulkCell), compare_first);
}

void bulk_bind(const Bulk *bulk, sqlite3_stmt *statement)
{
    sqlite3_bind_pointer(statement, 1, (void *)bulk, POINTER_TYPE, NULL);
}

gboolean bulk_run(Bulk *bulk, Sqlite *db, const char *sql, GError **error)
{
    if (bulk->used == 0)
        return TRUE;
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    if (!statement)
        return FALSE;
    bulk_bind(bulk, statement);
    if (!sqlite_run(db, statement, error))
        return FALSE;
    bulk_empty(bulk);
    return TRUE;
}
