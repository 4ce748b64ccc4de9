#include "store/ledger.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/attachments.h"
#include "store/ledger_rows.h"
#include "store/ledger_tx.h"
#include "store/tx.h"

/* So many rows wait at most before they are written. */
#define MAX_ROWS 4096

LedgerTx *ledger_tx_new(void)
{
    LedgerTx *ledger = g_new0(LedgerTx, 1);
    for (guint i = 0; i < TILE_LEVELS; i++)
        ledger->partial[i] = g_byte_array_sized_new(TILE_BYTES_MAX);
    ledger->leaves = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
    bulk_init(&ledger->entries, 4);
    bulk_init(&ledger->items, 3);
    bulk_init(&ledger->deliveries, 2);
    return ledger;
}

static void forget_row(LedgerTx *ledger)
{
    g_clear_pointer(&ledger->origin, g_free);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        g_clear_pointer(&ledger->keys[i], g_free);
}

void ledger_tx_free(LedgerTx *ledger)
{
    if (!ledger)
        return;
    for (guint i = 0; i < TILE_LEVELS; i++)
        g_byte_array_unref(ledger->partial[i]);
    g_array_unref(ledger->leaves);
    bulk_clear(&ledger->entries);
    bulk_clear(&ledger->items);
    bulk_clear(&ledger->deliveries);
    g_clear_error(&ledger->failure);
    forget_row(ledger);
    g_free(ledger);
}

void ledger_tx_forget(LedgerTx *ledger)
{
    ledger->loaded = FALSE;
    ledger->regained = FALSE;
    g_array_set_size(ledger->leaves, 0);
    bulk_empty(&ledger->entries);
    bulk_empty(&ledger->items);
    bulk_empty(&ledger->deliveries);
    g_clear_error(&ledger->failure);
}

/* The hashes of the tiles that are being filled. */
static gboolean load_partial(StoreTx *tx, LedgerTx *ledger, GError **error)
{
    guint64 size = ledger->frontier.size;
    for (guint level = 0; level < TILE_LEVELS; level++) {
        g_byte_array_set_size(ledger->partial[level], 0);
        ledger->touched[level] = FALSE;
        guint64 nodes = size >> (level * TILE_HEIGHT);
        Tile tile = {
            .level = level, .index = nodes / TILE_WIDTH, .width = (guint)(nodes % TILE_WIDTH)};
        if (tile.width == 0)
            continue;
        g_autoptr(GBytes) bytes = ledger_rows_tile(tx->db, &tile, error);
        if (!bytes)
            return FALSE;
        g_byte_array_append(ledger->partial[level], g_bytes_get_data(bytes, NULL),
                            (guint)g_bytes_get_size(bytes));
    }
    return TRUE;
}

static gboolean load(StoreTx *tx, GError **error)
{
    LedgerTx *ledger = tx->ledger;
    if (ledger->loaded)
        return TRUE;
    g_auto(LedgerRowsState) state = {0};
    if (!ledger_rows_state(tx->db, &state, error))
        return FALSE;
    forget_row(ledger);
    ledger->origin = g_steal_pointer(&state.origin);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        ledger->keys[i] = g_steal_pointer(&state.keys[i]);
    ledger->held = state.held;
    ledger->frontier = state.frontier;
    if (ledger->origin && !load_partial(tx, ledger, error))
        return FALSE;
    ledger->loaded = TRUE;
    return TRUE;
}

/* As load(), and there must be a ledger. */
static gboolean need(StoreTx *tx, GError **error)
{
    if (!load(tx, error))
        return FALSE;
    if (tx->ledger->origin)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the node has no ledger; `concert ledger open` makes one");
    return FALSE;
}

gboolean ledger_create(StoreTx *tx, const char *origin, const char *const vkeys[LEDGER_KEYS],
                       GError **error)
{
    if (!load(tx, error))
        return FALSE;
    if (tx->ledger->origin) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the node has a ledger already");
        return FALSE;
    }
    if (!ledger_rows_create(tx->db, origin, vkeys, error))
        return FALSE;
    tx->ledger->loaded = FALSE;
    tx->changed = TRUE;
    return TRUE;
}

gboolean ledger_look(StoreTx *tx, const char **ret_origin, guint64 *ret_size, GError **error)
{
    if (!need(tx, error))
        return FALSE;
    *ret_origin = tx->ledger->origin;
    *ret_size = tx->ledger->frontier.size + tx->ledger->leaves->len;
    return TRUE;
}

