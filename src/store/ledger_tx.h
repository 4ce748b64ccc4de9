/* ledger_tx.h - what the writer remembers of the ledger between the statements of a batch.
 * Private to the store. */
#pragma once

#include "ledger/tile.h"
#include "store/bulk.h"
#include "store/ledger.h"

/* The party that stands for everybody in the table of deliveries. */
#define LEDGER_EVERYBODY 0

/* What is known of the ledger within this transaction. */
typedef struct {
    gboolean loaded;
    char *origin; /* NULL: there is none */
    char *keys[LEDGER_KEYS];
    gboolean held;
    gboolean regained;       /* leaves that were signed once and must not be signed again */
    MerkleFrontier frontier; /* of what is sealed */
    GByteArray *partial[TILE_LEVELS]; /* hashes of the tile being filled, of each level */
    gboolean touched[TILE_LEVELS];    /* partial differs from what is written; levels above 0 */
    GArray *leaves;                   /* MerkleHash, of the entries that are not sealed yet */
    Bulk entries, items, deliveries;  /* rows of these */
    GError *failure;                  /* of writing a tile while the tree is extended */
} LedgerTx;

LedgerTx *ledger_tx_new(void);
void ledger_tx_free(LedgerTx *ledger);

/* Writes the rows that wait. */
gboolean ledger_tx_write(StoreTx *tx, GError **error);

/* After a rollback: knows nothing any more. */
void ledger_tx_forget(LedgerTx *ledger);
