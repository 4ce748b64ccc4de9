#include "node/cosigner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/ticker.h"
#include "base/timestamp.h"
#include "node/policy_file.h"
#include "store/ledger_read.h"

#define ASK_TIMEOUT  10 /* seconds */
#define ASK_THREADS  8
#define ASK_TRIES    3 /* a witness that names its size is asked again from there */
#define PATIENCE_MAX 3600
#define REASON_MAX   200 /* bytes of a witness's own words */
#define TICK_US      (G_USEC_PER_SEC / 2)
#define HOUR_US      ((gint64)3600 * G_USEC_PER_SEC)

/* --- asking one witness ------------------------------------------------------------------------
 */

/* One round of question and answer. */
typedef struct {
    const CosignerMeans *means;
    WitnessAsked *asked;
    LedgerReadState state; /* what is to be cosigned */
    Note *note;
    guint64 old;
    guint status; /* 0: no answer; the reason is in failure */
    char *type, *body;
    gsize length;
    char *words; /* why not, of a peer that says so in another form than a witness does */
    guint retry_after;
} Round;

static void round_clear(Round *round)
{
    ledger_read_state_clear(&round->state);
    g_clear_pointer(&round->note, note_free);
    g_clear_pointer(&round->type, g_free);
    g_clear_pointer(&round->body, g_free);
    g_clear_pointer(&round->words, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Round, round_clear)

static void fail(WitnessAsked *asked, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void fail(WitnessAsked *asked, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(asked->failure);
    asked->failure = g_strdup_vprintf(format, args);
    va_end(args);
}

/* The first line of what a witness says in words. */
static char *reason(const Round *round)
{
    gsize length = 0;
    if (round->words)
        return g_strdup(round->words);
    while (length < round->length && length < REASON_MAX && (guchar)round->body[length] >= ' ')
        length++;
    return g_utf8_make_valid(round->body, (gssize)length);
}

static gboolean read_body(const FetchResult *result, Round *round)
{
    round->body = g_malloc0(result->length + 1);
    while (round->length < result->length) {
        gssize got = read(result->fd, round->body + round->length, result->length - round->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FALSE;
        round->length += (gsize)got;
    }
    return TRUE;
}

/* A witness that does not answer is told by a status of 0. */
static void send_to_url(Round *round, const char *body)
{
    const Config *config = round->means->config;
    g_autoptr(GError) local = NULL;
    const FetchOptions options = {.max_bytes = WITNESS_REQUEST_MAX,
                                  .timeout_seconds = ASK_TIMEOUT,
                                  .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                  .ca_file = config_path(config, SETTING_FETCH_CA_FILE)};
    g_autofree char *url = g_strconcat(round->asked->url, "/add-checkpoint", NULL);
    g_auto(FetchResult) result = {.fd = -1};
    if (!fetch_post(url, body, strlen(body), WITNESS_TEXT_TYPE, &options, &result, &local)) {
        fail(round->asked, "%s", local->message);
        return;
    }
    if (!read_body(&result, round)) {
        fail(round->asked, "%s: its answer cannot be read", url);
        return;
    }
    round->status = result.status;
    round->type = g_steal_pointer(&result.content_type);
    round->retry_after = result.retry_after;
}

static gboolean has_type(const Round *round, const char *type)
{
    return round->type && g_str_has_prefix(round->type, type);
}

ExchangePost *cosigner_post_new(const Config *config)
{
    const ExchangePostOptions options = {.allow_private =
                                             config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                         .timeout_seconds = ASK_TIMEOUT,
                                         .max_bytes = WITNESS_REQUEST_MAX};
    return exchange_post_new(&options);
}

/* Takes what a peer answered. */
static void take_post(Round *round, ExchangePostResult *result)
{
    gsize length;
    const char *bytes = g_bytes_get_data(result->http.body, &length);
    round->body = g_malloc0(length + 1);
    if (length > 0)
        memcpy(round->body, bytes, length);
    round->length = length;
    round->status = result->http.status;
    round->type = g_steal_pointer(&result->http.content_type);
    round->retry_after = result->http.retry_after;
    if (!has_type(round, "text/"))
        round->words = exchange_post_reason(result);
}

static gboolean post_round(const Round *round, const char *body, ExchangePostResult *ret_result,
                           GError **error)
{
    const CosignerMeans *means = round->means;
    g_autoptr(Peer) peer = peers_get(means->store, round->asked->peer, error);
    const NoteSigner *messenger =
        peer && means->notary ? notary_messenger(means->notary, error) : NULL;
    if (!messenger) {
        if (peer && !means->notary)
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                                "there are no keys here by which a peer could be asked");
        return FALSE;
    }
    g_autoptr(ExchangePost) own = means->post ? NULL : cosigner_post_new(means->config);
    const ExchangePostRequest request = {.path = WITNESS_EXCHANGE_PATH,
                                         .body = body,
                                         .length = strlen(body),
                                         .type = WITNESS_TEXT_TYPE};
    return exchange_post(means->post ? means->post : own, messenger, peer, &request, ret_result,
                         error);
}

static void send_to_peer(Round *round, const char *body)
{
    g_autoptr(GError) local = NULL;
    g_auto(ExchangePostResult) result = {0};
    if (post_round(round, body, &result, &local))
        take_post(round, &result);
    else
        fail(round->asked, "%s", local->message);
}

/* Sends the newest checkpoint. FALSE when that fails here. */
static gboolean send_round(Round *round, GError **error)
{
    MerkleProof proof = {0};
    round->note = note_parse(round->state.checkpoint, strlen(round->state.checkpoint), error);
    if (!round->note ||
        !ledger_read_consistency(round->means->store, round->old, round->state.size, &proof, error))
        return FALSE;
    g_autofree char *body = witness_request_format(round->old, &proof, round->note, error);
    if (!body)
        return FALSE;
    if (round->asked->peer)
        send_to_peer(round, body);
    else
        send_to_url(round, body);
    return TRUE;
}

/* Takes the cosignature out of an answer; NULL and a failure when there is none. */
static char *take_line(const Round *round)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(NoteVerifier) key = note_verifier_parse(round->asked->vkey, &local);
    char *lines = key ? witness_read_cosignatures(round->body, round->length, round->note,
                                                  (const NoteVerifier *const *)&key, 1, &local)
                      : NULL;
    if (!lines) {
        fail(round->asked, "it answers with no good cosignature: %s", local->message);
        return NULL;
    }
    strchr(lines, '\n')[1] = '\0'; /* one is enough */
    return lines;
}

static gboolean apply_hold(StoreTx *tx, gpointer user, GError **error)
{
    return ledger_hold(tx, TRUE, error);
}

/* The witness has seen more than there is, unless there is more by now. */
static gboolean find_rolled_back(const CosignerMeans *means, WitnessAsked *asked, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(means->store, &state, error))
        return FALSE;
    if (asked->size <= state.size)
        return TRUE;
    fail(asked,
         "it has cosigned %" G_GUINT64_FORMAT " entries of this ledger, which has only "
         "%" G_GUINT64_FORMAT ": the ledger was rolled back, or another copy of it goes on; it "
         "is held, nothing is signed until that is cleared up",
         asked->size, state.size);
    return state.held || writer_run(means->writer, 0, apply_hold, NULL, error);
}

