#include "exchange/follower_effects.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/card.h"
#include "exchange/community.h"
#include "exchange/peering.h"
#include "store/attachments.h"
#include "store/deliveries.h"
#include "store/event_proofs.h"
#include "store/introductions.h"
#include "store/ledger.h"
#include "store/records.h"

/* Passes over what is wrong with the entry; fails where the store does. */
static gboolean pass_over(GError *local, GError **error)
{
    if (!local || (local->domain == CONCERT_ERROR &&
                   (local->code == CONCERT_ERROR_INPUT || local->code == CONCERT_ERROR_LIMIT ||
                    local->code == CONCERT_ERROR_DENIED || local->code == CONCERT_ERROR_NOT_FOUND ||
                    local->code == CONCERT_ERROR_CONFLICT || local->code == CONCERT_ERROR_NEWER))) {
        g_clear_error(&local);
        return TRUE;
    }
    g_propagate_error(error, local);
    return FALSE;
}

static gboolean apply_retract(StoreTx *tx, Reach *reach, const Peer *peer,
                              const FollowerOpening *opening, GError **error)
{
    GError *local = NULL;
    g_autoptr(GArray) versions = NULL;
    DispatchRetract *retract = dispatch_header_read_retract(opening->opening, &local);
    if (!retract)
        return pass_over(local, error);
    /* Of an earlier entry: its author cannot know a later one. */
    gboolean good =
        retract->of >= opening->index ||
        (records_retract(tx, peer->origin, retract->of, retract->places, retract->n_places,
                         opening->index, retract->is_recall ? RECORD_RECALLED : RECORD_WITHDRAWN,
                         retract->reason, &versions, error) &&
         reach_review(reach, tx, versions, error));
    dispatch_header_retract_free(retract);
    return good;
}

/* A receipt of entries of this node's own ledger. */
static gboolean apply_receipt(StoreTx *tx, Reach *reach, const Peer *peer,
                              const FollowerOpening *opening, GError **error)
{
    GError *local = NULL;
    const char *own;
    guint64 size;
    DispatchReceipt *receipt = dispatch_header_read_receipt(opening->opening, &local);
    if (!receipt)
        return pass_over(local, error);
    gboolean good = ledger_look(tx, &own, &size, error) &&
                    (!g_str_equal(receipt->ledger, own) ||
                     deliveries_confirm(tx, peer->origin, receipt->indices, receipt->n_indices,
                                        opening->index, error));
    dispatch_header_receipt_free(receipt);
    return good;
}

/* The author's newest card. */
static gboolean apply_card(StoreTx *tx, Reach *reach, const Peer *peer,
                           const FollowerOpening *opening, GError **error)
{
    GError *local = NULL;
    GBytes *bytes = opening->opening->n_items == 1 ? opening->items[0].bytes : NULL;
    gsize length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    g_autoptr(Card) card = text ? card_parse(text, length, &local) : NULL;
    if (card)
        peering_receive_card(tx, peer->origin, card, NULL, NULL, &local);
    return pass_over(local, error);
}

/* A record of a community: its owner's, or of a member that leaves. */
static gboolean apply_community(StoreTx *tx, Reach *reach, const Peer *peer,
                                const FollowerOpening *opening, GError **error)
{
    GError *local = NULL;
    const char *own;
    guint64 size;
    if (!ledger_look(tx, &own, &size, error))
        return FALSE;
    g_autoptr(yyjson_doc) header = opening_header(opening->opening);
    GBytes *item = opening->opening->n_items == 1 ? opening->items[0].bytes : NULL;
    community_receive(tx, own, peer->origin, opening->opening->kind, yyjson_doc_get_root(header),
                      item, &local);
    return pass_over(local, error);
}

static const struct {
    const char *kind;
    gboolean (*apply)(StoreTx *tx, Reach *reach, const Peer *peer, const FollowerOpening *opening,
                      GError **error);
} effects[] = {
    {DISPATCH_HEADER_WITHDRAWAL, apply_retract}, {DISPATCH_HEADER_RECALL, apply_retract},
    {DISPATCH_HEADER_RECEIPT, apply_receipt},    {CARD_KIND, apply_card},
    {COMMUNITY_OPENED_KIND, apply_community},    {COMMUNITY_MEMBER_KIND, apply_community},
};

