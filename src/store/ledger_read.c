#include "store/ledger_read.h"

#include <string.h>

#include "store/ledger_rows.h"
#include "store/reader.h"

void ledger_read_state_clear(LedgerReadState *state)
{
    g_clear_pointer(&state->origin, g_free);
    g_clear_pointer(&state->checkpoint, g_free);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        g_clear_pointer(&state->keys[i], g_free);
}

static gboolean no_ledger(GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the node has no ledger; `concert ledger open` makes one");
    return FALSE;
}

static gboolean read_state(Sqlite *db, LedgerReadState *ret_state, GError **error)
{
    g_auto(LedgerRowsState) rows = {0};
    if (!ledger_rows_state(db, &rows, error))
        return FALSE;
    if (!rows.origin)
        return no_ledger(error);
    LedgerReadState state = {.size = rows.frontier.size, .held = rows.held};
    merkle_frontier_root(&rows.frontier, &state.root);
    state.origin = g_steal_pointer(&rows.origin);
    state.checkpoint = g_steal_pointer(&rows.checkpoint);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        state.keys[i] = g_steal_pointer(&rows.keys[i]);
    *ret_state = state;
    return TRUE;
}

gboolean ledger_read_state(Store *store, LedgerReadState *ret_state, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) && read_state(reader.db, ret_state, error);
}

char *ledger_read_hourly(Store *store, gint64 now, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(LedgerRowsState) rows = {0};
    if (!reader_begin(store, &reader, error) || !ledger_rows_state(reader.db, &rows, error))
        return NULL;
    gboolean is_past = ledger_rows_hour(now) > ledger_rows_hour(rows.sealed_at);
    char **wanted = is_past ? &rows.checkpoint : &rows.hourly;
    char *checkpoint = g_steal_pointer(wanted);
    if (!checkpoint)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "the node has no checkpoint yet");
    return checkpoint;
}

GArray *ledger_read_public(Store *store, guint64 from, guint64 end, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    /* As RFC 8785 writes it. */
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT number FROM entry WHERE number >= ?1 AND number < ?2"
                       " AND instr(header, CAST('\"audience\":\"public\"' AS BLOB)) LIMIT ?3",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (gint64)MIN(from, G_MAXINT64));
    sqlite3_bind_int64(statement, 2, (gint64)MIN(end, G_MAXINT64));
    sqlite3_bind_int64(statement, 3, max);
    g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (;;) {
        gboolean row;
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&indexes);
        guint64 index = (guint64)sqlite3_column_int64(statement, 0);
        g_array_append_val(indexes, index);
    }
}

void ledger_read_entry_free(LedgerReadEntry *entry)
{
    if (!entry)
        return;
    for (guint i = 0; i < entry->n_items; i++) {
        g_clear_pointer(&entry->items[i].nonce, g_bytes_unref);
        g_clear_pointer(&entry->items[i].bytes, g_bytes_unref);
    }
    g_free(entry->items);
    g_clear_pointer(&entry->nonce, g_bytes_unref);
    g_free(entry->header);
    g_free(entry);
}

/* A column's bytes; NULL for NULL. */
static GBytes *column_bytes(sqlite3_stmt *statement, int column)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return NULL;
    const void *bytes = sqlite3_column_blob(statement, column);
    return g_bytes_new(bytes, (gsize)sqlite3_column_bytes(statement, column));
}

static gboolean read_items(Sqlite *db, LedgerReadEntry *entry, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "SELECT nonce, data FROM entry_item WHERE number BETWEEN ?1 AND ?2", error);
    if (!statement)
        return FALSE;
    gint64 first = (gint64)entry->index * LEDGER_ITEMS_MAX;
    sqlite3_bind_int64(statement, 1, first);
    sqlite3_bind_int64(statement, 2, first + LEDGER_ITEMS_MAX - 1);
    g_autoptr(GArray) items = g_array_new(FALSE, TRUE, sizeof(LedgerReadItem));
    for (;;) {
        gboolean row;
        gboolean good = sqlite_step(db, statement, &row, error);
        if (!good || !row) {
            entry->n_items = items->len;
            entry->items = (LedgerReadItem *)g_array_free(g_steal_pointer(&items), FALSE);
            return good;
        }
        LedgerReadItem item = {column_bytes(statement, 0), column_bytes(statement, 1)};
        g_array_append_val(items, item);
    }
}

