#include "store/ledger_rows.h"

#include <string.h>

void ledger_rows_state_clear(LedgerRowsState *state)
{
    g_clear_pointer(&state->origin, g_free);
    g_clear_pointer(&state->checkpoint, g_free);
    g_clear_pointer(&state->hourly, g_free);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        g_clear_pointer(&state->keys[i], g_free);
}

gboolean ledger_rows_state(Sqlite *db, LedgerRowsState *ret_state, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db,
                                             "SELECT origin, held, frontier, checkpoint, "
                                             "ledger_key, cosign_key, recovery_key, sealed_at, "
                                             "hourly FROM ledger WHERE number = 0",
                                             error);
    gboolean row;
    if (!statement || !sqlite_step(db, statement, &row, error))
        return FALSE;
    LedgerRowsState state = {0};
    merkle_frontier_init(&state.frontier);
    gboolean good = TRUE;
    if (row) {
        good =
            merkle_frontier_read(sqlite3_column_blob(statement, 2),
                                 (gsize)sqlite3_column_bytes(statement, 2), &state.frontier, error);
        if (good) {
            state.origin = sqlite_dup_text(statement, 0);
            state.held = sqlite3_column_int(statement, 1) != 0;
            state.checkpoint = sqlite_dup_text(statement, 3);
            for (int i = 0; i < LEDGER_KEYS; i++)
                state.keys[i] = sqlite_dup_text(statement, 4 + i);
            state.sealed_at = sqlite3_column_int64(statement, 4 + LEDGER_KEYS);
            state.hourly = sqlite_dup_text(statement, 5 + LEDGER_KEYS);
        }
        sqlite3_reset(statement);
    }
    if (good)
        *ret_state = state;
    return good;
}

static void bind_frontier(sqlite3_stmt *statement, int parameter, const MerkleFrontier *frontier)
{
    guint8 bytes[MERKLE_FRONTIER_MAX];
    gsize length = merkle_frontier_write(frontier, bytes);
    sqlite3_bind_blob(statement, parameter, bytes, (int)length, SQLITE_TRANSIENT);
}

gboolean ledger_rows_create(Sqlite *db, const char *origin, const char *const vkeys[LEDGER_KEYS],
                            GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "INSERT INTO ledger (number, held, origin, frontier, ledger_key, cosign_key,"
                       " recovery_key) VALUES (0, 0, ?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    MerkleFrontier empty;
    merkle_frontier_init(&empty);
    sqlite_bind_text(statement, 1, origin);
    bind_frontier(statement, 2, &empty);
    for (int i = 0; i < LEDGER_KEYS; i++)
        sqlite_bind_text(statement, 3 + i, vkeys[i]);
    return sqlite_run(db, statement, error);
}

gboolean ledger_rows_clear(Sqlite *db, GError **error)
{
    return sqlite_exec(db,
                       /* Files that were sent have their bytes there: they are kept here again. */
                       "UPDATE chunk SET data = (SELECT data FROM entry_item e"
                       " WHERE e.number = chunk.entry * 4096)"
                       " WHERE entry IS NOT NULL AND item IS NULL;"
                       "UPDATE chunk SET entry = NULL WHERE entry IS NOT NULL;"
                       "DELETE FROM attachment_peer;"
                       "DELETE FROM ledger; DELETE FROM key_change; DELETE FROM entry;"
                       "DELETE FROM entry_item; DELETE FROM tile; DELETE FROM cosigned;"
                       "DELETE FROM cosignature; DELETE FROM delivery;"
                       /* The own dispatches are known by their entries: 4096 items of each. */
                       "DELETE FROM record_item WHERE number / 4096 IN"
                       " (SELECT number FROM record WHERE party = 0);"
                       "DELETE FROM record WHERE party = 0;"
                       "UPDATE witness SET size = 0, asked = 0, cosigned = 0, status = 0,"
                       " failure = NULL",
                       error);
}

static gboolean set_key(Sqlite *db, LedgerKey key, const char *vkey, GError **error)
{
    static const char *const sql[LEDGER_KEYS] = {
        [LEDGER_KEY] = "UPDATE ledger SET ledger_key = ?1 WHERE number = 0",
        [LEDGER_COSIGN_KEY] = "UPDATE ledger SET cosign_key = ?1 WHERE number = 0",
        [LEDGER_RECOVERY_KEY] = "UPDATE ledger SET recovery_key = ?1 WHERE number = 0",
    };
    sqlite3_stmt *statement = sqlite_prepare(db, sql[key], error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, vkey);
    return sqlite_run(db, statement, error);
}

