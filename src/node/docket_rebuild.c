#include "node/docket_rebuild.h"

#include "dossier/docket.h"
#include "ledger/origin.h"
#include "store/ledger_read.h"

#define BATCH 512 /* dossiers in one transaction */

typedef struct {
    const char *self;
    gint64 after, last;
    guint count;
    const char *tables; /* set when all are done; else NULL */
} Batch;

static gboolean apply(StoreTx *tx, gpointer request, GError **error)
{
    Batch *batch = request;
    return docket_rejudge(tx, batch->self, batch->after, BATCH, &batch->last, &batch->count,
                          error) &&
           (batch->count == BATCH || dossiers_set_tables(tx, batch->tables, error));
}

gboolean docket_rebuild(Notary *notary, gboolean force, guint64 *ret_count, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    g_autofree char *before = NULL, *tables = docket_tables();
    guint64 count = 0;
    if (!ledger_read_state(notary_store(notary), &own, error) ||
        !dossiers_tables(notary_store(notary), &before, error))
        return FALSE;
    *ret_count = 0;
    if (!own.origin || (!force && g_strcmp0(before, tables) == 0))
        return TRUE;
    g_autofree char *self = origin_node(own.origin);
    Batch batch = {.self = self, .tables = tables};
    do {
        batch.after = batch.last;
        if (!writer_run(notary_writer(notary), 1, apply, &batch, error))
            return FALSE;
        count += batch.count;
    } while (batch.count == BATCH);
    *ret_count = count;
    return TRUE;
}

gboolean docket_rebuild_operation(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error)
{
    guint64 count;
    if (!docket_rebuild(notary, TRUE, &count, error))
        return FALSE;
    yyjson_mut_obj_add_uint(result, yyjson_mut_doc_get_root(result), "dossiers", count);
    return TRUE;
}
