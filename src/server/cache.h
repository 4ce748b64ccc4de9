/* cache.h - replies that may be sent again while nothing has changed.
 *
 * A reply is kept under a key that says everything it depends on, and the generation of the store
 * (writer_generation()) it was computed at; at any other generation it is not found any more. Its
 * total size is bounded; what was not used longest goes first. */
#pragma once

#include "server/reply.h"

typedef struct Cache Cache;

/* Keeps up to @max_bytes, bodies and keys together. */
Cache *cache_new(gsize max_bytes);
void cache_free(Cache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cache, cache_free)

/* A new reference, or NULL. */
Reply *cache_get(Cache *cache, const char *key, guint64 generation);

void cache_put(Cache *cache, const char *key, guint64 generation, Reply *reply);

typedef struct {
    guint64 hits, misses;
    gsize bytes;
} CacheStats;

void cache_stats(Cache *cache, CacheStats *ret_stats);
