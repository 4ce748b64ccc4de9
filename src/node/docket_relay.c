#include "node/docket_relay.h"

#include <string.h>

#include "dossier/docket.h"
#include "exchange/card.h"
#include "node/attachment_sender.h"
#include "node/dispatcher.h"
#include "store/introductions.h"

#define RUN_MAX 256 /* events in one run */

/* --- cards -------------------------------------------------------------------------------------
 */

/* The peer of that name; NULL without @error: it is none. */
static gboolean find_peer(StoreTx *tx, const char *node, Peer **ret_peer, GError **error)
{
    g_autoptr(GError) local = NULL;
    Peer *peer = peers_get_tx(tx, node, &local);
    if (!peer && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    *ret_peer = peer;
    return TRUE;
}

static gboolean add_card(StoreTx *tx, const char *author, char **told, GPtrArray *cards,
                         GError **error)
{
    g_autoptr(Peer) peer = NULL;
    gboolean all_have_it = TRUE;
    if (!find_peer(tx, author, &peer, error))
        return FALSE;
    if (!peer || !peer->card || !peer->agreed)
        return TRUE;
    for (guint i = 0; told[i]; i++) {
        gboolean before = TRUE;
        if (strcmp(told[i], author) != 0 &&
            !introductions_sent(tx, author, told[i], peer->card_number, &before, error))
            return FALSE;
        all_have_it = all_have_it && before;
    }
    if (!all_have_it)
        g_ptr_array_add(cards, g_bytes_new(peer->card, strlen(peer->card)));
    return TRUE;
}

GPtrArray *docket_relay_cards(StoreTx *tx, const GPtrArray *authors, char **told, GError **error)
{
    g_autoptr(GPtrArray) cards = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; i < authors->len; i++)
        if (!add_card(tx, authors->pdata[i], told, cards, error))
            return NULL;
    return g_steal_pointer(&cards);
}

void docket_relay_items(const GPtrArray *bytes, const char *type, GArray *items)
{
    for (guint i = 0; i < bytes->len; i++) {
        const OpeningItemSpec item = {bytes->pdata[i], type};
        g_array_append_val(items, item);
    }
}

/* --- sending on --------------------------------------------------------------------------------
 */

/* An event on its way. */
typedef struct {
    const IntroductionsRelay *relay;
    const Docket *docket;
    const Event *event;
    GBytes *bytes;      /* borrowed */
    GPtrArray *to;      /* names */
    GPtrArray *authors; /* names */
    GPtrArray *cards;
    GPtrArray *events; /* GBytes: what goes with it, and it */
    GArray *items;
    char *title;
    MarkingTlp tlp; /* of all */
    MarkingPap pap;
} Relaying;

static void relaying_clear(Relaying *relaying)
{
    g_clear_pointer(&relaying->to, g_ptr_array_unref);
    g_clear_pointer(&relaying->authors, g_ptr_array_unref);
    g_clear_pointer(&relaying->cards, g_ptr_array_unref);
    g_clear_pointer(&relaying->events, g_ptr_array_unref);
    g_clear_pointer(&relaying->items, g_array_unref);
    g_clear_pointer(&relaying->title, g_free);
}

/* Whom the event is for by the procedure, was not sent to, and is a peer of this node. */
static gboolean find_recipients(StoreTx *tx, Relaying *relaying, GError **error)
{
    g_auto(GStrv) audience = engine_audience(relaying->docket->result, relaying->event);
    relaying->to = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; audience[i]; i++) {
        g_autoptr(Peer) peer = NULL;
        if (!event_is_untold(relaying->event, audience[i]))
            continue;
        if (!find_peer(tx, audience[i], &peer, error))
            return FALSE;
        if (peer && (peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED))
            g_ptr_array_add(relaying->to, g_strdup(audience[i]));
    }
    g_ptr_array_add(relaying->to, NULL);
    return TRUE;
}

/* The event, and before it what its author would have sent along: whoever comes in with it has
 * nothing yet. What others made for those named alone is not this node's to show. */
