#include "node/message_operation.h"

#include <string.h>

#include "base/timestamp.h"
#include "node/message_keys.h"
#include "node/operation_params.h"
#include "store/outbox.h"
#include "store/peers.h"

#define TYPE "application/json"

/* A message on its way to the writer. */
typedef struct {
    const Peer *peer;
    const Message *message;
    const MessageRecord *of; /* what it acknowledges; NULL: nothing */
    GBytes *body;            /* NULL: it is not sent */
} Sending;

/* Whether @peer can be written to now. */
static gboolean check_peer(const Peer *peer, MessageKind kind, GError **error)
{
    if (peer->state == PEER_SUSPENDED && kind == MESSAGE_NOTE)
        return error_set(
            error, CONCERT_ERROR_DENIED,
            "the peering with %s is suspended, and notes with it; an emergency message is "
            "not",
            peer->node);
    if (peer->state != PEER_ACTIVE && peer->state != PEER_SUSPENDED)
        return error_set(error, CONCERT_ERROR_DENIED, "%s is no peer: the peering is %s",
                         peer->node,
                         peer->state == PEER_ENDED ? "ended" : "not agreed by both sides");
    if (!*peer->urls)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "the card of %s names no address where messages can be delivered: use the "
                         "contacts that it names",
                         peer->node);
    return TRUE;
}

static GBytes *seal(Notary *notary, const Peer *peer, Message *message, GError **error)
{
    guint8 public_key[MESSAGE_KEY_SIZE];
    g_auto(MessageKeys) keys = {0};
    if (!message_read_key(peer->parcel_key, public_key)) {
        error_set(error, CONCERT_ERROR_INPUT, "the parcel key of %s is none", peer->node);
        return NULL;
    }
    if (!message_keys_load(notary, &keys, error))
        return NULL;
    message->from = g_strdup(keys.node);
    return message_seal(message, public_key, keys.secrets, keys.n_secrets, NULL, error);
}

/* Puts the message into the outbox; *ret_post is where. */
static gboolean put(StoreTx *tx, const Sending *sending, gint64 *ret_post, GError **error)
{
    const char *title = message_kind_name(sending->message->kind);
    if (sending->message->kind == MESSAGE_NOTE)
        return outbox_add(tx, sending->peer->number, MESSAGE_PATH, TYPE, title, sending->body, 0,
                          ret_post, error);
    return outbox_add_urgent(tx, sending->peer->number, MESSAGE_PATH, TYPE, title, sending->body,
                             ret_post, error);
}

/* --- Sending --------------------------------------------------------------------------------- */

static gboolean apply_send(StoreTx *tx, gpointer data, GError **error)
{
    const Sending *sending = data;
    const Message *message = sending->message;
    const MessageRecord record = {.kind = message->kind,
                                  .peer = sending->peer->number,
                                  .id = message->id,
                                  .made = message->time_us,
                                  .text = message->text,
                                  .exercise = message->exercise,
                                  .reply_to = message->reply_to};
    gboolean is_new;
    gint64 number, post;
    return messages_add(tx, &record, &is_new, &number, error) && put(tx, sending, &post, error) &&
           messages_set_post(tx, number, post, error);
}

/* The whole id of the message of that peer that is answered. */
static gboolean find_answered(Store *store, const Peer *peer, MessageKind kind, const char *id,
                              char **ret_id, GError **error)
{
    if (!id)
        return TRUE;
    const MessagesFilter filter = {.kind = kind, .peer = peer->number};
    g_autoptr(MessageRecord) record = messages_find(store, &filter, id, error);
    if (!record)
        return FALSE;
    *ret_id = g_steal_pointer(&record->id);
    return TRUE;
}

static gboolean read_kind(yyjson_val *params, const char *operation, MessageKind *ret_kind,
                          GError **error)
{
    const char *name;
    if (!operation_params_text(params, operation, "kind", TRUE, &name, error))
        return FALSE;
    if (strcmp(name, "emergency") != 0 && strcmp(name, "note") != 0)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "%s: \"kind\" is emergency or note, not \"%s\"", operation, name);
    *ret_kind = strcmp(name, "note") == 0 ? MESSAGE_NOTE : MESSAGE_EMERGENCY;
    return TRUE;
}

