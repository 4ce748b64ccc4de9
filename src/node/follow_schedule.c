#include "node/follow_schedule.h"

#include "base/background.h"
#include "base/timestamp.h"
#include "node/follow_run.h"

#define TICK_US  (G_USEC_PER_SEC / 2)
#define PAUSE_US ((gint64)30 * G_USEC_PER_SEC) /* for what could not even be begun */

struct FollowSchedule {
    Node *node;
    FollowScheduleTell tell;
    gpointer user;
    GThread *thread;
    gint stop; /* atomic */
    GMutex lock;
    GCond wake;
    /* Of the thread alone. */
    GHashTable *told;    /* number -> the last failure that was told */
    GHashTable *paused;  /* numbers of those that could not be begun */
    gint64 paused_until; /* monotonic */
};

static gboolean is_stopping(FollowSchedule *schedule)
{
    return g_atomic_int_get(&schedule->stop) != 0;
}

static void report(FollowSchedule *schedule, const Followed *followed, const char *failure)
{
    const char *before = g_hash_table_lookup(schedule->told, &followed->number);
    if (g_strcmp0(before, failure) == 0)
        return;
    if (failure)
        g_hash_table_insert(schedule->told, g_memdup2(&followed->number, sizeof(gint64)),
                            g_strdup(failure));
    else
        g_hash_table_remove(schedule->told, &followed->number);
    schedule->tell(followed->name, failure, schedule->user);
}

static void run_one(FollowSchedule *schedule, const Followed *followed)
{
    const FollowRunOptions options = {.stop = &schedule->stop};
    g_autoptr(Followed) after = NULL;
    g_autoptr(GError) error = NULL;
    if (follow_run(schedule->node, followed->name, &options, &after, &error)) {
        report(schedule, after, after->failure);
        return;
    }
    if (is_stopping(schedule))
        return;
    /* Somebody else is running it, it was removed, or the store fails. */
    g_hash_table_add(schedule->paused, g_memdup2(&followed->number, sizeof(gint64)));
    schedule->paused_until = g_get_monotonic_time() + PAUSE_US;
    if (!g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_BUSY) &&
        !g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        report(schedule, followed, error->message);
}

static gpointer run_schedule(gpointer data)
{
    FollowSchedule *schedule = data;
    background_enter();
    while (!is_stopping(schedule)) {
        g_autoptr(Followed) next = NULL;
        if (g_get_monotonic_time() > schedule->paused_until)
            g_hash_table_remove_all(schedule->paused);
        /* What cannot be read now can be at the next tick. */
        followed_next(node_store(schedule->node), timestamp_now(), schedule->paused, &next, NULL);
        if (next) {
            run_one(schedule, next);
            continue;
        }
        g_mutex_lock(&schedule->lock);
        if (!is_stopping(schedule))
            g_cond_wait_until(&schedule->wake, &schedule->lock, g_get_monotonic_time() + TICK_US);
        g_mutex_unlock(&schedule->lock);
    }
    return NULL;
}

FollowSchedule *follow_schedule_start(Node *node, FollowScheduleTell tell, gpointer user)
{
    FollowSchedule *schedule = g_new0(FollowSchedule, 1);
    schedule->node = node;
    schedule->tell = tell;
    schedule->user = user;
    schedule->told = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    schedule->paused = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_mutex_init(&schedule->lock);
    g_cond_init(&schedule->wake);
    schedule->thread = g_thread_new("follow", run_schedule, schedule);
    return schedule;
}

void follow_schedule_stop(FollowSchedule *schedule)
{
    if (!schedule)
        return;
    g_mutex_lock(&schedule->lock);
    g_atomic_int_set(&schedule->stop, 1);
    g_cond_signal(&schedule->wake);
    g_mutex_unlock(&schedule->lock);
    g_thread_join(schedule->thread);
    g_hash_table_unref(schedule->told);
    g_hash_table_unref(schedule->paused);
    g_mutex_clear(&schedule->lock);
    g_cond_clear(&schedule->wake);
    g_free(schedule);
}
