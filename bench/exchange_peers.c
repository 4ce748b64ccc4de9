/* exchange_peers.c - many peers of one node: as many connections, each a node's of its own that
 * asks, signs, and verifies every answer as a node does. They keep nothing but their cursors, and
 * have no endpoints: the node cannot wake them, so they ask once a second. Their keys follow from
 * their numbers. */
#include <stdio.h>
#include <string.h>

#include "base/fetch_session.h"
#include "base/timestamp.h"
#include "exchange/answer.h"
#include "exchange/card.h"
#include "exchange/dispatch_header.h"
#include "exchange_bench.h"
#include "identity/httpsig.h"
#include "node/card_publisher.h"
#include "node/peer_step.h"
#include "store/ledger_read.h"
#include "store/own_card.h"
#include "store/records.h"

#define PEERS_MAX_COUNT 4000
#define FOLLOW_PATH     "/exchange/v1/follow"
#define ANSWER_MAX      (8 * 1024 * 1024)
#define PUBLISH_US      (G_USEC_PER_SEC / 2) /* between two dispatches */
#define FLAT_US         (3 * G_USEC_PER_SEC)
#define TRIES           20 /* of a question that is put off */

typedef struct {
    char *origin, *url; /* of the node that is followed */
    NoteVerifier *message_key;
    guint64 card_number;
    gint64 end;  /* of the phase; monotonic */
    gint stop;   /* atomic; somebody failed */
    GMutex lock; /* guards what follows */
    GError *failure;
} Run;

typedef struct {
    Run *run;
    guint number, count;
    char *origin;
    NoteSigner *message;
    FetchSession *session;
    KeyHistory *history;
    guint64 cursor, size;
    MerkleHash root;
    guint64 dispatches, items; /* that arrived */
    guint64 requests, answers, bytes, put_off;
    GArray *times; /* double, ms */
} BenchPeer;

/* --- who they are ------------------------------------------------------------------------------
 */

static char *node_name(guint number)
{
    return g_strdup_printf("peer%u.bench.example", number);
}

static NoteSigner *make_signer(const char *node, const char *role, NoteAlgorithm algorithm,
                               GError **error)
{
    g_autofree char *name = g_strconcat(node, role, NULL);
    guint8 seed[SHA256_SIZE];
    sha256_digest(name, strlen(name), seed);
    return note_signer_new(name, algorithm, seed, error);
}

static char *make_card(const char *node, GError **error)
{
    static const struct {
        const char *role;
        NoteAlgorithm algorithm;
    } roles[CARD_KEYS] = {
        [CARD_LEDGER_KEY] = {"/ledger", NOTE_ED25519},
        [CARD_COSIGN_KEY] = {"/witness", NOTE_COSIGNATURE},
        [CARD_RECOVERY_KEY] = {"/recovery", NOTE_ED25519},
        [CARD_MESSAGE_KEY] = {"/message", NOTE_ED25519},
    };
    g_autoptr(NoteSigner) ledger = NULL;
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    guint8 parcel[CARD_PARCEL_KEY_SIZE];
    char *vkeys[CARD_KEYS] = {NULL}, *text = NULL;
    sha256_digest(node, strlen(node), parcel);
    g_autofree char *parcel_text = g_base64_encode(parcel, sizeof parcel);
    gboolean good = TRUE;
    for (guint i = 0; i < CARD_KEYS && good; i++) {
        g_autoptr(NoteSigner) signer = make_signer(node, roles[i].role, roles[i].algorithm, error);
        good = signer != NULL;
        if (good)
            vkeys[i] = note_verifier_format(note_signer_verifier(signer));
        if (i == CARD_LEDGER_KEY)
            ledger = g_steal_pointer(&signer);
    }
    CardSpec spec = {.node = node,
                     .origin = origin,
                     .number = 1,
                     .time_us = timestamp_now(),
                     .organisation = node,
                     .parcel = parcel_text};
    for (guint i = 0; i < CARD_KEYS; i++)
        spec.vkeys[i] = vkeys[i];
    if (good)
        text = card_make(&spec, ledger, error);
    for (guint i = 0; i < CARD_KEYS; i++)
        g_free(vkeys[i]);
    return text;
}

