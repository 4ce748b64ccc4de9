#include "node/exchanger.h"

#include <string.h>

#include "base/timestamp.h"
#include "node/dispatcher.h"
#include "node/exchange_deliver.h"
#include "node/exchange_keeper.h"
#include "node/exchange_post.h"
#include "node/exchange_pull.h"
#include "node/successor_source.h"
#include "node/witness_peers.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"
#include "store/outbox.h"
#include "store/peers.h"

#define THREADS         16
#define LONG_POLL       25                   /* seconds */
#define LONG_POLLED_MAX (THREADS - 4)        /* peers; with more of them, the interval is used */
#define AT_ONCE_US      (2 * G_USEC_PER_SEC) /* who has nothing new so soon does not wait for it */
#define PATIENCE_MAX    3600                 /* seconds between two tries of a peer that fails */
#define CONTACT_EVERY_US                                                                           \
    (60 * G_USEC_PER_SEC) /* a contact that only succeeds is written so often */
#define HEARD_EVERY_US                                                                             \
    (30 * G_USEC_PER_SEC) /* a peer that fails is tried so often at most because it asks */
#define IDLE_US        (5 * G_USEC_PER_SEC) /* the list of peers is looked at so often */
#define OUTBOX_AT_ONCE 64
#define WAKE_PATH      "/exchange/v1/wake"

typedef enum { LANE_PULL, LANE_PUSH, LANES } Lane;

/* What is known of a peer while the exchange runs. */
typedef struct {
    char *origin;
    gint64 number;
    gint64 ours_at, theirs_at; /* the newest steps of the peering that are known here */
    gboolean active;
    ExchangePost *posts[LANES];
    gboolean busy[LANES];
    gint64 next_pull; /* monotonic */
    gint64 pulled;    /* when the last pull ended; monotonic */
    gsize max;        /* bytes that were asked for at once in the end; 0: none yet */
    gboolean woken;   /* it said that there is something new */
    gboolean to_wake; /* there is something new for it */
    gint64 next_wake; /* not before; monotonic */
    gint64 contacted; /* when a success was last written; monotonic */
    guint failures;
    guint in_vain; /* it was asked to wait for something new, and had nothing at once */
    char *told;    /* of the last failure that was told */
} Line;

struct Exchanger {
    const Config *config;
    Notary *notary;
    ExchangerTell tell;
    gpointer user;
    GThread *thread;
    GThreadPool *pools[LANES];
    GMutex lock; /* guards what follows */
    GCond wake;
    gboolean stopping, signalled;
    GHashTable *lines; /* origin -> Line */
    guint64 scanned;   /* entries of the own ledger that were looked at for whom to wake */
    GMutex telling;
    Gossip *gossip;
    ExchangeKeeper keeper;
    WitnessPeers *witnesses; /* of the thread */
};

/* What a thread of a pool does. */
typedef struct {
    Line *line;
    char *origin; /* of the peer, for it may be asked when the line is busy elsewhere */
    guint64 size; /* LANE_PUSH: of the own ledger, when the peer is to be woken; 0: not */
    OutboxPost *post;
} Task;

static void line_free(gpointer data)
{
    Line *line = data;
    for (guint i = 0; i < LANES; i++)
        exchange_post_free(line->posts[i]);
    g_free(line->origin);
    g_free(line->told);
    g_free(line);
}

static void task_free(Task *task)
{
    outbox_post_free(task->post);
    g_free(task->origin);
    g_free(task);
}

/* @seconds, and up to a tenth more or less, so that nodes do not march in step. */
static gint64 delay(gdouble seconds)
{
    return (gint64)(seconds * g_random_double_range(0.9, 1.1) * G_USEC_PER_SEC);
}

/* --- what became of a contact ------------------------------------------------------------------
 */

typedef struct {
    gint64 peer, when, skew_us;
    const char *failure;
    gboolean again; /* it answers again */
} Contact;

static gboolean apply_contact(StoreTx *tx, gpointer user, GError **error)
{
    const Contact *contact = user;
    return peers_set_contact(tx, contact->peer, contact->when, contact->failure, contact->skew_us,
                             error) &&
           (!contact->again || outbox_wake(tx, contact->peer, error));
}

