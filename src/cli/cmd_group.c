/* cmd_group.c - `concert group`: working groups. The steps follow from the procedure's table
 * (dossier/group.h); here is the list of what is to be done. */
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/dispatch_view.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "dossier/group.h"

static void print_json(const char *id, const GroupAction *action, gint64 now)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "group", id);
    yyjson_mut_obj_add_strcpy(doc, root, "action", event_hash_format(&action->event->hash, hex));
    yyjson_mut_obj_add_str(doc, root, "owner", event_text(action->event, "owner"));
    yyjson_mut_obj_add_str(doc, root, "text", event_text(action->event, "text"));
    dispatch_view_add_time(doc, root, "due", action->due_us);
    yyjson_mut_obj_add_bool(doc, root, "done", action->done != NULL);
    if (action->done)
        dispatch_view_add_time(doc, root, "done_at", action->done->time_us);
    yyjson_mut_obj_add_bool(doc, root, "overdue", !action->done && now > action->due_us);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void add_row(OutputTable *table, const GroupAction *action, gint64 now)
{
    char hex[2 * SHA256_SIZE + 1], due[OUTPUT_NUMBER_MAX];
    event_hash_format(&action->event->hash, hex);
    hex[8] = '\0';
    const char *cells[] = {hex, event_text(action->event, "owner"),
                           output_time(due, action->due_us),
                           action->done           ? "done"
                           : now > action->due_us ? "OVERDUE"
                                                  : "open",
                           event_text(action->event, "text")};
    output_table_row(table, cells);
}

static int run_actions(const CommandCall *call, GError **error)
{
    g_autofree char *id = dossier_command_id(call, &group_procedure);
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_autoptr(GArray) actions = group_actions(docket->result);
    OutputTable *table = output_table_new("ACTION", "OWNER", "DUE", "STATE", "WHAT", NULL);
    gint64 now = timestamp_now();
    guint shown = 0;
    for (guint i = 0; i < actions->len; i++) {
        const GroupAction *one = &g_array_index(actions, GroupAction, i);
        if (command_flag(call, "open") && one->done)
            continue;
        shown++;
        if (command_json(call))
            print_json(docket->dossier->id, one, now);
        else
            add_row(table, one, now);
    }
    output_table_print(table);
    return shown > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_group_actions = {
    .name = "actions",
    .summary = "list who does what until when",
    .arguments = "ID",
    .options =
        (const CommandOption[]){{"open", 0, COMMAND_FLAG, .help = "only those that are not done"},
                                COMMAND_OPTION_JSON,
                                COMMAND_OPTIONS_END},
    .nothing = "there is no such group, or no action",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_actions,
};

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {&cmd_group_actions, NULL};
    return dossier_command_list(&group_procedure, own);
}

const Command cmd_group = {
    .name = "group",
    .summary = "work on something in a group: meetings, texts, minutes, actions",
    .description = "The convener calls meetings with an agenda and writes their minutes, which "
                   "each member confirms or objects to. Texts come in versions. An action has an "
                   "owner and a due date; its owner says when it is done. See docs/groups.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert group convene cert.birch.example cert.cedar.example --subject \"Name "
             "servers\" --text \"A common way to report takeovers.\"",
             "begin a group"},
            {"concert group call 72ad55eb --meeting 2026-06-01T09:00Z --place \"by telephone\" "
             "--agenda \"Draft\" --agenda \"Dates\"",
             "call a meeting"},
            {"concert group add-action 72ad55eb \"Write the draft\" --owner cert.birch.example "
             "--due 14d",
             "write down who does what"},
            {"concert group actions 72ad55eb --open", "what is still to be done"},
            {NULL, NULL}},
};
