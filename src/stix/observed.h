/* observed.h - an observation, as patterns look at it: when something was seen, how often, and the
 * objects that it consists of (STIX 2.1 section 4.14, observed-data).
 *
 * Objects are borrowed from the JSON documents they came in. STIX 2.0 keeps them inside, in the
 * `objects` dictionary; STIX 2.1 names them in `object_refs`, and they stand beside in the bundle:
 * an ObservedPool. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Bounds on one observation. */
#define OBSERVED_MAX_OBJECTS 10000
#define OBSERVED_MAX_COUNT   G_GUINT64_CONSTANT(999999999) /* number_observed, as STIX has it */

/* Objects by their ids. */
typedef struct ObservedPool ObservedPool;

typedef struct {
    const char *id;     /* borrowed; NULL: it has none */
    gint64 first, last; /* microseconds since 1970 */
    guint64 count;      /* number_observed, at least 1 */
    GPtrArray *objects; /* yyjson_val *: what patterns' paths begin at */
    guint missing;      /* object_refs that the pool does not have */
    yyjson_val *inside; /* the dictionary; NULL: there is none */
    GHashTable *by_key; /* of its keys, when it is large; else NULL */
    const ObservedPool *pool;
} Observed;

/* An empty pool. */
ObservedPool *observed_pool_new(void);
void observed_pool_free(ObservedPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObservedPool, observed_pool_free)

/* Adds @object, borrowed, if it has an id; of one id the last added counts. */
void observed_pool_add(ObservedPool *pool, yyjson_val *object);

/* Adds every object of @bundle. */
void observed_pool_add_bundle(ObservedPool *pool, yyjson_val *bundle);

guint observed_pool_size(const ObservedPool *pool);

/* Reads @value, an observed-data object of either version. @pool may be NULL. Both are borrowed.
 * Fails with CONCERT_ERROR_INPUT when times or number are wrong, CONCERT_ERROR_LIMIT when it has
 * too many objects. */
Observed *observed_read(yyjson_val *value, const ObservedPool *pool, GError **error);
void observed_free(Observed *observed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Observed, observed_free)

/* The object that a reference of @observed's objects names; NULL when there is none. */
yyjson_val *observed_find(const Observed *observed, const char *id);