const char *ledger_key(StoreTx *tx, LedgerKey key, GError **error)
{
    return need(tx, error) ? tx->ledger->keys[key] : NULL;
}

gboolean ledger_change_key(StoreTx *tx, guint64 index, LedgerKey key, const char *vkey,
                           const char *note, GError **error)
{
    if (!need(tx, error) || !ledger_rows_change_key(tx->db, index, key, vkey, note, error))
        return FALSE;
    g_free(tx->ledger->keys[key]);
    tx->ledger->keys[key] = g_strdup(vkey);
    tx->changed = TRUE;
    return TRUE;
}

gboolean ledger_tx_write(StoreTx *tx, GError **error)
{
    return ledger_rows_insert(tx->db, &tx->ledger->entries, &tx->ledger->items, error) &&
           ledger_rows_deliver(tx->db, &tx->ledger->deliveries, error);
}

/* Whom the entry is for. */
static gboolean deliver(StoreTx *tx, guint64 index, const LedgerEntry *entry, GError **error)
{
    Bulk *rows = &tx->ledger->deliveries;
    if (entry->is_public)
        bulk_add(rows, (BulkCell[]){{.number = LEDGER_EVERYBODY}, {.number = (gint64)index}});
    for (guint i = 0; !entry->is_public && entry->audience && entry->audience[i]; i++) {
        gint64 party;
        if (!tx_party(tx, entry->audience[i], &party, error))
            return FALSE;
        bulk_add(rows, (BulkCell[]){{.number = party}, {.number = (gint64)index}});
    }
    return TRUE;
}

static gboolean append(StoreTx *tx, const LedgerEntry *entry, guint64 *ret_index, GError **error)
{
    LedgerTx *ledger = tx->ledger;
    g_return_val_if_fail(entry->n_items <= LEDGER_ITEMS_MAX, FALSE);
    if ((bulk_rows(&ledger->entries) >= MAX_ROWS || bulk_rows(&ledger->items) >= MAX_ROWS) &&
        !ledger_tx_write(tx, error))
        return FALSE;
    guint64 index = ledger->frontier.size + ledger->leaves->len;
    if (index >= MERKLE_SIZE_MAX / LEDGER_ITEMS_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the ledger is full");
        return FALSE;
    }
    if (!deliver(tx, index, entry, error))
        return FALSE;
    ledger_rows_add(&ledger->entries, &ledger->items, index, entry);
    MerkleHash leaf;
    merkle_leaf_hash(entry->entry, LEDGER_ENTRY_SIZE, &leaf);
    g_array_append_val(ledger->leaves, leaf);
    *ret_index = index;
    return TRUE;
}

gboolean ledger_append(StoreTx *tx, const LedgerEntry *entry, guint64 *ret_index, GError **error)
{
    if (!need(tx, error))
        return FALSE;
    if (tx->ledger->held) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the ledger is held: nothing is signed before it is known how far it "
                            "had come; see `concert ledger status`");
        return FALSE;
    }
    return append(tx, entry, ret_index, error);
}

gboolean ledger_erase(StoreTx *tx, guint64 index, const guint *places, guint n_places,
                      gboolean *ret_erased, GError **error)
{
    if (!need(tx, error) || !ledger_tx_write(tx, error))
        return FALSE;
    if (index >= tx->ledger->frontier.size + tx->ledger->leaves->len) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the ledger has no entry %" G_GUINT64_FORMAT, index);
        return FALSE;
    }
    /* Beyond them lie the items of the next entry. */
    for (guint i = 0; i < n_places; i++) {
        if (places[i] >= LEDGER_ITEMS_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "entry %" G_GUINT64_FORMAT " has no item %u", index, places[i]);
            return FALSE;
        }
    }
    tx->changed = tx->erased = TRUE;
    return ledger_rows_erase(tx->db, index, places, n_places, ret_erased, error) &&
           attachments_erased(tx, index, error);
}

gboolean ledger_hold(StoreTx *tx, gboolean held, GError **error)
{
    if (!need(tx, error) || !ledger_rows_hold(tx->db, held, error))
        return FALSE;
    tx->ledger->held = held;
    tx->changed = TRUE;
    return TRUE;
}

static gboolean need_held(StoreTx *tx, GError **error)
{
    if (!need(tx, error))
        return FALSE;
    if (tx->ledger->held)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                        "the ledger is not held: it goes on from what is here");
    return FALSE;
}

