/* keyed.h - the indexes whose keys are random: which object has an id, which versions name a value.
 *
 * Among millions of rows each new one falls on a page of its own, which is read, changed and
 * written for it alone. So an index is two tables: new rows go into a small one, which stays in
 * memory, and what has gathered there moves on into the large one in the order of its keys, many
 * rows to a page, before the commit that finds it full. Who looks something up asks both. Runs on
 * the writer's thread. Private to the store. */
#pragma once

#include "store/bulk.h"
#include "store/keyfilter.h"
#include "store/store.h"

typedef enum { KEYED_OBJECTS, KEYED_VALUES, KEYED_INDEXES } KeyedIndex;

/* The numbers of the objects whose ids have the key (store/hashkey.h) in a parameter of SQL, as a
 * subquery; the id itself decides. */
#define KEYED_OBJECTS_SQL(parameter)                                                               \
    "(SELECT object FROM object_key WHERE key = " parameter                                        \
    " UNION ALL SELECT object FROM object_key_recent WHERE key = " parameter ")"

/* What the writer knows of the small tables. */
typedef struct {
    gint64 recent[KEYED_INDEXES]; /* rows there; -1: not known yet */
    gint64 max;                   /* so many at most when a transaction ends */
    guint64 looked_up;            /* ids, without a filter */
    Keyfilter filter;             /* of the objects' keys in both tables, those of a transaction
                                     that was rolled back among them */
} Keyed;

void keyed_init(Keyed *keyed);
void keyed_clear(Keyed *keyed);

/* After a rollback. */
void keyed_forget(Keyed *keyed);

/* Writes rows of (key, number of the object or version), sorts and empties them. A row that is
 * there already is passed over. */
gboolean keyed_add(StoreTx *tx, KeyedIndex index, Bulk *rows, GError **error);

/* Before @count objects are looked up: has the filter know the keys of all objects, once so many
 * were looked up without it that it would have been worth its making. */
gboolean keyed_prepare(StoreTx *tx, gsize count, GError **error);

/* FALSE: no object has that key. */
gboolean keyed_may_have(const StoreTx *tx, gint64 key);

/* Moves what has gathered on if it is enough: before the commit. */
gboolean keyed_end(StoreTx *tx, GError **error);
