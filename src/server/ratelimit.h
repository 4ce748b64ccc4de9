/* ratelimit.h - token buckets for many clients in little, fixed memory.
 *
 * Each key may take @burst at once and @rate a second in the long run. Keys share a table of fixed
 * size; when it is full of busy keys the longest unused is forgotten, which only ever lets more
 * through, never less. */
#pragma once

#include <glib.h>

typedef struct RateLimit RateLimit;

/* @rate is in units a second and greater than 0. */
RateLimit *ratelimit_new(double rate, double burst);
void ratelimit_free(RateLimit *limit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RateLimit, ratelimit_free)

/* Takes @cost from the bucket of @key. FALSE when there is not that much (nothing is taken then):
 * *ret_wait (may be NULL) is in how many seconds, rounded up, there will be. A @cost of 0 asks
 * whether anything is left at all. */
gboolean ratelimit_take(RateLimit *limit, const void *key, gsize length, double cost,
                        guint *ret_wait);
