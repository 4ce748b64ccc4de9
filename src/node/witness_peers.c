#include "node/witness_peers.h"

#include <string.h>

#include "exchange/card.h"
#include "store/peer_witness.h"

struct WitnessPeers {
    const Config *config;
    Notary *notary;
    GHashTable *stamps; /* number of a peer -> what was settled, a text */
};

WitnessPeers *witness_peers_new(const Config *config, Notary *notary)
{
    WitnessPeers *witnesses = g_new0(WitnessPeers, 1);
    witnesses->config = config;
    witnesses->notary = notary;
    witnesses->stamps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return witnesses;
}

void witness_peers_free(WitnessPeers *witnesses)
{
    g_hash_table_unref(witnesses->stamps);
    g_free(witnesses);
}

/* Whether both sides agreed to the peering; while it is suspended it goes on in this. */
static gboolean is_agreed(const Peer *peer)
{
    return peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED;
}

static gboolean apply(StoreTx *tx, gpointer user, GError **error)
{
    return peer_witness_settle(tx, user, error);
}

/* The card, if the peer wants to witness and be witnessed, and so does this node. */
static gboolean find_card(const WitnessPeers *witnesses, const Peer *listed, Card **ret_card)
{
    *ret_card = NULL;
    if (!is_agreed(listed) || !config_bool(witnesses->config, SETTING_EXCHANGE_WITNESS_PEERS))
        return TRUE;
    g_autoptr(Peer) peer = peers_get(notary_store(witnesses->notary), listed->origin, NULL);
    g_autoptr(Card) card = peer ? card_parse(peer->card, strlen(peer->card), NULL) : NULL;
    if (!card)
        return FALSE;
    if (card_has_capability(card, CARD_CAPABILITY_WITNESS))
        *ret_card = g_steal_pointer(&card);
    return TRUE;
}

static gboolean settle(const WitnessPeers *witnesses, const Peer *peer)
{
    g_autoptr(Card) card = NULL;
    if (!find_card(witnesses, peer, &card))
        return FALSE;
    PeerWitnessSpec spec = {.peer = peer->number,
                            .is_peer = is_agreed(peer),
                            .origin = peer->origin,
                            .log = card ? card->vkeys[CARD_LEDGER_KEY] : NULL,
                            /* Who cannot be reached cannot be asked. */
                            .cosigner =
                                card && card->endpoints[0] ? card->vkeys[CARD_COSIGN_KEY] : NULL};
    return writer_run(notary_writer(witnesses->notary), 0, apply, &spec, NULL);
}

void witness_peers_settle(WitnessPeers *witnesses, const GPtrArray *peers)
{
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        g_autofree char *stamp = g_strdup_printf("%d %" G_GUINT64_FORMAT " %s", is_agreed(peer),
                                                 peer->card_number, peer->origin);
        const char *before = g_hash_table_lookup(witnesses->stamps, &peer->number);
        if (g_strcmp0(before, stamp) != 0 && settle(witnesses, peer))
            g_hash_table_insert(witnesses->stamps, g_memdup2(&peer->number, sizeof peer->number),
                                g_steal_pointer(&stamp));
    }
}
