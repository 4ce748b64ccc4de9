#include "node/dispatcher.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/dispatch_header.h"
#include "exchange/reach.h"
#include "exchange/subject.h"
#include "node/dispatcher_core.h"
#include "store/records.h"

void dispatcher_result_clear(DispatcherResult *result)
{
    g_clear_pointer(&result->entries, g_array_unref);
    g_clear_pointer(&result->audience, g_strfreev);
}

/* A dispatch under way. */
typedef struct {
    Notary *notary;
    const DispatcherSpec *spec;
    DispatcherTarget target;
    MarkingTlp tlp;      /* of the whole */
    GHashTable *sources; /* names of nodes whose objects are theirs */
    GHashTable *checked; /* keys of what was asked of the policy already */
    char *members;       /* of the header */
    /* the entry that is being filled: */
    GArray *items;    /* OpeningItemSpec */
    GPtrArray *bytes; /* GBytes of these */
    GArray *versions; /* gint64 of these */
    GArray *tlps;     /* MarkingTlp of these */
    gsize length;
    GArray *entries; /* guint64 */
    guint64 objects;
    GPtrArray *set; /* DispatcherObject *: that wait to be minimised together */
    gsize set_bytes;
    DispatcherMinimised minimised;
    GError *failure;
} Sending;

static void sending_clear(Sending *sending)
{
    dispatcher_core_target_clear(&sending->target);
    g_clear_pointer(&sending->sources, g_hash_table_unref);
    g_clear_pointer(&sending->checked, g_hash_table_unref);
    g_clear_pointer(&sending->members, g_free);
    g_clear_pointer(&sending->items, g_array_unref);
    g_clear_pointer(&sending->bytes, g_ptr_array_unref);
    g_clear_pointer(&sending->versions, g_array_unref);
    g_clear_pointer(&sending->tlps, g_array_unref);
    g_clear_pointer(&sending->entries, g_array_unref);
    g_clear_pointer(&sending->set, g_ptr_array_unref);
    g_clear_error(&sending->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sending, sending_clear)

static MarkingTlp read_tlp(const ObjectsRow *row)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    return marking_tlp_of_bytes(bytes, length);
}

/* --- asking the policy -------------------------------------------------------------------------
 */

static DecideSubject own_subject(const Sending *sending, MarkingTlp object_tlp)
{
    const DispatcherSpec *spec = sending->spec;
    const Audience *audience = sending->target.audience;
    return (DecideSubject){.is_own = TRUE,
                           .is_public = spec->is_public,
                           .audience = decide_list((const char *const *)audience->origins),
                           .named = decide_list((const char *const *)audience->named),
                           .community = spec->community,
                           .tlp = sending->tlp,
                           .object_tlp = object_tlp,
                           .unmarked = spec->unmarked,
                           .pap = spec->pap,
                           .is_exercise = spec->is_exercise};
}

/* Own content: may each recipient get it? */
static gboolean check_own(Sending *sending, const char *what, MarkingTlp object_tlp, GError **error)
{
    DecideSubject subject = own_subject(sending, object_tlp);
    if (subject.is_public) {
        const DecideViewer anyone = {.who = DECIDE_ANYONE};
        const DecideRule *rule = decide_whether(DECIDE_READ, &subject, &anyone);
        return rule->allows || dispatcher_core_deny(what, NULL, rule, error);
    }
    for (guint i = 0; i < sending->target.peers->len; i++) {
        const DecideViewer viewer = dispatcher_core_viewer(&sending->target, i);
        const DecideRule *rule = decide_whether(DECIDE_DELIVER, &subject, &viewer);
        if (!rule->allows)
            return dispatcher_core_deny(what, viewer.origin, rule, error);
    }
    return TRUE;
}

static gboolean check_received(const Sending *sending, const ObjectsRow *row, MarkingTlp object_tlp,
                               GError **error)
{
    const DispatcherSpec *spec = sending->spec;
    const DispatcherOnward onward = {
        .store = notary_store(sending->notary),
        .target = &sending->target,
        .carrier = {.is_public = spec->is_public,
                    .tlp = sending->tlp,
                    .object_tlp = object_tlp,
                    .pap = spec->pap,
                    .community = spec->community,
                    .expires = spec->expires == G_MAXINT64 ? 0 : spec->expires,
                    .is_exercise = spec->is_exercise},
        .unmarked = spec->unmarked};
    return dispatcher_core_check_onward(&onward, row, error);
}

