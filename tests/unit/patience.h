/* patience.h - what other threads and processes do is waited for as long as a slow and busy machine
 * may take, and looked for often, so that no test waits longer than it has to.
 *
 *     for (gint64 end = patience_begin(); !has_come();)
 *         patience_wait(end);
 */
#pragma once

#include <glib.h>

#define PATIENCE_SECONDS 120

static inline gint64 patience_begin(void)
{
    return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

/* Waits a little; the test fails when what began before @end is not over by then. */
static inline void patience_wait(gint64 end)
{
    g_assert_cmpint(g_get_monotonic_time(), <, end);
    g_usleep(10 * 1000);
}