gboolean ledger_rows_change_key(Sqlite *db, guint64 index, LedgerKey key, const char *vkey,
                                const char *note, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "INSERT INTO key_change (entry, note) VALUES (?1, ?2)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)index);
    sqlite_bind_text(statement, 2, note);
    return sqlite_run(db, statement, error) && set_key(db, key, vkey, error);
}

#define HOUR_US "3600000000"

gint64 ledger_rows_hour(gint64 us)
{
    return us / G_GINT64_CONSTANT(3600000000);
}

/* On the right stands what was there before. The clock may have been set back: any other hour is
 * one in which the checkpoint so far was the newest at the beginning. */
gboolean ledger_rows_put_state(Sqlite *db, const MerkleFrontier *frontier, const char *checkpoint,
                               gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "UPDATE ledger SET frontier = ?1, checkpoint = ?2, sealed_at = ?3,"
                       " hourly = CASE WHEN checkpoint IS NULL THEN ?2"
                       " WHEN sealed_at / " HOUR_US " <> ?3 / " HOUR_US " THEN checkpoint"
                       " ELSE hourly END WHERE number = 0",
                       error);
    if (!statement)
        return FALSE;
    bind_frontier(statement, 1, frontier);
    sqlite_bind_text(statement, 2, checkpoint);
    sqlite3_bind_int64(statement, 3, now);
    return sqlite_run(db, statement, error);
}

gboolean ledger_rows_hold(Sqlite *db, gboolean held, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "UPDATE ledger SET held = ?1 WHERE number = 0", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int(statement, 1, held);
    return sqlite_run(db, statement, error);
}

/* NULL becomes NULL. */
static BulkCell blob(const void *bytes, gsize length)
{
    return (BulkCell){
        .bytes = bytes, .length = (guint32)length, .kind = bytes ? BULK_BLOB : BULK_NULL};
}

void ledger_rows_add(Bulk *entries, Bulk *items, guint64 index, const LedgerEntry *entry)
{
    gboolean is_lost = !entry->nonce;
    bulk_add(entries,
             (BulkCell[]){{.number = (gint64)index},
                          blob(entry->entry, LEDGER_ENTRY_SIZE),
                          blob(entry->nonce, LEDGER_NONCE_SIZE),
                          blob(is_lost ? "" : entry->header, is_lost ? 0 : entry->header_length)});
    for (guint i = 0; i < entry->n_items; i++) {
        const LedgerItem *item = &entry->items[i];
        bulk_add(items, (BulkCell[]){{.number = (gint64)(index * LEDGER_ITEMS_MAX + i)},
                                     blob(item->nonce, LEDGER_NONCE_SIZE),
                                     blob(item->nonce ? item->bytes : NULL, item->length)});
    }
}

gboolean ledger_rows_insert(Sqlite *db, Bulk *entries, Bulk *items, GError **error)
{
    return bulk_run(entries, db,
                    "INSERT INTO entry (number, entry, nonce, header)"
                    " SELECT c0, c1, c2, c3 FROM bulk(?1)",
                    error) &&
           bulk_run(items, db,
                    "INSERT INTO entry_item (number, nonce, data)"
                    " SELECT c0, c1, c2 FROM bulk(?1)",
                    error);
}

gboolean ledger_rows_deliver(Sqlite *db, Bulk *deliveries, GError **error)
{
    return bulk_run(deliveries, db,
                    "INSERT OR IGNORE INTO delivery (party, entry) SELECT c0, c1 FROM bulk(?1)",
                    error);
}

/* Runs an UPDATE of rows [first, last]; adds to *changes how many it changed. */
static gboolean erase_range(Sqlite *db, const char *sql, gint64 first, gint64 last, int *changes,
                            GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, first);
    sqlite3_bind_int64(statement, 2, last);
    if (!sqlite_run(db, statement, error))
        return FALSE;
    *changes += sqlite3_changes(db->handle);
    return TRUE;
}

static const char erase_items_sql[] = "UPDATE entry_item SET nonce = NULL, data = NULL"
                                      " WHERE number BETWEEN ?1 AND ?2 AND nonce IS NOT NULL";
