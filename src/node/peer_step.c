#include "node/peer_step.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/timestamp.h"
#include "exchange/reach.h"
#include "node/card_publisher.h"
#include "node/exchange_post.h"
#include "store/ledger_read.h"
#include "store/outbox.h"

#define DIRECT_SECONDS 10 /* a post that a person waits for */

/* --- saying ------------------------------------------------------------------------------------
 */

/* A step on its way to the writer. */
typedef struct {
    const PeerStepSpec *spec;
    const Peer *peer; /* as it was; NULL: not known */
    const char *card; /* the text of spec->card */
    const char *text; /* the step, signed */
    const char *origin;
    gint64 time_us;
} Saying;

static gboolean say_nothing(const Saying *saying, GError **error)
{
    const Peer *peer = saying->peer;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "the peering with %s is %s%s: there is nothing to %s", peer->node,
                peer_state_name(peer->state),
                peer->state != PEER_SUSPENDED ? ""
                : peer->suspended_by_us       ? " by this node"
                                              : " by the peer",
                peer_step_name(saying->spec->step));
    return FALSE;
}

/* Who is said it to, met now if need be. */
static gboolean find_number(StoreTx *tx, const Saying *saying, gint64 *ret_number, GError **error)
{
    const Card *card = saying->spec->card;
    if (saying->peer && !(card && saying->spec->replace)) {
        *ret_number = saying->peer->number;
        return !card || peering_receive_card(tx, saying->peer->origin, card, NULL, NULL, error);
    }
    const PeerCard facts = card_peer(card, saying->card);
    return peers_put(tx, &facts, saying->peer != NULL, ret_number, error);
}

static gboolean put_post(StoreTx *tx, const Saying *saying, gint64 number, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new(saying->text, strlen(saying->text));
    /* The caller tries at once; the thread that delivers leaves it alone meanwhile. */
    gint64 next = timestamp_now() + 2 * DIRECT_SECONDS * G_USEC_PER_SEC;
    return outbox_add(tx, number, PEERING_PATH, PEERING_MEDIA_TYPE,
                      peer_step_name(saying->spec->step), body, next, NULL, error);
}

/* A NotaryExtra. */
static gboolean apply_saying(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                             GError **error)
{
    const Saying *saying = user;
    gint64 number;
    gboolean changed;
    if (!find_number(tx, saying, &number, error) ||
        !peers_step(tx, number, PEER_US, saying->spec->step, saying->time_us, NULL, &changed,
                    error))
        return FALSE;
    if (!changed) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the peer said something meanwhile: look and try again");
        return FALSE;
    }
    return peers_set_said(tx, number, saying->text, error) && put_post(tx, saying, number, error) &&
           reach_review_peer(tx, saying->origin, error);
}

static gboolean append_step(Notary *notary, const Saying *saying, const char *origin,
                            GError **error)
{
    const char *const audience[] = {origin, NULL};
    g_autoptr(GString) members = g_string_new("{\"step\":\"");
    g_string_append_printf(members, "%s\",\"peer\":", peer_step_name(saying->spec->step));
    canonjson_append_string(members, origin, strlen(origin));
    if (saying->spec->reason) {
        g_string_append(members, ",\"reason\":");
        canonjson_append_string(members, saying->spec->reason, strlen(saying->spec->reason));
    }
    g_string_append_c(members, '}');
    const OpeningSpec spec = {.kind = PEERING_KIND,
                              .audience = audience,
                              .members = members->str,
                              .members_length = members->len};
    guint64 index;
    return notary_append_with(notary, &spec, apply_saying, (gpointer)saying, &index, error);
}

static char *sign_step(Notary *notary, const Saying *saying, const char *origin, GError **error)
{
    /* With the keys of today in it. */
    g_autofree char *card = card_publisher_update(notary, FALSE, NULL, error)
                                ? card_publisher_get(notary, error)
                                : NULL;
    const NoteSigner *messenger = card ? notary_messenger(notary, error) : NULL;
    g_auto(GStrv) changes = messenger ? ledger_read_key_changes(notary_store(notary), error) : NULL;
    if (!changes)
        return NULL;
    const PeeringSpec spec = {.step = saying->spec->step,
                              .to = origin,
                              .time_us = saying->time_us,
                              .reason = saying->spec->reason,
                              .card = card,
                              .changes = (const char *const *)changes};
    return peering_make(&spec, messenger, error);
}

