#include "server/cache.h"

#include <string.h>

/* What an entry costs beside its key and body: headers, tables, the allocator. */
#define OVERHEAD 1024

typedef struct {
    GList link; /* in the order of last use, newest first; data is the entry */
    char *key;
    guint64 generation;
    Reply *reply;
    gsize cost;
} CacheEntry;

struct Cache {
    GMutex lock;
    GHashTable *entries; /* key -> CacheEntry */
    GQueue order;
    gsize max_bytes;
    guint64 generation; /* the newest that was seen */
    CacheStats stats;
};

Cache *cache_new(gsize max_bytes)
{
    Cache *cache = g_new0(Cache, 1);
    g_mutex_init(&cache->lock);
    cache->entries = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&cache->order);
    cache->max_bytes = max_bytes;
    return cache;
}

static void drop(Cache *cache, CacheEntry *entry)
{
    g_hash_table_remove(cache->entries, entry->key);
    g_queue_unlink(&cache->order, &entry->link);
    cache->stats.bytes -= entry->cost;
    reply_unref(entry->reply);
    g_free(entry->key);
    g_free(entry);
}

static void drop_all(Cache *cache)
{
    while (cache->order.tail)
        drop(cache, cache->order.tail->data);
}

void cache_free(Cache *cache)
{
    drop_all(cache);
    g_hash_table_unref(cache->entries);
    g_mutex_clear(&cache->lock);
    g_free(cache);
}

/* Generations only grow: once a newer one is seen, nothing older is of use. */
static void advance(Cache *cache, guint64 generation)
{
    if (generation > cache->generation) {
        drop_all(cache);
        cache->generation = generation;
    }
}

Reply *cache_get(Cache *cache, const char *key, guint64 generation)
{
    Reply *reply = NULL;
    g_mutex_lock(&cache->lock);
    advance(cache, generation);
    CacheEntry *entry = g_hash_table_lookup(cache->entries, key);
    if (entry && entry->generation == generation) {
        reply = reply_ref(entry->reply);
        if (cache->order.head != &entry->link) {
            g_queue_unlink(&cache->order, &entry->link);
            g_queue_push_head_link(&cache->order, &entry->link);
        }
        cache->stats.hits++;
    } else {
        cache->stats.misses++;
    }
    g_mutex_unlock(&cache->lock);
    return reply;
}

void cache_put(Cache *cache, const char *key, guint64 generation, Reply *reply)
{
    gsize cost = reply_length(reply) + strlen(key) + OVERHEAD;
    /* One page must not empty the whole cache. */
    if (cost > cache->max_bytes / 2)
        return;
    g_mutex_lock(&cache->lock);
    advance(cache, generation);
    if (generation == cache->generation && !g_hash_table_contains(cache->entries, key)) {
        while (cache->order.tail && cache->stats.bytes + cost > cache->max_bytes)
            drop(cache, cache->order.tail->data);
        CacheEntry *entry = g_new0(CacheEntry, 1);
        entry->link.data = entry;
        entry->key = g_strdup(key);
        entry->generation = generation;
        entry->reply = reply_ref(reply);
        entry->cost = cost;
        cache->stats.bytes += cost;
        g_hash_table_insert(cache->entries, entry->key, entry);
        g_queue_push_head_link(&cache->order, &entry->link);
    }
    g_mutex_unlock(&cache->lock);
}

void cache_stats(Cache *cache, CacheStats *ret_stats)
{
    g_mutex_lock(&cache->lock);
    *ret_stats = cache->stats;
    g_mutex_unlock(&cache->lock);
}
