#include "node/cosigner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
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
    WitnessAsked *asked;
    LedgerReadState state; /* what is to be cosigned */
    Note *note;
    guint64 old;
    guint status; /* 0: no answer; the reason is in failure */
    char *type, *body;
    gsize length;
    guint retry_after;
} Round;

static void round_clear(Round *round)
{
    ledger_read_state_clear(&round->state);
    g_clear_pointer(&round->note, note_free);
    g_clear_pointer(&round->type, g_free);
    g_clear_pointer(&round->body, g_free);
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

/* Sends the newest checkpoint. FALSE when that fails here; a witness that does not answer is told
 * by a status of 0. */
static gboolean send_round(const Config *config, Store *store, Round *round, GError **error)
{
    g_autoptr(GError) local = NULL;
    MerkleProof proof = {0};
    round->note = note_parse(round->state.checkpoint, strlen(round->state.checkpoint), error);
    if (!round->note ||
        !ledger_read_consistency(store, round->old, round->state.size, &proof, error))
        return FALSE;
    g_autofree char *body = witness_request_format(round->old, &proof, round->note, error);
    if (!body)
        return FALSE;
    const FetchOptions options = {.max_bytes = WITNESS_REQUEST_MAX,
                                  .timeout_seconds = ASK_TIMEOUT,
                                  .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                  .ca_file = config_path(config, SETTING_FETCH_CA_FILE)};
    g_autofree char *url = g_strconcat(round->asked->url, "/add-checkpoint", NULL);
    g_auto(FetchResult) result = {.fd = -1};
    if (!fetch_post(url, body, strlen(body), WITNESS_TEXT_TYPE, &options, &result, &local)) {
        fail(round->asked, "%s", local->message);
        return TRUE;
    }
    if (!read_body(&result, round)) {
        fail(round->asked, "%s: its answer cannot be read", url);
        return TRUE;
    }
    round->status = result.status;
    round->type = g_steal_pointer(&result.content_type);
    round->retry_after = result.retry_after;
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
static gboolean find_rolled_back(Store *store, Writer *writer, WitnessAsked *asked, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(store, &state, error))
        return FALSE;
    if (asked->size <= state.size)
        return TRUE;
    fail(asked,
         "it has cosigned %" G_GUINT64_FORMAT " entries of this ledger, which has only "
         "%" G_GUINT64_FORMAT ": the ledger was rolled back, or another copy of it goes on; it "
         "is held, nothing is signed until that is cleared up",
         asked->size, state.size);
    return state.held || writer_run(writer, 0, apply_hold, NULL, error);
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

static gboolean is_size(const Round *round, guint64 *ret_size)
{
    return round->status == WITNESS_CONFLICT && round->type &&
           g_str_has_prefix(round->type, WITNESS_SIZE_TYPE) &&
           witness_read_size(round->body, round->length, ret_size);
}

/* One round. *ret_line is the cosignature, if there is one; *ret_again: another round may help. */
static gboolean ask_once(const Config *config, Store *store, Writer *writer, Round *round,
                         char **ret_line, gboolean *ret_again, GError **error)
{
    WitnessAsked *asked = round->asked;
    if (!ledger_read_state(store, &round->state, error))
        return FALSE;
    if (!round->state.checkpoint)
        return TRUE; /* nothing to be cosigned yet */
    round->old = asked->size <= round->state.size ? asked->size : 0;
    if (!send_round(config, store, round, error))
        return FALSE;
    asked->status = round->status;
    guint64 size;
    if (round->status == WITNESS_COSIGN && (*ret_line = take_line(round))) {
        asked->size = round->state.size;
        g_clear_pointer(&asked->failure, g_free);
    } else if (is_size(round, &size)) {
        asked->size = size;
        if (size > round->state.size)
            return find_rolled_back(store, writer, asked, error);
        *ret_again = size != round->old;
        fail(asked, "it contradicts itself about the size that it has cosigned");
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

gboolean cosigner_ask(const Config *config, Store *store, Writer *writer, const Quorum *policy,
                      WitnessAsked *asked, guint *ret_wait, GError **error)
{
    g_auto(Round) round = {.asked = asked};
    g_autofree char *line = NULL;
    gboolean again = TRUE;
    for (guint i = 0; i < ASK_TRIES && again; i++) {
        round_clear(&round);
        round = (Round){.asked = asked};
        again = FALSE;
        if (!ask_once(config, store, writer, &round, &line, &again, error))
            return FALSE;
    }
    asked->asked = timestamp_now();
    if (line)
        asked->cosigned = asked->asked;
    *ret_wait = round.retry_after;
    Answer answer = {asked, round.state.checkpoint, line, policy};
    return writer_run(writer, 0, apply_answer, &answer, error);
}

/* --- asking all of them ------------------------------------------------------------------------
 */

/* When to ask a witness the next time. */
typedef struct {
    gint64 next; /* monotonic */
    guint failures;
    gboolean busy;
    char *told; /* of the last failure that was told */
} Plan;

static void plan_free(Plan *plan)
{
    g_free(plan->told);
    g_free(plan);
}

struct Cosigner {
    const Config *config;
    Store *store;
    Writer *writer;
    Quorum *policy;
    CosignerTell tell;
    gpointer user;
    GThread *thread;
    GThreadPool *pool;
    GMutex lock; /* guards what follows */
    GCond wake;
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
    guint interval = config_duration(cosigner->config, SETTING_LEDGER_COSIGN_ASK_INTERVAL);
    plan->failures = asked->failure ? MIN(plan->failures + 1, 12) : 0;
    gdouble seconds = (gdouble)interval * (1 << plan->failures);
    return delay(MAX(MIN(seconds, MAX(interval, PATIENCE_MAX)), wait));
}

/* Tells what has changed about a witness. Called with the lock held; tells without it. */
static void report(Cosigner *cosigner, Plan *plan, const WitnessAsked *asked)
{
    if (g_strcmp0(plan->told, asked->failure) == 0)
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
    g_mutex_lock(&cosigner->lock);
    gboolean stopping = cosigner->stopping;
    g_mutex_unlock(&cosigner->lock);
    if (stopping)
        return;
    if (!cosigner_ask(cosigner->config, cosigner->store, cosigner->writer, cosigner->policy, asked,
                      &wait, &error))
        fail(asked, "%s", error->message);
    g_mutex_lock(&cosigner->lock);
    Plan *plan = g_hash_table_lookup(cosigner->plans, &asked->number);
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
static Plan *find_plan(Cosigner *cosigner, gint64 number)
{
    Plan *plan = g_hash_table_lookup(cosigner->plans, &number);
    if (!plan) {
        plan = g_new0(Plan, 1);
        g_hash_table_insert(cosigner->plans, g_memdup2(&number, sizeof number), plan);
    }
    return plan;
}

static void ask_those_due(Cosigner *cosigner)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GPtrArray) list = witness_asked(cosigner->store, NULL);
    /* What cannot be read now can be at the next tick. */
    if (!list || list->len == 0 || !ledger_read_state(cosigner->store, &state, NULL) ||
        !state.checkpoint)
        return;
    g_mutex_lock(&cosigner->lock);
    while (list->len > 0) {
        g_autoptr(WitnessAsked) asked = g_ptr_array_steal_index(list, list->len - 1);
        Plan *plan = find_plan(cosigner, asked->number);
        if (plan->busy || g_get_monotonic_time() < plan->next || !has_reason(asked, &state))
            continue;
        plan->busy = TRUE;
        g_thread_pool_push(cosigner->pool, g_steal_pointer(&asked), NULL);
    }
    g_mutex_unlock(&cosigner->lock);
}

static gpointer run_cosigner(gpointer user)
{
    Cosigner *cosigner = user;
    g_mutex_lock(&cosigner->lock);
    while (!cosigner->stopping) {
        g_mutex_unlock(&cosigner->lock);
        ask_those_due(cosigner);
        g_mutex_lock(&cosigner->lock);
        gint64 end = g_get_monotonic_time() + TICK_US;
        while (!cosigner->stopping && g_cond_wait_until(&cosigner->wake, &cosigner->lock, end))
            ;
    }
    g_mutex_unlock(&cosigner->lock);
    return NULL;
}

Cosigner *cosigner_start(const Config *config, Store *store, Writer *writer, CosignerTell tell,
                         gpointer user, GError **error)
{
    Quorum *policy;
    if (!policy_file_load(config, &policy, error))
        return NULL;
    Cosigner *cosigner = g_new0(Cosigner, 1);
    cosigner->config = config;
    cosigner->store = store;
    cosigner->writer = writer;
    cosigner->policy = policy;
    cosigner->tell = tell;
    cosigner->user = user;
    cosigner->plans =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)plan_free);
    g_mutex_init(&cosigner->lock);
    g_cond_init(&cosigner->wake);
    cosigner->pool = g_thread_pool_new_full(run_ask, cosigner, (GDestroyNotify)witness_asked_free,
                                            ASK_THREADS, FALSE, NULL);
    cosigner->thread = g_thread_new("cosigner", run_cosigner, cosigner);
    return cosigner;
}

void cosigner_stop(Cosigner *cosigner)
{
    if (!cosigner)
        return;
    g_mutex_lock(&cosigner->lock);
    cosigner->stopping = TRUE;
    g_cond_signal(&cosigner->wake);
    g_mutex_unlock(&cosigner->lock);
    g_thread_join(cosigner->thread);
    g_thread_pool_free(cosigner->pool, TRUE, TRUE);
    g_hash_table_unref(cosigner->plans);
    quorum_free(cosigner->policy);
    g_mutex_clear(&cosigner->lock);
    g_cond_clear(&cosigner->wake);
    g_free(cosigner);
}
