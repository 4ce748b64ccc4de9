/* tx.h - what the writer's thread knows between the statements of a batch. Private to the store. */
#pragma once

#include "store/hashkey.h"
#include "store/sqlite.h"
#include "store/store.h"

struct StoreTx {
    Sqlite *db;
    Hashkey hashkey;
    GHashTable *sources; /* name -> number of rows that are committed or in this transaction */
    GHashTable *types;
    gint64 next_pack; /* 0: not known yet */
    gboolean changed; /* something that readers may see */
};

StoreTx *tx_new(Sqlite *db, GError **error);
void tx_free(StoreTx *tx);

/* After a rollback: forgets what may not be there. */
void tx_forget(StoreTx *tx);

/* The number of the source (type) of that name, made when new. */
gboolean tx_source(StoreTx *tx, const char *name, gint64 *ret_number, GError **error);
gboolean tx_type(StoreTx *tx, const char *name, gint64 *ret_number, GError **error);

/* The object of that id; 0 when there is none. ret_source: the object's first source. */
gboolean tx_object(StoreTx *tx, const char *id, gint64 *ret_number, gint64 *ret_source,
                   GError **error);
