#include "exchange/peering.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "exchange/reach.h"
#include "ledger/opening.h"

/* --- writing -----------------------------------------------------------------------------------
 */

static void append_member(GString *body, const char *name, const char *text)
{
    g_string_append_printf(body, "%s\"%s\":", body->len > 1 ? "," : "", name);
    canonjson_append_string(body, text, strlen(text));
}

char *peering_make(const PeeringSpec *spec, const NoteSigner *message, GError **error)
{
    char time[TIMESTAMP_MAX];
    g_autoptr(Card) card = card_parse(spec->card, strlen(spec->card), error);
    if (!card)
        return NULL;
    g_autoptr(GString) body = g_string_new("{");
    append_member(body, "step", peer_step_name(spec->step));
    append_member(body, "from", card->origin);
    append_member(body, "to", spec->to);
    append_member(body, "time", timestamp_format(time, spec->time_us, OPENING_TIME_DIGITS));
    if (spec->reason)
        append_member(body, "reason", spec->reason);
    if (spec->changes && spec->changes[0]) {
        g_string_append(body, ",\"changes\":[");
        for (guint i = 0; spec->changes[i]; i++) {
            if (i > 0)
                g_string_append_c(body, ',');
            canonjson_append_string(body, spec->changes[i], strlen(spec->changes[i]));
        }
        g_string_append_c(body, ']');
    }
    g_string_append(body, ",\"card\":");
    signed_json_append(body, card->json);
    g_string_append_c(body, '}');
    g_autofree char *text =
        signed_json_make_text(PEERING_TYPE, body->str, body->len, &message, 1, error);
    g_autoptr(Peering) again = text ? peering_parse(text, strlen(text), error) : NULL;
    return again ? g_steal_pointer(&text) : NULL;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean read_step(yyjson_val *body, PeerStep *ret_step, GError **error)
{
    const char *name = yyjson_get_str(yyjson_obj_get(body, "step"));
    return (name && peer_step_parse(name, ret_step)) ||
           error_input(error, "\"step\" is not one of invite, accept, suspend, resume and end");
}

static gboolean read_time(yyjson_val *body, gint64 *ret_us, GError **error)
{
    yyjson_val *time = yyjson_obj_get(body, "time");
    guint digits = 0;
    return (yyjson_is_str(time) &&
            timestamp_parse(yyjson_get_str(time), yyjson_get_len(time), ret_us, &digits) &&
            digits == OPENING_TIME_DIGITS && *ret_us > 0) ||
           error_input(error, "\"time\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ");
}

static gboolean read_changes(yyjson_val *body, char ***ret_changes, GError **error)
{
    yyjson_val *list = yyjson_obj_get(body, "changes"), *change;
    size_t at, count;
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > KEYCHANGE_LIST_MAX))
        return error_input(error, "\"changes\" is no list of at most %d key changes",
                           KEYCHANGE_LIST_MAX);
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(g_free);
    yyjson_arr_foreach (list, at, count, change) {
        const char *text = yyjson_get_str(change);
        if (!text || strlen(text) != yyjson_get_len(change) || strlen(text) > KEYCHANGE_BYTES_MAX)
            return error_input(error, "changes[%zu] is no key change", at);
        g_ptr_array_add(changes, g_strdup(text));
    }
    g_ptr_array_add(changes, NULL);
    *ret_changes = (char **)g_ptr_array_free(g_steal_pointer(&changes), FALSE);
    return TRUE;
}

static gboolean read_body(yyjson_val *body, Peering *peering, GError **error)
{
    if (!read_step(body, &peering->step, error) ||
        !card_field_text(body, "from", CARD_FIELD_LINE, TRUE, &peering->from, error) ||
        !card_field_text(body, "to", CARD_FIELD_LINE, TRUE, &peering->to, error) ||
        !read_time(body, &peering->time_us, error) ||
        !card_field_text(body, "reason", CARD_FIELD_LINE, FALSE, &peering->reason, error) ||
        !read_changes(body, &peering->changes, error) ||
        !(peering->card = card_read(yyjson_obj_get(body, "card"), error)))
        return FALSE;
    return g_str_equal(peering->card->origin, peering->from) ||
           error_input(error, "it is from %s, and bears the card of %s", peering->from,
                       peering->card->origin);
}

Peering *peering_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(Peering) peering = g_new0(Peering, 1);
    peering->json = signed_json_parse(text, length, PEERING_BYTES_MAX, PEERING_TYPE, error);
    return peering->json && read_body(peering->json->body, peering, error) &&
                   signed_json_verify(peering->json, peering->card->keys[CARD_MESSAGE_KEY], error)
               ? g_steal_pointer(&peering)
               : NULL;
}

void peering_free(Peering *peering)
{
    if (!peering)
        return;
    g_free(peering->from);
    g_free(peering->to);
    g_free(peering->reason);
    g_strfreev(peering->changes);
    card_free(peering->card);
    signed_json_free(peering->json);
    g_free(peering);
}

gint64 peering_time(const Peer *peer, gint64 now)
{
    if (!peer)
        return now;
    gint64 said = MAX(MAX(peer->ours_at, peer->theirs_at), peer->ended_at);
    return MAX(now, said + 1);
}

/* --- receiving ---------------------------------------------------------------------------------
 */