/* What to make of statuses that are no cosignature. */
static void explain(const Round *round)
{
    static const struct {
        guint status;
        const char *meaning;
    } meanings[] = {
        {WITNESS_MALFORMED, "it does not understand the request"},
        {WITNESS_FORBIDDEN, "it does not accept this ledger's key, or has frozen the ledger"},
        {WITNESS_UNKNOWN_LOG, "it does not watch this ledger"},
        {WITNESS_CONFLICT, "it has cosigned another tree of this size; is there a second copy of "
                           "this node?"},
        {WITNESS_INCONSISTENT,
         "it has cosigned a tree that this ledger does not continue; is there "
         "a second copy of this node?"},
    };
    g_autofree char *words = reason(round);
    const char *meaning = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(meanings) && !meaning; i++)
        if (meanings[i].status == round->status)
            meaning = meanings[i].meaning;
    fail(round->asked, "%s (status %u%s%s)", meaning ? meaning : "it cannot answer", round->status,
         *words ? ": " : "", words);
}

/* The size of a checkpoint that a peer shows; *ret_proven: it is signed by this ledger's key. */
static gboolean read_shown(const Round *round, guint64 *ret_size, gboolean *ret_proven)
{
    g_autoptr(Note) note = note_parse(round->body, round->length, NULL);
    g_auto(Checkpoint) checkpoint = {0};
    g_autoptr(NoteVerifier) key = note_verifier_parse(round->state.keys[LEDGER_KEY], NULL);
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, NULL) ||
        !g_str_equal(checkpoint.origin, round->state.origin))
        return FALSE;
    *ret_size = checkpoint.size;
    *ret_proven = key && note_verify(note, (const NoteVerifier *const *)&key, 1, NULL, NULL);
    return TRUE;
}

