#include "node/exchange_pull.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "exchange/author.h"
#include "node/attachment_keeper.h"
#include "node/attachment_sender.h"
#include "node/docket_machine.h"

#define FOLLOW_PATH   "/exchange/v1/follow"
#define POLL_GRACE_MS 15000
#define OVERTAKEN_MAX 8 /* in a row */
#define BROKEN_MAX    8 /* answers in a row that break off, from the largest to the smallest */
#define ASKED_MIN     (64 * 1024)

/* A question, and what came of it. */
typedef struct {
    const ExchangePull *pull;
    const Peer *peer;
    guint64 from, size;
    guint wait;
    guint64 expected; /* a tree that others had been shown when it was asked; 0: none */
    char *expected_by;
    ExchangePostResult result;
    gboolean broke_off;         /* the line, amid the answer */
    FollowerPrepared *prepared; /* NULL: no answer, or one that follower_prepare() refuses */
    FollowerPrepared *spent;    /* the one before it, to be freed beside what else goes on */
    GError *error;
} Question;

static void question_clear(Question *question)
{
    exchange_post_result_clear(&question->result);
    follower_prepared_free(question->prepared);
    follower_prepared_free(question->spent);
    g_free(question->expected_by);
    g_clear_error(&question->error);
    *question = (Question){0};
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static char *write_question(const Question *question, char **gossip)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_uint(doc, root, "from", question->from);
    yyjson_mut_obj_add_uint(doc, root, "size", question->size);
    yyjson_mut_obj_add_uint(doc, root, "max", question->pull->max);
    if (question->wait > 0)
        yyjson_mut_obj_add_uint(doc, root, "wait", question->wait);
    yyjson_mut_val *notes = gossip ? yyjson_mut_obj_add_arr(doc, root, "gossip") : NULL;
    for (guint i = 0; notes && gossip[i]; i++)
        yyjson_mut_arr_add_str(doc, notes, gossip[i]);
    return jsontext_take(doc);
}

/* Asks; also a GThreadFunc. */
static gpointer ask(gpointer user)
{
    Question *question = user;
    const ExchangePull *pull = question->pull;
    const NoteSigner *messenger = notary_messenger(pull->notary, &question->error);
    if (!messenger)
        return NULL;
    const char *origin = question->peer->origin;
    g_auto(GStrv) gossip = NULL;
    if (pull->gossip) {
        question->expected = gossip_expected(pull->gossip, origin, &question->expected_by);
        gossip = gossip_tell(pull->gossip, notary_store(pull->notary), origin,
                             g_get_monotonic_time(), NULL);
    }
    g_autofree char *body = write_question(question, gossip);
    const ExchangePostRequest request = {
        .path = FOLLOW_PATH,
        .body = body,
        .length = strlen(body),
        .timeout_ms = question->wait > 0 ? question->wait * 1000 + POLL_GRACE_MS : 0};
    gboolean good = exchange_post(pull->post, messenger, question->peer, &request,
                                  &question->result, &question->error);
    question->broke_off = !good && exchange_post_broke_off(pull->post);
    if (gossip && (!good || question->result.http.status / 100 != 2))
        gossip_untold(pull->gossip, origin);
    if (good && question->result.http.status == 200)
        question->prepared = follower_prepare(question->result.http.body, NULL);
    g_clear_pointer(&question->spent, follower_prepared_free);
    return NULL;
}

/* What is asked while the answer before it is accepted. */
typedef struct {
    GThread *thread; /* NULL: nothing is asked */
    Peer *peer;      /* as it was then */
    Question question;
    FollowerPrepared *spent; /* for the next one to free: the writer shall not wait for that */
} Ahead;