/* Tells what has changed, and writes it down; a success that follows another only now and then. */
static void report(Exchanger *exchanger, Line *line, const char *failure, gint64 skew_us)
{
    g_mutex_lock(&exchanger->lock);
    gint64 now = g_get_monotonic_time();
    /* Once is no failure: a peer that has just agreed may not know it yet. */
    gboolean changed = g_strcmp0(line->told, failure) != 0 && (!failure || line->failures > 0);
    gboolean is_due =
        failure || changed || line->failures > 0 || now - line->contacted > CONTACT_EVERY_US;
    if (is_due)
        line->contacted = now;
    if (changed) {
        g_free(line->told);
        line->told = g_strdup(failure);
    }
    gint64 number = line->number;
    gboolean stopping = exchanger->stopping;
    g_mutex_unlock(&exchanger->lock);
    if (!is_due || stopping)
        return;
    Contact contact = {number, timestamp_now(), skew_us, failure, changed && !failure};
    writer_run(notary_writer(exchanger->notary), 0, apply_contact, &contact, NULL);
    if (changed) {
        g_mutex_lock(&exchanger->telling);
        exchanger->tell(line->origin, failure, exchanger->user);
        g_mutex_unlock(&exchanger->telling);
    }
}

/* --- pulling -----------------------------------------------------------------------------------
 */

static gboolean go_on(const ExchangePullCounts *counts, guint64 cursor, guint64 size, gpointer user)
{
    Exchanger *exchanger = user;
    g_mutex_lock(&exchanger->lock);
    gboolean stopping = exchanger->stopping;
    g_mutex_unlock(&exchanger->lock);
    return !stopping;
}

/* From a second on, doubling with each time. */
static gdouble patience(guint times, guint max)
{
    return times == 0 ? 0 : MIN((gdouble)(1u << MIN(times - 1, 30)), (gdouble)max);
}

/* When the peer is asked the next time: at once, when it answers as soon as there is something
 * (@polls); but more and more seldom, until the interval is reached, while it has nothing and does
 * not wait either. Who gave something before the line broke is asked again soon, however often that
 * happens. Called with the lock held. */
static void plan_pull(const Exchanger *exchanger, Line *line, gboolean good, gboolean polls,
                      const ExchangePullCounts *counts)
{
    guint interval = config_duration(exchanger->config, SETTING_EXCHANGE_INTERVAL);
    line->failures = good ? 0 : counts->answers > 0 ? 1 : MIN(line->failures + 1, 12);
    gdouble seconds = interval;
    if (!good)
        seconds = patience(line->failures, MAX(interval, PATIENCE_MAX));
    else if (polls)
        seconds = patience(line->in_vain, interval);
    line->pulled = g_get_monotonic_time();
    line->max = counts->max;
    line->next_pull = line->pulled + delay(MAX(seconds, counts->retry_after));
}

/* A peer that does not give what it should may go on with another ledger. */
static void explain(const Config *config, Notary *notary, const char *origin, GError **error)
{
    if ((*error)->domain != CONCERT_ERROR ||
        ((*error)->code != CONCERT_ERROR_CONFLICT && (*error)->code != CONCERT_ERROR_DENIED &&
         (*error)->code != CONCERT_ERROR_INPUT))
        return;
    g_autoptr(Peer) peer = peers_get(notary_store(notary), origin, NULL);
    if (peer && peer->state == PEER_ACTIVE)
        successor_source_explain(config, peer, error);
}

static void run_pull(gpointer data, gpointer user)
{
    Task *task = data;
    Exchanger *exchanger = user;
    Line *line = task->line;
    g_autoptr(GError) error = NULL;
    ExchangePullCounts counts = {0};
    g_mutex_lock(&exchanger->lock);
    gboolean polls = config_bool(exchanger->config, SETTING_EXCHANGE_LONG_POLL) &&
                     g_hash_table_size(exchanger->lines) <= LONG_POLLED_MAX;
    gboolean waits = polls && !line->failures; /* else it is told soon that the peer is well */
    gboolean stopping = exchanger->stopping;
    g_mutex_unlock(&exchanger->lock);
    const ExchangePull pull = {.config = exchanger->config,
                               .notary = exchanger->notary,
                               .post = line->posts[LANE_PULL],
                               .gossip = exchanger->gossip,
                               .max = 2 * line->max,
                               .wait = waits ? LONG_POLL : 0,
                               .progress = go_on,
                               .user = exchanger};
    gint64 begin = g_get_monotonic_time();
    gboolean good = !stopping && exchange_pull(&pull, task->origin, &counts, &error);
    gboolean in_vain = good && waits && !counts.news && g_get_monotonic_time() - begin < AT_ONCE_US;
    if (error)
        explain(exchanger->config, exchanger->notary, task->origin, &error);
    if (!stopping && counts.retractions > 0)
        dispatcher_settle_onward(exchanger->notary, NULL); /* what fails is done after the next */
    if (!stopping)
        report(exchanger, line, error ? error->message : NULL,
               counts.has_skew ? counts.skew_us : PEERS_SKEW_UNKNOWN);
    g_mutex_lock(&exchanger->lock);
    line->in_vain = in_vain ? line->in_vain + 1 : 0;
    if (!stopping)
        plan_pull(exchanger, line, good, polls, &counts);
    line->busy[LANE_PULL] = FALSE;
    exchanger->signalled = TRUE;
    g_cond_signal(&exchanger->wake);
    g_mutex_unlock(&exchanger->lock);
    task_free(task);
}

