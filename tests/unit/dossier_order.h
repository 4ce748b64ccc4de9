/* dossier_order.h - dossiers for tests: the events come to other nodes in other orders, some of
 * them twice, with a partition between two halves, and a restart amid; all end alike. */
#pragma once

#include <glib.h>
#include <string.h>

#include "dossier/engine.h"

#define ORDER_ROUNDS 100

static inline void order_shuffle(const Event **events, guint count)
{
    for (guint i = count; i > 1; i--) {
        guint k = (guint)g_test_rand_int_range(0, (gint32)i);
        const Event *event = events[i - 1];
        events[i - 1] = events[k];
        events[k] = event;
    }
}

/* The digest of what has come is @wanted, and the state is that of @whole. */
static inline void order_assert_alike(const Event *const *come, guint count,
                                      const EngineResult *whole)
{
    guint8 wanted[SHA256_SIZE], found[SHA256_SIZE];
    g_autoptr(EngineResult) result = engine_run(come, count);
    engine_digest(whole, wanted);
    engine_digest(result, found);
    g_assert_cmpmem(found, sizeof found, wanted, sizeof wanted);
    g_assert_cmpint(result->state, ==, whole->state);
    g_assert_cmpuint(result->n_valid, ==, whole->n_valid);
    g_assert_cmpuint(result->n_void, ==, whole->n_void);
}

/* Two nodes that each have another half, judged alone, agree once each has the other's, whatever
 * the order; @events make @whole. */
static inline void order_assert_any(const Event *const *events, guint count,
                                    const EngineResult *whole)
{
    for (guint round = 0; round < ORDER_ROUNDS; round++) {
        g_autofree const Event **come = g_new(const Event *, count + 3);
        memcpy(come, events, count * sizeof *events);
        for (guint again = 0; again < 3; again++)
            come[count + again] = events[g_test_rand_int_range(0, (gint32)count)];
        order_shuffle(come, count + 3);
        guint cut = (guint)g_test_rand_int_range(0, (gint32)count + 4);
        g_autoptr(EngineResult) one = engine_run(come, cut);
        g_autoptr(EngineResult) other = engine_run(come + cut, count + 3 - cut);
        g_assert_cmpuint(one->n_valid, <=, whole->n_valid + whole->n_void);
        g_assert_cmpuint(other->n_valid, <=, whole->n_valid + whole->n_void);
        order_assert_alike(come, count + 3, whole);
        g_autofree const Event **turned = g_new(const Event *, count + 3);
        memcpy(turned, come + cut, (count + 3 - cut) * sizeof *come);
        memcpy(turned + (count + 3 - cut), come, cut * sizeof *come);
        order_assert_alike(turned, count + 3, whole);
    }
}