gboolean message_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    static const char operation[] = "message.send";
    Store *store = notary_store(notary);
    const char *name, *text, *reply_to;
    g_autoptr(Message) message = g_new0(Message, 1);
    if (!read_kind(params, operation, &message->kind, error) ||
        !operation_params_text(params, operation, "peer", TRUE, &name, error) ||
        !operation_params_text(params, operation, "text", TRUE, &text, error) ||
        !operation_params_bool(params, operation, "exercise", &message->exercise, error) ||
        !operation_params_text(params, operation, "reply_to", FALSE, &reply_to, error))
        return FALSE;
    g_autoptr(Peer) peer = peers_get(store, name, error);
    if (!peer || !check_peer(peer, message->kind, error) ||
        !find_answered(store, peer, message->kind, reply_to, &message->reply_to, error))
        return FALSE;
    message->id = g_uuid_string_random();
    message->to = g_strdup(peer->node);
    message->time_us = timestamp_now();
    message->text = g_strdup(text);
    g_autoptr(GBytes) body = seal(notary, peer, message, error);
    Sending sending = {peer, message, NULL, body};
    if (!body || !writer_run(notary_writer(notary), 1, apply_send, &sending, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_strcpy(result, root, "id", message->id);
    yyjson_mut_obj_add_strcpy(result, root, "to", message->to);
    return TRUE;
}

/* --- Acknowledging --------------------------------------------------------------------------- */

static gboolean apply_acknowledge(StoreTx *tx, gpointer data, GError **error)
{
    Sending *sending = data;
    const Message *message = sending->message;
    const MessageRecord *of = sending->of;
    gboolean is_new;
    gint64 post;
    if (!messages_acknowledge(tx, of->peer, TRUE, of->id, message->time_us, message->by,
                              message->text, &is_new, error))
        return FALSE;
    if (!is_new)
        return error_set(error, CONCERT_ERROR_CONFLICT, "it was acknowledged meanwhile");
    return !sending->body ||
           (put(tx, sending, &post, error) && messages_set_post(tx, of->number, post, error));
}

static Message *make_acknowledgement(const MessageRecord *of, const char *by, const char *text)
{
    Message *message = g_new0(Message, 1);
    message->kind = MESSAGE_ACKNOWLEDGEMENT;
    message->id = g_uuid_string_random();
    message->to = g_strdup(of->node);
    message->time_us = timestamp_now();
    message->text = g_strdup(text);
    message->by = g_strdup(by);
    message->reply_to = g_strdup(of->id);
    message->exercise = of->exercise;
    return message;
}

gboolean message_operation_acknowledge(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                       GError **error)
{
    static const char operation[] = "message.acknowledge";
    const MessagesFilter filter = {.kind = MESSAGE_EMERGENCY, .incoming = TRUE};
    Store *store = notary_store(notary);
    const char *id, *by, *text;
    if (!operation_params_text(params, operation, "id", TRUE, &id, error) ||
        !operation_params_text(params, operation, "by", FALSE, &by, error) ||
        !operation_params_text(params, operation, "text", FALSE, &text, error))
        return FALSE;
    g_autoptr(MessageRecord) of = messages_find(store, &filter, id, error);
    g_autoptr(Peer) peer = of ? peers_get(store, of->node, error) : NULL;
    if (!peer)
        return FALSE;
    if (of->state == MESSAGE_ACKNOWLEDGED)
        return error_set(error, CONCERT_ERROR_CONFLICT, "it was acknowledged before%s%s",
                         of->acknowledged_by ? ", by " : "",
                         of->acknowledged_by ? of->acknowledged_by : "");
    g_autoptr(Message) message = make_acknowledgement(of, by, text);
    /* Where it cannot be sent, it still is known here that somebody has read it. */
    gboolean is_sent = check_peer(peer, MESSAGE_ACKNOWLEDGEMENT, NULL);
    g_autoptr(GBytes) body = seal(notary, peer, message, error);
    Sending sending = {peer, message, of, is_sent ? body : NULL};
    if (!body || !writer_run(notary_writer(notary), 1, apply_acknowledge, &sending, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_strcpy(result, root, "id", of->id);
    yyjson_mut_obj_add_strcpy(result, root, "to", of->node);
    yyjson_mut_obj_add_bool(result, root, "sent", is_sent);
    return TRUE;
}

/* --- Removing -------------------------------------------------------------------------------- */

static gboolean apply_remove(StoreTx *tx, gpointer number, GError **error)
{
    return messages_remove(tx, *(const gint64 *)number, error);
}

gboolean message_operation_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error)
{
    static const char operation[] = "message.remove";
    const char *id;
    MessagesFilter filter = {0};
    if (!operation_params_text(params, operation, "id", TRUE, &id, error) ||
        !read_kind(params, operation, &filter.kind, error))
        return FALSE;
    g_autoptr(MessageRecord) record = messages_find(notary_store(notary), &filter, id, error);
    if (!record)
        return FALSE;
    if (record->kind == MESSAGE_EMERGENCY && record->state == MESSAGE_NEW)
        return error_set(error, CONCERT_ERROR_CONFLICT, "acknowledge the message first");
    if (record->state == MESSAGE_WAITING || record->acknowledgement_waits)
        return error_set(error, CONCERT_ERROR_CONFLICT, "it is still to be delivered");
    return writer_run(notary_writer(notary), 1, apply_remove, &record->number, error);
}
