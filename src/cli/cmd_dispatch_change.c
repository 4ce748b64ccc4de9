/* cmd_dispatch_change.c - `concert dispatch grant`, `withdraw` and `recall`: what is said later of
 * what was sent. */
#include "base/jsontext.h"
#include "cli/cmd_dispatch.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "cli/ledger_entry.h"
#include "store/openings.h"

static yyjson_mut_doc *new_params(guint64 of)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_uint(params, root, "of", of);
    return params;
}

/* Takes @params. *ret_index is the entry that says it. */
static gboolean call_operation(Node *node, const char *operation, yyjson_mut_doc *params,
                               guint64 *ret_index, GError **error)
{
    yyjson_doc *result = NULL;
    if (!command_node_call(node, operation, params, &result, error))
        return FALSE;
    *ret_index = yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(result), "index"));
    yyjson_doc_free(result);
    return TRUE;
}

static int run_grant(const CommandCall *call, GError **error)
{
    const char *const *to = command_texts(call, "to");
    guint64 of, index;
    if (!to)
        return command_usage(call, error, "say who gets it: --to");
    if (!ledger_entry_index(call, 0, &of, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params = new_params(of);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(params, yyjson_mut_doc_get_root(params), "to");
    for (guint i = 0; to[i]; i++)
        yyjson_mut_arr_add_str(params, list, to[i]);
    if (!call_operation(node, "dispatch.grant", params, &index, error))
        return cmd_dispatch_failed(error);
    g_autofree char *names = g_strjoinv(", ", (char **)to);
    output_line("Granted dispatch %" G_GUINT64_FORMAT " to %s by entry %" G_GUINT64_FORMAT ".", of,
                names, index);
    return COMMAND_OK;
}

/* --- who knows ---------------------------------------------------------------------------------
 */

/* The entries that take back the dispatch, or items of it; guint64, ascending. */
static GArray *find_retractions(Store *store, const Record *record, GError **error)
{
    g_autoptr(GPtrArray) items = records_items(store, record->number, error);
    if (!items)
        return NULL;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (record->retracted_by != RECORDS_NO_INDEX)
        g_array_append_val(list, record->retracted_by);
    for (guint i = 0; i < items->len; i++) {
        const RecordItem *item = items->pdata[i];
        gboolean known = !item->retracted;
        for (guint j = 0; j < list->len && !known; j++)
            known = g_array_index(list, guint64, j) == item->retracted_by;
        if (!known)
            g_array_append_val(list, item->retracted_by);
    }
    return g_steal_pointer(&list);
}

static const DeliveryState *find_state(const GPtrArray *states, const char *origin)
{
    for (guint i = 0; i < states->len; i++) {
        const DeliveryState *state = states->pdata[i];
        if (g_str_equal(state->origin, origin))
            return state;
    }
    return NULL;
}

static void print_state(const CommandCall *call, OutputTable *table, guint64 by,
                        const DeliveryState *had, const DeliveryState *knows)
{
    g_autofree char *node = dispatch_view_node(knows->origin);
    guint64 got = had ? had->receipt : DELIVERIES_NONE;
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_uint(doc, root, "by", by);
        yyjson_mut_obj_add_str(doc, root, "node", node);
        yyjson_mut_obj_add_bool(doc, root, "has_it", got != DELIVERIES_NONE);
        yyjson_mut_obj_add_bool(doc, root, "confirmed", knows->receipt != DELIVERIES_NONE);
        dispatch_view_add_index(doc, root, "receipt", knows->receipt);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    g_autofree char *entry = g_strdup_printf("%" G_GUINT64_FORMAT, by);
    g_autofree char *receipt =
        knows->receipt == DELIVERIES_NONE
            ? g_strdup("not yet")
            : g_strdup_printf("by its entry %" G_GUINT64_FORMAT, knows->receipt);
    output_table_row(
        table,
        (const char *[]){entry, node, got == DELIVERIES_NONE ? "not known to" : "yes", receipt});
}

/* Prints who has confirmed what takes back dispatch @of. *ret_all: everybody. */
static gboolean print_status(const CommandCall *call, Store *store, guint64 of, gboolean *ret_all,
                             GError **error)
{
    g_autoptr(Record) record = records_get(store, NULL, of, error);
    g_autoptr(GArray) entries = record ? find_retractions(store, record, error) : NULL;
    g_autoptr(GPtrArray) had = entries ? deliveries_states(store, of, error) : NULL;
    if (!had)
        return FALSE;
    if (entries->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "nothing of dispatch %" G_GUINT64_FORMAT " was withdrawn or recalled", of);
        return FALSE;
    }
    gboolean all = TRUE;
    g_autoptr(OutputTable) table = output_table_new(">ENTRY", "NODE", "HAS IT", "CONFIRMED", NULL);
    for (guint i = 0; i < entries->len; i++) {
        guint64 by = g_array_index(entries, guint64, i);
        g_autoptr(GPtrArray) states = deliveries_states(store, by, error);
        if (!states)
            return FALSE;
        for (guint j = 0; j < states->len; j++) {
            const DeliveryState *state = states->pdata[j];
            if (*state->origin == '\0')
                continue;
            all = all && state->receipt != DELIVERIES_NONE;
            print_state(call, table, by, find_state(had, state->origin), state);
        }
    }
    output_table_print(g_steal_pointer(&table));
    *ret_all = all;
    return TRUE;
}

/* --- taking back -------------------------------------------------------------------------------
 */

static gboolean add_places(const CommandCall *call, yyjson_mut_doc *params, GError **error)
{
    const char *const *items = command_texts(call, "item");
    if (!items)
        return TRUE;
    yyjson_mut_val *places =
        yyjson_mut_obj_add_arr(params, yyjson_mut_doc_get_root(params), "places");
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; items[i]; i++) {
        guint64 place;
        if (!g_ascii_string_to_unsigned(items[i], 10, 0, OPENING_ITEMS_MAX - 1, &place, NULL)) {
            command_usage(call, error, "--item %s: items are numbered from 0", items[i]);
            return FALSE;
        }
        /* Ascending, each once, as the entry has them. */
        guint at = 0;
        while (at < numbers->len && g_array_index(numbers, guint64, at) < place)
            at++;
        if (at == numbers->len || g_array_index(numbers, guint64, at) != place)
            g_array_insert_val(numbers, at, place);
    }
    for (guint i = 0; i < numbers->len; i++)
        yyjson_mut_arr_add_uint(params, places, g_array_index(numbers, guint64, i));
    return TRUE;
}

