#include "server/well_known.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/directory.h"
#include "exchange/security_txt.h"
#include "server/problem.h"
#include "store/own_card.h"
#include "store/peers.h"

static Reply *reply_text(ApiCall *call, const char *type, char *text)
{
    return reply_new(200, type, call->coding, NULL, text, strlen(text));
}

/* Whether @text is a card of which its owner says that it may be listed. */
static gboolean may_be_listed(const char *text)
{
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    return card && card_has_capability(card, CARD_CAPABILITY_LISTED);
}

Reply *well_known_card(ApiCall *call, GError **error)
{
    g_autofree char *text = NULL;
    if (!own_card_get(call->api->store, &text, error))
        return NULL;
    return text ? reply_text(call, "application/json", g_steal_pointer(&text))
                : problem_reply(404, "this node has not published a card");
}

Reply *well_known_security(ApiCall *call, GError **error)
{
    g_autofree char *text = NULL;
    if (!own_card_get(call->api->store, &text, error))
        return NULL;
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    char *security = card ? security_txt_make(card, timestamp_now()) : NULL;
    return security ? reply_text(call, "text/plain; charset=utf-8", security)
                    : problem_reply(404, "this node's card names no contact");
}

/* The cards of the active peers that may be listed, this node's own first. */
static gboolean collect(Store *store, GPtrArray *cards, GError **error)
{
    g_autofree char *own = NULL;
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    if (!peers || !own_card_get(store, &own, error))
        return FALSE;
    if (own)
        g_ptr_array_add(cards, g_steal_pointer(&own));
    for (guint i = 0; i < peers->len; i++) {
        const Peer *each = peers->pdata[i];
        if (each->state != PEER_ACTIVE)
            continue;
        g_autoptr(Peer) peer = peers_get(store, each->origin, error);
        if (!peer)
            return FALSE;
        if (may_be_listed(peer->card))
            g_ptr_array_add(cards, g_steal_pointer(&peer->card));
    }
    return TRUE;
}

Reply *well_known_directory(ApiCall *call, GError **error)
{
    if (!call->api->options.directory)
        return problem_reply(404, "this node publishes no directory");
    g_autoptr(GPtrArray) cards = g_ptr_array_new_with_free_func(g_free);
    return collect(call->api->store, cards, error)
               ? reply_text(call, DIRECTORY_MEDIA_TYPE, directory_format(cards))
               : NULL;
}
