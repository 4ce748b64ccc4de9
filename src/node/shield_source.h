/* shield_source.h - the indicators that a node has to give. */
#pragma once

#include "shield/load.h"
#include "store/store.h"

typedef struct {
    LoadOptions load;
    const char *community; /* NULL: all; else only versions that came, or went, in a dispatch to
                              this community that still stands */
    LoadTake take;
    gpointer into;
    /* Told of an object that cannot be read, or whose pattern cannot, which is then left out; may
     * be NULL. */
    void (*broken)(gpointer user, const char *id, const char *message);
    gpointer user;
} ShieldSourceQuery;

/* Shows `take` the objects of the store, the latest version of each, indicators only unless
 * `load.observables`. Without `load.expired` what was taken back by who sent it is left out and
 * counts as out of date. Adds to @counts. Reads all of it: some seconds for a million. */
gboolean shield_source_each(Store *store, const ShieldSourceQuery *query, LoadCounts *counts,
                            GError **error);

/* Adds to @builder the indicators of the store without what is revoked, no longer valid or was
 * taken back; what is not yet valid counts from then on. */
gboolean shield_source_read(Store *store, SetBuilder *builder, GError **error);
