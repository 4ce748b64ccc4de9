#include "server/exchange_follow.h"

#include <microhttpd.h>
#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "exchange/author.h"
#include "server/exchange_auth.h"
#include "server/problem.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"

#define WAIT_MAX    60   /* seconds */
#define WAITING_MAX 1024 /* peers */
#define FLUSH_US    (10 * G_USEC_PER_SEC)
#define AT_ONCE_MAX 2 /* answers to one peer that are being made */

typedef struct {
    guint64 from, size;
    gsize max;
    guint wait;
} Question;

/* A question that waits for something new. */
typedef struct {
    ApiCall *call;
    Peer *peer;
    Question question;
    gint64 until;   /* monotonic */
    gboolean asked; /* again, since it waits: something may have come just before */
} Waiting;

/* Bytes of answers that a peer got. */
typedef struct {
    gint64 peer; /* number */
    guint64 bytes;
} Sent;

struct ExchangeFollow {
    Api *api;
    GThread *thread;
    GMutex lock; /* guards what follows */
    GCond wake;
    gboolean stopping, signalled;
    GPtrArray *waiting; /* Waiting */
    GHashTable *busy;   /* origin -> answers that are being made for it */
    GArray *sent;       /* Sent: not written down yet */
    gint64 flushed;     /* when the last were; monotonic */
    guint64 scanned;    /* entries of the ledger that were looked at for those who wait */
};

static void waiting_free(Waiting *waiting)
{
    peer_free(waiting->peer);
    g_free(waiting);
}

/* --- questions ---------------------------------------------------------------------------------
 */

static gboolean get_number(yyjson_val *root, const char *name, guint64 otherwise, guint64 max,
                           guint64 *ret_number, GError **error)
{
    yyjson_val *value = yyjson_obj_get(root, name);
    if (!value) {
        *ret_number = otherwise;
        return TRUE;
    }
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > G_MAXINT64) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "$.%s: not a whole number", name);
        return FALSE;
    }
    *ret_number = MIN(yyjson_get_uint(value), max);
    return TRUE;
}

/* What the peer tells of others' ledgers; NULL: nothing. What is no text is passed over. */
static char **read_gossip(yyjson_val *root)
{
    yyjson_val *list = yyjson_obj_get(root, "gossip"), *note;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0)
        return NULL;
    GPtrArray *notes = g_ptr_array_new();
    size_t i, count;
    yyjson_arr_foreach (list, i, count, note)
        if (yyjson_is_str(note) && notes->len < GOSSIP_AT_ONCE)
            g_ptr_array_add(notes, g_strdup(yyjson_get_str(note)));
    g_ptr_array_add(notes, NULL);
    return (char **)g_ptr_array_free(notes, FALSE);
}

/* *ret_gossip: caller frees. */
static gboolean read_question(const GString *body, Question *ret_question, char ***ret_gossip,
                              GError **error)
{
    g_autoptr(yyjson_doc) doc = jsonguard_read(body ? body->str : "", body ? body->len : 0, error);
    if (!doc)
        return FALSE;
    yyjson_val *root = yyjson_doc_get_root(doc);
    guint64 max, wait;
    if (!yyjson_is_obj(root) || !yyjson_obj_get(root, "from")) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "$: not a question: it has no \"from\"");
        return FALSE;
    }
    Question question;
    if (!get_number(root, "from", 0, G_MAXINT64, &question.from, error) ||
        !get_number(root, "size", 0, G_MAXINT64, &question.size, error) ||
        !get_number(root, "max", AUTHOR_ANSWER_MAX, AUTHOR_ANSWER_MAX, &max, error) ||
        !get_number(root, "wait", 0, WAIT_MAX, &wait, error))
        return FALSE;
    question.max = (gsize)max;
    question.wait = (guint)wait;
    *ret_question = question;
    *ret_gossip = read_gossip(root);
    return TRUE;
}

/* The ledger is shorter than the peer has seen. */
static Reply *reply_behind(guint64 size)
{
    char *body = g_strdup_printf("{\"size\":%" G_GUINT64_FORMAT "}", size);
    return reply_new(409, "application/json", NEGOTIATE_IDENTITY, NULL, body, strlen(body));
}

