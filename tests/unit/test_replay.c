#include "identity/replay.h"

#include <string.h>

#define ALDER     "cert.alder.example/message+394cb9bf"
#define BIRCH     "cert.birch.example/message+01020304"
#define CEDAR     "cert.cedar.example/message+05060708"
#define SECOND    G_USEC_PER_SEC
#define NOW       (G_GINT64_CONSTANT(1767323045) * SECOND)
#define WINDOW    (300 * SECOND)
#define ACCEPTED  -1
#define N_THREADS 4

/* ACCEPTED, or the error's code. */
static int try_at(Replay *replay, const char *keyid, guint number, gint64 created_us, gint64 now_us)
{
    g_autoptr(GError) error = NULL;
    guint8 nonce[REPLAY_NONCE_SIZE] = {0};
    memcpy(nonce + 12, &number, sizeof number);
    if (replay_accept(replay, keyid, nonce, created_us, now_us, &error))
        return ACCEPTED;
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    return error->code;
}

static void test_once(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW});
    g_assert_cmpint(try_at(replay, ALDER, 1, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 1, NOW, NOW), ==, CONCERT_ERROR_DENIED);
    g_assert_cmpint(try_at(replay, ALDER, 2, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 1, NOW, NOW), ==, CONCERT_ERROR_DENIED);
    /* Each key has its own nonces. */
    g_assert_cmpint(try_at(replay, BIRCH, 1, NOW, NOW), ==, ACCEPTED);
    /* In any order. */
    g_assert_cmpint(try_at(replay, ALDER, 3, NOW - 100 * SECOND, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 4, NOW + 100 * SECOND, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 5, NOW - 50 * SECOND, NOW), ==, ACCEPTED);
    for (guint i = 3; i <= 5; i++) {
        static const gint64 created[] = {-100, 100, -50};
        g_assert_cmpint(try_at(replay, ALDER, i, NOW + created[i - 3] * SECOND, NOW), ==,
                        CONCERT_ERROR_DENIED);
    }
}

/* Whatever httpsig_verify() would still accept is remembered: up to twice the window, when it came
 * from the future. */
static void test_window(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW});
    gint64 ahead = NOW + WINDOW;
    g_assert_cmpint(try_at(replay, ALDER, 1, ahead, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 2, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 2, NOW, NOW + WINDOW), ==, CONCERT_ERROR_DENIED);
    g_assert_cmpint(try_at(replay, ALDER, 2, NOW, NOW + WINDOW + 1), ==, CONCERT_ERROR_DENIED);
    for (gint64 now = NOW; now <= ahead + WINDOW + SECOND; now += SECOND / 2)
        g_assert_cmpint(try_at(replay, ALDER, 1, ahead, now), ==, CONCERT_ERROR_DENIED);
    g_assert_cmpint(try_at(replay, ALDER, 3, ahead + WINDOW, ahead + WINDOW), ==, ACCEPTED);
}

/* Who sends more than is remembered loses the oldest, and is never accepted twice. */
static void test_full_key(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW, .max_per_key = 10});
    for (guint i = 0; i < 100; i++)
        g_assert_cmpint(try_at(replay, ALDER, i, NOW + i * SECOND, NOW + i * SECOND), ==, ACCEPTED);
    for (guint i = 0; i < 100; i++)
        g_assert_cmpint(try_at(replay, ALDER, i, NOW + i * SECOND, NOW + 100 * SECOND), ==,
                        CONCERT_ERROR_DENIED);
    /* A new one as old as what was forgotten might be one of those. */
    g_assert_cmpint(try_at(replay, ALDER, 500, NOW + 89 * SECOND, NOW + 100 * SECOND), ==,
                    CONCERT_ERROR_DENIED);
    g_assert_cmpint(try_at(replay, ALDER, 500, NOW + 95 * SECOND, NOW + 100 * SECOND), ==,
                    ACCEPTED);
    /* Others have what they had. */
    g_assert_cmpint(try_at(replay, BIRCH, 1, NOW, NOW + 100 * SECOND), ==, ACCEPTED);
}

/* Many in one second: once some of them are forgotten, no more of that second. */
static void test_full_second(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW, .max_per_key = 10});
    guint accepted = 0;
    for (guint i = 0; i < 50; i++)
        accepted += try_at(replay, ALDER, i, NOW, NOW) == ACCEPTED;
    g_assert_cmpuint(accepted, >=, 10);
    for (guint i = 0; i < 50; i++)
        g_assert_cmpint(try_at(replay, ALDER, i, NOW, NOW), ==, CONCERT_ERROR_DENIED);
    g_assert_cmpint(try_at(replay, ALDER, 99, NOW + SECOND, NOW + SECOND), ==, ACCEPTED);
}

/* Who fills its memory from the future has to wait for it. */
static void test_full_future(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW, .max_per_key = 10});
    for (guint i = 0; i < 10; i++)
        g_assert_cmpint(try_at(replay, ALDER, i, NOW + WINDOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 99, NOW, NOW), ==, CONCERT_ERROR_BUSY);
    for (guint i = 0; i < 10; i++)
        g_assert_cmpint(try_at(replay, ALDER, i, NOW + WINDOW, NOW), ==, CONCERT_ERROR_DENIED);
    gint64 later = NOW + 2 * WINDOW + SECOND;
    g_assert_cmpint(try_at(replay, ALDER, 99, later, later), ==, ACCEPTED);
}

static void test_full_keys(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW, .max_keys = 2});
    gint64 later = NOW + WINDOW + 2 * SECOND;
    g_assert_cmpint(try_at(replay, ALDER, 1, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, BIRCH, 1, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, CEDAR, 1, NOW, NOW), ==, CONCERT_ERROR_BUSY);
    g_assert_cmpint(try_at(replay, ALDER, 2, NOW, NOW), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, CEDAR, 1, later, later), ==, ACCEPTED);
    g_assert_cmpint(try_at(replay, ALDER, 3, later, later), ==, ACCEPTED);
}

typedef struct {
    Replay *replay;
    guint accepted;
} Worker;

static gpointer work(gpointer data)
{
    Worker *worker = data;
    for (guint i = 0; i < 2000; i++)
        if (try_at(worker->replay, i % 2 ? ALDER : BIRCH, i, NOW + i * 1000, NOW) == ACCEPTED)
            worker->accepted++;
    return NULL;
}

/* All send the same: each is accepted of one of them. */
static void test_threads(void)
{
    g_autoptr(Replay) replay = replay_new(&(ReplayOptions){.window_us = WINDOW});
    Worker workers[N_THREADS];
    GThread *threads[N_THREADS];
    guint accepted = 0;
    for (guint i = 0; i < N_THREADS; i++) {
        workers[i] = (Worker){replay, 0};
        threads[i] = g_thread_new("worker", work, &workers[i]);
    }
    for (guint i = 0; i < N_THREADS; i++) {
        g_thread_join(threads[i]);
        accepted += workers[i].accepted;
    }
    g_assert_cmpuint(accepted, ==, 2000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay/once", test_once);
    g_test_add_func("/replay/window", test_window);
    g_test_add_func("/replay/full-key", test_full_key);
    g_test_add_func("/replay/full-second", test_full_second);
    g_test_add_func("/replay/full-future", test_full_future);
    g_test_add_func("/replay/full-keys", test_full_keys);
    g_test_add_func("/replay/threads", test_threads);
    return g_test_run();
}