gboolean ledger_regain(StoreTx *tx, const LedgerEntry *entry, guint64 *ret_index, GError **error)
{
    if (!need_held(tx, error))
        return FALSE;
    tx->ledger->regained = TRUE;
    return append(tx, entry, ret_index, error);
}

gboolean ledger_replace(StoreTx *tx, const char *origin, const char *const vkeys[LEDGER_KEYS],
                        GError **error)
{
    if (!need_held(tx, error) || !ledger_rows_clear(tx->db, error))
        return FALSE;
    ledger_tx_forget(tx->ledger);
    return ledger_create(tx, origin, vkeys, error);
}

/* Every eighth level's nodes are the hashes of tiles; a tile that is full is written. */
static void take_node(guint level, guint64 index, const MerkleHash *hash, gpointer user)
{
    StoreTx *tx = user;
    LedgerTx *ledger = tx->ledger;
    if (level % TILE_HEIGHT != 0 || ledger->failure)
        return;
    guint height = level / TILE_HEIGHT;
    GByteArray *partial = ledger->partial[height];
    g_byte_array_append(partial, hash->bytes, SHA256_SIZE);
    ledger->touched[height] = TRUE;
    if (partial->len < TILE_BYTES_MAX)
        return;
    if (ledger_rows_put_tile(tx->db, height, index / TILE_WIDTH, partial, &ledger->failure))
        g_byte_array_set_size(partial, 0);
    ledger->touched[height] = FALSE;
}

/* The tiles being filled, above the lowest: those hashes stand nowhere else. */
static gboolean write_partial(StoreTx *tx, GError **error)
{
    LedgerTx *ledger = tx->ledger;
    for (guint level = 1; level < TILE_LEVELS; level++) {
        if (!ledger->touched[level])
            continue;
        guint64 nodes = ledger->frontier.size >> (level * TILE_HEIGHT);
        if (!ledger_rows_put_tile(tx->db, level, nodes / TILE_WIDTH, ledger->partial[level], error))
            return FALSE;
        ledger->touched[level] = FALSE;
    }
    return TRUE;
}

/* Writes what was appended, extends the tree and works out its root. */
static gboolean integrate(StoreTx *tx, MerkleHash *ret_root, GError **error)
{
    LedgerTx *ledger = tx->ledger;
    if (!ledger_tx_write(tx, error) ||
        !merkle_frontier_extend(&ledger->frontier, (const MerkleHash *)ledger->leaves->data,
                                ledger->leaves->len, take_node, tx, error))
        return FALSE;
    if (ledger->failure) {
        g_propagate_error(error, g_steal_pointer(&ledger->failure));
        return FALSE;
    }
    g_array_set_size(ledger->leaves, 0);
    merkle_frontier_root(&ledger->frontier, ret_root);
    return write_partial(tx, error);
}

gboolean ledger_adopt(StoreTx *tx, const char *checkpoint, guint64 size, const MerkleHash *root,
                      GError **error)
{
    LedgerTx *ledger = tx->ledger;
    MerkleHash reached;
    if (!need_held(tx, error) || !integrate(tx, &reached, error))
        return FALSE;
    if (ledger->frontier.size != size || !merkle_hash_equal(&reached, root)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the %" G_GUINT64_FORMAT " entries that there are now are not those of the "
                    "checkpoint of %" G_GUINT64_FORMAT,
                    ledger->frontier.size, size);
        return FALSE;
    }
    ledger->regained = FALSE;
    tx->changed = TRUE;
    return ledger_rows_put_state(tx->db, &ledger->frontier, checkpoint, timestamp_now(), error);
}

gboolean ledger_seal(StoreTx *tx, LedgerSign sign, gpointer user, GError **error)
{
    LedgerTx *ledger = tx->ledger;
    if (ledger->leaves->len == 0)
        return TRUE;
    if (ledger->regained) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "entries that were got back are not signed anew");
        return FALSE;
    }
    if (!sign) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the ledger's key is not here: nothing can be appended");
        return FALSE;
    }
    MerkleHash root;
    if (!integrate(tx, &root, error))
        return FALSE;
    g_autofree char *checkpoint =
        sign(ledger->keys[LEDGER_KEY], ledger->frontier.size, &root, user, error);
    if (!checkpoint ||
        !ledger_rows_put_state(tx->db, &ledger->frontier, checkpoint, timestamp_now(), error))
        return FALSE;
    tx->changed = TRUE;
    return TRUE;
}
