#include "node/docket_machine.h"

#include "base/timestamp.h"
#include "dossier/docket_held.h"
#include "node/attachment_keeper.h"
#include "node/attachment_sender.h"
#include "node/docket_relay.h"
#include "node/docket_sender.h"
#include "store/held_events.h"
#include "store/ledger.h"

#define RELEASE_MAX 16 /* events that were held, in one transaction */

/* Whether trying the next dossier of the same opener has no sense: it is for the same nodes. */
static gboolean stays_undone(const GError *error)
{
    return g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* Whether nothing can be made at all now. */
static gboolean ends_run(const GError *error)
{
    return error->domain != CONCERT_ERROR || error->code == CONCERT_ERROR_IO ||
           error->code == CONCERT_ERROR_FULL || error->code == CONCERT_ERROR_BUSY;
}

/* --- what was held -----------------------------------------------------------------------------
 */

typedef struct {
    const NoteVerifier *own_key;
    guint count;
} Releasing;

static gboolean apply_release(StoreTx *tx, gpointer user, GError **error)
{
    Releasing *releasing = user;
    guint64 size;
    DocketPlace place = {.own_key = releasing->own_key, .now_us = timestamp_now()};
    return ledger_look(tx, &place.origin, &size, error) &&
           docket_held_release(tx, &place, RELEASE_MAX, &releasing->count, error);
}

/* Takes the events that claimed times ahead which are near now. */
static void release(Notary *notary)
{
    gint64 until;
    const NoteSigner *messenger = notary_messenger(notary, NULL);
    Releasing releasing = {messenger ? note_signer_verifier(messenger) : NULL, RELEASE_MAX};
    if (!held_events_next(notary_store(notary), &until, NULL) || until > timestamp_now())
        return;
    while (releasing.count == RELEASE_MAX &&
           writer_run(notary_writer(notary), RELEASE_MAX, apply_release, &releasing, NULL))
        ;
}

guint docket_machine_run(Notary *notary)
{
    release(notary);
    const DossiersQuery query = {.has_machine = TRUE};
    g_autoptr(GPtrArray) dossiers = dossiers_list(notary_store(notary), &query, NULL);
    g_autoptr(GHashTable) passed_over = g_hash_table_new(g_str_hash, g_str_equal);
    guint made = 0;
    for (guint i = 0; dossiers && i < dossiers->len; i++) {
        const Dossier *dossier = dossiers->pdata[i];
        g_autoptr(GError) error = NULL;
        g_auto(DocketSent) sent = {0};
        const DocketAct act = {.dossier = dossier->id, .type = dossier->machine};
        if (dossier->opener && g_hash_table_contains(passed_over, dossier->opener))
            continue;
        if (docket_sender_send(notary, &act, &sent, &error))
            made++;
        else if (ends_run(error))
            break;
        else if (stays_undone(error) && dossier->opener)
            g_hash_table_add(passed_over, dossier->opener);
    }
    docket_relay_run(notary);
    attachment_keeper_check(notary, NULL, NULL);
    attachment_sender_run(notary); /* what is whole now may have to be sent on */
    return made;
}
