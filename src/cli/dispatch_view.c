#include "cli/dispatch_view.h"

#include <string.h>

#include "base/timestamp.h"
#include "ledger/origin.h"
#include "policy/marking.h"
#include "store/peers.h"

char *dispatch_view_node(const char *origin)
{
    char *node = origin_node(origin);
    return node ? node : g_strdup(origin);
}

char *dispatch_view_name(const char *origin, guint64 entry)
{
    if (!origin)
        return g_strdup_printf("%" G_GUINT64_FORMAT, entry);
    g_autofree char *node = dispatch_view_node(origin);
    return g_strdup_printf("%s:%" G_GUINT64_FORMAT, node, entry);
}

gboolean dispatch_view_parse(const CommandCall *call, guint place, Store *store, char **ret_origin,
                             guint64 *ret_entry, GError **error)
{
    const char *text = call->arguments[place];
    const char *colon = strrchr(text, ':');
    guint64 entry;
    if (!g_ascii_string_to_unsigned(colon ? colon + 1 : text, 10, 0, G_MAXINT64, &entry, NULL)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: a dispatch is named by its index, or PEER:INDEX if a peer sent it", text);
        return FALSE;
    }
    g_autofree char *name = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    g_autoptr(Peer) peer = name ? peers_get(store, name, error) : NULL;
    if (name && !peer)
        return FALSE;
    *ret_origin = peer ? g_strdup(peer->origin) : NULL;
    *ret_entry = entry;
    return TRUE;
}

char *dispatch_view_marking(guint tlp, guint pap)
{
    const char *tlp_name = marking_tlp_name((MarkingTlp)tlp);
    const char *pap_name = marking_pap_name((MarkingPap)pap);
    g_autofree char *tlp_word = tlp_name ? g_ascii_strup(tlp_name, -1) : NULL;
    g_autofree char *pap_word = pap_name ? g_ascii_strup(pap_name, -1) : NULL;
    return g_strconcat(tlp_word ? "TLP:" : "", tlp_word ? tlp_word : "", pap_word ? " PAP:" : "",
                       pap_word ? pap_word : "", NULL);
}

char *dispatch_view_title(const char *title, gboolean exercise)
{
    return g_strconcat(exercise ? "EXERCISE: " : "", title ? title : "", NULL);
}

char *dispatch_view_state_short(const Record *record)
{
    g_autoptr(GString) text = g_string_new(record_state_name(record->state));
    if (record->state == RECORD_LIVE && record->taken_back > 0 &&
        record->taken_back == record->n_items)
        g_string_assign(text, "taken back");
    else if (record->taken_back > 0)
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " taken back", record->taken_back);
    if (record->held > 0)
        g_string_append(text, ", held");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

const char *dispatch_view_heading(const Record *record)
{
    return record->title && *record->title ? record->title : record->kind;
}

char *dispatch_view_state(const Record *record)
{
    g_autoptr(GString) text = g_string_new(record_state_name(record->state));
    if (record->retracted_by != RECORDS_NO_INDEX)
        g_string_append_printf(text, " by entry %" G_GUINT64_FORMAT, record->retracted_by);
    if (record->reason)
        g_string_append_printf(text, ": %s", record->reason);
    if (record->taken_back > 0)
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " of %u items taken back",
                               record->taken_back, record->n_items);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

gboolean dispatch_view_count(Store *store, guint64 entry, DispatchViewCount *ret_count,
                             GError **error)
{
    g_autoptr(GPtrArray) states = deliveries_states(store, entry, error);
    if (!states)
        return FALSE;
    DispatchViewCount count = {0};
    for (guint i = 0; i < states->len; i++) {
        const DeliveryState *state = states->pdata[i];
        if (*state->origin == '\0') {
            count.is_public = TRUE;
            continue;
        }
        count.recipients++;
        count.confirmed += state->receipt != DELIVERIES_NONE;
    }
    *ret_count = count;
    return TRUE;
}

char *dispatch_view_count_text(const DispatchViewCount *count)
{
    return count->is_public ? g_strdup("public")
                            : g_strdup_printf("%u of %u", count->confirmed, count->recipients);
}

/* --- JSON --------------------------------------------------------------------------------------
 */

void dispatch_view_add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                            const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(doc, object, key, text);
}

void dispatch_view_add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us)
{
    char text[TIMESTAMP_MAX];
    if (us > 0 && us != G_MAXINT64)
        yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(text, us, 6));
}

void dispatch_view_add_index(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                             guint64 index)
{
    if (index != RECORDS_NO_INDEX)
        yyjson_mut_obj_add_uint(doc, object, key, index);
}

void dispatch_view_add_node(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                            const char *origin)
{
    g_autofree char *node = origin ? dispatch_view_node(origin) : NULL;
    dispatch_view_add_text(doc, object, key, node);
}

void dispatch_view_add_record(yyjson_mut_doc *doc, yyjson_mut_val *object, const Record *record)
{
    yyjson_mut_obj_add_bool(doc, object, "own", record->origin == NULL);
    dispatch_view_add_node(doc, object, "from", record->origin);
    dispatch_view_add_text(doc, object, "ledger", record->origin);
    yyjson_mut_obj_add_uint(doc, object, "entry", record->entry);
    dispatch_view_add_text(doc, object, "kind", record->kind);
    dispatch_view_add_time(doc, object, "time", record->made);
    dispatch_view_add_time(doc, object, "stored", record->stored);
    dispatch_view_add_text(doc, object, "title", record->title);
    dispatch_view_add_text(doc, object, "tlp", marking_tlp_name((MarkingTlp)record->tlp));
    dispatch_view_add_text(doc, object, "pap", marking_pap_name((MarkingPap)record->pap));
    dispatch_view_add_text(doc, object, "community", record->community);
    yyjson_mut_obj_add_bool(doc, object, "exercise", record->exercise);
    dispatch_view_add_time(doc, object, "expires", record->expires);
    yyjson_mut_obj_add_uint(doc, object, "items", record->n_items);
    yyjson_mut_obj_add_uint(doc, object, "refused", record->refused);
    dispatch_view_add_text(doc, object, "state", record_state_name(record->state));
    dispatch_view_add_index(doc, object, "retracted_by", record->retracted_by);
    dispatch_view_add_text(doc, object, "reason", record->reason);
    yyjson_mut_obj_add_uint(doc, object, "taken_back", record->taken_back);
    dispatch_view_add_time(doc, object, "held", record->held);
    dispatch_view_add_text(doc, object, "hold_reason", record->hold_reason);
    dispatch_view_add_index(doc, object, "granted_by", record->granted_by);
}
