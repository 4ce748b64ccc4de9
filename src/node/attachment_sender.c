#include "node/attachment_sender.h"

#include <string.h>

#include "dossier/docket_files.h"
#include "node/dispatcher.h"
#include "store/attachments.h"
#include "store/ledger.h"
#include "store/peers.h"

/* --- what waits --------------------------------------------------------------------------------
 */

/* An event whose files are to go out. */
typedef struct {
    const Event *event;
    const AttachmentSenderTerms *terms;
    gboolean is_own;    /* this node made it */
    gboolean is_needed; /* without its files it cannot go */
} Queueing;

static gboolean want(StoreTx *tx, const Queueing *queueing, const DocketFile *file, const char *to,
                     GError **error)
{
    g_autoptr(Peer) peer = peers_get_tx(tx, to, error);
    const Event *event = queueing->event;
    if (!peer)
        return FALSE;
    const AttachmentsWanted wanted = {.sha256 = file->sha256,
                                      .size = file->size,
                                      .origin = peer->origin,
                                      .tlp = queueing->terms->tlp,
                                      .pap = queueing->terms->pap,
                                      .is_exercise = queueing->terms->is_exercise};
    return queueing->is_own
               ? attachments_want(tx, &wanted, error)
               : attachments_pass_on(tx, &wanted, event->dossier, event->author, error);
}

