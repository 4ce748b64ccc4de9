#include "node/dispatch_operation.h"

#include "node/config.h"
#include "node/dispatcher.h"
#include "node/exchanger.h"
#include "node/operation_params.h"
#include "store/collections.h"
#include "store/retention.h"

#define NAMES_MAX 4096u

/* --- parameters --------------------------------------------------------------------------------
 */

/* The texts of a list, borrowed, NULL-terminated; *ret_names NULL: it is not there. */
static gboolean read_names(yyjson_val *params, const char *operation, const char *name,
                           GPtrArray **ret_names, GError **error)
{
    yyjson_val *list = yyjson_obj_get(params, name), *text;
    gsize i, count;
    if (!list)
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    gboolean good = yyjson_is_arr(list) && yyjson_arr_size(list) <= NAMES_MAX;
    yyjson_arr_foreach (list, i, count, text) {
        good = good && yyjson_is_str(text);
        g_ptr_array_add(names, (gpointer)yyjson_get_str(text));
    }
    if (!good) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: parameter \"%s\" must be a list of at most %u texts", operation, name,
                    NAMES_MAX);
        return FALSE;
    }
    g_ptr_array_add(names, NULL);
    *ret_names = g_steal_pointer(&names);
    return TRUE;
}

static const char *const *names_of(const GPtrArray *names)
{
    return names ? (const char *const *)names->pdata : NULL;
}

static gboolean read_number(yyjson_val *params, const char *operation, const char *name,
                            guint64 *ret_number, GError **error)
{
    gint64 number;
    if (!operation_params_int(params, operation, name, &number, error))
        return FALSE;
    if (number < 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: \"%s\" is the number of an entry", operation, name);
        return FALSE;
    }
    *ret_number = (guint64)number;
    return TRUE;
}

/* --- sending -----------------------------------------------------------------------------------
 */

static gboolean read_level(yyjson_val *params, const char *name, guint (*parse)(const char *),
                           guint *ret_level, GError **error)
{
    const char *text = NULL;
    if (!operation_params_text(params, "dispatch.send", name, FALSE, &text, error))
        return FALSE;
    guint level = text ? parse(text) : 0;
    if (text && level == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is no level of %s", text,
                    g_str_equal(name, "tlp") ? "TLP" : "PAP");
        return FALSE;
    }
    *ret_level = level;
    return TRUE;
}

static guint parse_tlp(const char *text)
{
    return marking_tlp_from_name(text);
}

static guint parse_pap(const char *text)
{
    return marking_pap_from_name(text);
}

/* The objects of "select", borrowed from @select. */
static gboolean read_select(Store *store, yyjson_val *select, ObjectsQuery *query, GError **error)
{
    static const char operation[] = "dispatch.send";
    const char *collection = NULL;
    if (!operation_params_text(select, operation, "collection", FALSE, &collection, error) ||
        !operation_params_text(select, operation, "type", FALSE, &query->type, error) ||
        !operation_params_text(select, operation, "source", FALSE, &query->source, error))
        return FALSE;
    if (yyjson_obj_get(select, "modified_after") &&
        !operation_params_int(select, operation, "modified_after", &query->modified_after, error))
        return FALSE;
    g_autoptr(Collection) found =
        collection ? collections_lookup(store, NULL, collection, error) : NULL;
    if (collection && !found)
        return FALSE;
    query->collection = found ? found->number : 0;
    return TRUE;
}

static gboolean read_flag(yyjson_val *params, const char *name, gboolean *ret_flag, GError **error)
{
    return !yyjson_obj_get(params, name) ||
           operation_params_bool(params, "dispatch.send", name, ret_flag, error);
}

static void give_sent(const DispatcherResult *sent, yyjson_mut_doc *doc)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *entries = yyjson_mut_obj_add_arr(doc, root, "entries");
    for (guint i = 0; i < sent->entries->len; i++)
        yyjson_mut_arr_add_uint(doc, entries, g_array_index(sent->entries, guint64, i));
    yyjson_mut_obj_add_uint(doc, root, "objects", sent->objects);
    yyjson_mut_val *audience = yyjson_mut_obj_add_arr(doc, root, "audience");
    for (guint i = 0; sent->audience[i]; i++)
        yyjson_mut_arr_add_strcpy(doc, audience, sent->audience[i]);
    yyjson_mut_obj_add_str(doc, root, "tlp", marking_tlp_name(sent->tlp));
    yyjson_mut_obj_add_uint(doc, root, "minimised", sent->minimised.replaced);
    yyjson_mut_obj_add_uint(doc, root, "left_out", sent->minimised.left_out);
}

/* What a call to send says; the lists are owned. */
typedef struct {
    DispatcherSpec spec;
    ObjectsQuery query;
    GPtrArray *to, *ids;
} SendCall;

static gboolean read_send(Store *store, yyjson_val *params, SendCall *call, GError **error)
{
    static const char operation[] = "dispatch.send";
    DispatcherSpec *spec = &call->spec;
    guint tlp, pap;
    if (!operation_params_text(params, operation, "title", TRUE, &spec->title, error) ||
        !operation_params_text(params, operation, "community", FALSE, &spec->community, error) ||
        !operation_params_text(params, operation, "purpose", FALSE, &spec->purpose, error) ||
        !read_level(params, "tlp", parse_tlp, &tlp, error) ||
        !read_level(params, "pap", parse_pap, &pap, error) ||
        !read_flag(params, "public", &spec->is_public, error) ||
        !read_flag(params, "exercise", &spec->is_exercise, error) ||
        !read_flag(params, "check", &spec->check_only, error) ||
        !read_names(params, operation, "to", &call->to, error) ||
        !read_names(params, operation, "ids", &call->ids, error))
        return FALSE;
    if (yyjson_obj_get(params, "expires") &&
        !operation_params_int(params, operation, "expires", &spec->expires, error))
        return FALSE;
    yyjson_val *select = yyjson_obj_get(params, "select");
    if (!select == !call->ids) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: either \"ids\" or \"select\" says what is sent", operation);
        return FALSE;
    }
    spec->tlp = (MarkingTlp)tlp;
    spec->pap = (MarkingPap)pap;
    spec->to = names_of(call->to);
    spec->ids = names_of(call->ids);
    spec->query = &call->query;
    return !select || read_select(store, select, &call->query, error);
}

