#include "server/exchange_message.h"

#include <string.h>

#include "node/message_keys.h"
#include "server/problem.h"
#include "store/outbox.h"
#include "store/peers.h"

#define FULL_WAIT 600 /* seconds until a peer may try again whose messages nobody looks at */

/* A message on its way through the writer. */
typedef struct {
    HttpRequest *http;
    gint64 peer;
    Message *message;
} Arriving;

static void arriving_free(Arriving *arriving)
{
    message_free(arriving->message);
    g_free(arriving);
}

static gboolean apply(StoreTx *tx, gpointer data, GError **error)
{
    const Arriving *arriving = data;
    const Message *message = arriving->message;
    gboolean is_new;
    /* The peer can be reached, or so it seems. */
    if (!outbox_wake(tx, arriving->peer, error))
        return FALSE;
    if (message->kind == MESSAGE_ACKNOWLEDGEMENT)
        return messages_acknowledge(tx, arriving->peer, FALSE, message->reply_to, message->time_us,
                                    message->by, message->text, NULL, error);
    const MessageRecord record = {.kind = message->kind,
                                  .incoming = TRUE,
                                  .peer = arriving->peer,
                                  .id = message->id,
                                  .made = message->time_us,
                                  .text = message->text,
                                  .exercise = message->exercise,
                                  .reply_to = message->reply_to};
    return messages_add(tx, &record, &is_new, NULL, error);
}

static Reply *reply_done(void)
{
    return reply_new(204, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
}

/* It is on the disk now, and only now is it said. */
static void applied(gpointer data, const GError *error)
{
    const Arriving *arriving = data;
    HttpRequest *http = arriving->http;
    if (!error)
        http_resume(http, reply_done());
    else if (g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT))
        http_resume(http, problem_later(429, error->message, FULL_WAIT));
    else
        http_resume(http, problem_from_error(error));
}

/* One answer for all that cannot be opened: whom this node knows is not for everybody to find out.
 */
static Reply *refuse_stranger(void)
{
    return problem_reply(401, "no box of the message can be opened as one of a peer");
}

/* Whether @peer may send a message of that kind now; NULL when it may. */
static Reply *check_peer(ApiCall *call, const Peer *peer, MessageKind kind)
{
    guint wait = 0;
    if (peer->state != PEER_ACTIVE && peer->state != PEER_SUSPENDED)
        return problem_reply(403, "the peering was not agreed by both sides, or has ended");
    if (peer->state == PEER_SUSPENDED && kind == MESSAGE_NOTE)
        return problem_reply(403, "the peering is suspended, and notes with it");
    if (!ratelimit_take(call->api->message_rate, &peer->number, sizeof peer->number, 1, &wait))
        return problem_later(429, "too many messages of this peer", wait);
    return NULL;
}

/* Opens the envelope as one of @peer, NULL for a stranger's, of which it takes as long to find out.
 * NULL: *ret_reply says why. */
static Message *open_message(const MessageEnvelope *envelope, const Peer *peer,
                             const MessageKeys *keys, Reply **ret_reply)
{
    guint8 public_key[MESSAGE_KEY_SIZE] = {9}; /* the base point (RFC 7748): nobody's */
    gboolean good = peer && message_read_key(peer->parcel_key, public_key);
    g_autoptr(GError) reason = NULL;
    g_autoptr(Message) message =
        message_open(envelope, public_key, keys->secrets, keys->n_secrets, keys->node, &reason);
    if (good && message && strcmp(message->from, peer->node) == 0)
        return g_steal_pointer(&message);
    *ret_reply = !good || !reason || g_error_matches(reason, CONCERT_ERROR, CONCERT_ERROR_DENIED)
                     ? refuse_stranger()
                     : problem_reply(400, reason->message);
    return NULL;
}

static Reply *submit(ApiCall *call, const Peer *peer, Message *message, GError **error)
{
    Arriving *arriving = call->work = g_new0(Arriving, 1);
    call->work_free = (GDestroyNotify)arriving_free;
    *arriving = (Arriving){.http = call->request, .peer = peer->number, .message = message};
    writer_submit(call->api->writer, 1, apply, applied, arriving, error);
    return NULL;
}

Reply *exchange_message(ApiCall *call, GError **error)
{
    Api *api = call->api;
    const GString *body = call->request->body;
    g_auto(MessageKeys) keys = {0};
    g_autoptr(GError) reason = NULL;
    if (body && body->len > MESSAGE_BYTES_MAX)
        return problem_reply(413, NULL);
    g_autoptr(MessageEnvelope) envelope =
        message_envelope_parse(body ? body->str : "", body ? body->len : 0, &reason);
    if (!envelope)
        return problem_reply(400, reason->message);
    if (!api->options.notary || !message_keys_load(api->options.notary, &keys, NULL))
        return problem_later(503, "this node's keys are locked", 60);
    g_autoptr(Peer) peer = peers_get(api->store, envelope->from, &reason);
    if (!peer && !g_error_matches(reason, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return NULL;
    }
    Reply *refusal = NULL;
    g_autoptr(Message) message = open_message(envelope, peer, &keys, &refusal);
    if (message)
        refusal = check_peer(call, peer, message->kind);
    return refusal ? refusal : submit(call, peer, g_steal_pointer(&message), error);
}
