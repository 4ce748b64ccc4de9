/* What is bounded: the cache of replies (server/cache.h) and the rates (server/ratelimit.h). */
#include "server/cache.h"
#include "server/ratelimit.h"

static Reply *make(gsize length)
{
    return reply_new(200, "text/plain", NEGOTIATE_IDENTITY, NULL, g_strnfill(length, 'x'), length);
}

static void put(Cache *cache, const char *key, guint64 generation, gsize length)
{
    g_autoptr(Reply) reply = make(length);
    cache_put(cache, key, generation, reply);
}

static gboolean has(Cache *cache, const char *key, guint64 generation)
{
    g_autoptr(Reply) reply = cache_get(cache, key, generation);
    return reply != NULL;
}

static void test_generations(void)
{
    g_autoptr(Cache) cache = cache_new(1 << 20);
    put(cache, "a", 5, 100);
    g_assert_true(has(cache, "a", 5));
    g_assert_false(has(cache, "b", 5));
    g_assert_false(has(cache, "a", 6));
    /* What was computed before the change must not come back after it. */
    put(cache, "a", 5, 100);
    g_assert_false(has(cache, "a", 6));
    g_assert_false(has(cache, "a", 5));
    put(cache, "a", 6, 100);
    g_assert_true(has(cache, "a", 6));
}

static void test_bound(void)
{
    g_autoptr(Cache) cache = cache_new(100 * 1024);
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *key = g_strdup_printf("key %u", i);
        put(cache, key, 1, 9 * 1024);
        g_assert_true(has(cache, key, 1));
        g_assert_true(has(cache, "key 0", 1)); /* used all the time: stays */
    }
    CacheStats stats;
    cache_stats(cache, &stats);
    g_assert_cmpuint(stats.bytes, <=, 100 * 1024);
    g_assert_cmpuint(stats.bytes, >, 80 * 1024);
    g_assert_true(has(cache, "key 999", 1));
    g_assert_false(has(cache, "key 500", 1));
    put(cache, "huge", 1, 60 * 1024);
    g_assert_false(has(cache, "huge", 1));
    g_assert_true(has(cache, "key 999", 1));
}

/* A reply that was taken out lives on while somebody still sends it. */
static void test_references(void)
{
    g_autoptr(Cache) cache = cache_new(1 << 20);
    put(cache, "a", 1, 1000);
    g_autoptr(Reply) held = cache_get(cache, "a", 1);
    g_assert_false(has(cache, "a", 2));
    g_assert_cmpuint(reply_length(held), ==, 1000);
}

static void test_no_cache(void)
{
    g_autoptr(Cache) cache = cache_new(0);
    put(cache, "a", 1, 1);
    g_assert_false(has(cache, "a", 1));
}

static void test_burst(void)
{
    g_autoptr(RateLimit) limit = ratelimit_new(0.001, 3);
    guint wait = 0;
    for (guint i = 0; i < 3; i++)
        g_assert_true(ratelimit_take(limit, "a", 1, 1, &wait));
    g_assert_false(ratelimit_take(limit, "a", 1, 1, &wait));
    g_assert_cmpuint(wait, >, 900);
    g_assert_cmpuint(wait, <=, 1000);
    g_assert_true(ratelimit_take(limit, "b", 1, 1, &wait));
}

static void test_asking_takes_nothing(void)
{
    g_autoptr(RateLimit) limit = ratelimit_new(0.001, 1);
    for (guint i = 0; i < 10; i++)
        g_assert_true(ratelimit_take(limit, "a", 1, 0, NULL));
    g_assert_true(ratelimit_take(limit, "a", 1, 1, NULL));
    g_assert_false(ratelimit_take(limit, "a", 1, 0, NULL));
}

static void test_refill(void)
{
    g_autoptr(RateLimit) limit = ratelimit_new(5, 1);
    gint64 begin = g_get_monotonic_time();
    g_assert_true(ratelimit_take(limit, "a", 1, 1, NULL));
    gboolean again = ratelimit_take(limit, "a", 1, 1, NULL);
    /* Unless this program was left waiting for as long as it takes. */
    g_assert_true(!again || g_get_monotonic_time() - begin >= G_USEC_PER_SEC / 5);
    g_usleep(G_USEC_PER_SEC / 4);
    g_assert_true(ratelimit_take(limit, "a", 1, 1, NULL));
}

/* More keys than there is room for: none is refused what it has. */
static void test_many_keys(void)
{
    g_autoptr(RateLimit) limit = ratelimit_new(0.001, 1);
    for (guint i = 0; i < 100000; i++)
        g_assert_true(ratelimit_take(limit, &i, sizeof i, 1, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cache/generations", test_generations);
    g_test_add_func("/cache/bound", test_bound);
    g_test_add_func("/cache/references", test_references);
    g_test_add_func("/cache/none", test_no_cache);
    g_test_add_func("/ratelimit/burst", test_burst);
    g_test_add_func("/ratelimit/asking-takes-nothing", test_asking_takes_nothing);
    g_test_add_func("/ratelimit/refill", test_refill);
    g_test_add_func("/ratelimit/many-keys", test_many_keys);
    return g_test_run();
}
