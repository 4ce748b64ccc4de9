/* dispatcher_change.c - what is said of earlier dispatches: grants, withdrawals, recalls. */
#include <string.h>

#include "base/timestamp.h"
#include "exchange/dispatch_header.h"
#include "exchange/reach.h"
#include "node/dispatcher_core.h"
#include "store/deliveries.h"
#include "store/onward.h"
#include "store/openings.h"
#include "store/records.h"

/* --- grants ------------------------------------------------------------------------------------
 */

typedef struct {
    guint64 of;
    char **origins;
} Grant;

static gboolean apply_grant(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                            GError **error)
{
    const Grant *grant = user;
    for (guint i = 0; grant->origins[i]; i++)
        if (!deliveries_grant(tx, grant->origins[i], grant->of, index, error))
            return FALSE;
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_NONE, error);
    g_autoptr(GArray) versions = reach ? records_carried(tx, NULL, grant->of, error) : NULL;
    return versions && reach_review(reach, tx, versions, error);
}

/* The items of a dispatch that is to be granted. */
typedef struct {
    DispatcherOnward onward;
    GHashTable *sources;
    gint64 version; /* that is looked at */
    GError *failure;
} Granting;

/* What others wrote goes no further by a grant than it might in a dispatch of its own. */
static gboolean each_granted(const ObjectsRow *row, gpointer user)
{
    Granting *granting = user;
    if (row->number != granting->version)
        return TRUE;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    granting->onward.carrier.object_tlp = marking_tlp_of_bytes(bytes, length);
    if (g_hash_table_contains(granting->sources, row->source))
        dispatcher_core_check_onward(&granting->onward, row, &granting->failure);
    return FALSE;
}

/* *ret_whole: none of them was taken back. */
static gboolean check_items(Granting *granting, const Record *record, gboolean *ret_whole,
                            GError **error)
{
    g_autoptr(GPtrArray) items = records_items(granting->onward.store, record->number, error);
    *ret_whole = TRUE;
    for (guint i = 0; items && i < items->len; i++) {
        const RecordItem *item = items->pdata[i];
        *ret_whole &= !item->retracted;
        if (item->version == 0)
            continue;
        ObjectsQuery query = OBJECTS_QUERY_INIT;
        query.id = item->id;
        query.variants = TRUE;
        granting->version = item->version;
        if (!objects_find(granting->onward.store, &query, each_granted, granting, NULL, error))
            return FALSE;
        if (granting->failure) {
            g_propagate_error(error, granting->failure);
            return FALSE;
        }
    }
    return items != NULL;
}

static gboolean check_content(Store *store, const Record *record, const DispatcherTarget *target,
                              gboolean *ret_whole, GError **error)
{
    Granting granting = {
        .onward = {.store = store,
                   .target = target,
                   .carrier = {.tlp = (MarkingTlp)record->tlp,
                               .pap = (MarkingPap)record->pap,
                               .community = record->community,
                               .expires = record->expires == G_MAXINT64 ? 0 : record->expires,
                               .is_exercise = record->exercise}},
        .sources = dispatcher_core_sources(store, error)};
    gboolean good = granting.sources && check_items(&granting, record, ret_whole, error);
    g_clear_pointer(&granting.sources, g_hash_table_unref);
    return good;
}

/* May each of @target get the dispatch @record, which was for @audience? It is given as a whole or
 * not at all, so nothing of it may have been taken back. */
static gboolean check_grant(Store *store, const Record *record, const Opening *opening,
                            const DispatchHeader *header, const DispatcherTarget *target,
                            GError **error)
{
    gboolean is_whole;
    DecideSubject subject = {.is_own = TRUE,
                             .is_public = opening->is_public,
                             .audience = decide_list((const char *const *)opening->audience),
                             .grants = decide_list((const char *const *)target->audience->origins),
                             .community = record->community,
                             .tlp = header->tlp,
                             .pap = header->pap,
                             .state = (DecideState)record->state,
                             .is_exercise = record->exercise};
    subject.named =
        header->named ? decide_list((const char *const *)header->named) : subject.audience;
    if (!check_content(store, record, target, &is_whole, error))
        return FALSE;
    if (subject.state == DECIDE_LIVE && !is_whole)
        subject.state = DECIDE_WITHDRAWN;
    if (subject.state == DECIDE_LIVE && record->expires <= timestamp_now())
        subject.state = DECIDE_EXPIRED;
    for (guint i = 0; i < target->peers->len; i++) {
        const DecideViewer viewer = dispatcher_core_viewer(target, i);
        const DecideRule *rule = decide_whether(DECIDE_DELIVER, &subject, &viewer);
        if (!rule->allows)
            return dispatcher_core_deny(record->title, viewer.origin, rule, error);
    }
    return TRUE;
}