static gboolean find_peer(Store *store, const char *name, Peer **ret_peer, GError **error)
{
    g_autoptr(GError) failure = NULL;
    *ret_peer = peers_get(store, name, &failure);
    if (*ret_peer || g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

/* Whether the peering is in a state in which the step says something. */
static gboolean check_state(const Saying *saying, GError **error)
{
    const Peer *peer = saying->peer;
    gboolean good = FALSE;
    switch (saying->spec->step) {
    case PEER_STEP_INVITE:
        good = !peer || peer->state != PEER_SUSPENDED;
        break;
    case PEER_STEP_ACCEPT:
        good = peer->state == PEER_ASKED;
        break;
    case PEER_STEP_SUSPEND:
        good =
            peer->state == PEER_ACTIVE || (peer->state == PEER_SUSPENDED && !peer->suspended_by_us);
        break;
    case PEER_STEP_RESUME:
        good = peer->suspended_by_us;
        break;
    case PEER_STEP_END:
        good = peer->state != PEER_ENDED;
        break;
    case PEER_STEP_NONE:
        break;
    }
    return good || say_nothing(saying, error);
}

/* Whether the keys in the card of who is invited may be taken. */
static gboolean check_keys(const PeerStepSpec *spec, const Peer *peer, gboolean *ret_replace,
                           GError **error)
{
    *ret_replace = spec->replace && peer;
    if (!peer || !spec->card || spec->replace)
        return TRUE;
    if (g_str_equal(peer->recovery_vkey, spec->card->vkeys[CARD_RECOVERY_KEY]) &&
        g_str_equal(peer->origin, spec->card->origin))
        return TRUE;
    if (!peer->agreed) { /* nobody here ever answered who has used the name */
        *ret_replace = TRUE;
        return TRUE;
    }
    if (g_str_equal(peer->recovery_vkey, spec->card->vkeys[CARD_RECOVERY_KEY])) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s was known by the ledger %s, and this card is of %s: if that follows the "
                    "other, `concert peer succeed %s` goes on with it",
                    peer->node, peer->origin, spec->card->origin, peer->node);
        return FALSE;
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s was known by other keys than this card has: compare the words anew, and invite "
                "it with --replace-keys if it is really the same organisation",
                peer->node);
    return FALSE;
}

gboolean peer_step_say(Notary *notary, const PeerStepSpec *spec, char **ret_text, Peer **ret_peer,
                       GError **error)
{
    Store *store = notary_store(notary);
    PeerStepSpec actual = *spec;
    g_autoptr(Peer) peer = NULL;
    g_auto(LedgerReadState) own = {0};
    g_autofree char *card = spec->card ? card_format(spec->card) : NULL;
    if (!ledger_read_state(store, &own, error))
        return FALSE;
    if (spec->card ? !find_peer(store, spec->card->node, &peer, error)
                   : !(peer = peers_get(store, spec->peer, error)))
        return FALSE;
    if (spec->card && g_str_equal(spec->card->origin, own.origin)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "that is the card of this node itself");
        return FALSE;
    }
    Saying saying = {.spec = &actual,
                     .peer = peer,
                     .card = card,
                     .time_us = peering_time(peer, timestamp_now())};
    const char *origin = saying.origin = spec->card ? spec->card->origin : peer->origin;
    if (!check_keys(spec, peer, &actual.replace, error) || !check_state(&saying, error))
        return FALSE;
    g_autofree char *text = sign_step(notary, &saying, origin, error);
    saying.text = text;
    if (!text || !append_step(notary, &saying, origin, error))
        return FALSE;
    Peer *now = peers_get(store, origin, error);
    if (!now)
        return FALSE;
    *ret_text = g_steal_pointer(&text);
    *ret_peer = now;
    return TRUE;
}

/* --- delivering --------------------------------------------------------------------------------
 */

typedef struct {
    gint64 number;
    const char *failure; /* NULL: delivered */
    guint retry_after;
} Outcome;

static gboolean apply_outcome(StoreTx *tx, gpointer user, GError **error)
{
    const Outcome *outcome = user;
    return outcome->failure ? outbox_failed(tx, outcome->number, timestamp_now(), outcome->failure,
                                            outcome->retry_after, error)
                            : outbox_done(tx, outcome->number, error);
}

