#include "node/docket_sender.h"

#include <string.h>

#include "base/timestamp.h"
#include "node/attachment_sender.h"
#include "node/dispatcher.h"
#include "store/ledger.h"

void docket_sender_sent_clear(DocketSent *sent)
{
    g_clear_pointer(&sent->dossier, g_free);
    g_clear_pointer(&sent->state, g_free);
    g_clear_pointer(&sent->told, g_strfreev);
    g_clear_pointer(&sent->untold, g_strfreev);
}

/* An event on its way. */
typedef struct {
    const DocketAct *act;
    const NoteSigner *messenger;
    DocketPlace place;
    DocketDraft *draft;
    char *title;
    GBytes *bytes;
    GPtrArray *items; /* what goes with it, and it */
    DocketSent sent;
    DocketAlso also; /* NULL: nothing */
    gpointer user;
} Sending;

static void sending_clear(Sending *sending)
{
    g_clear_pointer(&sending->draft, docket_draft_free);
    g_clear_pointer(&sending->title, g_free);
    g_clear_pointer(&sending->bytes, g_bytes_unref);
    g_clear_pointer(&sending->items, g_ptr_array_unref);
    docket_sender_sent_clear(&sending->sent);
}

/* --- whom it goes to ---------------------------------------------------------------------------
 */

static gboolean is_reachable(StoreTx *tx, const char *node, gboolean *ret_reachable, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Peer) peer = peers_get_tx(tx, node, &local);
    if (!peer && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    *ret_reachable = peer && (peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED);
    return TRUE;
}

/* Divides the audience into those who are told and those who cannot be. */
static gboolean divide(StoreTx *tx, Sending *sending, GError **error)
{
    g_autoptr(GStrvBuilder) told = g_strv_builder_new();
    g_autoptr(GStrvBuilder) untold = g_strv_builder_new();
    for (guint i = 0; sending->draft->audience[i]; i++) {
        gboolean reachable;
        if (!is_reachable(tx, sending->draft->audience[i], &reachable, error))
            return FALSE;
        g_strv_builder_add(reachable ? told : untold, sending->draft->audience[i]);
    }
    sending->sent.told = g_strv_builder_end(told);
    sending->sent.untold = g_strv_builder_end(untold);
    return TRUE;
}

static gboolean check_told(const Sending *sending, GError **error)
{
    const DocketSent *sent = &sending->sent;
    if (sending->draft->is_private || !sending->draft->audience[0])
        return TRUE;
    if (sent->told[0] && (sending->act->dossier || !sent->untold[0]))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s is no peer of this node: nothing can be sent to it", sent->untold[0]);
    return FALSE;
}

/* --- in the transaction ------------------------------------------------------------------------
 */

static gboolean sign(Sending *sending, GError **error)
{
    const char *body = sending->draft->body;
    char *text =
        signed_json_make_text(EVENT_SIGNED_TYPE, body, strlen(body), &sending->messenger, 1, error);
    if (!text)
        return FALSE;
    sending->bytes = g_bytes_new_take(text, strlen(text));
    return TRUE;
}

/* What goes with the event comes first: so it is there when the event is judged. */
static void gather(Sending *sending)
{
    const GPtrArray *carried = sending->draft->carried;
    sending->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; sending->sent.told[0] && i < carried->len; i++)
        g_ptr_array_add(sending->items, g_bytes_ref(carried->pdata[i]));
    g_ptr_array_add(sending->items, g_bytes_ref(sending->bytes));
}

static gboolean make(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GPtrArray **ret_items,
                     GError **error)
{
    Sending *sending = user;
    guint64 size;
    sending_clear(sending);
    sending->place.now_us = timestamp_now();
    if (!ledger_look(tx, &sending->place.origin, &size, error))
        return FALSE;
    sending->draft = docket_draft(tx, sending->act, &sending->place, error);
    if (!sending->draft || !divide(tx, sending, error) || !check_told(sending, error) ||
        !sign(sending, error))
        return FALSE;
    sending->title = g_strdup_printf("%s %s", sending->draft->procedure->title, sending->act->type);
    *ret_spec = (DispatcherSpec){.title = sending->title,
                                 .tlp = sending->draft->tlp,
                                 .pap = sending->draft->pap,
                                 .is_exercise = sending->draft->is_exercise,
                                 .to = (const char *const *)sending->sent.told,
                                 .expires = G_MAXINT64};
    gather(sending);
    *ret_items = sending->items;
    return TRUE;
}

static gboolean keep(StoreTx *tx, guint64 index, gpointer user, GError **error)
{
    Sending *sending = user;
    g_auto(DocketOutcome) outcome = {0};
    gsize length;
    const char *text = g_bytes_get_data(sending->bytes, &length);
    g_autoptr(Event) event = event_parse(text, length, error);
    if (!event || !docket_receive(tx, sending->bytes, &sending->place, &outcome, error))
        return FALSE;
    if (outcome.refusal) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, outcome.refusal);
        return FALSE;
    }
    if (!attachment_sender_queue(tx, sending->items, sending->draft, sending->sent.told, error))
        return FALSE;
    sending->sent.dossier = g_strdup(outcome.dossier);
    sending->sent.state = g_strdup(sending->draft->state);
    sending->sent.hash = event->hash;
    sending->sent.index = index;
    return dossiers_set_entry(tx, event->hash.bytes, index, error) &&
           (!sending->also || sending->also(tx, &sending->sent, sending->user, error));
}

gboolean docket_sender_send(Notary *notary, const DocketAct *act, DocketSent *ret_sent,
                            GError **error)
{
    return docket_sender_send_also(notary, act, NULL, NULL, ret_sent, error);
}

gboolean docket_sender_send_also(Notary *notary, const DocketAct *act, DocketAlso also,
                                 gpointer user, DocketSent *ret_sent, GError **error)
{
    Sending sending = {.act = act,
                       .messenger = notary_messenger(notary, error),
                       .also = also,
                       .user = user};
    if (!sending.messenger)
        return FALSE;
    sending.place.own_key = note_signer_verifier(sending.messenger);
    const DispatcherItem item = {
        .type = EVENT_MEDIA_TYPE, .make = make, .sent = keep, .user = &sending};
    guint64 index;
    gboolean good = dispatcher_send_item(notary, &item, &index, error);
    if (good) {
        *ret_sent = sending.sent;
        sending.sent = (DocketSent){0};
    }
    sending_clear(&sending);
    return good;
}