/* Whatever it carries, the dispatch is this node's own, and what is own is alike for the policy
 * when its level is; what others wrote has to be let go on as well. */
static gboolean check_object(Sending *sending, const ObjectsRow *row, MarkingTlp tlp,
                             GError **error)
{
    gpointer key = GUINT_TO_POINTER(tlp + 1);
    if (!g_hash_table_contains(sending->checked, key) && !check_own(sending, row->id, tlp, error))
        return FALSE;
    g_hash_table_add(sending->checked, key);
    return !g_hash_table_contains(sending->sources, row->source) ||
           check_received(sending, row, tlp, error);
}

/* --- the objects -------------------------------------------------------------------------------
 */

/* Calls @each for the objects of the dispatch. What sets sending->failure ends it. */
static gboolean for_objects(Sending *sending, ObjectsEach each, GError **error)
{
    const DispatcherSpec *spec = sending->spec;
    Store *store = notary_store(sending->notary);
    guint64 found;
    if (!spec->ids) {
        if (!objects_find(store, spec->query, each, sending, &found, error))
            return FALSE;
        if (found == 0 && !sending->failure)
            g_set_error_literal(&sending->failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                                "nothing is there to be sent");
    }
    for (guint i = 0; spec->ids && spec->ids[i] && !sending->failure; i++) {
        ObjectsQuery query = OBJECTS_QUERY_INIT;
        query.id = spec->ids[i];
        if (!objects_find(store, &query, each, sending, &found, error))
            return FALSE;
        if (found == 0 && !sending->failure)
            g_set_error(&sending->failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "there is no object %s", spec->ids[i]);
    }
    if (!sending->failure)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&sending->failure));
    return FALSE;
}

/* The first time: what is the strictest level of all? */
static gboolean each_level(const ObjectsRow *row, gpointer user)
{
    Sending *sending = user;
    sending->tlp = MAX(sending->tlp, read_tlp(row));
    if (++sending->objects <= DISPATCHER_OBJECTS_MAX)
        return TRUE;
    g_set_error(&sending->failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "more than %u objects at once", DISPATCHER_OBJECTS_MAX);
    return FALSE;
}

/* The second time: may it go? */
static gboolean each_check(const ObjectsRow *row, gpointer user)
{
    Sending *sending = user;
    return check_object(sending, row, read_tlp(row), &sending->failure);
}

/* --- committing --------------------------------------------------------------------------------
 */

