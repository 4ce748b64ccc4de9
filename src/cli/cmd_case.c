/* cmd_case.c - `concert case`: working on an incident together. All but the list of takedowns
 * follows from the procedure's table (dossier/case.h). */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_case.h"
#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "dossier/case.h"

#define MINUTE_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define HOUR_US   (60 * MINUTE_US)

/* "3 h 20 min" */
static char *span(gint64 us)
{
    return us < HOUR_US ? g_strdup_printf("%" G_GINT64_FORMAT " min", us / MINUTE_US)
                        : g_strdup_printf("%" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min",
                                          us / HOUR_US, us % HOUR_US / MINUTE_US);
}

static const char *status_of(const CaseTakedown *one)
{
    return one->is_down ? "down" : one->ended ? "stays" : "asked";
}

static void print_json(const CaseTakedown *one)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char hex[2 * SHA256_SIZE + 1], asked[TIMESTAMP_MAX], down[TIMESTAMP_MAX];
    yyjson_mut_obj_add_str(doc, root, "target", one->target);
    yyjson_mut_obj_add_str(doc, root, "what", one->what);
    yyjson_mut_obj_add_str(doc, root, "status", status_of(one));
    yyjson_mut_obj_add_str(doc, root, "event", event_hash_format(&one->asked->hash, hex));
    yyjson_mut_obj_add_str(doc, root, "by", one->asked->node);
    yyjson_mut_obj_add_str(doc, root, "asked", timestamp_format(asked, one->asked_us, 0));
    if (one->is_down) {
        yyjson_mut_obj_add_str(doc, root, "down", timestamp_format(down, one->down_us, 0));
        yyjson_mut_obj_add_int(doc, root, "seconds",
                               (one->down_us - one->asked_us) / G_USEC_PER_SEC);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void add_row(OutputTable *table, const CaseTakedown *one)
{
    char hex[2 * SHA256_SIZE + 1], time[OUTPUT_NUMBER_MAX];
    g_autofree char *event = g_strndup(event_hash_format(&one->asked->hash, hex), 8);
    g_autofree char *took = one->is_down ? span(one->down_us - one->asked_us) : NULL;
    const char *const cells[] = {event, status_of(one), output_time(time, one->asked_us),
                                 took,  one->what,      one->target};
    output_table_row(table, cells);
}

static int run_takedowns(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id = dossier_command_id(call, &case_procedure);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_autoptr(GArray) list = case_takedowns(docket->result);
    OutputTable *table =
        output_table_new("EVENT", "STATUS", "ASKED", ">TOOK", "WHAT", "TARGET", NULL);
    for (guint i = 0; i < list->len; i++)
        if (command_json(call))
            print_json(&g_array_index(list, CaseTakedown, i));
        else
            add_row(table, &g_array_index(list, CaseTakedown, i));
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command takedowns = {
    .name = "takedowns",
    .summary = "list what was to be taken down, and how long that took",
    .arguments = "ID",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such case, or nothing was to be taken down in it",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_takedowns,
};

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {&takedowns, &cmd_case_import, &cmd_case_export, NULL};
    return dossier_command_list(&case_procedure, own);
}

const Command cmd_case = {
    .name = "case",
    .summary = "work on an incident together with peers",
    .description = "A case is a record that all its nodes keep alike. Its lead drafts it, which "
                   "nobody else sees, and shares it; who is invited takes part or declines. The "
                   "lead moves by consent of both. See docs/cases.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert case open --subject \"Counterfeit pages of a bank\" --severity high --class "
             "fraud.phishing",
             "draft a case"},
            {"concert case share 72ad55eb --to cert.birch.example", "invite a peer"},
            {"concert case takedowns 72ad55eb", "see what is down, and how long it took"},
            {NULL, NULL}},
};
