/* tx.h - what the writer's thread knows between the statements of a batch. Private to the store. */
#pragma once

#include "store/hashkey.h"
#include "store/keyed.h"
#include "store/ledger_tx.h"
#include "store/sqlite.h"
#include "store/store.h"

typedef struct Pending Pending;

struct StoreTx {
    Sqlite *db;
    Pending *pending; /* rows that wait to be written: pending.h */
    LedgerTx *ledger;
    Hashkey hashkey;
    Keyed keyed;
    GHashTable *sources; /* name -> number of rows that are committed or in this transaction */
    GHashTable *types;
    GHashTable *parties;
    gint64 next_pack, next_object, next_version; /* 0: not known yet */
    gboolean changed;                            /* something that readers may see */
    gboolean erased; /* something that the write-ahead log must not keep */
};

StoreTx *tx_new(Sqlite *db, GError **error);
void tx_free(StoreTx *tx);

/* After a rollback: forgets what may not be there. */
void tx_forget(StoreTx *tx);

/* The number of the source (type) of that name, made when new. */
gboolean tx_source(StoreTx *tx, const char *name, gint64 *ret_number, GError **error);
gboolean tx_type(StoreTx *tx, const char *name, gint64 *ret_number, GError **error);

/* The number of the ledger of that origin, made when new. */
gboolean tx_party(StoreTx *tx, const char *origin, gint64 *ret_number, GError **error);

/* An object as the store knows it. */
typedef struct {
    const char *id;
    gint64 key;    /* of the id, in the index */
    gint64 number; /* 0: the store knows none */
    gint64 source; /* the object's first */
} TxObject;

/* Looks up @count objects by their ids, and fills in the rest. */
gboolean tx_objects(StoreTx *tx, TxObject *objects, gsize count, GError **error);

/* The number after the newest of a table: @next remembers it within the transaction, @sql ("SELECT
 * max(number) FROM ...") finds it the first time. */
gboolean tx_next(StoreTx *tx, gint64 *next, const char *sql, gint64 *ret_number, GError **error);