gboolean follower_effects_apply(StoreTx *tx, Reach *reach, const Peer *peer,
                                const FollowerOpening *opening, GError **error)
{
    if (opening->opening->is_erased)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(effects); i++)
        if (g_str_equal(effects[i].kind, opening->opening->kind))
            return effects[i].apply(tx, reach, peer, opening, error);
    return TRUE;
}

gboolean follower_effects_proofs(StoreTx *tx, FollowerOpening *opening, gint64 record,
                                 const MerkleProof *path, GError **error)
{
    for (guint i = 0; i < opening->opening->n_items; i++) {
        const FollowerItem *item = &opening->items[i];
        gsize length;
        if (item->kind != FOLLOWER_EVENT || !item->bytes || item->is_known ||
            (item->refusal && !item->is_held))
            continue;
        const char *text = g_bytes_get_data(item->bytes, &length);
        g_autoptr(Event) event = event_parse(text, length, NULL);
        if (event && !event_proofs_put(tx, event->hash.bytes, record, i, path, error))
            return FALSE;
    }
    return TRUE;
}

gboolean follower_effects_chunks(StoreTx *tx, const Peer *peer, FollowerOpening *opening,
                                 gint64 record, GError **error)
{
    for (guint i = 0; i < opening->opening->n_items; i++) {
        FollowerItem *item = &opening->items[i];
        gboolean is_new;
        if (item->kind != FOLLOWER_CHUNK || !item->bytes || item->refusal)
            continue;
        if (!attachments_receive(tx, peer->origin, &item->chunk, record, i, &is_new, error))
            return FALSE;
        item->is_known = !is_new;
    }
    return TRUE;
}

/* A card is kept of a node that is no peer; of a peer its own word counts. */
static gboolean receive_card(StoreTx *tx, const Peer *peer, const char *own, FollowerItem *item,
                             GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize length;
    const char *text = g_bytes_get_data(item->bytes, &length);
    g_autoptr(Card) card = card_parse(text, length, &local);
    g_clear_pointer(&item->refusal, g_free);
    if (!card) {
        item->refusal = g_strdup(local->message);
        return TRUE;
    }
    g_autoptr(Peer) known = peers_get_tx(tx, card->node, &local);
    if (known || strcmp(card->origin, own) == 0)
        return TRUE;
    if (!pass_over(g_steal_pointer(&local), error))
        return FALSE;
    g_autofree char *form = card_format(card);
    const Introduction introduction = {.node = card->node,
                                       .card = form,
                                       .ledger_vkey = card->vkeys[CARD_LEDGER_KEY],
                                       .recovery_vkey = card->vkeys[CARD_RECOVERY_KEY],
                                       .message_vkey = card->vkeys[CARD_MESSAGE_KEY],
                                       .number = card->number,
                                       .made = card->time_us,
                                       .hours = card->hours,
                                       .by = peer->node,
                                       .at = timestamp_now()};
    if (introductions_put(tx, &introduction, &local))
        return TRUE;
    item->refusal = g_strdup(local->message);
    return pass_over(g_steal_pointer(&local), error);
}

gboolean follower_effects_events(StoreTx *tx, const Peer *peer, const NoteVerifier *own_key,
                                 FollowerOpening *opening, GError **error)
{
    const char *own;
    guint64 size;
    for (guint i = 0; i < opening->opening->n_items; i++) {
        FollowerItem *item = &opening->items[i];
        if (item->kind == FOLLOWER_CARD && item->bytes &&
            (!ledger_look(tx, &own, &size, error) || !receive_card(tx, peer, own, item, error)))
            return FALSE;
        if (item->kind != FOLLOWER_EVENT || !item->bytes)
            continue;
        g_auto(DocketOutcome) outcome = {0};
        DocketPlace place = {.own_key = own_key, .source = peer->node, .now_us = timestamp_now()};
        if (!ledger_look(tx, &own, &size, error))
            return FALSE;
        place.origin = own;
        if (!docket_receive(tx, item->bytes, &place, &outcome, error))
            return FALSE;
        g_free(item->refusal); /* of an earlier try of the transaction */
        item->refusal = g_steal_pointer(&outcome.refusal);
        item->is_held = outcome.is_held;
        item->is_known = !item->refusal && !outcome.is_new;
    }
    return TRUE;
}
