#include "node/docket_post.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/docket.h"
#include "exchange/event_post.h"
#include "node/docket_machine.h"
#include "store/ledger.h"
#include "store/outbox.h"

#define TYPE "application/json"

/* --- sending -----------------------------------------------------------------------------------
 */

/* The place of a node among the participants; their count if it is none. */
static guint find_place(const EngineResult *result, const char *node)
{
    guint place = 0;
    while (place < result->participants->len &&
           strcmp(g_array_index(result->participants, EngineParticipant, place).node, node) != 0)
        place++;
    return place;
}

/* What @node was told, and did not say itself. */
static GPtrArray *told_events(const Docket *docket, const char *node)
{
    const EngineResult *result = docket->result;
    GPtrArray *bytes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    guint place = find_place(result, node);
    for (guint i = 0; place < result->participants->len && i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        const DossierEvent *stored = docket_stored(docket, one->event);
        if (stored && strcmp(one->event->node, node) != 0 &&
            (one->told[place / 64] >> (place % 64) & 1) != 0)
            g_ptr_array_add(bytes, g_bytes_ref(stored->bytes));
    }
    return bytes;
}

static gboolean queue(StoreTx *tx, const Docket *docket, const Peer *peer, GError **error)
{
    gint64 number;
    g_autoptr(GPtrArray) events = told_events(docket, peer->node);
    g_autoptr(GBytes) body = event_post_make(events);
    return !body ||
           outbox_add(tx, peer->number, EVENT_POST_PATH, TYPE, "events", body, 0, &number, error);
}

gboolean docket_post_queue(StoreTx *tx, const char *dossier, char **told, GError **error)
{
    g_autoptr(Docket) docket = NULL;
    for (guint i = 0; told && told[i]; i++) {
        g_autoptr(Peer) peer = peers_get_tx(tx, told[i], error);
        if (!peer)
            return FALSE;
        if (peer->state != PEER_SUSPENDED)
            continue;
        if (!docket && !(docket = docket_load_tx(tx, dossier, error)))
            return FALSE;
        if (!docket->result->procedure || !docket->result->procedure->goes_on)
            return TRUE;
        if (!queue(tx, docket, peer, error))
            return FALSE;
    }
    return TRUE;
}

/* --- taking ------------------------------------------------------------------------------------
 */

typedef struct {
    const char *node;
    const NoteVerifier *own_key;
    const GPtrArray *events; /* GBytes */
    char *refusal;           /* of the first that was refused; NULL: none was */
} Taking;

static gboolean apply(StoreTx *tx, gpointer user, GError **error)
{
    Taking *taking = user;
    guint64 size;
    DocketPlace place = {
        .own_key = taking->own_key, .source = taking->node, .now_us = timestamp_now()};
    g_autoptr(Peer) peer = peers_get_tx(tx, taking->node, error);
    g_clear_pointer(&taking->refusal, g_free); /* of an earlier try */
    if (!peer || !ledger_look(tx, &place.origin, &size, error) ||
        !outbox_wake(tx, peer->number, error))
        return FALSE;
    for (guint i = 0; i < taking->events->len; i++) {
        g_auto(DocketOutcome) outcome = {0};
        if (!docket_receive(tx, taking->events->pdata[i], &place, &outcome, error))
            return FALSE;
        if (outcome.refusal && !taking->refusal)
            taking->refusal = g_strdup(outcome.refusal);
    }
    return TRUE;
}

/* Whether the event is of a procedure that goes on. */
static gboolean check_event(GBytes *bytes, GError **error)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(Event) event = event_parse(text, length, error);
    const Procedure *procedure = event ? procedure_find(event->procedure) : NULL;
    if (!event)
        return FALSE;
    if (procedure && procedure->goes_on)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "what is said in a dossier of the kind %s is followed, not posted",
                event->procedure);
    return FALSE;
}

gboolean docket_post_take(Notary *notary, const char *node, const char *body, gsize length,
                          GError **error)
{
    g_autoptr(GPtrArray) events = event_post_parse(body, length, error);
    const NoteSigner *messenger = events ? notary_messenger(notary, error) : NULL;
    if (!messenger)
        return FALSE;
    for (guint i = 0; i < events->len; i++)
        if (!check_event(events->pdata[i], error))
            return FALSE;
    Taking taking = {.node = node, .own_key = note_signer_verifier(messenger), .events = events};
    if (!writer_run(notary_writer(notary), events->len, apply, &taking, error))
        return FALSE;
    docket_machine_run(notary);
    g_autofree char *refusal = taking.refusal;
    if (!refusal)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, refusal);
    return FALSE;
}