/* --- pushing -----------------------------------------------------------------------------------
 */

/* A hint, and no more: a peer that does not get it asks by itself some time. */
static gboolean post_wake(Exchanger *exchanger, Line *line, const Peer *peer, guint64 size,
                          GError **error)
{
    const NoteSigner *messenger = notary_messenger(exchanger->notary, error);
    if (!messenger)
        return FALSE;
    g_autofree char *body = g_strdup_printf("{\"size\":%" G_GUINT64_FORMAT "}", size);
    const ExchangePostRequest request = {.path = WAKE_PATH, .body = body, .length = strlen(body)};
    g_auto(ExchangePostResult) result = {0};
    return exchange_post(line->posts[LANE_PUSH], messenger, peer, &request, &result, error);
}

static void run_push(gpointer data, gpointer user)
{
    Task *task = data;
    Exchanger *exchanger = user;
    Line *line = task->line;
    g_autoptr(GError) error = NULL;
    g_autoptr(Peer) peer = peers_get(notary_store(exchanger->notary), task->origin, &error);
    g_mutex_lock(&exchanger->lock);
    gboolean stopping = exchanger->stopping;
    g_mutex_unlock(&exchanger->lock);
    gboolean woke = TRUE;
    if (peer && !stopping && task->size > 0)
        woke = post_wake(exchanger, line, peer, task->size, &error);
    if (peer && !stopping && task->post)
        exchange_deliver(exchanger->notary, line->posts[LANE_PUSH], peer, task->post);
    g_mutex_lock(&exchanger->lock);
    line->busy[LANE_PUSH] = FALSE;
    if (!woke)
        line->next_wake = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    exchanger->signalled = TRUE;
    g_cond_signal(&exchanger->wake);
    g_mutex_unlock(&exchanger->lock);
    task_free(task);
}

/* --- planning ----------------------------------------------------------------------------------
 */

static ExchangePost *new_post(const Config *config)
{
    const ExchangePostOptions options = {
        .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
        .timeout_seconds = config_duration(config, SETTING_FETCH_TIMEOUT),
        .max_bytes = FOLLOWER_ANSWER_MAX};
    return exchange_post_new(&options);
}

/* The line of a peer; lines are never taken away while the exchange runs. Called with the lock
 * held. */
static Line *find_line(Exchanger *exchanger, const char *origin)
{
    Line *line = g_hash_table_lookup(exchanger->lines, origin);
    if (line)
        return line;
    line = g_new0(Line, 1);
    line->origin = g_strdup(origin);
    for (guint i = 0; i < LANES; i++)
        line->posts[i] = new_post(exchanger->config);
    g_hash_table_insert(exchanger->lines, line->origin, line);
    return line;
}

/* Called with the lock held. */
static void take_peers(Exchanger *exchanger, const GPtrArray *peers)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, exchanger->lines);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Line *)value)->active = FALSE;
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        if (peer->state == PEER_ENDED || peer->state == PEER_ASKED)
            continue;
        Line *line = find_line(exchanger, peer->origin);
        gboolean active = peer->state == PEER_ACTIVE && !peer->fork && peer->urls[0];
        /* New, just agreed, or resumed: ask at once, for while one of the two did not know so yet,
         * it refused what the other said or asked. A suspension may have come and gone unseen. */
        if (active && (line->number != peer->number || line->ours_at != peer->ours_at ||
                       line->theirs_at != peer->theirs_at))
            line->woken = TRUE;
        line->number = peer->number;
        line->ours_at = peer->ours_at;
        line->theirs_at = peer->theirs_at;
        line->active = active;
    }
}

