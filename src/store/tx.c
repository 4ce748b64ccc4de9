#include "store/tx.h"

#include <string.h>

#include "store/pending.h"

StoreTx *tx_new(Sqlite *db, GError **error)
{
    g_autofree StoreTx *tx = g_new0(StoreTx, 1);
    tx->db = db;
    if (!hashkey_load(db, &tx->hashkey, error) || !bulk_register(db, error))
        return NULL;
    tx->pending = pending_new();
    keyed_init(&tx->keyed);
    tx->ledger = ledger_tx_new();
    tx->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tx->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tx->parties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return g_steal_pointer(&tx);
}

void tx_free(StoreTx *tx)
{
    if (!tx)
        return;
    g_hash_table_unref(tx->sources);
    g_hash_table_unref(tx->types);
    g_hash_table_unref(tx->parties);
    pending_free(tx->pending);
    keyed_clear(&tx->keyed);
    ledger_tx_free(tx->ledger);
    g_free(tx);
}

void tx_forget(StoreTx *tx)
{
    g_hash_table_remove_all(tx->sources);
    g_hash_table_remove_all(tx->types);
    g_hash_table_remove_all(tx->parties);
    tx->next_pack = tx->next_object = tx->next_version = 0;
    pending_forget(tx->pending);
    keyed_forget(&tx->keyed);
    ledger_tx_forget(tx->ledger);
    tx->changed = tx->erased = FALSE;
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

gboolean tx_party(StoreTx *tx, const char *origin, gint64 *ret_number, GError **error)
{
    return find_or_add(tx, tx->parties, "SELECT number FROM party WHERE origin = ?1",
                       "INSERT INTO party (origin) VALUES (?1)", origin, ret_number, error);
}

#define LOOK_UP(table)                                                                             \
    "SELECT c1, number, source, id FROM bulk(?1) CROSS JOIN " table " ON key = c0"                 \
    " CROSS JOIN object ON number = object"

static gboolean look_up(StoreTx *tx, const char *sql, const Bulk *keys, TxObject *objects,
                        GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    bulk_bind(keys, statement);
    for (;;) {
        gboolean row;
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        TxObject *object = &objects[sqlite3_column_int64(statement, 0)];
        if (!g_str_equal(sqlite3_column_text(statement, 3), object->id))
            continue;
        object->number = sqlite3_column_int64(statement, 1);
        object->source = sqlite3_column_int64(statement, 2);
    }
}

gboolean tx_objects(StoreTx *tx, TxObject *objects, gsize count, GError **error)
{
    g_auto(Bulk) keys;
    bulk_init(&keys, 2);
    if (!keyed_prepare(tx, count, error))
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        objects[i].key = hashkey_text(&tx->hashkey, objects[i].id);
        objects[i].number = objects[i].source = 0;
        if (keyed_may_have(tx, objects[i].key))
            bulk_add(&keys, (BulkCell[]){{.number = objects[i].key}, {.number = (gint64)i}});
    }
    if (bulk_rows(&keys) == 0)
        return TRUE;
    bulk_sort(&keys);
    return look_up(tx, LOOK_UP("object_key"), &keys, objects, error) &&
           look_up(tx, LOOK_UP("object_key_recent"), &keys, objects, error);
}

gboolean tx_next(StoreTx *tx, gint64 *next, const char *sql, gint64 *ret_number, GError **error)
{
    if (*next == 0) {
        gint64 newest;
        if (!sqlite_get_int(tx->db, sql, 0, &newest, error))
            return FALSE;
        *next = newest + 1;
    }
    *ret_number = (*next)++;
    return TRUE;
}