/* Whether the answer is a size to go on from. Of a witness that a person chose the word counts; a
 * peer has to prove one above that of the ledger. */
static gboolean is_size(const Round *round, guint64 *ret_size, gboolean *ret_believed)
{
    *ret_believed = !round->asked->peer;
    if (round->status != WITNESS_CONFLICT)
        return FALSE;
    if (round->asked->peer && has_type(round, WITNESS_CHECKPOINT_TYPE)) {
        if (!read_shown(round, ret_size, ret_believed))
            *ret_size = G_MAXUINT64;
    } else if (!has_type(round, WITNESS_SIZE_TYPE) ||
               !witness_read_size(round->body, round->length, ret_size)) {
        return FALSE;
    }
    *ret_believed = *ret_believed || *ret_size <= round->state.size;
    return TRUE;
}

/* The witness has last cosigned a tree of @size entries. */
static gboolean take_size(Round *round, guint64 size, gboolean believed, gboolean *ret_again,
                          GError **error)
{
    WitnessAsked *asked = round->asked;
    if (!believed) {
        asked->status = 0;
        fail(asked, "it says that it has cosigned more than there is, and shows no checkpoint that "
                    "this ledger's key has signed: that is not believed");
        return TRUE;
    }
    asked->size = size;
    if (size > round->state.size)
        return find_rolled_back(round->means, asked, error);
    *ret_again = size != round->old;
    fail(asked, "it contradicts itself about the size that it has cosigned");
    return TRUE;
}

/* One round. *ret_line is the cosignature, if there is one; *ret_again: another round may help. */
static gboolean ask_once(Round *round, char **ret_line, gboolean *ret_again, GError **error)
{
    WitnessAsked *asked = round->asked;
    if (!ledger_read_state(round->means->store, &round->state, error))
        return FALSE;
    if (!round->state.checkpoint)
        return TRUE; /* nothing to be cosigned yet */
    round->old = asked->size <= round->state.size ? asked->size : 0;
    if (!send_round(round, error))
        return FALSE;
    asked->status = round->status;
    guint64 size;
    gboolean believed;
    if (round->status == WITNESS_COSIGN && (*ret_line = take_line(round))) {
        asked->size = round->state.size;
        g_clear_pointer(&asked->failure, g_free);
    } else if (is_size(round, &size, &believed)) {
        return take_size(round, size, believed, ret_again, error);
    } else if (round->status > 0 && round->status != WITNESS_COSIGN &&
               round->status != WITNESS_TOO_MANY_REQUESTS) {
        explain(round);
    }
    return TRUE;
}

/* What is to be kept. */
typedef struct {
    const WitnessAsked *asked;
    const char *checkpoint, *line;
    const Quorum *policy;
} Answer;

static gboolean apply_answer(StoreTx *tx, gpointer user, GError **error)
{
    const Answer *answer = user;
    return witness_put_answer(tx, answer->asked, answer->checkpoint, answer->line, answer->policy,
                              error);
}