gboolean dispatcher_grant(Notary *notary, guint64 of, const char *const *to, guint64 *ret_index,
                          GError **error)
{
    g_auto(DispatcherTarget) target = {0};
    g_autoptr(Record) record = records_get(notary_store(notary), NULL, of, error);
    g_autoptr(Opening) opening = record ? openings_read(notary_store(notary), of, error) : NULL;
    g_autoptr(DispatchHeader) header = opening ? dispatch_header_read(opening, error) : NULL;
    if (!header || !dispatcher_core_resolve(notary, to, NULL, FALSE, &target, error) ||
        !check_grant(notary_store(notary), record, opening, header, &target, error))
        return FALSE;
    g_autofree char *members = dispatch_header_write_grant(of, error);
    if (!members)
        return FALSE;
    const OpeningSpec spec = {.kind = DISPATCH_HEADER_GRANT,
                              .audience = (const char *const *)target.audience->origins,
                              .members = members,
                              .members_length = strlen(members)};
    Grant grant = {of, target.audience->origins};
    return notary_append_with(notary, &spec, apply_grant, &grant, ret_index, error);
}

/* --- withdrawals and recalls -------------------------------------------------------------------
 */

static gboolean apply_retract(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                              GError **error)
{
    const DispatchRetract *retract = user;
    g_autoptr(GArray) versions = NULL;
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_NONE, error);
    return reach &&
           records_retract(tx, NULL, retract->of, retract->places, retract->n_places, index,
                           retract->is_recall ? RECORD_RECALLED : RECORD_WITHDRAWN, retract->reason,
                           &versions, error) &&
           reach_review(reach, tx, versions, error);
}

static gboolean may_retract(const Record *record, const DispatchRetract *retract, GError **error)
{
    for (guint i = 0; i < retract->n_places; i++) {
        if (retract->places[i] < record->n_items)
            continue;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "dispatch %" G_GUINT64_FORMAT " has no item %u", record->entry,
                    retract->places[i]);
        return FALSE;
    }
    if (record->state == RECORD_RECALLED ||
        (record->state == RECORD_WITHDRAWN && !retract->is_recall)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "dispatch %" G_GUINT64_FORMAT " is %s already", record->entry,
                    record_state_name(record->state));
        return FALSE;
    }
    return TRUE;
}

gboolean dispatcher_retract(Notary *notary, guint64 of, gboolean is_recall, const guint *places,
                            guint n_places, const char *reason, guint64 *ret_index, GError **error)
{
    const DispatchRetract retract = {.is_recall = is_recall,
                                     .of = of,
                                     .places = n_places > 0 ? (guint *)places : NULL,
                                     .n_places = n_places,
                                     .reason = (char *)reason};
    gboolean is_public = FALSE;
    g_autoptr(Record) record = records_get(notary_store(notary), NULL, of, error);
    if (!record || !may_retract(record, &retract, error))
        return FALSE;
    g_auto(GStrv) audience = deliveries_audience(notary_store(notary), of, &is_public, error);
    g_autofree char *members = audience ? dispatch_header_write_retract(&retract, error) : NULL;
    if (!members)
        return FALSE;
    const OpeningSpec spec = {.kind =
                                  is_recall ? DISPATCH_HEADER_RECALL : DISPATCH_HEADER_WITHDRAWAL,
                              .is_public = is_public,
                              .audience = is_public ? NULL : (const char *const *)audience,
                              .members = members,
                              .members_length = strlen(members)};
    return notary_append_with(notary, &spec, apply_retract, (gpointer)&retract, ret_index, error);
}

/* --- what was sent on --------------------------------------------------------------------------
 */

/* The items of one own dispatch from @first on in @list; *ret_next is behind them. */
static gboolean retract_onward(Notary *notary, const GPtrArray *list, guint first, guint *ret_next,
                               GError **error)
{
    const Onward *begin = list->pdata[first];
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean recall = FALSE;
    guint next = first;
    for (; next < list->len; next++) {
        const Onward *onward = list->pdata[next];
        if (onward->entry != begin->entry)
            break;
        recall |= onward->state == RECORD_RECALLED;
        g_array_append_val(places, onward->place);
    }
    *ret_next = next;
    g_autofree char *reason =
        g_strdup_printf("taken back by %s, of which it was received", begin->origin);
    guint64 index;
    return dispatcher_retract(notary, begin->entry, recall, (const guint *)places->data,
                              places->len, reason, &index, error);
}

gboolean dispatcher_settle_onward(Notary *notary, GError **error)
{
    for (;;) {
        g_autoptr(GPtrArray) list =
            onward_retracted(notary_store(notary), DISPATCHER_ITEMS_MAX, error);
        if (!list)
            return FALSE;
        if (list->len == 0)
            return TRUE;
        for (guint i = 0; i < list->len;)
            if (!retract_onward(notary, list, i, &i, error))
                return FALSE;
    }
}
