#include "node/peer_operation.h"

#include <string.h>

#include "node/card_publisher.h"
#include "node/operation_params.h"
#include "node/peer_step.h"
#include "node/successor_source.h"

static void add_text(yyjson_mut_doc *result, const char *name, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), name, text);
}

static void add_bool(yyjson_mut_doc *result, const char *name, gboolean value)
{
    yyjson_mut_obj_add_bool(result, yyjson_mut_doc_get_root(result), name, value);
}

gboolean peer_operation_publish(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    gboolean force, published;
    if (!operation_params_bool(params, "card.publish", "force", &force, error) ||
        !card_publisher_update(notary, force, &published, error))
        return FALSE;
    add_bool(result, "published", published);
    return TRUE;
}

/* --- steps -------------------------------------------------------------------------------------
 */

/* Tries to deliver what was said; that it cannot be delivered now is no failure of the operation.
 */
static void deliver(Notary *notary, const Peer *peer, yyjson_mut_doc *result)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(Config) config = config_load_node(notary_node(notary), &failure);
    gboolean delivered = config && peer_step_post(notary, config, peer, &failure);
    add_bool(result, "delivered", delivered);
    add_text(result, "failure", failure ? failure->message : NULL);
}

static gboolean say(Notary *notary, const PeerStepSpec *spec, yyjson_mut_doc *result,
                    GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(Peer) peer = NULL;
    if (!peer_step_say(notary, spec, &text, &peer, error))
        return FALSE;
    deliver(notary, peer, result);
    g_autoptr(Peer) now = peers_get(notary_store(notary), peer->origin, error);
    if (!now)
        return FALSE;
    add_text(result, "peer", now->node);
    add_text(result, "state", peer_state_name(now->state));
    add_text(result, "text", text);
    return TRUE;
}

static gboolean say_to(Notary *notary, yyjson_val *params, const char *operation, PeerStep step,
                       yyjson_mut_doc *result, GError **error)
{
    PeerStepSpec spec = {.step = step};
    return operation_params_text(params, operation, "peer", TRUE, &spec.peer, error) &&
           operation_params_text(params, operation, "reason", FALSE, &spec.reason, error) &&
           say(notary, &spec, result, error);
}

gboolean peer_operation_invite(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    static const char operation[] = "peer.invite";
    PeerStepSpec spec = {.step = PEER_STEP_INVITE};
    const char *text;
    if (!operation_params_text(params, operation, "card", TRUE, &text, error) ||
        !operation_params_bool(params, operation, "replace", &spec.replace, error))
        return FALSE;
    g_autoptr(Card) card = card_parse(text, strlen(text), error);
    spec.card = card;
    return card && say(notary, &spec, result, error);
}

gboolean peer_operation_accept(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    return say_to(notary, params, "peer.accept", PEER_STEP_ACCEPT, result, error);
}

gboolean peer_operation_suspend(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    return say_to(notary, params, "peer.suspend", PEER_STEP_SUSPEND, result, error);
}

gboolean peer_operation_resume(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    return say_to(notary, params, "peer.resume", PEER_STEP_RESUME, result, error);
}

gboolean peer_operation_end(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                            GError **error)
{
    return say_to(notary, params, "peer.end", PEER_STEP_END, result, error);
}

gboolean peer_operation_hear(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                             GError **error)
{
    const char *text;
    g_autoptr(Peer) peer = NULL;
    gboolean changed;
    if (!operation_params_text(params, "peer.hear", "text", TRUE, &text, error) ||
        !peer_step_hear(notary_store(notary), notary_writer(notary), text, strlen(text), &peer,
                        &changed, error))
        return FALSE;
    add_text(result, "peer", peer ? peer->node : NULL);
    add_text(result, "state", peer ? peer_state_name(peer->state) : NULL);
    add_bool(result, "changed", changed);
    return TRUE;
}

typedef struct {
    const char *name;
    gboolean compared;
} Compared;

static gboolean apply_compared(StoreTx *tx, gpointer user, GError **error)
{
    const Compared *compared = user;
    g_autoptr(Peer) peer = peers_get_tx(tx, compared->name, error);
    return peer && peers_set_compared(tx, peer->number, compared->compared, error);
}

gboolean peer_operation_compared(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    static const char operation[] = "peer.compared";
    Compared compared = {NULL};
    return operation_params_text(params, operation, "peer", TRUE, &compared.name, error) &&
           operation_params_bool(params, operation, "compared", &compared.compared, error) &&
           writer_run(notary_writer(notary), 1, apply_compared, &compared, error);
}

/* --- another ledger ----------------------------------------------------------------------------
 */

typedef struct {
    const Peer *peer; /* as it was looked at */
    const Successor *successor;
} Succeeding;

static gboolean apply_succeed(StoreTx *tx, gpointer user, GError **error)
{
    const Succeeding *succeeding = user;
    return successor_follow(tx, succeeding->peer->origin, succeeding->successor, error);
}

static void add_succession(yyjson_mut_doc *result, const Peer *peer, const Successor *successor)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    const Checkpoint *previous = &successor->succession->previous;
    add_text(result, "peer", peer->node);
    add_text(result, "origin", successor->card->origin);
    add_text(result, "previous", previous->origin);
    yyjson_mut_obj_add_uint(result, root, "size", previous->size);
    yyjson_mut_obj_add_uint(result, root, "seen", successor->seen);
    yyjson_mut_obj_add_uint(result, root, "held", peer->cursor);
}

gboolean peer_operation_succeed(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    static const char operation[] = "peer.succeed";
    const char *name, *where;
    gboolean check;
    if (!operation_params_text(params, operation, "peer", TRUE, &name, error) ||
        !operation_params_text(params, operation, "where", FALSE, &where, error) ||
        !operation_params_bool(params, operation, "check", &check, error))
        return FALSE;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    g_autoptr(Peer) peer = config ? peers_get(notary_store(notary), name, error) : NULL;
    g_autoptr(Successor) successor =
        peer ? successor_source_read(config, peer, where, error) : NULL;
    if (!successor)
        return FALSE;
    Succeeding succeeding = {peer, successor};
    if (!check && !writer_run(notary_writer(notary), 1, apply_succeed, &succeeding, error))
        return FALSE;
    add_succession(result, peer, successor);
    return TRUE;
}