gboolean cosigner_ask(const CosignerMeans *means, const Quorum *policy, WitnessAsked *asked,
                      guint *ret_wait, GError **error)
{
    g_auto(Round) round = {.means = means, .asked = asked};
    g_autofree char *line = NULL;
    gboolean again = TRUE;
    for (guint i = 0; i < ASK_TRIES && again; i++) {
        round_clear(&round);
        round = (Round){.means = means, .asked = asked};
        again = FALSE;
        if (!ask_once(&round, &line, &again, error))
            return FALSE;
    }
    asked->asked = timestamp_now();
    if (line)
        asked->cosigned = asked->asked;
    *ret_wait = round.retry_after;
    Answer answer = {asked, round.state.checkpoint, line, policy};
    return writer_run(means->writer, 0, apply_answer, &answer, error);
}

/* --- asking all of them ------------------------------------------------------------------------
 */

/* When to ask a witness the next time. */
typedef struct {
    gint64 next; /* monotonic */
    guint failures;
    gboolean busy;
    char *told;         /* of the last failure that was told */
    ExchangePost *post; /* of a witness that is a peer; NULL: it was not asked yet */
} Plan;

static void plan_free(Plan *plan)
{
    g_clear_pointer(&plan->post, exchange_post_free);
    g_free(plan->told);
    g_free(plan);
}

struct Cosigner {
    CosignerMeans means;
    Quorum *policy;
    CosignerTell tell;
    gpointer user;
    Ticker *ticker;
    GThreadPool *pool;
    GMutex lock; /* guards what follows */
    gboolean stopping;
    GHashTable *plans; /* number of the witness -> Plan */
};

/* @seconds, and up to a tenth more, so that nodes do not march in step and no witness finds that we
 * come a moment too soon. */
static gint64 delay(gdouble seconds)
{
    return (gint64)(seconds * g_random_double_range(1.02, 1.1) * G_USEC_PER_SEC);
}

static gint64 next_delay(const Cosigner *cosigner, Plan *plan, const WitnessAsked *asked,
                         guint wait)
{
    guint interval = config_duration(cosigner->means.config, SETTING_LEDGER_COSIGN_ASK_INTERVAL);
    plan->failures = asked->failure ? MIN(plan->failures + 1, 12) : 0;
    gdouble seconds = (gdouble)interval * (1 << plan->failures);
    if (asked->peer && plan->failures > 0)
        seconds = 1 << (plan->failures - 1);
    return delay(MAX(MIN(seconds, MAX(interval, PATIENCE_MAX)), wait));
}

/* Tells what has changed about a witness. Called with the lock held; tells without it. */
static void report(Cosigner *cosigner, Plan *plan, const WitnessAsked *asked)
{
    /* Once is no failure of a peer, which may not have heard of the peering yet. */
    if (g_strcmp0(plan->told, asked->failure) == 0 || (asked->peer && plan->failures == 1))
        return;
    g_free(plan->told);
    plan->told = g_strdup(asked->failure);
    g_mutex_unlock(&cosigner->lock);
    cosigner->tell(asked->name, asked->failure, cosigner->user);
    g_mutex_lock(&cosigner->lock);
}

static void run_ask(gpointer data, gpointer user)
{
    Cosigner *cosigner = user;
    g_autoptr(WitnessAsked) asked = data;
    g_autoptr(GError) error = NULL;
    guint wait = 0;
    CosignerMeans means = cosigner->means;
    g_mutex_lock(&cosigner->lock);
    gboolean stopping = cosigner->stopping;
    Plan *plan = g_hash_table_lookup(cosigner->plans, &asked->number);
    means.post = plan->post;
    g_mutex_unlock(&cosigner->lock);
    if (stopping)
        return;
    if (!cosigner_ask(&means, cosigner->policy, asked, &wait, &error))
        fail(asked, "%s", error->message);
    g_mutex_lock(&cosigner->lock);
    plan->next = g_get_monotonic_time() + next_delay(cosigner, plan, asked, wait);
    report(cosigner, plan, asked);
    plan->busy = FALSE;
    g_mutex_unlock(&cosigner->lock);
}

