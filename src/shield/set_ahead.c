#include "shield/set_ahead.h"

GThread *set_ahead_start(GThreadFunc work, gpointer user)
{
    GThread *thread = g_thread_try_new("compile", work, user, NULL);
    if (!thread)
        work(user);
    return thread;
}

void set_ahead_end(GThread **thread)
{
    GThread *running = g_steal_pointer(thread);
    if (running)
        g_thread_join(running);
}

void set_ahead_both(GThreadFunc work, gpointer one, gpointer other)
{
    GThread *thread = set_ahead_start(work, one);
    work(other);
    set_ahead_end(&thread);
}