static void ahead_clear(Ahead *ahead)
{
    if (ahead->thread)
        g_thread_join(g_steal_pointer(&ahead->thread));
    question_clear(&ahead->question);
    g_clear_pointer(&ahead->peer, peer_free);
    g_clear_pointer(&ahead->spent, follower_prepared_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ahead, ahead_clear)

/* Asks for what follows @answer, should there be more. */
static void ask_ahead(const ExchangePull *pull, Peer *peer, GBytes *answer, Ahead *ahead)
{
    guint64 end, size;
    if (!answer_peek(answer, &end, &size) || end >= size || end <= peer->cursor)
        return;
    ahead->peer = peers_get(notary_store(pull->notary), peer->origin, NULL);
    if (!ahead->peer)
        return;
    ahead->question = (Question){.pull = pull,
                                 .peer = ahead->peer,
                                 .from = end,
                                 .size = size,
                                 .spent = g_steal_pointer(&ahead->spent)};
    ahead->thread = g_thread_new("ahead", ask, &ahead->question);
}

/* The result of the question where @peer stands now: of the one that was asked ahead, if it is
 * that. */
static gboolean get_answer(const ExchangePull *pull, const Peer *peer, Ahead *ahead,
                           ExchangePullCounts *counts, Question *ret_question, GError **error)
{
    Question question = {
        .pull = pull, .peer = peer, .from = peer->cursor, .size = peer->size, .wait = pull->wait};
    if (ahead->thread) {
        g_thread_join(g_steal_pointer(&ahead->thread));
        if (ahead->question.from == peer->cursor && ahead->question.size == peer->size) {
            question = ahead->question;
            ahead->question = (Question){0};
        } else {
            ask(&question);
        }
        ahead_clear(ahead);
    } else {
        ask(&question);
    }
    *ret_question = question;
    counts->broke_off = question.broke_off;
    if (!question.error)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&ret_question->error));
    return FALSE;
}

static gboolean refuse_status(const Peer *peer, const ExchangePostResult *result, GError **error)
{
    guint status = result->http.status;
    g_autofree char *reason = exchange_post_reason(result);
    if (status == 409)
        g_set_error(
            error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
            "%s says that its ledger is shorter than what it showed before (%" G_GUINT64_FORMAT
            " entries): it was rolled back, or a copy of it answers; nothing of it is "
            "accepted until it has come that far again",
            peer->node, MAX(peer->cursor, peer->size));
    else
        g_set_error(error, CONCERT_ERROR,
                    status == 401 || status == 403   ? CONCERT_ERROR_DENIED
                    : status == 429 || status == 503 ? CONCERT_ERROR_BUSY
                                                     : CONCERT_ERROR_IO,
                    "%s: %s", peer->node, reason);
    return FALSE;
}

static gboolean check_quota(const ExchangePull *pull, const Peer *peer, GError **error)
{
    guint64 limit = config_size(pull->config, SETTING_EXCHANGE_DAILY_BYTES);
    gint64 today = timestamp_now() / (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC);
    if (peer->traffic_day != today || peer->received < limit)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%s has sent %" G_GUINT64_FORMAT
                " bytes today, which is all that [exchange] daily_bytes accepts; the rest waits "
                "for tomorrow (UTC)",
                peer->node, peer->received);
    return FALSE;
}

static void add_counts(ExchangePullCounts *counts, const Peer *before, const FollowerResult *result,
                       gsize bytes)
{
    counts->answers++;
    counts->news |= result->end > before->cursor || result->size > before->size;
    counts->bytes += bytes;
    counts->openings += result->openings;
    counts->dispatches += result->dispatches;
    counts->events += result->events;
    counts->retractions += result->retractions;
    counts->stored += result->stored;
    counts->known += result->known;
    counts->refused += result->refused;
}

/* The peer showed a tree of @size entries. Others were shown a larger one, signed by it, before it
 * was asked: it shows this node less than them. */
static gboolean check_shown(const Question *question, const Peer *peer, guint64 size,
                            GError **error)
{
    if (question->expected <= size)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s shows this node a ledger of %" G_GUINT64_FORMAT
                " entries, and %s was shown one of %" G_GUINT64_FORMAT
                ", signed: it was rolled back, or does not show everybody the same",
                peer->node, size, question->expected_by, question->expected);
    return FALSE;
}

/* Did another answer, a parcel or a command get further while this question was under way? Then
 * what came is no longer what follows, and says nothing of the peer. */
static gboolean is_overtaken(const Question *question, const FollowerResult *result)
{
    if (result->overtaken || result->verdict != ANSWER_DAMAGED)
        return result->overtaken;
    g_autoptr(Peer) now =
        peers_get(notary_store(question->pull->notary), question->peer->origin, NULL);
    return now && (now->cursor != question->from || now->size != question->size);
}