/* Marks those for whom the own ledger has something new. Called with the lock held. */
static void mark_concerned(Exchanger *exchanger, char **origins, gboolean is_public)
{
    GHashTableIter iter;
    gpointer value;
    for (guint i = 0; origins[i]; i++) {
        Line *line = g_hash_table_lookup(exchanger->lines, origins[i]);
        if (line)
            line->to_wake = TRUE;
    }
    g_hash_table_iter_init(&iter, exchanger->lines);
    while (is_public && g_hash_table_iter_next(&iter, NULL, &value))
        ((Line *)value)->to_wake = TRUE;
}

static Task *new_task(Line *line)
{
    Task *task = g_new0(Task, 1);
    task->line = line;
    task->origin = g_strdup(line->origin);
    return task;
}

/* Called with the lock held. *ret_next: when something is due. */
static void start_due(Exchanger *exchanger, guint64 size, gint64 *ret_next)
{
    GHashTableIter iter;
    gpointer value;
    gint64 now = g_get_monotonic_time();
    g_hash_table_iter_init(&iter, exchanger->lines);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Line *line = value;
        if (!line->active)
            continue;
        if (!line->busy[LANE_PULL] && (line->woken || line->next_pull <= now)) {
            line->busy[LANE_PULL] = TRUE;
            line->woken = FALSE;
            g_thread_pool_push(exchanger->pools[LANE_PULL], new_task(line), NULL);
        } else if (!line->busy[LANE_PULL]) {
            *ret_next = MIN(*ret_next, line->next_pull);
        }
        if (line->to_wake && !line->busy[LANE_PUSH] && line->next_wake <= now) {
            Task *task = new_task(line);
            task->size = size;
            line->busy[LANE_PUSH] = TRUE;
            line->to_wake = FALSE;
            g_thread_pool_push(exchanger->pools[LANE_PUSH], task, NULL);
        }
    }
}

/* What waits in the outbox, for whatever peer has a line that is free. Called with the lock held.
 */
static void start_posts(Exchanger *exchanger, GPtrArray *posts)
{
    g_autoptr(GHashTable) by_number = g_hash_table_new(g_int64_hash, g_int64_equal);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, exchanger->lines);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_hash_table_insert(by_number, &((Line *)value)->number, value);
    while (posts->len > 0) {
        g_autoptr(OutboxPost) post = g_ptr_array_steal_index(posts, 0);
        Line *line = g_hash_table_lookup(by_number, &post->peer);
        if (!line || line->busy[LANE_PUSH])
            continue;
        Task *task = new_task(line);
        task->post = g_steal_pointer(&post);
        line->busy[LANE_PUSH] = TRUE;
        g_thread_pool_push(exchanger->pools[LANE_PUSH], task, NULL);
    }
}

/* The parts of a round that read the store, without the lock. What cannot be read now can be in
 * the next round. */
static void run_round(Exchanger *exchanger, gint64 *ret_next)
{
    Store *store = notary_store(exchanger->notary);
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GPtrArray) peers = peers_list(store, NULL);
    g_autoptr(GPtrArray) posts = outbox_due(store, timestamp_now(), OUTBOX_AT_ONCE, NULL);
    g_auto(GStrv) origins = NULL;
    gboolean is_public = FALSE;
    gint64 post_next = G_MAXINT64;
    if (!peers || !posts || !ledger_read_state(store, &state, NULL) ||
        !outbox_next(store, &post_next, NULL))
        return;
    witness_peers_settle(exchanger->witnesses, peers);
    if (state.size > exchanger->scanned)
        origins = deliveries_concerned(store, exchanger->scanned, state.size, &is_public, NULL);
    g_mutex_lock(&exchanger->lock);
    take_peers(exchanger, peers);
    if (origins) {
        mark_concerned(exchanger, origins, is_public);
        exchanger->scanned = state.size;
    }
    start_posts(exchanger, posts);
    start_due(exchanger, state.size, ret_next);
    g_mutex_unlock(&exchanger->lock);
    if (post_next != G_MAXINT64)
        *ret_next = MIN(*ret_next, g_get_monotonic_time() +
                                       MAX(post_next - timestamp_now(), G_USEC_PER_SEC / 10));
}

static gpointer run_exchanger(gpointer user)
{
    Exchanger *exchanger = user;
    dispatcher_settle_onward(exchanger->notary, NULL);
    g_mutex_lock(&exchanger->lock);
    while (!exchanger->stopping) {
        gint64 next = g_get_monotonic_time() + IDLE_US;
        exchanger->signalled = FALSE;
        g_mutex_unlock(&exchanger->lock);
        run_round(exchanger, &next);
        exchange_keeper_run(&exchanger->keeper, &next);
        g_mutex_lock(&exchanger->lock);
        while (!exchanger->stopping && !exchanger->signalled &&
               g_cond_wait_until(&exchanger->wake, &exchanger->lock, next))
            ;
    }
    g_mutex_unlock(&exchanger->lock);
    return NULL;
}

