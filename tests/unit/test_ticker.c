/* Threads that do something again and again. */
#include "base/ticker.h"

/* Rounds are counted by the ticker's thread and waited for by the test's. */
typedef struct {
    GMutex lock;
    GCond changed;
    guint rounds;
    gint64 pause;
    gboolean is_long; /* each round lasts until the ticker is to end */
    gboolean was_told;
} Counter;

static void set_up(Counter *counter, gconstpointer data)
{
    g_mutex_init(&counter->lock);
    g_cond_init(&counter->changed);
}

static void tear_down(Counter *counter, gconstpointer data)
{
    g_mutex_clear(&counter->lock);
    g_cond_clear(&counter->changed);
}

static gint64 count(gpointer user, const gint *stop)
{
    Counter *counter = user;
    g_mutex_lock(&counter->lock);
    counter->rounds++;
    g_cond_broadcast(&counter->changed);
    g_mutex_unlock(&counter->lock);
    while (counter->is_long && g_atomic_int_get(stop) == 0)
        g_usleep(1000);
    counter->was_told = g_atomic_int_get(stop) != 0;
    return counter->pause;
}

static void wait_for(Counter *counter, guint rounds)
{
    g_mutex_lock(&counter->lock);
    while (counter->rounds < rounds)
        g_cond_wait(&counter->changed, &counter->lock);
    g_mutex_unlock(&counter->lock);
}

static void test_again(Counter *counter, gconstpointer data)
{
    static const gint64 pauses[] = {-1, 0, 1, 2000};
    for (guint i = 0; i < G_N_ELEMENTS(pauses); i++) {
        counter->rounds = 0;
        counter->pause = pauses[i];
        Ticker *ticker = ticker_start("count", count, counter);
        wait_for(counter, 5);
        ticker_stop(ticker);
        guint rounds = counter->rounds;
        g_usleep(5000);
        g_assert_cmpuint(counter->rounds, ==, rounds); /* it has ended */
    }
}

/* The first round needs no waiting for, and the end none for the next: however long the pause. */
static void test_pause(Counter *counter, gconstpointer data)
{
    static const gint64 pauses[] = {3600 * G_TIME_SPAN_SECOND, G_MAXINT64};
    for (guint i = 0; i < G_N_ELEMENTS(pauses); i++) {
        counter->rounds = 0;
        counter->pause = pauses[i];
        Ticker *ticker = ticker_start("count", count, counter);
        wait_for(counter, 1);
        g_usleep(20000); /* into the pause */
        ticker_stop(ticker);
        g_assert_cmpuint(counter->rounds, ==, 1);
    }
}

static void test_told(Counter *counter, gconstpointer data)
{
    counter->is_long = TRUE;
    Ticker *ticker = ticker_start("count", count, counter);
    wait_for(counter, 1);
    ticker_stop(ticker);
    g_assert_true(counter->was_told);
    g_assert_cmpuint(counter->rounds, ==, 1);
    ticker_stop(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/ticker/" name, Counter, NULL, set_up, function, tear_down)
    ADD("again", test_again);
    ADD("pause", test_pause);
    ADD("told", test_told);
    return g_test_run();
}