static int run_retract(const CommandCall *call, gboolean recall, GError **error)
{
    const char *reason = command_text(call, "reason");
    guint64 of, index;
    gboolean all = FALSE;
    if (!reason)
        return command_usage(call, error, "say why: --reason");
    if (!ledger_entry_index(call, 0, &of, error))
        return COMMAND_ERROR;
    yyjson_mut_doc *params = new_params(of);
    yyjson_mut_obj_add_bool(params, yyjson_mut_doc_get_root(params), "recall", recall);
    yyjson_mut_obj_add_str(params, yyjson_mut_doc_get_root(params), "reason", reason);
    g_autoptr(Node) node = NULL;
    if (!add_places(call, params, error) || !(node = command_node_open(call, NODE_WRITE, error))) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    if (!call_operation(node, "dispatch.retract", params, &index, error))
        return cmd_dispatch_failed(error);
    output_line("%s %s%" G_GUINT64_FORMAT " by entry %" G_GUINT64_FORMAT ".",
                recall ? "Recalled" : "Withdrew",
                command_texts(call, "item") ? "items of dispatch " : "dispatch ", of, index);
    if (!recall)
        return COMMAND_OK;
    if (!print_status(call, node_store(node), of, &all, error))
        return COMMAND_ERROR;
    output_note("Who has confirmed: concert dispatch recall %" G_GUINT64_FORMAT " --status", of);
    return COMMAND_OK;
}

static int run_withdraw(const CommandCall *call, GError **error)
{
    return run_retract(call, FALSE, error);
}

static int run_recall(const CommandCall *call, GError **error)
{
    gboolean all;
    guint64 of;
    if (!command_flag(call, "status"))
        return command_json(call) ? command_usage(call, error, "--json goes with --status")
                                  : run_retract(call, TRUE, error);
    if (command_text(call, "reason") || command_texts(call, "item"))
        return command_usage(call, error, "--status recalls nothing: without --reason and --item");
    if (!ledger_entry_index(call, 0, &of, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !print_status(call, node_store(node), of, &all, error))
        return COMMAND_ERROR;
    return all ? COMMAND_OK : COMMAND_NOTHING;
}

#define OPTION_ITEM                                                                                \
    {                                                                                              \
        "item", 'i', COMMAND_TEXTS, "N", .help = "only item N, from 0; may be repeated"            \
    }
#define OPTION_REASON                                                                              \
    {                                                                                              \
        "reason", 'r', COMMAND_TEXT, "TEXT", .help = "why, for those who have it to read"          \
    }

const Command cmd_dispatch_grant = {
    .name = "grant",
    .summary = "give an earlier dispatch to further peers",
    .arguments = "INDEX",
    .description = "The audience of a dispatch never grows by itself: who becomes a peer, or a "
                   "member of the community, later gets it only so. TLP:RED is for those who were "
                   "named when it was sent, and cannot be granted.",
    .options =
        (const CommandOption[]){
            {"to", 0, COMMAND_TEXTS, "PEER", .help = "a peer that gets it; may be repeated"},
            COMMAND_OPTIONS_END,
        },
    .nothing = "the policy forbids it, or there is no such dispatch or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_grant,
};

const Command cmd_dispatch_withdraw = {
    .name = "withdraw",
    .summary = "say that this node does not stand by a dispatch any more",
    .arguments = "INDEX",
    .description = "It leaves the collections of all who have it, and nobody gets it any more. "
                   "What is false or harmful is recalled instead.",
    .options = (const CommandOption[]){OPTION_REASON, OPTION_ITEM, COMMAND_OPTIONS_END},
    .nothing = "there is no such dispatch or item",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_withdraw,
};

const Command cmd_dispatch_recall = {
    .name = "recall",
    .summary = "take a false or harmful dispatch out of use everywhere",
    .arguments = "INDEX",
    .description = "As withdrawing, and it is to be taken out of use at once. Shows who has "
                   "confirmed that the recall arrived; --status shows it again at any time.",
    .options =
        (const CommandOption[]){
            OPTION_REASON,
            OPTION_ITEM,
            {"status", 's', COMMAND_FLAG, .help = "recall nothing, show who has confirmed"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert dispatch recall 17 --item 0 --reason \"A bank's own server\"",
             "one false indicator of a dispatch"},
            {"concert dispatch recall 17 --status", "who has confirmed"},
            {NULL},
        },
    .nothing = "there is no such dispatch or item; with --status: somebody has not confirmed yet",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_recall,
};
