#include "cli/peer_witness_view.h"

#include "cli/output.h"
#include "store/peer_witness.h"

void peer_witness_view_clear(PeerWitnessView *view)
{
    g_clear_pointer(&view->asked, witness_asked_free);
    g_clear_pointer(&view->log, witness_log_free);
}

static WitnessAsked *find_asked(Store *store, const Card *card, GError **error)
{
    g_autoptr(GPtrArray) list = witness_asked(store, error);
    for (guint i = 0; list && i < list->len; i++)
        if (g_str_equal(((WitnessAsked *)list->pdata[i])->name, card->keys[CARD_COSIGN_KEY]->name))
            return g_ptr_array_steal_index(list, i);
    return NULL;
}

static WitnessLog *find_log(Store *store, const Peer *peer, GError **error)
{
    g_autoptr(GPtrArray) list = witness_logs(store, error);
    for (guint i = 0; list && i < list->len; i++) {
        const WitnessLog *log = list->pdata[i];
        if (log->watched && g_str_equal(log->origin, peer->origin))
            return g_ptr_array_steal_index(list, i);
    }
    return NULL;
}

/* Why nothing comes of itself. */
static const char *find_reason(Node *node, const Peer *peer, const Card *card, gboolean removed)
{
    if (peer->state != PEER_ACTIVE && peer->state != PEER_SUSPENDED)
        return "there is no peering";
    if (!config_bool(node_config(node), SETTING_EXCHANGE_WITNESS_PEERS))
        return "[exchange] witness_peers is off";
    if (!card_has_capability(card, CARD_CAPABILITY_WITNESS))
        return "its card does not say that it witnesses its peers";
    return removed ? "removed here by hand" : "not yet";
}

gboolean peer_witness_view_read(Node *node, const Peer *peer, const Card *card,
                                PeerWitnessView *ret_view, GError **error)
{
    Store *store = node_store(node);
    g_auto(PeerWitnessView) view = {0};
    PeerWitnessState state;
    GError *failure = NULL;
    view.asked = find_asked(store, card, &failure);
    view.log = failure ? NULL : find_log(store, peer, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (!peer_witness_state(store, peer->number, &state, error))
        return FALSE;
    view.not_asked = find_reason(node, peer, card, state.cosigner_removed);
    if (!card->endpoints[0] && g_str_equal(view.not_asked, "not yet"))
        view.not_asked = "its card names no endpoint where it could be asked";
    view.not_watched = find_reason(node, peer, card, state.log_removed);
    *ret_view = view;
    view = (PeerWitnessView){0};
    return TRUE;
}

static void print(const char *what, gboolean is, const char *why, gboolean by_hand,
                  gint64 cosigned_at, guint64 size, const char *failure)
{
    char when[OUTPUT_NUMBER_MAX], number[OUTPUT_NUMBER_MAX];
    if (!is) {
        output_line("%-14s no: %s", what, why);
        return;
    }
    g_autofree char *last =
        cosigned_at > 0 ? g_strdup_printf("last %s, of %s entries", output_time(when, cosigned_at),
                                          output_number(number, size))
                        : g_strdup("never yet");
    output_line("%-14s %s%s%s%s%s", what, last, by_hand ? " (added by hand)" : "",
                failure ? " (" : "", failure ? failure : "", failure ? ")" : "");
}

void peer_witness_view_print(const PeerWitnessView *view)
{
    const WitnessAsked *asked = view->asked;
    const WitnessLog *log = view->log;
    print("witnesses us", asked != NULL, view->not_asked, asked && !asked->peer,
          asked ? asked->cosigned : 0, asked ? asked->size : 0, asked ? asked->failure : NULL);
    print("we witness it", log != NULL, view->not_watched, log && !log->peer,
          log ? log->cosigned_at : 0, log ? log->state.size : 0,
          log && log->frozen ? "FROZEN: it has signed two trees" : NULL);
}

static yyjson_mut_val *add(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *key, gboolean is,
                           const char *why, const char *peer, gint64 cosigned_at)
{
    char when[OUTPUT_NUMBER_MAX];
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, key);
    yyjson_mut_obj_add_bool(doc, object, "is", is);
    if (!is) {
        yyjson_mut_obj_add_str(doc, object, "why", why);
        return object;
    }
    yyjson_mut_obj_add_str(doc, object, "through", peer ? "peering" : "hand");
    if (cosigned_at > 0)
        yyjson_mut_obj_add_strcpy(doc, object, "cosigned", output_time(when, cosigned_at));
    return object;
}

void peer_witness_view_json(const PeerWitnessView *view, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    const WitnessAsked *asked = view->asked;
    const WitnessLog *log = view->log;
    yyjson_mut_val *object = add(doc, root, "witnesses_us", asked != NULL, view->not_asked,
                                 asked ? asked->peer : NULL, asked ? asked->cosigned : 0);
    if (asked)
        yyjson_mut_obj_add_uint(doc, object, "size", asked->size);
    if (asked && asked->failure)
        yyjson_mut_obj_add_str(doc, object, "failure", asked->failure);
    object = add(doc, root, "witnessed", log != NULL, view->not_watched, log ? log->peer : NULL,
                 log ? log->cosigned_at : 0);
    if (log)
        yyjson_mut_obj_add_uint(doc, object, "size", log->state.size);
    if (log && log->frozen)
        yyjson_mut_obj_add_bool(doc, object, "frozen", true);
}