/* Whether @card is the peer's, given the changes that are known and those that came; those of the
 * latter that it takes are kept. */
static gboolean take_changes(StoreTx *tx, const Peer *peer, const Card *card,
                             const char *const *changes, GError **error)
{
    g_autoptr(KeyHistory) history = peers_history(peer, error);
    if (!history)
        return FALSE;
    g_autoptr(GPtrArray) fresh = g_ptr_array_new();
    for (guint i = 0; changes && changes[i]; i++) {
        gboolean is_new = FALSE;
        g_autoptr(KeyChange) change = keychange_parse(changes[i], strlen(changes[i]), error);
        if (!change)
            return FALSE;
        /* What leads up to the pinned key is passed over, as is what somebody added. */
        if (keychange_history_add(history, change, &is_new, NULL) && is_new)
            g_ptr_array_add(fresh, (gpointer)changes[i]);
    }
    if (!card_verify(card, history, error))
        return FALSE;
    for (guint i = 0; i < fresh->len; i++)
        if (!peers_add_change(tx, peer->number, fresh->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean take_card(StoreTx *tx, const Peer *peer, const Card *card,
                          const char *const *changes, gboolean *ret_changed, GError **error)
{
    if (!take_changes(tx, peer, card, changes, error))
        return FALSE;
    *ret_changed = card->number > peer->card_number;
    if (!*ret_changed)
        return TRUE;
    g_autofree char *text = card_format(card);
    const PeerCard facts = card_peer(card, text);
    return peers_set_card(tx, peer->number, &facts, error);
}

/* NULL without @error when it is not known. */
static gboolean find_peer(StoreTx *tx, const char *name, Peer **ret_peer, GError **error)
{
    g_autoptr(GError) failure = NULL;
    *ret_peer = peers_get_tx(tx, name, &failure);
    if (*ret_peer || g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

gboolean peering_receive_card(StoreTx *tx, const char *origin, const Card *card,
                              const char *const *changes, gboolean *ret_changed, GError **error)
{
    gboolean changed;
    g_autoptr(Peer) peer = peers_get_tx(tx, origin, error);
    if (!peer || !take_card(tx, peer, card, changes, &changed, error))
        return FALSE;
    if (ret_changed)
        *ret_changed = changed;
    return TRUE;
}

/* The node is met by this step, for the first time or as if it were. */
static gboolean meet(StoreTx *tx, const Peering *peering, gboolean replace, gint64 *ret_number,
                     GError **error)
{
    if (peering->step != PEER_STEP_INVITE && peering->step != PEER_STEP_ACCEPT) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s is no peer of this node",
                    peering->from);
        return FALSE;
    }
    gboolean room;
    if (!peers_has_room(tx, &room, error))
        return FALSE;
    if (!room) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                    "%d invitations wait for an answer here already", PEERS_WAITING_MAX);
        return FALSE;
    }
    g_autofree char *text = card_format(peering->card);
    const PeerCard facts = card_peer(peering->card, text);
    return peers_put(tx, &facts, replace, ret_number, error);
}

/* A node that nobody here ever agreed with, and that asks anew with other keys. */
static gboolean may_be_met_anew(const Peer *peer, const Peering *peering)
{
    return !peer->agreed && peer->state == PEER_ENDED && peering->time_us > peer->ended_at &&
           !g_str_equal(peer->ledger_vkey, peering->card->vkeys[CARD_LEDGER_KEY]);
}

/* Who signed the step is judged by the newest card: an older one's message key may be stolen. */
static gboolean check_signer(const Peer *peer, const Peering *peering, GError **error)
{
    if (peering->card->number > peer->card_number)
        return TRUE; /* peering_parse() verified it */
    g_autoptr(NoteVerifier) key = note_verifier_parse(peer->message_vkey, error);
    return key && signed_json_verify(peering->json, key, error);
}

static gboolean identify(StoreTx *tx, const Peering *peering, gint64 *ret_number, GError **error)
{
    g_autoptr(Peer) peer = NULL;
    gboolean changed;
    if (!find_peer(tx, peering->card->node, &peer, error))
        return FALSE;
    if (!peer || may_be_met_anew(peer, peering))
        return meet(tx, peering, peer != NULL, ret_number, error);
    if (!g_str_equal(peer->origin, peering->from) ||
        !take_card(tx, peer, peering->card, (const char *const *)peering->changes, &changed,
                   error) ||
        !check_signer(peer, peering, error)) {
        if (error && !*error)
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                        "%s is known here by another ledger, %s", peer->node, peer->origin);
        return FALSE;
    }
    *ret_number = peer->number;
    return TRUE;
}

gboolean peering_receive(StoreTx *tx, const Peering *peering, const char *own, gint64 now,
                         gboolean *ret_changed, GError **error)
{
    gint64 number;
    if (!g_str_equal(peering->to, own) || g_str_equal(peering->from, own))
        return error_input(error, "it is from %s to %s, and this is %s", peering->from, peering->to,
                           own);
    if (peering->time_us > now + PEERS_AHEAD_US) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "its time is more than a day ahead of the clock here");
        return FALSE;
    }
    return identify(tx, peering, &number, error) &&
           peers_step(tx, number, PEER_THEM, peering->step, peering->time_us, peering->reason,
                      ret_changed, error) &&
           reach_review_peer(tx, peering->from, error);
}