/* The oldest post that waits for the peer, if it is one of a step. */
static OutboxPost *first_step(Store *store, gint64 peer, GError **error)
{
    g_autoptr(GPtrArray) posts = outbox_list(store, peer, error);
    for (guint i = 0; posts && i < posts->len; i++) {
        const OutboxPost *post = posts->pdata[i];
        if (post->next == 0 || post->urgent)
            continue;
        if (g_str_equal(post->path, PEERING_PATH))
            return g_ptr_array_steal_index(posts, i);
        break;
    }
    if (posts)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                            "something older waits to be delivered to the peer");
    return NULL;
}

static gboolean post_step(Notary *notary, const Config *config, const Peer *peer,
                          const OutboxPost *step, guint *ret_retry_after, const char **ret_again,
                          GError **error)
{
    const ExchangePostOptions options = {.allow_private =
                                             config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                         .timeout_seconds = DIRECT_SECONDS,
                                         .max_bytes = PEERING_BYTES_MAX};
    const NoteSigner *messenger = notary_messenger(notary, error);
    if (!messenger)
        return FALSE;
    g_autoptr(ExchangePost) line = exchange_post_new(&options);
    g_auto(ExchangePostResult) result = {0};
    gsize length;
    const void *body = g_bytes_get_data(step->body, &length);
    const ExchangePostRequest request = {
        .path = step->path, .body = body, .length = length, .type = step->type};
    if (!exchange_post(line, messenger, peer, &request, &result, error))
        return FALSE;
    *ret_retry_after = result.http.retry_after;
    if (result.http.status < 200 || result.http.status > 299) {
        g_autofree char *reason = exchange_post_reason(&result);
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, reason);
        return FALSE;
    }
    *ret_again = peer_step_delivered(notary, peer, result.http.body);
    return TRUE;
}

gboolean peer_step_post(Notary *notary, const Config *config, const Peer *peer, GError **error)
{
    g_autoptr(OutboxPost) step = first_step(notary_store(notary), peer->number, error);
    if (!step)
        return FALSE;
    g_autoptr(GError) failure = NULL;
    Outcome outcome = {.number = step->number};
    gboolean delivered =
        post_step(notary, config, peer, step, &outcome.retry_after, &outcome.failure, &failure);
    if (!delivered)
        outcome.failure = failure->message;
    if (!writer_run(notary_writer(notary), 0, apply_outcome, &outcome, error))
        return FALSE;
    if (!delivered)
        g_propagate_error(error, g_steal_pointer(&failure));
    return delivered;
}

/* --- hearing -----------------------------------------------------------------------------------
 */

typedef struct {
    const Peering *peering;
    const char *own;
    gboolean changed;
} Hearing;

static gboolean apply_hearing(StoreTx *tx, gpointer user, GError **error)
{
    Hearing *hearing = user;
    return peering_receive(tx, hearing->peering, hearing->own, timestamp_now(), &hearing->changed,
                           error);
}

gboolean peer_step_hear(Store *store, Writer *writer, const char *text, gsize length,
                        Peer **ret_peer, gboolean *ret_changed, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Peering) peering = peering_parse(text, length, error);
    Hearing hearing = {.peering = peering};
    if (!peering || !ledger_read_state(store, &own, error))
        return FALSE;
    hearing.own = own.origin;
    if (!writer_run(writer, 1, apply_hearing, &hearing, error))
        return FALSE;
    if (ret_changed)
        *ret_changed = hearing.changed;
    return !ret_peer || find_peer(store, peering->from, ret_peer, error);
}

/* Whether we invited, the peer has not answered, and it cannot reach this node to do so. */
static gboolean is_waiting(Notary *notary, const Peer *peer)
{
    g_autoptr(Peer) now = peers_get(notary_store(notary), peer->origin, NULL);
    if (!now || now->state != PEER_INVITED)
        return FALSE;
    g_autofree char *text = card_publisher_get(notary, NULL);
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    return card && !card->endpoints[0];
}

const char *peer_step_delivered(Notary *notary, const Peer *peer, GBytes *body)
{
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    /* An answer that is none is not the step's fault. */
    if (length > 0)
        peer_step_hear(notary_store(notary), notary_writer(notary), text, length, NULL, NULL, NULL);
    return is_waiting(notary, peer) ? "delivered; it has not answered yet, and is asked again"
                                    : NULL;
}