/* It invites the node, which accepts. */
static gboolean make_peer(Node *node, const char *own, guint number, GError **error)
{
    g_autofree char *name = node_name(number);
    g_autofree char *card = make_card(name, error);
    g_autoptr(NoteSigner) message =
        card ? make_signer(name, "/message", NOTE_ED25519, error) : NULL;
    if (!message)
        return FALSE;
    const PeeringSpec invitation = {
        .step = PEER_STEP_INVITE, .to = own, .time_us = timestamp_now(), .card = card};
    g_autofree char *text = peering_make(&invitation, message, error);
    g_autofree char *said = NULL;
    g_autoptr(Peer) peer = NULL;
    const PeerStepSpec acceptance = {.step = PEER_STEP_ACCEPT, .peer = name};
    return text &&
           peer_step_hear(node_store(node), node_writer(node), text, strlen(text), NULL, NULL,
                          error) &&
           peer_step_say(node_notary(node), &acceptance, &said, &peer, error);
}

static gboolean read_count(const char *text, guint max, guint *ret_count, GError **error)
{
    guint64 count;
    if (!g_ascii_string_to_unsigned(text, 10, 1, max, &count, error))
        return FALSE;
    *ret_count = (guint)count;
    return TRUE;
}

gboolean exchange_bench_make(char **arguments, GError **error)
{
    guint count;
    g_auto(LedgerReadState) own = {0};
    if (!read_count(arguments[1], PEERS_MAX_COUNT, &count, error))
        return FALSE;
    g_autoptr(Node) node = node_open(arguments[0], NODE_SERVE, error);
    g_autofree char *card = node ? card_publisher_get(node_notary(node), error) : NULL;
    if (!card || !ledger_read_state(node_store(node), &own, error))
        return FALSE;
    for (guint i = 0; i < count; i++)
        if (!make_peer(node, own.origin, i, error))
            return FALSE;
    return TRUE;
}

/* --- a question and its answer -----------------------------------------------------------------
 */

static gboolean post_question(BenchPeer *peer, FetchSessionResult *ret_result, GError **error)
{
    g_autofree char *body = g_strdup_printf("{\"from\":%" G_GUINT64_FORMAT
                                            ",\"size\":%" G_GUINT64_FORMAT ",\"max\":%d}",
                                            peer->cursor, peer->size, ANSWER_MAX);
    const HttpsigRequest request = {
        .method = "POST", .target_uri = peer->run->url, .body = body, .length = strlen(body)};
    g_auto(HttpsigHeaders) headers = {NULL};
    if (!httpsig_sign(&request, peer->message, timestamp_now(), NULL, &headers, error))
        return FALSE;
    g_auto(GStrv) lines = httpsig_headers_lines(&headers);
    gint64 start = g_get_monotonic_time();
    if (!fetch_session_post(peer->session, peer->run->url, body, strlen(body), "application/json",
                            (const char *const *)lines, ret_result, error))
        return FALSE;
    double ms = (double)(g_get_monotonic_time() - start) / 1e3;
    g_array_append_val(peer->times, ms);
    peer->requests++;
    peer->bytes += ret_result->received;
    return TRUE;
}

/* Verified as a node does; what came is counted. */
static gboolean accept(BenchPeer *peer, GBytes *bytes, GError **error)
{
    const Run *run = peer->run;
    const NoteVerifier *keys[] = {run->message_key};
    const AnswerTrust trust = {.origin = run->origin,
                               .to = peer->origin,
                               .history = peer->history,
                               .message_keys = keys,
                               .n_message_keys = 1,
                               .card_number = run->card_number,
                               .from = peer->cursor,
                               .size = peer->size,
                               .root = peer->root};
    g_auto(AnswerVerified) verified = {0};
    g_autoptr(Answer) answer = answer_parse(bytes, 4 * ANSWER_MAX, error);
    if (!answer || answer_verify(answer, &trust, &verified, error) != ANSWER_ACCEPTED)
        return FALSE;
    for (guint i = verified.first_new; i < answer->openings->len; i++) {
        const AnswerOpening *opening = answer->openings->pdata[i];
        if (!g_str_equal(opening->opening->kind, DISPATCH_HEADER_DISPATCH))
            continue;
        peer->dispatches++;
        peer->items += opening->opening->n_items;
    }
    peer->answers++;
    peer->cursor = verified.end;
    peer->size = verified.size;
    peer->root = verified.root;
    return TRUE;
}

