/* cmd_dispatch_list.c - `concert dispatch list`: what was sent and what came, newest first. */
#include "cli/cmd_dispatch.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "policy/marking.h"
#include "store/peers.h"

static gboolean print_record(const CommandCall *call, Store *store, OutputTable *table,
                             const Record *record, GError **error)
{
    DispatchViewCount count = {0};
    if (!record->origin && !dispatch_view_count(store, record->entry, &count, error))
        return FALSE;
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        dispatch_view_add_record(doc, root, record);
        if (!record->origin) {
            yyjson_mut_obj_add_bool(doc, root, "public", count.is_public);
            yyjson_mut_obj_add_uint(doc, root, "recipients", count.recipients);
            yyjson_mut_obj_add_uint(doc, root, "confirmed", count.confirmed);
        }
        output_json(root);
        yyjson_mut_doc_free(doc);
        return TRUE;
    }
    char time[OUTPUT_NUMBER_MAX], items[OUTPUT_NUMBER_MAX];
    g_autofree char *name = dispatch_view_name(record->origin, record->entry);
    g_autofree char *marking = dispatch_view_marking(record->tlp, MARKING_PAP_NONE);
    g_autofree char *confirmed = record->origin ? NULL : dispatch_view_count_text(&count);
    g_autofree char *title = dispatch_view_title(dispatch_view_heading(record), record->exercise);
    g_autofree char *state = dispatch_view_state_short(record);
    output_table_row(table, (const char *[]){name, output_time(time, record->made), marking,
                                             output_number(items, record->n_items), state,
                                             confirmed, title});
    return TRUE;
}

static int run(const CommandCall *call, GError **error)
{
    const char *from = command_text(call, "from"), *kind = command_text(call, "kind");
    if (from && command_flag(call, "own"))
        return command_usage(call, error, "--own or --from, not both");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Peer) peer = node && from ? peers_get(node_store(node), from, error) : NULL;
    if (!node || (from && !peer))
        return COMMAND_ERROR;
    const RecordsQuery query = {.origin = peer ? peer->origin : NULL,
                                .own = command_flag(call, "own"),
                                .kind = !kind                      ? "dispatch"
                                        : g_str_equal(kind, "all") ? NULL
                                                                   : kind,
                                .objects = !kind && !command_flag(call, "all"),
                                .limit = (guint)command_int(call, "limit", 50)};
    g_autoptr(GPtrArray) records = records_list(node_store(node), &query, error);
    if (!records)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("DISPATCH", "TIME", "TLP", ">ITEMS", "STATE", "CONFIRMED", "TITLE", NULL);
    for (guint i = 0; i < records->len; i++)
        if (!print_record(call, node_store(node), table, records->pdata[i], error))
            return COMMAND_ERROR;
    output_table_print(g_steal_pointer(&table));
    return records->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_dispatch_list = {
    .name = "list",
    .summary = "list what was sent and what came, newest first",
    .options =
        (const CommandOption[]){
            {"own", 'o', COMMAND_FLAG, .help = "only what this node sent"},
            {"from", 'f', COMMAND_TEXT, "PEER", .help = "only what this peer sent"},
            {"all", 'a', COMMAND_FLAG,
             .help = "also those that carry events and files of dossiers, such as requests"},
            {"kind", 'k', COMMAND_TEXT, "KIND",
             .help = "entries of this kind instead of dispatches; \"all\": of any"},
            {"limit", 'n', COMMAND_INT, "N", .min = 1, .max = G_MAXINT32,
             .help = "at most so many (default: 50)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is none, or no such peer",
    .uses_node = TRUE,
    .run = run,
};
