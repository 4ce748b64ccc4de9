#include "base/ticker.h"

struct Ticker {
    TickerRound round;
    gpointer user;
    GThread *thread;
    gint stop; /* atomic, so that a round may look; set with the lock held */
    GMutex lock;
    GCond wake;
};

/* Waits for @us microseconds, or for the end. */
static void pause_for(Ticker *ticker, gint64 us)
{
    gint64 now = g_get_monotonic_time();
    gint64 until = us < G_MAXINT64 - now ? now + us : G_MAXINT64;
    g_mutex_lock(&ticker->lock);
    while (g_atomic_int_get(&ticker->stop) == 0 &&
           g_cond_wait_until(&ticker->wake, &ticker->lock, until))
        continue;
    g_mutex_unlock(&ticker->lock);
}

static gpointer run(gpointer data)
{
    Ticker *ticker = data;
    while (g_atomic_int_get(&ticker->stop) == 0) {
        gint64 us = ticker->round(ticker->user, &ticker->stop);
        if (us > 0)
            pause_for(ticker, us);
    }
    return NULL;
}

Ticker *ticker_start(const char *name, TickerRound round, gpointer user)
{
    Ticker *ticker = g_new0(Ticker, 1);
    ticker->round = round;
    ticker->user = user;
    g_mutex_init(&ticker->lock);
    g_cond_init(&ticker->wake);
    ticker->thread = g_thread_new(name, run, ticker);
    return ticker;
}

void ticker_stop(Ticker *ticker)
{
    if (!ticker)
        return;
    g_mutex_lock(&ticker->lock);
    g_atomic_int_set(&ticker->stop, 1);
    g_cond_signal(&ticker->wake);
    g_mutex_unlock(&ticker->lock);
    g_thread_join(ticker->thread);
    g_mutex_clear(&ticker->lock);
    g_cond_clear(&ticker->wake);
    g_free(ticker);
}