static void gather(Relaying *relaying)
{
    const Event *event = relaying->event;
    g_autoptr(GPtrArray) lacking =
        engine_lacking(relaying->docket->result, event, (const char *const *)relaying->to->pdata);
    relaying->authors = g_ptr_array_new();
    relaying->events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    relaying->tlp = event->tlp;
    relaying->pap = event->pap;
    g_ptr_array_add(relaying->authors, event->node);
    for (guint i = 0; i < lacking->len; i++) {
        const Event *earlier = ((const EngineEvent *)lacking->pdata[i])->event;
        const DossierEvent *stored = docket_stored(relaying->docket, earlier);
        gboolean is_same = strcmp(earlier->node, event->node) == 0;
        if (!stored || (!is_same && earlier->tlp >= MARKING_TLP_AMBER_STRICT))
            continue;
        if (!g_ptr_array_find_with_equal_func(relaying->authors, earlier->node, g_str_equal, NULL))
            g_ptr_array_add(relaying->authors, earlier->node);
        g_ptr_array_add(relaying->events, g_bytes_ref(stored->bytes));
        relaying->tlp = MAX(relaying->tlp, earlier->tlp);
        relaying->pap = MAX(relaying->pap, earlier->pap);
    }
    g_ptr_array_add(relaying->events, g_bytes_ref(relaying->bytes));
}

static gboolean make(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GArray **ret_items,
                     GError **error)
{
    Relaying *relaying = user;
    const Event *event = relaying->event;
    relaying_clear(relaying);
    if (!find_recipients(tx, relaying, error))
        return FALSE;
    if (relaying->to->len == 1) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "it is for nobody");
        return FALSE;
    }
    gather(relaying);
    relaying->cards =
        docket_relay_cards(tx, relaying->authors, (char **)relaying->to->pdata, error);
    if (!relaying->cards)
        return FALSE;
    relaying->items = g_array_new(FALSE, FALSE, sizeof(OpeningItemSpec));
    docket_relay_items(relaying->cards, CARD_MEDIA_TYPE, relaying->items);
    docket_relay_items(relaying->events, EVENT_MEDIA_TYPE, relaying->items);
    relaying->title = g_strdup_printf("%s %s, sent on", event->procedure, event->type);
    *ret_spec = (DispatcherSpec){.title = relaying->title,
                                 .tlp = relaying->tlp,
                                 .pap = relaying->pap,
                                 .is_exercise = relaying->docket->dossier->is_exercise,
                                 .to = (const char *const *)relaying->to->pdata,
                                 .expires = G_MAXINT64};
    *ret_items = relaying->items;
    return TRUE;
}

static gboolean sent(StoreTx *tx, guint64 index, gpointer user, GError **error)
{
    const Relaying *relaying = user;
    const AttachmentSenderTerms terms = {relaying->tlp, relaying->pap,
                                         relaying->docket->dossier->is_exercise};
    return attachment_sender_queue(tx, relaying->events, &terms, (char **)relaying->to->pdata,
                                   error) &&
           introductions_remove_relay(tx, relaying->relay->hash, error);
}

static gboolean forget(StoreTx *tx, gpointer user, GError **error)
{
    const IntroductionsRelay *relay = user;
    return introductions_remove_relay(tx, relay->hash, error);
}

/* The event if it counts; NULL: it does not, or not yet. */
static const Event *find_event(const Docket *docket, const guint8 *hash, gboolean *ret_waits)
{
    for (guint i = 0; i < docket->result->events->len; i++) {
        const EngineEvent *one = &g_array_index(docket->result->events, EngineEvent, i);
        if (memcmp(one->event->hash.bytes, hash, SHA256_SIZE) != 0)
            continue;
        *ret_waits = one->verdict == ENGINE_PENDING;
        return one->verdict == ENGINE_VALID ? one->event : NULL;
    }
    *ret_waits = FALSE;
    return NULL;
}

/* FALSE: nothing can be sent at all now. */
static gboolean relay_one(Notary *notary, const IntroductionsRelay *relay, guint *count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Docket) docket = docket_load(notary_store(notary), relay->dossier, &error);
    gboolean waits = FALSE;
    const Event *event = docket ? find_event(docket, relay->hash, &waits) : NULL;
    if (waits)
        return TRUE;
    if (event) {
        Relaying relaying = {.relay = relay,
                             .docket = docket,
                             .event = event,
                             .bytes = docket_stored(docket, event)->bytes};
        const DispatcherItem item = {.make = make, .sent = sent, .user = &relaying};
        guint64 index;
        gboolean good = dispatcher_send_item(notary, &item, &index, &error);
        relaying_clear(&relaying);
        *count += good;
        if (good)
            return TRUE;
        if (!g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) &&
            !g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_DENIED))
            return FALSE;
    }
    return writer_run(notary_writer(notary), 1, forget, (gpointer)relay, NULL);
}

guint docket_relay_run(Notary *notary)
{
    guint count = 0;
    g_autoptr(GArray) relays = introductions_relays(notary_store(notary), RUN_MAX, NULL);
    for (guint i = 0; relays && i < relays->len; i++)
        if (!relay_one(notary, &g_array_index(relays, IntroductionsRelay, i), &count))
            break;
    return count;
}