static gboolean queue_event(StoreTx *tx, const Queueing *queueing, char **to, GError **error)
{
    g_autoptr(GArray) files = docket_files_list(queueing->event);
    for (guint i = 0; i < files->len; i++) {
        for (guint j = 0; to[j]; j++) {
            g_autoptr(GError) failure = NULL;
            if (want(tx, queueing, &g_array_index(files, DocketFile, i), to[j], &failure))
                continue;
            if (queueing->is_needed ||
                !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
                g_propagate_error(error, g_steal_pointer(&failure));
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean attachment_sender_queue(StoreTx *tx, const GPtrArray *events,
                                 const AttachmentSenderTerms *terms, char **to, GError **error)
{
    const char *self;
    guint64 size;
    if (!ledger_look(tx, &self, &size, error))
        return FALSE;
    for (guint i = 0; to && to[0] && i < events->len; i++) {
        gsize length;
        const char *text = g_bytes_get_data(events->pdata[i], &length);
        const EventHash unknown = {{0}};
        g_autoptr(Event) event = event_restore(text, length, &unknown);
        if (!event)
            continue;
        gboolean is_own = strcmp(event->author, self) == 0;
        const Queueing queueing = {.event = event,
                                   .terms = terms,
                                   .is_own = is_own,
                                   .is_needed = is_own && i == events->len - 1};
        if (!queue_event(tx, &queueing, to, error))
            return FALSE;
    }
    return TRUE;
}

/* --- sending -----------------------------------------------------------------------------------
 */

/* A chunk on its way out. */
typedef struct {
    AttachmentSend send;
    char *title;
    GBytes *chunk;
    GArray *items; /* OpeningItemSpec: the one item */
} Sending;

static void sending_clear(Sending *sending)
{
    attachment_send_clear(&sending->send);
    g_clear_pointer(&sending->title, g_free);
    g_clear_pointer(&sending->chunk, g_bytes_unref);
    g_clear_pointer(&sending->items, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sending, sending_clear)

/* What waits is looked up anew, in the transaction: so nothing goes out twice. */
static gboolean make(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GArray **ret_items,
                     GError **error)
{
    Sending *sending = user;
    const AttachmentSend *send = &sending->send;
    sending_clear(sending);
    if (!attachments_next_tx(tx, &sending->send, error))
        return FALSE;
    if (!send->origins || send->entry != ATTACHMENTS_NO_ENTRY) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "it went out meanwhile");
        return FALSE;
    }
    sending->chunk = attachments_chunk_tx(tx, send->number, send->place, error);
    if (!sending->chunk)
        return FALSE;
    const OpeningItemSpec item = {sending->chunk, CHUNK_MEDIA_TYPE};
    sending->items = g_array_new(FALSE, FALSE, sizeof item);
    g_array_append_val(sending->items, item);
    sending->title =
        g_strdup_printf("Part %u of %u of an attachment", send->place + 1, send->count);
    *ret_spec = (DispatcherSpec){.title = sending->title,
                                 .tlp = (MarkingTlp)send->tlp,
                                 .pap = (MarkingPap)send->pap,
                                 .is_exercise = send->is_exercise,
                                 .to = (const char *const *)send->origins,
                                 .expires = G_MAXINT64};
    *ret_items = sending->items;
    return TRUE;
}

static gboolean sent(StoreTx *tx, guint64 index, gpointer user, GError **error)
{
    const Sending *sending = user;
    return attachments_sent(tx, &sending->send, index, error);
}

static gboolean send_new(Notary *notary, GError **error)
{
    g_auto(Sending) sending = {0};
    guint64 index;
    const DispatcherItem item = {.make = make, .sent = sent, .user = &sending};
    return dispatcher_send_item(notary, &item, &index, error);
}

static gboolean apply_sent(StoreTx *tx, gpointer user, GError **error)
{
    const AttachmentSend *send = user;
    return attachments_sent(tx, send, send->entry, error);
}

/* The chunk stands in the ledger, for others: these get a grant. */
static gboolean grant(Notary *notary, AttachmentSend *send, GError **error)
{
    guint64 index;
    return dispatcher_grant(notary, send->entry, (const char *const *)send->origins, &index,
                            error) &&
           writer_run(notary_writer(notary), 1, apply_sent, send, error);
}

typedef struct {
    const AttachmentSend *send;
    const char *why;
} GivenUp;

static gboolean apply_give_up(StoreTx *tx, gpointer user, GError **error)
{
    const GivenUp *given_up = user;
    return attachments_give_up(tx, given_up->send, given_up->why, error);
}

/* Whether nothing can be sent now, to nobody. */
static gboolean ends_run(const GError *error)
{
    return error->domain != CONCERT_ERROR || error->code == CONCERT_ERROR_IO ||
           error->code == CONCERT_ERROR_FULL || error->code == CONCERT_ERROR_BUSY ||
           error->code == CONCERT_ERROR_CONFLICT;
}

/* For each apart: what one may not have, another may. */
static gboolean give_up(Notary *notary, const AttachmentSend *send, const char *why)
{
    const GivenUp given_up = {send, why};
    return writer_run(notary_writer(notary), 1, apply_give_up, (gpointer)&given_up, NULL);
}

/* Whoever is no peer any more gets nothing; *ret_some: somebody is left. */
static gboolean drop_strangers(Notary *notary, AttachmentSend *send, gboolean *ret_some)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    *ret_some = FALSE;
    for (guint i = 0; send->origins[i]; i++) {
        g_autoptr(Peer) peer = peers_get(notary_store(notary), send->origins[i], NULL);
        if (peer && (peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED))
            *ret_some = TRUE;
        else
            g_ptr_array_add(gone, send->origins[i]);
    }
    if (gone->len == 0)
        return TRUE;
    g_ptr_array_add(gone, NULL);
    AttachmentSend stopped = *send;
    stopped.origins = (char **)gone->pdata;
    *ret_some = FALSE; /* looks again */
    return give_up(notary, &stopped, "the peering has ended");
}

/* Sends the next chunk. FALSE: nothing waits, or nothing can be sent now. */
static gboolean send_next(Notary *notary, gboolean *ret_sent)
{
    g_auto(AttachmentSend) send = {0};
    g_autoptr(GError) error = NULL;
    gboolean some;
    *ret_sent = FALSE;
    if (!attachments_next(notary_store(notary), &send, NULL) || !send.origins ||
        !drop_strangers(notary, &send, &some))
        return FALSE;
    if (!some)
        return TRUE;
    *ret_sent = send.entry == ATTACHMENTS_NO_ENTRY ? send_new(notary, &error)
                                                   : grant(notary, &send, &error);
    if (*ret_sent)
        return TRUE;
    return !ends_run(error) && give_up(notary, &send, error->message);
}

guint attachment_sender_run(Notary *notary)
{
    static GMutex running;
    guint count = 0;
    gboolean is_sent;
    if (!g_mutex_trylock(&running))
        return 0;
    while (send_next(notary, &is_sent))
        count += is_sent;
    g_mutex_unlock(&running);
    return count;
}