static gboolean join_collections(StoreTx *tx, const Sending *sending, GError **error)
{
    g_autoptr(Reach) reach = reach_load(tx, sending->spec->unmarked, error);
    if (!reach)
        return FALSE;
    for (MarkingTlp tlp = MARKING_TLP_NONE; tlp <= MARKING_TLP_RED; tlp++) {
        g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
        for (guint i = 0; i < sending->versions->len; i++)
            if (g_array_index(sending->tlps, MarkingTlp, i) == tlp)
                g_array_append_val(versions, g_array_index(sending->versions, gint64, i));
        if (versions->len == 0)
            continue;
        DecideSubject subject = own_subject(sending, tlp);
        const GArray *collections = reach_collections(reach, &subject, tlp);
        for (guint i = 0; i < collections->len; i++)
            if (!objects_join(tx, g_array_index(collections, gint64, i),
                              (const gint64 *)versions->data, versions->len, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean apply_committed(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                                GError **error)
{
    const Sending *sending = user;
    const DispatcherSpec *spec = sending->spec;
    g_autofree RecordsItem *items = g_new0(RecordsItem, sending->items->len + 1);
    for (guint i = 0; i < sending->versions->len; i++)
        items[i].version = g_array_index(sending->versions, gint64, i);
    const RecordsSpec record = {.entry = index,
                                .opening = opening,
                                .granted_by = RECORDS_NO_INDEX,
                                .title = spec->title,
                                .tlp = sending->tlp,
                                .pap = spec->pap,
                                .community = spec->community,
                                .exercise = spec->is_exercise,
                                .expires = spec->expires,
                                .items = items};
    gint64 number;
    gboolean is_new;
    return records_add(tx, &record, &number, &is_new, error) &&
           join_collections(tx, sending, error);
}

static gboolean write_members(Sending *sending, GError **error)
{
    const DispatcherSpec *spec = sending->spec;
    const Audience *audience = sending->target.audience;
    DispatchHeader header = {.title = (char *)spec->title,
                             .tlp = sending->tlp,
                             .pap = spec->pap,
                             .community = (char *)spec->community,
                             .purpose = (char *)spec->purpose,
                             .is_exercise = spec->is_exercise,
                             .expires_us = spec->expires,
                             .onward_index = DISPATCH_HEADER_NO_INDEX};
    if (audience->n_named != audience->n_origins)
        header.named = audience->named;
    sending->members = dispatch_header_write(&header, error);
    return sending->members != NULL;
}

/* The entry that was filled. */
static OpeningSpec opening_spec(const Sending *sending)
{
    return (OpeningSpec){.kind = DISPATCH_HEADER_DISPATCH,
                         .is_public = sending->spec->is_public,
                         .audience = (const char *const *)sending->target.audience->origins,
                         .items = (const OpeningItemSpec *)sending->items->data,
                         .n_items = sending->items->len,
                         .members = sending->members,
                         .members_length = strlen(sending->members)};
}

/* Commits it. */
static gboolean commit(Sending *sending, GError **error)
{
    if (sending->items->len == 0)
        return TRUE;
    const OpeningSpec spec = opening_spec(sending);
    guint64 index;
    if (!notary_append_with(sending->notary, &spec, apply_committed, sending, &index, error))
        return FALSE;
    g_array_append_val(sending->entries, index);
    sending->objects += sending->versions->len;
    g_array_set_size(sending->items, 0);
    g_ptr_array_set_size(sending->bytes, 0);
    g_array_set_size(sending->versions, 0);
    g_array_set_size(sending->tlps, 0);
    sending->length = 0;
    return TRUE;
}

static gboolean send_object(Sending *sending, const DispatcherObject *object, GError **error)
{
    gsize length;
    const char *bytes = g_bytes_get_data(object->bytes, &length);
    if ((sending->items->len == DISPATCHER_ITEMS_MAX ||
         (sending->items->len > 0 && sending->length + length > DISPATCHER_BYTES)) &&
        !commit(sending, error))
        return FALSE;
    MarkingTlp tlp = marking_tlp_of_bytes(bytes, length);
    const OpeningItemSpec item = {object->bytes, object->spec == OBJECT_SPEC_21
                                                     ? "application/stix+json;version=2.1"
                                                     : "application/stix+json;version=2.0"};
    g_ptr_array_add(sending->bytes, g_bytes_ref(object->bytes));
    g_array_append_val(sending->items, item);
    g_array_append_val(sending->versions, object->version);
    g_array_append_val(sending->tlps, tlp);
    sending->length += length;
    return TRUE;
}

/* Sends the objects that were gathered, without what is to be left out of them. */
static gboolean send_set(Sending *sending, GError **error)
{
    if (sending->set->len > 0 &&
        !dispatcher_core_minimise(sending->notary, sending->spec->minimise, sending->sources,
                                  sending->set, &sending->minimised, error))
        return FALSE;
    for (guint i = 0; i < sending->set->len; i++)
        if (!send_object(sending, sending->set->pdata[i], error))
            return FALSE;
    g_ptr_array_set_size(sending->set, 0);
    sending->set_bytes = 0;
    return TRUE;
}

/* The third time: it goes. */
static gboolean each_send(const ObjectsRow *row, gpointer user)
{
    Sending *sending = user;
    if (!sending->spec->minimise) {
        const DispatcherObject object = {row->number, row->spec, row->source, row->bytes};
        return send_object(sending, &object, &sending->failure);
    }
    gsize length = g_bytes_get_size(row->bytes);
    if ((sending->set->len == MINIMISE_OBJECTS_MAX ||
         sending->set_bytes + length > DISPATCHER_SET_BYTES) &&
        !send_set(sending, &sending->failure))
        return FALSE;
    g_ptr_array_add(sending->set, dispatcher_object_new(row));
    sending->set_bytes += length;
    return TRUE;
}

static gboolean send_all(Sending *sending, GError **error)
{
    if (!for_objects(sending, each_send, error) || !send_set(sending, error) ||
        !commit(sending, error))
        return FALSE;
    if (sending->entries->len > 0)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "what [exchange] minimise leaves out leaves nothing that could be sent");
    return FALSE;
}

static void begin_entry(Sending *sending)
{
    sending->items = g_array_new(FALSE, FALSE, sizeof(OpeningItemSpec));
    sending->bytes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    sending->versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    sending->tlps = g_array_new(FALSE, FALSE, sizeof(MarkingTlp));
}

static gboolean begin(Sending *sending, GError **error)
{
    const DispatcherSpec *spec = sending->spec;
    begin_entry(sending);
    sending->checked = g_hash_table_new(NULL, NULL);
    sending->entries = g_array_new(FALSE, FALSE, sizeof(guint64));
    sending->set = g_ptr_array_new_with_free_func((GDestroyNotify)dispatcher_object_free);
    sending->tlp = spec->tlp;
    sending->sources = dispatcher_core_sources(notary_store(sending->notary), error);
    return sending->sources && dispatcher_core_resolve(sending->notary, spec->to, spec->community,
                                                       spec->is_public, &sending->target, error);
}

static void give_result(Sending *sending, DispatcherResult *ret_result)
{
    *ret_result = (DispatcherResult){.entries = g_steal_pointer(&sending->entries),
                                     .objects = sending->objects,
                                     .audience = g_strdupv(sending->target.audience->origins),
                                     .tlp = sending->tlp,
                                     .minimised = sending->minimised};
}

gboolean dispatcher_send(Notary *notary, const DispatcherSpec *spec, DispatcherResult *ret_result,
                         GError **error)
{
    g_auto(Sending) sending = {.notary = notary, .spec = spec};
    if (!begin(&sending, error) || !for_objects(&sending, each_level, error))
        return FALSE;
    if (sending.tlp == MARKING_TLP_NONE)
        sending.tlp = spec->unmarked;
    sending.objects = 0;
    if (!for_objects(&sending, each_check, error) || !write_members(&sending, error))
        return FALSE;
    if (!spec->check_only && !send_all(&sending, error))
        return FALSE;
    give_result(&sending, ret_result);
    return TRUE;
}

/* --- one item ----------------------------------------------------------------------------------
 */

typedef struct {
    Notary *notary;
    const DispatcherItem *item;
    DispatcherSpec spec;
    Sending sending;
} Made;

static gboolean make_dispatch(StoreTx *tx, gpointer user, OpeningSpec *ret_spec, GError **error)
{
    Made *made = user;
    Sending *sending = &made->sending;
    GArray *items = NULL;
    sending_clear(sending);
    *sending = (Sending){.notary = made->notary, .spec = &made->spec};
    begin_entry(sending);
    made->spec = (DispatcherSpec){.expires = G_MAXINT64};
    if (!made->item->make(tx, made->item->user, &made->spec, &items, error))
        return FALSE;
    sending->tlp = made->spec.tlp != MARKING_TLP_NONE ? made->spec.tlp : made->spec.unmarked;
    if (!dispatcher_core_resolve_tx(tx, made->spec.to, &sending->target, error) ||
        !check_own(sending, made->spec.title, MARKING_TLP_NONE, error) ||
        !write_members(sending, error))
        return FALSE;
    g_array_append_vals(sending->items, items->data, items->len);
    *ret_spec = opening_spec(sending);
    return TRUE;
}

static gboolean apply_made(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                           GError **error)
{
    Made *made = user;
    return apply_committed(tx, opening, index, &made->sending, error) &&
           made->item->sent(tx, index, made->item->user, error);
}

gboolean dispatcher_send_item(Notary *notary, const DispatcherItem *item, guint64 *ret_index,
                              GError **error)
{
    Made made = {.notary = notary, .item = item};
    gboolean good = notary_append_made(notary, make_dispatch, apply_made, &made, ret_index, error);
    sending_clear(&made.sending);
    return good;
}
