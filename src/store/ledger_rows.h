/* ledger_rows.h - the ledger's tables: statements, and no more. Private to the store. */
#pragma once

#include "ledger/tile.h"
#include "store/bulk.h"
#include "store/ledger.h"

/* The one row about the ledger. */
typedef struct {
    char *origin; /* NULL: there is no ledger */
    gboolean held;
    MerkleFrontier frontier;
    char *checkpoint; /* newest signed note; NULL before the first */
    gint64 sealed_at; /* when that was made; 0: not known */
    char *hourly;     /* the newest one when that hour began; of the first hour: the first */
    char *keys[LEDGER_KEYS];
} LedgerRowsState;

void ledger_rows_state_clear(LedgerRowsState *state);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerRowsState, ledger_rows_state_clear)

gboolean ledger_rows_state(Sqlite *db, LedgerRowsState *ret_state, GError **error);
gboolean ledger_rows_create(Sqlite *db, const char *origin, const char *const vkeys[LEDGER_KEYS],
                            GError **error);

/* Empties the tables of the own ledger. */
gboolean ledger_rows_clear(Sqlite *db, GError **error);
gboolean ledger_rows_change_key(Sqlite *db, guint64 index, LedgerKey key, const char *vkey,
                                const char *note, GError **error);

/* The hour that a time, in microseconds, lies in. */
gint64 ledger_rows_hour(gint64 us);

/* @now is when @checkpoint was made. */
gboolean ledger_rows_put_state(Sqlite *db, const MerkleFrontier *frontier, const char *checkpoint,
                               gint64 now, GError **error);
gboolean ledger_rows_hold(Sqlite *db, gboolean held, GError **error);

/* Of an opening that is lost the nonce is NULL and the header empty; that one which was erased has
 * NULL for both. Rows of entries (4 columns) and items (3 columns) that wait, and their writing. */
void ledger_rows_add(Bulk *entries, Bulk *items, guint64 index, const LedgerEntry *entry);
gboolean ledger_rows_insert(Sqlite *db, Bulk *entries, Bulk *items, GError **error);

/* Whom entries are for: rows of (party, entry). */
gboolean ledger_rows_deliver(Sqlite *db, Bulk *deliveries, GError **error);

gboolean ledger_rows_erase(Sqlite *db, guint64 index, const guint *places, guint n_places,
                           gboolean *ret_erased, GError **error);

/* Writes the hashes that a tile has so far. */
gboolean ledger_rows_put_tile(Sqlite *db, guint level, guint64 index, const GByteArray *hashes,
                              GError **error);

/* The bytes of a tile at the width asked for: hashes, or the bundle of its entries.
 * CONCERT_ERROR_NOT_FOUND when it is not as wide yet. */
GBytes *ledger_rows_tile(Sqlite *db, const Tile *tile, GError **error);
