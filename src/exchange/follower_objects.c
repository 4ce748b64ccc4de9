#include "exchange/follower_objects.h"

#include "base/timestamp.h"
#include "store/objects.h"

static DecideSubject subject_of(const FollowerOpening *opening)
{
    const DispatchHeader *header = opening->dispatch;
    const Opening *from = opening->opening;
    DecideSubject subject = {.is_public = from->is_public,
                             .audience = decide_list((const char *const *)from->audience),
                             .community = header->community,
                             .tlp = header->tlp,
                             .pap = header->pap,
                             .is_exercise = header->is_exercise};
    subject.named =
        header->named ? decide_list((const char *const *)header->named) : subject.audience;
    if (header->expires_us <= timestamp_now())
        subject.state = DECIDE_EXPIRED;
    return subject;
}

/* The level of all objects, when it is one; FALSE: they differ. */
static gboolean one_level(const FollowerOpening *opening, MarkingTlp *ret_tlp)
{
    gboolean found = FALSE;
    for (guint i = 0; i < opening->opening->n_items; i++) {
        const FollowerItem *item = &opening->items[i];
        if (!item->object)
            continue;
        if (found && item->tlp != *ret_tlp)
            return FALSE;
        *ret_tlp = item->tlp;
        found = TRUE;
    }
    return found;
}

/* The collection that all objects join as they are put, which is much the cheapest way; 0: none.
 */
static gint64 first_collection(Reach *reach, const FollowerOpening *opening)
{
    DecideSubject subject = subject_of(opening);
    MarkingTlp tlp;
    if (!one_level(opening, &tlp))
        return 0;
    const GArray *collections = reach_collections(reach, &subject, tlp);
    return collections->len > 0 ? g_array_index(collections, gint64, 0) : 0;
}

/* Which versions join which collection but @joined: a run for each level that objects bear. */
static gboolean join_collections(StoreTx *tx, Reach *reach, const FollowerOpening *opening,
                                 const ObjectsResult *results, gint64 joined, GError **error)
{
    DecideSubject subject = subject_of(opening);
    for (MarkingTlp tlp = MARKING_TLP_NONE; tlp <= MARKING_TLP_RED; tlp++) {
        g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
        for (guint i = 0, next = 0; i < opening->opening->n_items; i++) {
            const FollowerItem *item = &opening->items[i];
            if (!item->object)
                continue;
            const ObjectsResult *result = &results[next++];
            if (item->tlp == tlp && result->joins)
                g_array_append_val(versions, result->version);
        }
        if (versions->len == 0)
            continue;
        const GArray *collections = reach_collections(reach, &subject, tlp);
        for (guint i = 0; i < collections->len; i++) {
            gint64 collection = g_array_index(collections, gint64, i);
            if (collection != joined &&
                !objects_join(tx, collection, (const gint64 *)versions->data, versions->len, error))
                return FALSE;
        }
    }
    return TRUE;
}

gboolean follower_objects_put(StoreTx *tx, Reach *reach, const Peer *peer, FollowerOpening *opening,
                              DispatchReceipt *receipt, GError **error)
{
    guint n_items = opening->opening->n_items, count = 0;
    g_autofree Object **objects = g_new(Object *, n_items + 1);
    for (guint i = 0; i < n_items; i++)
        if (opening->items[i].object)
            objects[count++] = opening->items[i].object;
    g_autofree ObjectsResult *results = g_new(ObjectsResult, count + 1);
    if (count == 0)
        return TRUE;
    gint64 joined = first_collection(reach, opening);
    if (!objects_put(tx, peer->node, joined, objects, count, results, error) ||
        !join_collections(tx, reach, opening, results, joined, error))
        return FALSE;
    for (guint i = 0, next = 0; i < n_items; i++)
        if (opening->items[i].object)
            opening->items[i].version = results[next++].version;
    for (guint i = 0; i < count; i++)
        ++*(results[i].outcome == OBJECTS_UNCHANGED ? &receipt->known : &receipt->stored);
    return TRUE;
}