/* One question. *ret_more: the peer has more; asking goes on. */
static gboolean pull_once(const ExchangePull *pull, const char *name, ExchangePullCounts *counts,
                          Ahead *ahead, gboolean *ret_more, GError **error)
{
    g_autoptr(Peer) peer = peers_get(notary_store(pull->notary), name, error);
    counts->broke_off = FALSE;
    if (!peer || !check_quota(pull, peer, error))
        return FALSE;
    if (peer->state != PEER_ACTIVE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "the peering with %s is %s",
                    peer->node, peer_state_name(peer->state));
        return FALSE;
    }
    g_auto(Question) question = {0};
    if (!get_answer(pull, peer, ahead, counts, &question, error))
        return FALSE;
    const ExchangePostResult *result = &question.result;
    counts->has_skew = result->has_skew;
    counts->skew_us = result->skew_us;
    counts->retry_after = result->http.retry_after;
    *ret_more = FALSE;
    if (result->http.status == 204)
        return check_shown(&question, peer, peer->size, error);
    if (result->http.status != 200)
        return refuse_status(peer, result, error);
    g_autofree char *own_key = notary_message_key(pull->notary, NULL);
    const FollowerOptions options = {
        .store = notary_store(pull->notary),
        .writer = notary_writer(pull->notary),
        .own_message_key = own_key,
        .gossip = pull->gossip,
        .unmarked =
            (MarkingTlp)(config_enum(pull->config, SETTING_EXCHANGE_UNMARKED) + MARKING_TLP_CLEAR)};
    FollowerResult accepted;
    gsize bytes = g_bytes_get_size(result->http.body);
    ask_ahead(pull, peer, result->http.body, ahead);
    gboolean good =
        question.prepared
            ? follower_accept_prepared(&options, peer->origin, question.prepared, &accepted, error)
            : follower_accept(&options, peer->origin, result->http.body, &accepted, error);
    g_clear_pointer(&ahead->spent, follower_prepared_free);
    ahead->spent = g_steal_pointer(&question.prepared);
    if (!good) {
        *ret_more = is_overtaken(&question, &accepted); /* ask again from where it got */
        return FALSE;
    }
    add_counts(counts, peer, &accepted, bytes);
    *ret_more = accepted.more;
    if (pull->progress && !pull->progress(counts, accepted.end, accepted.size, pull->user))
        *ret_more = FALSE;
    return *ret_more || check_shown(&question, peer, accepted.size, error);
}

/* A line that breaks every so many bytes never carries an answer of more: what is asked for next is
 * half of it, down to one entry. FALSE: it is of no use to ask again now. */
static gboolean ask_for_less(ExchangePull *pull, guint broken)
{
    pull->max = MAX(pull->max / 2, ASKED_MIN);
    return broken <= BROKEN_MAX;
}

/* Until there is nothing new. */
static gboolean pull_all(ExchangePull *pull, const char *peer, ExchangePullCounts *counts,
                         GError **error)
{
    g_auto(Ahead) ahead = {0};
    for (guint overtaken = 0, broken = 0;;) {
        g_autoptr(GError) local = NULL;
        gboolean more = FALSE;
        if (pull_once(pull, peer, counts, &ahead, &more, &local)) {
            overtaken = broken = 0;
            if (!more)
                return TRUE;
        } else if (counts->broke_off ? !ask_for_less(pull, ++broken)
                                     : !more || ++overtaken > OVERTAKEN_MAX) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
}

gboolean exchange_pull(const ExchangePull *pull, const char *peer, ExchangePullCounts *ret_counts,
                       GError **error)
{
    ExchangePull asking = *pull;
    gsize most = config_size(pull->config, SETTING_EXCHANGE_ANSWER_BYTES);
    asking.max = pull->max > 0 ? MIN(pull->max, most) : most;
    *ret_counts = (ExchangePullCounts){0};
    gboolean good = pull_all(&asking, peer, ret_counts, error);
    ret_counts->max = asking.max;
    if (ret_counts->events > 0)
        docket_machine_run(pull->notary);
    if (ret_counts->dispatches > 0) {
        attachment_keeper_check(pull->notary, NULL, NULL);
        attachment_sender_run(pull->notary);
    }
    return good;
}