LedgerReadEntry *ledger_read_entry(Store *store, guint64 index, gboolean with_items, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT entry, nonce, header FROM entry WHERE number = ?1", error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (gint64)MIN(index, G_MAXINT64));
    if (!sqlite_step(reader.db, statement, &row, error))
        return NULL;
    if (!row || sqlite3_column_bytes(statement, 0) != LEDGER_ENTRY_SIZE) {
        sqlite3_reset(statement);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the ledger has no entry %" G_GUINT64_FORMAT, index);
        return NULL;
    }
    g_autoptr(LedgerReadEntry) entry = g_new0(LedgerReadEntry, 1);
    entry->index = index;
    memcpy(entry->entry, sqlite3_column_blob(statement, 0), LEDGER_ENTRY_SIZE);
    entry->nonce = column_bytes(statement, 1);
    entry->is_lost = !entry->nonce && sqlite3_column_type(statement, 2) != SQLITE_NULL;
    if (entry->nonce)
        entry->header =
            g_strndup(sqlite3_column_blob(statement, 2), (gsize)sqlite3_column_bytes(statement, 2));
    sqlite3_reset(statement);
    if (with_items && !read_items(reader.db, entry, error))
        return NULL;
    return g_steal_pointer(&entry);
}

GBytes *ledger_read_tile(Store *store, const Tile *tile, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    return ledger_rows_tile(reader.db, tile, error);
}

static GBytes *fetch_tile(const Tile *tile, gpointer user, GError **error)
{
    return ledger_rows_tile(((Reader *)user)->db, tile, error);
}

/* A snapshot whose nodes can be asked for, at @size. */
static gboolean begin_nodes(Store *store, guint64 size, Reader *reader, TileReader *tiles,
                            GError **error)
{
    g_auto(LedgerRowsState) rows = {0};
    if (!reader_begin(store, reader, error) || !ledger_rows_state(reader->db, &rows, error))
        return FALSE;
    if (!rows.origin)
        return no_ledger(error);
    if (size > rows.frontier.size) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "the ledger has %" G_GUINT64_FORMAT " entries, not %" G_GUINT64_FORMAT,
                    rows.frontier.size, size);
        return FALSE;
    }
    tile_reader_init(tiles, size, fetch_tile, reader);
    return TRUE;
}

gboolean ledger_read_inclusion(Store *store, guint64 index, guint64 size, MerkleProof *ret_proof,
                               GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(TileReader) tiles = {0};
    return begin_nodes(store, size, &reader, &tiles, error) &&
           merkle_prove_inclusion(index, size, tile_reader_fetch, &tiles, ret_proof, error);
}

gboolean ledger_read_consistency(Store *store, guint64 old_size, guint64 new_size,
                                 MerkleProof *ret_proof, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(TileReader) tiles = {0};
    return begin_nodes(store, new_size, &reader, &tiles, error) &&
           merkle_prove_consistency(old_size, new_size, tile_reader_fetch, &tiles, ret_proof,
                                    error);
}

GArray *ledger_read_leaves(Store *store, guint64 from, guint64 end, MerkleFrontier *ret_frontier,
                           GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(TileReader) tiles = {0};
    MerkleFrontier frontier;
    if (!begin_nodes(store, end, &reader, &tiles, error) ||
        !merkle_frontier_load(MIN(from, end), tile_reader_fetch, &tiles, &frontier, error))
        return NULL;
    g_autoptr(GArray) leaves = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
    for (guint64 index = from; index < end; index++) {
        MerkleHash leaf;
        if (!tile_reader_fetch(0, index, &leaf, &tiles, error))
            return NULL;
        g_array_append_val(leaves, leaf);
    }
    *ret_frontier = frontier;
    return g_steal_pointer(&leaves);
}

gboolean ledger_read_root(Store *store, guint64 size, MerkleHash *ret_root, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(TileReader) tiles = {0};
    MerkleFrontier frontier;
    if (!begin_nodes(store, size, &reader, &tiles, error) ||
        !merkle_frontier_load(size, tile_reader_fetch, &tiles, &frontier, error))
        return FALSE;
    merkle_frontier_root(&frontier, ret_root);
    return TRUE;
}

static char **read_key_changes(Sqlite *db, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT note FROM key_change ORDER BY entry", error);
    if (!statement)
        return NULL;
    g_autoptr(GStrvBuilder) notes = g_strv_builder_new();
    for (;;) {
        gboolean row;
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            return g_strv_builder_end(notes);
        g_strv_builder_add(notes, (const char *)sqlite3_column_text(statement, 0));
    }
}

char **ledger_read_key_changes(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_key_changes(reader.db, error) : NULL;
}

gboolean ledger_read_history(Store *store, LedgerReadState *ret_state, char ***ret_changes,
                             GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(LedgerReadState) state = {0};
    if (!reader_begin(store, &reader, error) || !read_state(reader.db, &state, error))
        return FALSE;
    char **changes = read_key_changes(reader.db, error);
    if (!changes)
        return FALSE;
    *ret_state = state;
    state = (LedgerReadState){0};
    *ret_changes = changes;
    return TRUE;
}