/* One question; *ret_more: there is more. */
static gboolean ask(BenchPeer *peer, gboolean *ret_more, GError **error)
{
    for (guint i = 0; i < TRIES; i++) {
        g_auto(FetchSessionResult) result = {0};
        if (!post_question(peer, &result, error))
            return FALSE;
        *ret_more = FALSE;
        if (result.status == 204)
            return TRUE;
        if (result.status == 200) {
            gboolean good = accept(peer, result.body, error);
            *ret_more = peer->cursor < peer->size;
            return good;
        }
        if (result.status != 429 && result.status != 503) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: status %u: %.200s",
                        peer->origin, result.status,
                        (const char *)g_bytes_get_data(result.body, NULL));
            return FALSE;
        }
        peer->put_off++;
        g_usleep(MAX(result.retry_after, 1) * G_USEC_PER_SEC);
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY, "%s: put off again and again",
                peer->origin);
    return FALSE;
}

static gboolean catch_up(BenchPeer *peer, GError **error)
{
    for (gboolean more = TRUE; more;)
        if (!ask(peer, &more, error))
            return FALSE;
    return TRUE;
}

/* --- phases: every peer has a thread -----------------------------------------------------------
 */

static gboolean is_over(const Run *run)
{
    return g_get_monotonic_time() >= run->end || g_atomic_int_get(&run->stop);
}

