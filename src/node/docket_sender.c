#include "node/docket_sender.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/card.h"
#include "node/attachment_sender.h"
#include "node/dispatcher.h"
#include "node/docket_post.h"
#include "node/docket_relay.h"
#include "node/own_clock.h"
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
    GPtrArray *events; /* GBytes: what goes with it, and it */
    GPtrArray *cards;  /* GBytes */
    GArray *items;     /* OpeningItemSpec: of both */
    DocketSent sent;
    DocketAlso also; /* NULL: nothing */
    gpointer user;
} Sending;

static void sending_clear(Sending *sending)
{
    g_clear_pointer(&sending->draft, docket_draft_free);
    g_clear_pointer(&sending->title, g_free);
    g_clear_pointer(&sending->bytes, g_bytes_unref);
    g_clear_pointer(&sending->events, g_ptr_array_unref);
    g_clear_pointer(&sending->cards, g_ptr_array_unref);
    g_clear_pointer(&sending->items, g_array_unref);
    docket_sender_sent_clear(&sending->sent);
}

/* --- whom it goes to ---------------------------------------------------------------------------
 */

static gboolean check_told(const Sending *sending, GError **error)
{
    const DocketDraft *draft = sending->draft;
    if (!draft->untold[0] || (draft->told[0] && sending->act->dossier))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s is no peer of this node: nothing can be sent to it", draft->untold[0]);
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

/* What goes with the event comes first, and before it the cards of those who made it: so all is
 * there when the event is judged. */
static gboolean gather(StoreTx *tx, Sending *sending, GError **error)
{
    const DocketDraft *draft = sending->draft;
    sending->events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; draft->told[0] && i < draft->carried->len; i++)
        g_ptr_array_add(sending->events, g_bytes_ref(draft->carried->pdata[i]));
    g_ptr_array_add(sending->events, g_bytes_ref(sending->bytes));
    sending->items = g_array_new(FALSE, FALSE, sizeof(OpeningItemSpec));
    sending->cards = docket_relay_cards(tx, draft->authors, draft->told, error);
    if (!sending->cards)
        return FALSE;
    docket_relay_items(sending->cards, CARD_MEDIA_TYPE, sending->items);
    docket_relay_items(sending->events, EVENT_MEDIA_TYPE, sending->items);
    return TRUE;
}

static gboolean make(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GArray **ret_items,
                     GError **error)
{
    Sending *sending = user;
    guint64 size;
    sending_clear(sending);
    sending->place.now_us = timestamp_now();
    if (!ledger_look(tx, &sending->place.origin, &size, error))
        return FALSE;
    sending->draft = docket_draft(tx, sending->act, &sending->place, error);
    if (!sending->draft || !check_told(sending, error) || !sign(sending, error) ||
        !gather(tx, sending, error))
        return FALSE;
    sending->title = g_strdup_printf("%s %s", sending->draft->procedure->title, sending->act->type);
    *ret_spec = (DispatcherSpec){.title = sending->title,
                                 .tlp = sending->draft->tlp,
                                 .pap = sending->draft->pap,
                                 .is_exercise = sending->draft->is_exercise,
                                 .to = (const char *const *)sending->draft->told,
                                 .expires = G_MAXINT64};
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
    const AttachmentSenderTerms terms = {sending->draft->tlp, sending->draft->pap,
                                         sending->draft->is_exercise};
    if (!attachment_sender_queue(tx, sending->events, &terms, sending->draft->told, error) ||
        !docket_post_queue(tx, outcome.dossier, sending->draft->told, error))
        return FALSE;
    sending->sent.dossier = g_strdup(outcome.dossier);
    sending->sent.state = g_strdup(sending->draft->state);
    sending->sent.told = g_strdupv(sending->draft->told);
    sending->sent.untold = g_strdupv(sending->draft->untold);
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
    Sending sending = {
        .act = act, .messenger = notary_messenger(notary, error), .also = also, .user = user};
    if (!sending.messenger || !own_clock_check(notary_store(notary), timestamp_now(), error))
        return FALSE;
    sending.place.own_key = note_signer_verifier(sending.messenger);
    const DispatcherItem item = {.make = make, .sent = keep, .user = &sending};
    guint64 index;
    gboolean good = dispatcher_send_item(notary, &item, &index, error);
    if (good) {
        *ret_sent = sending.sent;
        sending.sent = (DocketSent){0};
    }
    sending_clear(&sending);
    return good;
}
