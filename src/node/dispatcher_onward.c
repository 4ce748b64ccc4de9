/* dispatcher_onward.c - what was received of others and goes on in a dispatch of this node: whether
 * the terms under which it came let it. */
#include "exchange/subject.h"
#include "node/dispatcher_core.h"
#include "store/records.h"

GHashTable *dispatcher_core_sources(Store *store, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    if (!peers)
        return NULL;
    GHashTable *sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < peers->len; i++)
        g_hash_table_add(sources, g_strdup(((const Peer *)peers->pdata[i])->node));
    return sources;
}

/* What came by @record. */
static gboolean check_record(const DispatcherOnward *onward, const char *what, const Record *record,
                             GError **error)
{
    const DispatcherTarget *target = onward->target;
    g_auto(Subject) subject = {0};
    subject_of_record(record, onward->unmarked, &subject);
    subject.subject.object_tlp = onward->carrier.object_tlp;
    const DecideRule *rule = decide_carry(&subject.subject, &onward->carrier);
    if (!rule->allows)
        return dispatcher_core_deny(what, NULL, rule, error);
    for (guint i = 0; i < target->peers->len; i++) {
        const DecideViewer viewer = dispatcher_core_viewer(target, i);
        rule = decide_whether(DECIDE_ONWARD, &subject.subject, &viewer);
        if (!rule->allows)
            return dispatcher_core_deny(what, viewer.origin, rule, error);
    }
    return TRUE;
}

gboolean dispatcher_core_check_onward(const DispatcherOnward *onward, const ObjectsRow *row,
                                      GError **error)
{
    g_autoptr(GPtrArray) records = records_carrying(onward->store, row->number, error);
    if (!records)
        return FALSE;
    g_autoptr(GError) last = NULL;
    for (guint i = 0; i < records->len; i++) {
        const Record *record = records->pdata[i];
        if (!record->origin)
            continue;
        g_clear_error(&last);
        if (check_record(onward, row->id, record, &last))
            return TRUE;
    }
    if (last)
        g_propagate_error(error, g_steal_pointer(&last));
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s is %s's, and no dispatch that still holds carries it: it is not sent on",
                    row->id, row->source);
    return FALSE;
}