/* Once a second, each at a time of its own. */
static gboolean ask_steadily(BenchPeer *peer, GError **error)
{
    gint64 start = g_get_monotonic_time() + G_USEC_PER_SEC * peer->number / peer->count;
    for (gint64 next = start; next < peer->run->end; next += G_USEC_PER_SEC) {
        gint64 now = g_get_monotonic_time();
        if (next > now)
            g_usleep((gulong)(next - now));
        if (is_over(peer->run))
            return TRUE;
        if (!catch_up(peer, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean ask_flat_out(BenchPeer *peer, GError **error)
{
    gboolean more;
    while (!is_over(peer->run))
        if (!ask(peer, &more, error))
            return FALSE;
    return TRUE;
}

typedef gboolean (*Phase)(BenchPeer *peer, GError **error);

typedef struct {
    BenchPeer *peer;
    Phase phase;
} Task;

static void run_fail(Run *run, GError *failure)
{
    g_mutex_lock(&run->lock);
    if (!run->failure)
        run->failure = g_steal_pointer(&failure);
    g_mutex_unlock(&run->lock);
    g_clear_error(&failure);
    g_atomic_int_set(&run->stop, TRUE);
}

static gpointer run_task(gpointer user)
{
    const Task *task = user;
    GError *failure = NULL;
    if (!task->phase(task->peer, &failure))
        run_fail(task->peer->run, failure);
    return NULL;
}

/* What all peers did in a phase. */
typedef struct {
    double seconds;
    guint64 requests, answers, bytes, put_off;
    GArray *times;
} Sum;

static void sum_peers(BenchPeer *peers, guint count, Sum *sum)
{
    for (guint i = 0; i < count; i++) {
        BenchPeer *peer = &peers[i];
        sum->requests += peer->requests;
        sum->answers += peer->answers;
        sum->bytes += peer->bytes;
        sum->put_off += peer->put_off;
        g_array_append_vals(sum->times, peer->times->data, peer->times->len);
        peer->requests = peer->answers = peer->bytes = peer->put_off = 0;
        g_array_set_size(peer->times, 0);
    }
}

static void print_sum(const char *name, const Sum *sum)
{
    printf("%s_seconds %.3f\n%s_requests %.0f\n%s_answers %.0f\n%s_bytes %.0f\n%s_put_off %.0f\n",
           name, sum->seconds, name, (double)sum->requests, name, (double)sum->answers, name,
           (double)sum->bytes, name, (double)sum->put_off);
    printf("%s_p50 %.3f\n%s_p95 %.3f\n%s_max %.3f\n", name,
           exchange_bench_quantile(sum->times, 0.5), name,
           exchange_bench_quantile(sum->times, 0.95), name, exchange_bench_quantile(sum->times, 1));
}

/* @while_it_runs (may be NULL) is called in this thread once all threads run. */
static gboolean run_phase(Run *run, BenchPeer *peers, guint count, const char *name, Phase phase,
                          gint64 duration, void (*while_it_runs)(Run *run, gpointer user),
                          gpointer user, GError **error)
{
    g_autofree Task *tasks = g_new(Task, count);
    g_autofree GThread **threads = g_new(GThread *, count);
    gint64 start = g_get_monotonic_time();
    run->end = start + duration;
    for (guint i = 0; i < count; i++) {
        tasks[i] = (Task){&peers[i], phase};
        threads[i] = g_thread_new("peer", run_task, &tasks[i]);
    }
    if (while_it_runs)
        while_it_runs(run, user);
    for (guint i = 0; i < count; i++)
        g_thread_join(threads[i]);
    Sum sum = {.seconds = (double)(g_get_monotonic_time() - start) / 1e6,
               .times = g_array_new(FALSE, FALSE, sizeof(double))};
    sum_peers(peers, count, &sum);
    if (name)
        print_sum(name, &sum);
    g_array_unref(sum.times);
    if (run->failure)
        g_propagate_error(error, g_steal_pointer(&run->failure));
    return !g_atomic_int_get(&run->stop);
}

/* --- the node ----------------------------------------------------------------------------------
 */

typedef struct {
    Node *node;
    GPtrArray *to; /* origins, NULL at the end */
    GPtrArray *ids;
    guint sent;
} Publisher;

static void publish(Run *run, gpointer user)
{
    Publisher *publisher = user;
    while (publisher->sent < publisher->ids->len && !is_over(run)) {
        GError *failure = NULL;
        guint64 entry;
        if (!exchange_bench_send(publisher->node, (const char *const *)publisher->to->pdata,
                                 publisher->ids->pdata[publisher->sent], &entry, &failure)) {
            run_fail(run, failure);
            return;
        }
        publisher->sent++;
        g_usleep(PUBLISH_US);
    }
}

static gboolean read_node(Node *node, Run *run, Card **ret_card, GError **error)
{
    g_autofree char *text = NULL;
    if (!own_card_get(node_store(node), &text, error))
        return FALSE;
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), error) : NULL;
    if (!card || !card->endpoints[0] || !card->tls[0]) {
        if (error && !*error)
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "the node has published no card with an endpoint and a pin");
        return FALSE;
    }
    run->origin = g_strdup(card->origin);
    run->url = g_strconcat(card->endpoints[0], FOLLOW_PATH, NULL);
    run->message_key = note_verifier_copy(card->keys[CARD_MESSAGE_KEY]);
    run->card_number = card->number;
    *ret_card = g_steal_pointer(&card);
    return TRUE;
}

static gboolean peer_init(BenchPeer *peer, Run *run, const Card *card, guint number, guint count,
                          GError **error)
{
    g_autofree char *name = node_name(number);
    g_autofree char *pins = g_strjoinv(";", card->tls);
    const FetchSessionOptions options = {.pin = pins,
                                         .allow_private = TRUE,
                                         .max_bytes = 4 * ANSWER_MAX,
                                         .timeout_seconds = 120,
                                         .connect_timeout_seconds = 60};
    *peer = (BenchPeer){.run = run,
                        .number = number,
                        .count = count,
                        .origin = g_strconcat(name, "/ledger", NULL),
                        .times = g_array_new(FALSE, FALSE, sizeof(double))};
    peer->message = make_signer(name, "/message", NOTE_ED25519, error);
    if (!peer->message)
        return FALSE;
    peer->session = fetch_session_new(&options, error);
    if (!peer->session)
        return FALSE;
    peer->history = keychange_history_new(card->keys[CARD_LEDGER_KEY], card->keys[CARD_COSIGN_KEY],
                                          card->keys[CARD_RECOVERY_KEY], error);
    return peer->history != NULL;
}

static void peer_clear(BenchPeer *peer)
{
    g_clear_pointer(&peer->session, fetch_session_free);
    g_clear_pointer(&peer->message, note_signer_free);
    g_clear_pointer(&peer->history, keychange_history_free);
    g_clear_pointer(&peer->times, g_array_unref);
    g_free(peer->origin);
}

/* Everything that was sent has arrived at everybody, once. */
static gboolean check_all(Node *node, const BenchPeer *peers, guint count, GError **error)
{
    const RecordsQuery query = {.own = TRUE, .kind = DISPATCH_HEADER_DISPATCH};
    g_autoptr(GPtrArray) records = records_list(node_store(node), &query, error);
    guint64 items = 0;
    if (!records)
        return FALSE;
    for (guint i = 0; i < records->len; i++)
        items += ((const Record *)records->pdata[i])->n_items;
    for (guint i = 0; i < count; i++)
        if (peers[i].dispatches != records->len || peers[i].items != items) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "%s got %" G_GUINT64_FORMAT " dispatches with %" G_GUINT64_FORMAT
                        " objects of %u with %" G_GUINT64_FORMAT,
                        peers[i].origin, peers[i].dispatches, peers[i].items, records->len, items);
            return FALSE;
        }
    printf("dispatches %u\nitems %.0f\n", records->len, (double)items);
    return TRUE;
}