static Reply *reply_nothing(void)
{
    return reply_new(204, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
}

static void count_sent(ExchangeFollow *follow, gint64 peer, guint64 bytes)
{
    g_mutex_lock(&follow->lock);
    guint i = 0;
    while (i < follow->sent->len && g_array_index(follow->sent, Sent, i).peer != peer)
        i++;
    const Sent fresh = {.peer = peer};
    if (i == follow->sent->len)
        g_array_append_val(follow->sent, fresh);
    g_array_index(follow->sent, Sent, i).bytes += bytes;
    g_mutex_unlock(&follow->lock);
}

static gboolean apply_sent(StoreTx *tx, gpointer user, GError **error)
{
    const GArray *sent = user;
    for (guint i = 0; i < sent->len; i++) {
        const Sent *one = &g_array_index(sent, Sent, i);
        if (!peers_add_traffic(tx, one->peer, timestamp_now(), 0, one->bytes, error))
            return FALSE;
    }
    return TRUE;
}

/* Writes down what was sent, now and then: it is for people to look at. Called with the lock held.
 */
static void flush_sent(ExchangeFollow *follow)
{
    gint64 now = g_get_monotonic_time();
    if (follow->sent->len == 0 || (!follow->stopping && now - follow->flushed < FLUSH_US))
        return;
    follow->flushed = now;
    g_autoptr(GArray) sent = follow->sent;
    follow->sent = g_array_new(FALSE, FALSE, sizeof(Sent));
    g_mutex_unlock(&follow->lock);
    writer_run(follow->api->writer, 0, apply_sent, sent, NULL);
    g_mutex_lock(&follow->lock);
}

/* The answer, or NULL without @error when there is nothing new. */
static Reply *answer(ApiCall *call, const Peer *peer, const Question *question, GError **error)
{
    Api *api = call->api;
    const NoteSigner *messenger = notary_messenger(api->options.notary, error);
    if (!messenger)
        return NULL;
    Exchanger *exchanger = api->options.exchanger;
    Gossip *gossip = exchanger ? exchanger_gossip(exchanger) : NULL;
    g_auto(GStrv) notes =
        gossip ? gossip_tell(gossip, api->store, peer->origin, g_get_monotonic_time(), NULL) : NULL;
    const AuthorQuestion asked = {.to = peer->origin,
                                  .from = question->from,
                                  .size = question->size,
                                  .max = question->max,
                                  .gossip = (const char *const *)notes};
    AuthorOutcome outcome = AUTHOR_NOTHING;
    GBytes *bytes = NULL;
    guint64 size;
    gboolean good = author_answer(api->store, &asked, messenger, api->options.ledger_policy,
                                  &outcome, &bytes, &size, error);
    if (notes && outcome != AUTHOR_ANSWERED)
        gossip_untold(gossip, peer->origin);
    if (!good)
        return NULL;
    if (outcome == AUTHOR_BEHIND)
        return reply_behind(size);
    if (outcome == AUTHOR_NOTHING)
        return NULL;
    gsize length;
    char *body = g_bytes_unref_to_data(bytes, &length);
    count_sent(api->exchange_follow, peer->number, length);
    return reply_new(200, ANSWER_TYPE, call->coding, NULL, body, length);
}

static Reply *refuse_error(GError *error)
{
    Reply *reply = problem_from_error(error);
    g_error_free(error);
    return reply;
}

static gboolean begin_waiting(ApiCall *call, Peer *peer, const Question *question)
{
    ExchangeFollow *follow = call->api->exchange_follow;
    g_mutex_lock(&follow->lock);
    gboolean good = !follow->stopping && follow->waiting->len < WAITING_MAX;
    if (good) {
        Waiting *waiting = g_new(Waiting, 1);
        *waiting = (Waiting){.call = call,
                             .peer = peer,
                             .question = *question,
                             .until = g_get_monotonic_time() + question->wait * G_USEC_PER_SEC};
        g_ptr_array_add(follow->waiting, waiting);
        follow->signalled = TRUE; /* something may have come while the question was looked at */
        g_cond_signal(&follow->wake);
    }
    g_mutex_unlock(&follow->lock);
    return good;
}

/* An answer costs its author far more than the question the peer: one peer gets few at a time. */
static gboolean begin_answer(ExchangeFollow *follow, const char *origin)
{
    g_mutex_lock(&follow->lock);
    guint busy = GPOINTER_TO_UINT(g_hash_table_lookup(follow->busy, origin));
    gboolean good = busy < AT_ONCE_MAX;
    if (good)
        g_hash_table_insert(follow->busy, g_strdup(origin), GUINT_TO_POINTER(busy + 1));
    g_mutex_unlock(&follow->lock);
    return good;
}

static void end_answer(ExchangeFollow *follow, const char *origin)
{
    g_mutex_lock(&follow->lock);
    guint busy = GPOINTER_TO_UINT(g_hash_table_lookup(follow->busy, origin));
    if (busy > 1)
        g_hash_table_insert(follow->busy, g_strdup(origin), GUINT_TO_POINTER(busy - 1));
    else
        g_hash_table_remove(follow->busy, origin);
    g_mutex_unlock(&follow->lock);
}

/* What comes of it does not concern who asks. */
static void hear(ApiCall *call, const Peer *peer, char **notes)
{
    const ApiOptions *options = &call->api->options;
    guint convicted;
    if (options->exchanger)
        exchanger_heard(options->exchanger, peer->origin);
    if (notes && options->exchanger)
        gossip_hear(exchanger_gossip(options->exchanger), call->api->store,
                    notary_writer(options->notary), peer->origin, (const char *const *)notes,
                    &convicted, NULL);
}

Reply *exchange_follow_ask(ApiCall *call, GError **error)
{
    g_autoptr(Peer) peer = NULL;
    Reply *refusal = exchange_auth_check(call, 0, &peer, error);
    if (refusal || !peer)
        return refusal;
    Question question;
    GError *local = NULL;
    g_auto(GStrv) gossip = NULL;
    if (!read_question(call->request->body, &question, &gossip, &local))
        return refuse_error(local);
    hear(call, peer, gossip);
    if (!begin_answer(call->api->exchange_follow, peer->origin))
        return problem_later(429, "the answer to another question of this peer is being made", 1);
    Reply *reply = answer(call, peer, &question, &local);
    end_answer(call->api->exchange_follow, peer->origin);
    if (local) {
        g_propagate_error(error, local);
        return NULL;
    }
    if (reply)
        return reply;
    if (question.wait > 0 && begin_waiting(call, peer, &question)) {
        peer = NULL; /* it waits too */
        return NULL;
    }
    return reply_nothing();
}

Reply *exchange_follow_wake(ApiCall *call, GError **error)
{
    g_autoptr(Peer) peer = NULL;
    Reply *refusal = exchange_auth_check(call, 0, &peer, error);
    if (refusal || !peer)
        return refusal;
    const ApiOptions *options = &call->api->options;
    if (options->exchanger)
        exchanger_woken(options->exchanger, peer->origin);
    return reply_nothing();
}

/* --- those who wait ----------------------------------------------------------------------------
 */

/* The peering may have been suspended, or have ended, while the question waited. */
static gboolean is_active(const ExchangeFollow *follow, const Peer *peer)
{
    g_autoptr(Peer) now = peers_get(follow->api->store, peer->origin, NULL);
    return now && now->state == PEER_ACTIVE;
}

/* Ends a wait, unless it has only begun and there is nothing; called without the lock. */
static void end_waiting(ExchangeFollow *follow, Waiting *waiting)
{
    ApiCall *call = waiting->call;
    HttpRequest *request = call->request;
    GError *error = NULL;
    Reply *reply = is_active(follow, waiting->peer)
                       ? answer(call, waiting->peer, &waiting->question, &error)
                       : reply_nothing(); /* it learns why when it asks again */
    if (error)
        reply = refuse_error(error);
    g_mutex_lock(&follow->lock);
    gboolean goes_on =
        !reply && !waiting->asked && !follow->stopping && waiting->until > g_get_monotonic_time();
    if (goes_on) {
        waiting->asked = TRUE;
        g_ptr_array_add(follow->waiting, waiting);
    }
    g_mutex_unlock(&follow->lock);
    if (goes_on)
        return;
    waiting_free(waiting);
    http_resume(request, reply ? reply : reply_nothing());
}

static gboolean is_concerned(const Waiting *waiting, char **origins, gboolean is_public)
{
    return is_public ||
           (origins && g_strv_contains((const char *const *)origins, waiting->peer->origin));
}

/* Those whose time is over, or for whom something came. Called with the lock held. */
static GPtrArray *take_due(ExchangeFollow *follow, char **origins, gboolean is_public)
{
    GPtrArray *due = g_ptr_array_new();
    gint64 now = g_get_monotonic_time();
    for (guint i = follow->waiting->len; i-- > 0;) {
        const Waiting *waiting = follow->waiting->pdata[i];
        if (follow->stopping || !waiting->asked || waiting->until <= now ||
            is_concerned(waiting, origins, is_public))
            g_ptr_array_add(due, g_ptr_array_steal_index_fast(follow->waiting, i));
    }
    return due;
}

static void run_waits(ExchangeFollow *follow)
{
    g_auto(LedgerReadState) state = {0};
    g_auto(GStrv) origins = NULL;
    gboolean is_public = FALSE;
    if (ledger_read_state(follow->api->store, &state, NULL) && state.size > follow->scanned)
        origins =
            deliveries_concerned(follow->api->store, follow->scanned, state.size, &is_public, NULL);
    g_mutex_lock(&follow->lock);
    if (origins)
        follow->scanned = state.size;
    g_autoptr(GPtrArray) due = take_due(follow, origins, is_public);
    g_mutex_unlock(&follow->lock);
    for (guint i = 0; i < due->len; i++)
        end_waiting(follow, due->pdata[i]);
}

static gpointer run_follow(gpointer user)
{
    ExchangeFollow *follow = user;
    g_mutex_lock(&follow->lock);
    while (!follow->stopping) {
        gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC;
        while (!follow->stopping && (!follow->signalled || follow->waiting->len == 0) &&
               g_cond_wait_until(&follow->wake, &follow->lock, until))
            ;
        follow->signalled = FALSE;
        flush_sent(follow);
        if (follow->waiting->len == 0)
            continue;
        g_mutex_unlock(&follow->lock);
        run_waits(follow);
        g_mutex_lock(&follow->lock);
    }
    flush_sent(follow);
    g_mutex_unlock(&follow->lock);
    return NULL;
}

/* After a commit, on the writer's thread. */
static void on_commit(gpointer user)
{
    ExchangeFollow *follow = user;
    g_mutex_lock(&follow->lock);
    follow->signalled = TRUE;
    if (follow->waiting->len > 0)
        g_cond_signal(&follow->wake);
    g_mutex_unlock(&follow->lock);
}

ExchangeFollow *exchange_follow_new(Api *api)
{
    ExchangeFollow *follow = g_new0(ExchangeFollow, 1);
    follow->api = api;
    follow->waiting = g_ptr_array_new();
    follow->sent = g_array_new(FALSE, FALSE, sizeof(Sent));
    follow->busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_init(&follow->lock);
    g_cond_init(&follow->wake);
    writer_watch(api->writer, on_commit, follow);
    follow->thread = g_thread_new("follow", run_follow, follow);
    return follow;
}

void exchange_follow_stop(ExchangeFollow *follow)
{
    if (!follow->thread)
        return;
    writer_unwatch(follow->api->writer, on_commit, follow);
    g_mutex_lock(&follow->lock);
    follow->stopping = TRUE;
    g_cond_signal(&follow->wake);
    g_mutex_unlock(&follow->lock);
    g_thread_join(g_steal_pointer(&follow->thread));
    run_waits(follow);
}

void exchange_follow_free(ExchangeFollow *follow)
{
    if (!follow)
        return;
    exchange_follow_stop(follow);
    g_ptr_array_unref(follow->waiting);
    g_hash_table_unref(follow->busy);
    g_array_unref(follow->sent);
    g_mutex_clear(&follow->lock);
    g_cond_clear(&follow->wake);
    g_free(follow);
}