/* *ret_minimise NULL: nothing is left out. */
static gboolean read_minimise(const Config *config, Minimise **ret_minimise, GError **error)
{
    const char *rules = config_text(config, SETTING_EXCHANGE_MINIMISE);
    if (!rules || *rules == '\0')
        return TRUE;
    *ret_minimise = minimise_new(rules, error);
    if (!*ret_minimise)
        g_prefix_error(error, "[exchange] minimise: ");
    return *ret_minimise != NULL;
}

gboolean dispatch_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    g_auto(DispatcherResult) sent = {0};
    SendCall call = {.spec = {.expires = G_MAXINT64}, .query = OBJECTS_QUERY_INIT};
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    if (!config)
        return FALSE;
    call.spec.unmarked =
        (MarkingTlp)(config_enum(config, SETTING_EXCHANGE_UNMARKED) + MARKING_TLP_CLEAR);
    g_autoptr(Minimise) minimise = NULL;
    gboolean good = read_minimise(config, &minimise, error) &&
                    read_send(notary_store(notary), params, &call, error);
    call.spec.minimise = minimise;
    good = good && dispatcher_send(notary, &call.spec, &sent, error);
    g_clear_pointer(&call.to, g_ptr_array_unref);
    g_clear_pointer(&call.ids, g_ptr_array_unref);
    if (good)
        give_sent(&sent, result);
    return good;
}

/* --- changing what was sent --------------------------------------------------------------------
 */

static gboolean give_index(guint64 index, yyjson_mut_doc *result)
{
    yyjson_mut_obj_add_uint(result, yyjson_mut_doc_get_root(result), "index", index);
    return TRUE;
}

gboolean dispatch_operation_grant(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error)
{
    g_autoptr(GPtrArray) to = NULL;
    guint64 of, index;
    return read_number(params, "dispatch.grant", "of", &of, error) &&
           read_names(params, "dispatch.grant", "to", &to, error) &&
           dispatcher_grant(notary, of, names_of(to), &index, error) && give_index(index, result);
}

static gboolean read_places(yyjson_val *list, GArray *places, GError **error)
{
    gsize i, count;
    yyjson_val *place;
    yyjson_arr_foreach (list, i, count, place) {
        if (!yyjson_is_uint(place) || yyjson_get_uint(place) >= DISPATCHER_ITEMS_MAX) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "dispatch.retract: places of items are numbers from 0");
            return FALSE;
        }
        guint number = (guint)yyjson_get_uint(place);
        g_array_append_val(places, number);
    }
    return TRUE;
}

gboolean dispatch_operation_retract(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error)
{
    static const char operation[] = "dispatch.retract";
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean recall;
    const char *reason;
    guint64 of, index;
    return read_number(params, operation, "of", &of, error) &&
           operation_params_bool(params, operation, "recall", &recall, error) &&
           operation_params_text(params, operation, "reason", TRUE, &reason, error) &&
           read_places(yyjson_obj_get(params, "places"), places, error) &&
           dispatcher_retract(notary, of, recall, (const guint *)places->data, places->len, reason,
                              &index, error) &&
           give_index(index, result);
}

/* --- keeping -----------------------------------------------------------------------------------
 */

gboolean dispatch_operation_hold(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "dispatch.hold";
    const char *ledger, *reason;
    guint64 of;
    return read_number(params, operation, "of", &of, error) &&
           operation_params_text(params, operation, "ledger", FALSE, &ledger, error) &&
           operation_params_text(params, operation, "reason", TRUE, &reason, error) &&
           retention_hold(tx, ledger, of, reason, error);
}

gboolean dispatch_operation_release(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "dispatch.release";
    const char *ledger;
    guint64 of;
    return read_number(params, operation, "of", &of, error) &&
           operation_params_text(params, operation, "ledger", FALSE, &ledger, error) &&
           retention_hold(tx, ledger, of, NULL, error);
}

/* --- following ---------------------------------------------------------------------------------
 */

gboolean dispatch_operation_follow(Notary *notary, yyjson_val *params, yyjson_mut_doc *doc,
                                   GError **error)
{
    const char *peer;
    ExchangePullCounts counts;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    if (!config || !operation_params_text(params, "exchange.follow", "peer", TRUE, &peer, error) ||
        !exchanger_follow(config, notary, peer, &counts, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_obj_add_uint(doc, root, "answers", counts.answers);
    yyjson_mut_obj_add_uint(doc, root, "openings", counts.openings);
    yyjson_mut_obj_add_uint(doc, root, "dispatches", counts.dispatches);
    yyjson_mut_obj_add_uint(doc, root, "stored", counts.stored);
    yyjson_mut_obj_add_uint(doc, root, "known", counts.known);
    yyjson_mut_obj_add_uint(doc, root, "refused", counts.refused);
    yyjson_mut_obj_add_uint(doc, root, "bytes", counts.bytes);
    return TRUE;
}