/* Whether there is something to ask: growth, a question without answer, or a full hour. */
static gboolean has_reason(const WitnessAsked *asked, const LedgerReadState *state)
{
    return asked->cosigned == 0 || asked->failure || asked->size != state->size ||
           asked->status != WITNESS_COSIGN ||
           timestamp_now() / HOUR_US != asked->cosigned / HOUR_US;
}

/* Called with the lock held. */
static Plan *find_plan(Cosigner *cosigner, const WitnessAsked *asked)
{
    Plan *plan = g_hash_table_lookup(cosigner->plans, &asked->number);
    if (!plan) {
        plan = g_new0(Plan, 1);
        if (asked->peer)
            plan->post = cosigner_post_new(cosigner->means.config);
        g_hash_table_insert(cosigner->plans, g_memdup2(&asked->number, sizeof asked->number), plan);
    }
    return plan;
}

/* Whether the witness may be asked at all: a peer only while the peering is active. */
static gboolean may_ask(const Cosigner *cosigner, const WitnessAsked *asked)
{
    if (!asked->peer)
        return TRUE;
    g_autoptr(Peer) peer = peers_get(cosigner->means.store, asked->peer, NULL);
    return peer && peer->state == PEER_ACTIVE && !peer->fork;
}

static void ask_those_due(Cosigner *cosigner)
{
    g_auto(LedgerReadState) state = {0};
    Store *store = cosigner->means.store;
    g_autoptr(GPtrArray) list = witness_asked(store, NULL);
    /* What cannot be read now can be at the next tick. */
    if (!list || list->len == 0 || !ledger_read_state(store, &state, NULL) || !state.checkpoint)
        return;
    g_mutex_lock(&cosigner->lock);
    while (list->len > 0) {
        g_autoptr(WitnessAsked) asked = g_ptr_array_steal_index(list, list->len - 1);
        Plan *plan = find_plan(cosigner, asked);
        if (plan->busy || g_get_monotonic_time() < plan->next || !has_reason(asked, &state) ||
            !may_ask(cosigner, asked))
            continue;
        plan->busy = TRUE;
        g_thread_pool_push(cosigner->pool, g_steal_pointer(&asked), NULL);
    }
    g_mutex_unlock(&cosigner->lock);
}

static gint64 run_cosigner(gpointer user, const gint *stop)
{
    ask_those_due(user);
    return TICK_US;
}

Cosigner *cosigner_start(const CosignerMeans *means, CosignerTell tell, gpointer user,
                         GError **error)
{
    Quorum *policy;
    if (!policy_file_load(means->config, &policy, error))
        return NULL;
    Cosigner *cosigner = g_new0(Cosigner, 1);
    cosigner->means = *means;
    cosigner->policy = policy;
    cosigner->tell = tell;
    cosigner->user = user;
    cosigner->plans =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)plan_free);
    g_mutex_init(&cosigner->lock);
    cosigner->pool = g_thread_pool_new_full(run_ask, cosigner, (GDestroyNotify)witness_asked_free,
                                            ASK_THREADS, FALSE, NULL);
    cosigner->ticker = ticker_start("cosigner", run_cosigner, cosigner);
    return cosigner;
}

void cosigner_stop(Cosigner *cosigner)
{
    if (!cosigner)
        return;
    GHashTableIter iter;
    gpointer value;
    g_mutex_lock(&cosigner->lock);
    cosigner->stopping = TRUE;
    g_hash_table_iter_init(&iter, cosigner->plans);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Plan *)value)->post)
            exchange_post_cancel(((Plan *)value)->post);
    g_mutex_unlock(&cosigner->lock);
    ticker_stop(cosigner->ticker);
    g_thread_pool_free(cosigner->pool, TRUE, TRUE);
    g_hash_table_unref(cosigner->plans);
    quorum_free(cosigner->policy);
    g_mutex_clear(&cosigner->lock);
    g_free(cosigner);
}
