/* Pages made ahead: once each, waited for, forgotten at the end. */
#include "server/readahead.h"

typedef struct {
    GMutex lock;
    GCond changed;
    gboolean open; /* work may end */
    int made, freed;
} Gate;

static Gate gate;

static void make(gpointer user, gpointer data)
{
    g_assert_true(user == &gate);
    g_mutex_lock(&gate.lock);
    while (!gate.open)
        g_cond_wait(&gate.changed, &gate.lock);
    gate.made++;
    g_mutex_unlock(&gate.lock);
}

static void count_freed(gpointer data)
{
    g_mutex_lock(&gate.lock);
    gate.freed++;
    g_mutex_unlock(&gate.lock);
    g_free(data);
}

static gpointer open_soon(gpointer unused)
{
    g_usleep(50000);
    g_mutex_lock(&gate.lock);
    gate.open = TRUE;
    g_cond_broadcast(&gate.changed);
    g_mutex_unlock(&gate.lock);
    return NULL;
}

static void test_once_each(void)
{
    gate = (Gate){0};
    ReadAhead *ahead = readahead_new(make, &gate, count_freed);
    g_assert_false(readahead_wait(ahead, "a"));
    for (int i = 0; i < 5; i++) {
        readahead_push(ahead, "a", g_strdup("a"));
        readahead_push(ahead, "b", g_strdup("b"));
    }
    g_autoptr(GThread) opener = g_thread_new("opener", open_soon, NULL);
    g_assert_true(readahead_wait(ahead, "b"));
    g_assert_false(readahead_wait(ahead, "b"));
    g_assert_false(readahead_wait(ahead, "a")); /* was before it */
    g_thread_join(g_steal_pointer(&opener));
    readahead_free(ahead);
    g_assert_cmpint(gate.made, ==, 2);
    g_assert_cmpint(gate.freed, ==, 10);
}

static void test_bounded_and_stopped(void)
{
    gate = (Gate){0};
    ReadAhead *ahead = readahead_new(make, &gate, count_freed);
    for (int i = 0; i < 100; i++) {
        char key[8];
        g_snprintf(key, sizeof key, "%d", i);
        readahead_push(ahead, key, g_strdup(key));
    }
    g_mutex_lock(&gate.lock);
    g_assert_cmpint(gate.freed, >=, 90); /* what would not fit */
    g_mutex_unlock(&gate.lock);
    g_autoptr(GThread) opener = g_thread_new("opener", open_soon, NULL);
    readahead_free(ahead);
    g_thread_join(g_steal_pointer(&opener));
    g_assert_cmpint(gate.made, <=, 8);
    g_assert_cmpint(gate.freed, ==, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/readahead/once-each", test_once_each);
    g_test_add_func("/readahead/bounded-and-stopped", test_bounded_and_stopped);
    return g_test_run();
}