/* After a commit, on the writer's thread. */
static void on_commit(gpointer user)
{
    Exchanger *exchanger = user;
    g_mutex_lock(&exchanger->lock);
    exchanger->signalled = TRUE;
    g_cond_signal(&exchanger->wake);
    g_mutex_unlock(&exchanger->lock);
}

Gossip *exchanger_gossip(Exchanger *exchanger)
{
    return exchanger->gossip;
}

void exchanger_woken(Exchanger *exchanger, const char *origin)
{
    g_mutex_lock(&exchanger->lock);
    Line *line = g_hash_table_lookup(exchanger->lines, origin);
    if (line)
        line->woken = TRUE;
    exchanger->signalled = TRUE;
    g_cond_signal(&exchanger->wake);
    g_mutex_unlock(&exchanger->lock);
}

void exchanger_heard(Exchanger *exchanger, const char *origin)
{
    g_mutex_lock(&exchanger->lock);
    Line *line = g_hash_table_lookup(exchanger->lines, origin);
    if (line && line->failures > 0 && !line->busy[LANE_PULL] && !line->woken &&
        g_get_monotonic_time() - line->pulled > HEARD_EVERY_US) {
        line->woken = TRUE;
        exchanger->signalled = TRUE;
        g_cond_signal(&exchanger->wake);
    }
    g_mutex_unlock(&exchanger->lock);
}

Exchanger *exchanger_start(const Config *config, Notary *notary, ExchangerTell tell, gpointer user,
                           GError **error)
{
    g_auto(LedgerReadState) state = {0};
    Exchanger *exchanger = g_new0(Exchanger, 1);
    exchanger->config = config;
    exchanger->notary = notary;
    exchanger->tell = tell;
    exchanger->user = user;
    exchanger->keeper = (ExchangeKeeper){.config = config, .notary = notary};
    exchanger->witnesses = witness_peers_new(config, notary);
    exchanger->lines = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, line_free);
    exchanger->gossip = gossip_new();
    g_mutex_init(&exchanger->lock);
    g_mutex_init(&exchanger->telling);
    g_cond_init(&exchanger->wake);
    exchanger->pools[LANE_PULL] = g_thread_pool_new(run_pull, exchanger, THREADS, FALSE, NULL);
    exchanger->pools[LANE_PUSH] = g_thread_pool_new(run_push, exchanger, THREADS, FALSE, NULL);
    /* Peers that were away ask by themselves for what there was before. */
    if (ledger_read_state(notary_store(notary), &state, NULL))
        exchanger->scanned = state.size;
    writer_watch(notary_writer(notary), on_commit, exchanger);
    exchanger->thread = g_thread_new("exchanger", run_exchanger, exchanger);
    return exchanger;
}

void exchanger_stop(Exchanger *exchanger)
{
    if (!exchanger)
        return;
    writer_unwatch(notary_writer(exchanger->notary), on_commit, exchanger);
    GHashTableIter iter;
    gpointer value;
    g_mutex_lock(&exchanger->lock);
    exchanger->stopping = TRUE;
    g_hash_table_iter_init(&iter, exchanger->lines);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        for (guint i = 0; i < LANES; i++)
            exchange_post_cancel(((Line *)value)->posts[i]);
    g_cond_signal(&exchanger->wake);
    g_mutex_unlock(&exchanger->lock);
    g_thread_join(exchanger->thread);
    for (guint i = 0; i < LANES; i++)
        g_thread_pool_free(exchanger->pools[i], FALSE, TRUE);
    g_hash_table_unref(exchanger->lines);
    gossip_free(exchanger->gossip);
    witness_peers_free(exchanger->witnesses);
    g_mutex_clear(&exchanger->lock);
    g_mutex_clear(&exchanger->telling);
    g_cond_clear(&exchanger->wake);
    g_free(exchanger);
}

gboolean exchanger_follow(const Config *config, Notary *notary, const char *peer,
                          ExchangePullCounts *ret_counts, GError **error)
{
    g_autoptr(ExchangePost) post = new_post(config);
    const ExchangePull pull = {.config = config, .notary = notary, .post = post};
    GError *failure = NULL;
    if (exchange_pull(&pull, peer, ret_counts, &failure))
        return dispatcher_settle_onward(notary, error);
    explain(config, notary, peer, &failure);
    g_propagate_error(error, failure);
    return FALSE;
}