static const char erase_entry_sql[] = "UPDATE entry SET nonce = NULL, header = NULL"
                                      " WHERE number BETWEEN ?1 AND ?2 AND nonce IS NOT NULL";

static gboolean item_is_there(Sqlite *db, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT 1 FROM entry_item WHERE number = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    if (!row)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "entry %" G_GINT64_FORMAT " has no item %" G_GINT64_FORMAT,
                    number / LEDGER_ITEMS_MAX, number % LEDGER_ITEMS_MAX);
    return row;
}

gboolean ledger_rows_erase(Sqlite *db, guint64 index, const guint *places, guint n_places,
                           gboolean *ret_erased, GError **error)
{
    gint64 entry = (gint64)index, first = entry * LEDGER_ITEMS_MAX;
    int changes = 0;
    /* What was there is overwritten in the file, not merely no longer referred to. */
    if (!sqlite_exec(db, "PRAGMA secure_delete = ON", error))
        return FALSE;
    gboolean good = TRUE;
    for (guint i = 0; good && i < n_places; i++)
        good =
            item_is_there(db, first + places[i], error) &&
            erase_range(db, erase_items_sql, first + places[i], first + places[i], &changes, error);
    if (good && n_places == 0)
        good = erase_range(db, erase_items_sql, first, first + LEDGER_ITEMS_MAX - 1, &changes,
                           error) &&
               erase_range(db, erase_entry_sql, entry, entry, &changes, error);
    sqlite_exec(db, "PRAGMA secure_delete = OFF", NULL);
    if (good)
        *ret_erased = changes > 0;
    return good;
}

gboolean ledger_rows_put_tile(Sqlite *db, guint level, guint64 index, const GByteArray *hashes,
                              GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "INSERT OR REPLACE INTO tile (level, number, hashes) VALUES (?1, ?2, ?3)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int(statement, 1, (int)level);
    sqlite3_bind_int64(statement, 2, (gint64)index);
    sqlite3_bind_blob(statement, 3, hashes->data, (int)hashes->len, SQLITE_STATIC);
    return sqlite_run(db, statement, error);
}

static GBytes *not_there(const Tile *tile, GError **error)
{
    char path[TILE_PATH_MAX];
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the ledger has no %s",
                tile_path(tile, path));
    return NULL;
}

/* The entries of a tile, as a bundle or as leaf hashes. */
static GBytes *from_entries(Sqlite *db, const Tile *tile, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT entry FROM entry WHERE number BETWEEN ?1 AND ?2", error);
    if (!statement)
        return NULL;
    gint64 first = (gint64)(tile->index * TILE_WIDTH);
    sqlite3_bind_int64(statement, 1, first);
    sqlite3_bind_int64(statement, 2, first + tile->width - 1);
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(TILE_BYTES_MAX + 2 * TILE_WIDTH);
    guint count = 0;
    for (;; count++) {
        gboolean row;
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            break;
        const guint8 *entry = sqlite3_column_blob(statement, 0);
        gsize length = (gsize)sqlite3_column_bytes(statement, 0);
        if (tile->entries) {
            if (!tile_bundle_append(bytes, entry, length, error)) {
                sqlite3_reset(statement);
                return NULL;
            }
        } else {
            MerkleHash leaf;
            merkle_leaf_hash(entry, length, &leaf);
            g_byte_array_append(bytes, leaf.bytes, SHA256_SIZE);
        }
    }
    if (count < tile->width)
        return not_there(tile, error);
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

GBytes *ledger_rows_tile(Sqlite *db, const Tile *tile, GError **error)
{
    if (tile->entries || (tile->level == 0 && tile->width < TILE_WIDTH))
        return from_entries(db, tile, error);
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT hashes FROM tile WHERE level = ?1 AND number = ?2", error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_int(statement, 1, (int)tile->level);
    sqlite3_bind_int64(statement, 2, (gint64)tile->index);
    if (!sqlite_step(db, statement, &row, error))
        return NULL;
    gsize wanted = (gsize)tile->width * SHA256_SIZE;
    GBytes *bytes = NULL;
    if (row && (gsize)sqlite3_column_bytes(statement, 0) >= wanted)
        bytes = g_bytes_new(sqlite3_column_blob(statement, 0), wanted);
    sqlite3_reset(statement);
    return bytes ? bytes : not_there(tile, error);
}
