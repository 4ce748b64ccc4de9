#include "server/ratelimit.h"

#include <math.h>
#include <sodium.h>

#define ROWS   1024
#define PLACES 4

G_STATIC_ASSERT(sizeof(guint64) == crypto_shorthash_BYTES);

typedef struct {
    guint64 key; /* keyed hash of the key; 0: free */
    gint64 used; /* monotonic microseconds of the last look */
    double left;
} Bucket;

struct RateLimit {
    GMutex lock;
    double rate, burst;
    guint8 secret[crypto_shorthash_KEYBYTES];
    Bucket buckets[ROWS * PLACES];
};

RateLimit *ratelimit_new(double rate, double burst)
{
    g_assert(sodium_init() >= 0);
    RateLimit *limit = g_new0(RateLimit, 1);
    g_mutex_init(&limit->lock);
    limit->rate = rate;
    limit->burst = MAX(burst, 1);
    crypto_shorthash_keygen(limit->secret);
    return limit;
}

void ratelimit_free(RateLimit *limit)
{
    g_mutex_clear(&limit->lock);
    g_free(limit);
}

static Bucket *find_bucket(RateLimit *limit, guint64 key, gint64 now)
{
    Bucket *row = &limit->buckets[key % ROWS * PLACES], *oldest = row;
    for (guint i = 0; i < PLACES; i++) {
        if (row[i].key == key)
            return &row[i];
        if (row[i].used < oldest->used)
            oldest = &row[i];
    }
    *oldest = (Bucket){.key = key, .used = now, .left = limit->burst};
    return oldest;
}

gboolean ratelimit_take(RateLimit *limit, const void *key, gsize length, double cost,
                        guint *ret_wait)
{
    guint64 hash;
    crypto_shorthash((guint8 *)&hash, key, length, limit->secret);
    hash |= 1; /* never 0 */
    double wanted = cost > 0 ? cost : 1;
    g_mutex_lock(&limit->lock);
    gint64 now = g_get_monotonic_time();
    Bucket *bucket = find_bucket(limit, hash, now);
    double gained = (double)(now - bucket->used) / G_USEC_PER_SEC * limit->rate;
    bucket->left = MIN(limit->burst, bucket->left + gained);
    bucket->used = now;
    gboolean enough = bucket->left >= wanted;
    double wait = enough ? 0 : (wanted - bucket->left) / limit->rate;
    if (enough)
        bucket->left -= cost;
    g_mutex_unlock(&limit->lock);
    if (!enough && ret_wait)
        *ret_wait = (guint)MIN(ceil(wait), 86400);
    return enough;
}