static gboolean run_phases(Run *run, BenchPeer *peers, guint count, guint seconds, Node *node,
                           GError **error)
{
    Publisher publisher = {.node = node, .to = g_ptr_array_new(), .ids = exchange_bench_lines()};
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(publisher.to, peers[i].origin);
    g_ptr_array_add(publisher.to, NULL);
    gboolean good =
        run_phase(run, peers, count, "catch_up", catch_up, 0, NULL, NULL, error) &&
        run_phase(run, peers, count, "steady", ask_steadily, seconds * G_USEC_PER_SEC, publish,
                  &publisher, error) &&
        run_phase(run, peers, count, "flat_out", ask_flat_out, FLAT_US, NULL, NULL, error) &&
        run_phase(run, peers, count, NULL, catch_up, 0, NULL, NULL, error) &&
        check_all(node, peers, count, error);
    g_ptr_array_unref(publisher.ids);
    g_ptr_array_unref(publisher.to);
    return good;
}

gboolean exchange_bench_peers(char **arguments, GError **error)
{
    guint count, seconds;
    Run run = {0};
    if (!read_count(arguments[1], PEERS_MAX_COUNT, &count, error) ||
        !read_count(arguments[2], 3600, &seconds, error))
        return FALSE;
    g_mutex_init(&run.lock);
    g_autoptr(Node) node = node_open(arguments[0], NODE_WRITE, error);
    g_autoptr(Card) card = NULL;
    g_autofree BenchPeer *peers = g_new0(BenchPeer, count);
    gboolean good = node && read_node(node, &run, &card, error);
    for (guint i = 0; good && i < count; i++)
        good = peer_init(&peers[i], &run, card, i, count, error);
    good = good && run_phases(&run, peers, count, seconds, node, error);
    for (guint i = 0; i < count; i++)
        peer_clear(&peers[i]);
    g_clear_pointer(&run.message_key, note_verifier_free);
    g_mutex_clear(&run.lock);
    g_free(run.origin);
    g_free(run.url);
    return good;
}
