#include "store/tx.h"

#include <string.h>

StoreTx *tx_new(Sqlite *db, GError **error)
{
    g_autofree StoreTx *tx = g_new0(StoreTx, 1);
    tx->db = db;
    if (!hashkey_load(db, &tx->hashkey, error))
        return NULL;
    tx->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tx->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return g_steal_pointer(&tx);
}

void tx_free(StoreTx *tx)
{
    if (!tx)
        return;
    g_hash_table_unref(tx->sources);
    g_hash_table_unref(tx->types);
    g_free(tx);
}

void tx_forget(StoreTx *tx)
{
    g_hash_table_remove_all(tx->sources);
    g_hash_table_remove_all(tx->types);
    tx->next_pack = 0;
    tx->changed = FALSE;
}

/* Names come from outside, so what is remembered of them is bounded. */
#define MAX_REMEMBERED 4096

static gboolean find_or_add(StoreTx *tx, GHashTable *known, const char *select, const char *insert,
                            const char *name, gint64 *ret_number, GError **error)
{
    gint64 *remembered = g_hash_table_lookup(known, name);
    if (remembered) {
        *ret_number = *remembered;
        return TRUE;
    }
    sqlite3_stmt *statement = sqlite_prepare(tx->db, select, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 number = 0;
    if (row) {
        number = sqlite3_column_int64(statement, 0);
        sqlite3_reset(statement);
    } else {
        statement = sqlite_prepare(tx->db, insert, error);
        if (!statement)
            return FALSE;
        sqlite_bind_text(statement, 1, name);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
        number = sqlite3_last_insert_rowid(tx->db->handle);
    }
    if (g_hash_table_size(known) >= MAX_REMEMBERED)
        g_hash_table_remove_all(known);
    g_hash_table_insert(known, g_strdup(name), g_memdup2(&number, sizeof number));
    *ret_number = number;
    return TRUE;
}

gboolean tx_source(StoreTx *tx, const char *name, gint64 *ret_number, GError **error)
{
    return find_or_add(tx, tx->sources, "SELECT number FROM source WHERE name = ?1",
                       "INSERT INTO source (name) VALUES (?1)", name, ret_number, error);
}

gboolean tx_type(StoreTx *tx, const char *name, gint64 *ret_number, GError **error)
{
    return find_or_add(tx, tx->types, "SELECT number FROM type WHERE name = ?1",
                       "INSERT INTO type (name) VALUES (?1)", name, ret_number, error);
}

gboolean tx_object(StoreTx *tx, const char *id, gint64 *ret_number, gint64 *ret_source,
                   GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT number, source, id FROM object WHERE key = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, hashkey_text(&tx->hashkey, id));
    *ret_number = 0;
    gboolean row;
    for (;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        if (g_str_equal(sqlite3_column_text(statement, 2), id)) {
            *ret_number = sqlite3_column_int64(statement, 0);
            *ret_source = sqlite3_column_int64(statement, 1);
            sqlite3_reset(statement);
            return TRUE;
        }
    }
}
