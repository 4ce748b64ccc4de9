#include "node/follow_schedule.h"

#include "base/background.h"
#include "base/ticker.h"
#include "base/timestamp.h"
#include "node/follow_run.h"

#define TICK_US  (G_USEC_PER_SEC / 2)
#define PAUSE_US ((gint64)30 * G_USEC_PER_SEC) /* for what could not even be begun */

struct FollowSchedule {
    Node *node;
    FollowScheduleTell tell;
    gpointer user;
    Ticker *ticker;
    /* Of the ticker alone. */
    GHashTable *told;    /* number -> the last failure that was told */
    GHashTable *paused;  /* numbers of those that could not be begun */
    gint64 paused_until; /* monotonic */
};

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

static void run_one(FollowSchedule *schedule, const Followed *followed, const gint *stop)
{
    const FollowRunOptions options = {.stop = stop};
    g_autoptr(Followed) after = NULL;
    g_autoptr(GError) error = NULL;
    if (follow_run(schedule->node, followed->name, &options, &after, &error)) {
        report(schedule, after, after->failure);
        return;
    }
    if (g_atomic_int_get(stop) != 0)
        return;
    /* Somebody else is running it, it was removed, or the store fails. */
    g_hash_table_add(schedule->paused, g_memdup2(&followed->number, sizeof(gint64)));
    schedule->paused_until = g_get_monotonic_time() + PAUSE_US;
    if (!g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_BUSY) &&
        !g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        report(schedule, followed, error->message);
}

static gint64 run_schedule(gpointer user, const gint *stop)
{
    FollowSchedule *schedule = user;
    g_autoptr(Followed) next = NULL;
    background_enter();
    if (g_get_monotonic_time() > schedule->paused_until)
        g_hash_table_remove_all(schedule->paused);
    /* What cannot be read now can be at the next tick. */
    followed_next(node_store(schedule->node), timestamp_now(), schedule->paused, &next, NULL);
    if (!next)
        return TICK_US;
    run_one(schedule, next, stop);
    return 0;
}

FollowSchedule *follow_schedule_start(Node *node, FollowScheduleTell tell, gpointer user)
{
    FollowSchedule *schedule = g_new0(FollowSchedule, 1);
    schedule->node = node;
    schedule->tell = tell;
    schedule->user = user;
    schedule->told = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    schedule->paused = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    schedule->ticker = ticker_start("follow", run_schedule, schedule);
    return schedule;
}

void follow_schedule_stop(FollowSchedule *schedule)
{
    if (!schedule)
        return;
    ticker_stop(schedule->ticker);
    g_hash_table_unref(schedule->told);
    g_hash_table_unref(schedule->paused);
    g_free(schedule);
}
