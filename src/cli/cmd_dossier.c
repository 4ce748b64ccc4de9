/* cmd_dossier.c - `concert dossier`: all dossiers, of whatever procedure. */
#include "cli/cmd_dossier.h"
#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "cli/dossier_held.h"
#include "cli/dossier_view.h"
#include "cli/output.h"

static int run_list(const CommandCall *call, GError **error)
{
    return dossier_view_list(call, NULL, error);
}

static int run_show(const CommandCall *call, GError **error)
{
    return dossier_view_show(call, NULL, error);
}

static int run_rebuild(const CommandCall *call, GError **error)
{
    yyjson_doc *result = NULL;
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(params, yyjson_mut_obj(params));
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    if (!command_node_call(node, "dossier.rebuild", params, &result, error))
        return COMMAND_ERROR;
    yyjson_val *count = yyjson_obj_get(yyjson_doc_get_root(result), "dossiers");
    if (command_json(call)) {
        yyjson_mut_doc *copy = yyjson_doc_mut_copy(result, NULL);
        output_json(yyjson_mut_doc_get_root(copy));
        yyjson_mut_doc_free(copy);
    } else {
        char number[OUTPUT_NUMBER_MAX];
        output_line("%s dossiers judged anew", output_number(number, yyjson_get_uint(count)));
    }
    yyjson_doc_free(result);
    return COMMAND_OK;
}

static const Command dossier_list = {
    .name = "list",
    .summary = "list dossiers of all procedures, those that wait for this node first",
    .options =
        (const CommandOption[]){
            {"waiting", 'w', COMMAND_FLAG, .help = "only those that wait for this node"},
            {"all", 'a', COMMAND_FLAG, .help = "also those that are over"},
            {"state", 0, COMMAND_TEXT, "STATE", .help = "only those in this state"},
            {"limit", 'n', COMMAND_INT, "N", .min = 1, .max = G_MAXINT32,
             .help = "at most so many, the newest"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command dossier_show = {
    .name = "show",
    .summary = "show one with all that was said, and what can be done next",
    .arguments = "ID",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such dossier",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

static const Command dossier_rebuild = {
    .name = "rebuild",
    .summary = "judge all dossiers anew from their events",
    .description = "What is listed of a dossier follows from its events alone. `concert serve` "
                   "does this by itself when a new version has other procedures.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = run_rebuild,
};

const Command cmd_dossier = {
    .name = "dossier",
    .summary = "list and show what nodes do together, of all procedures",
    .description = "A dossier is the joint record of one procedure: a request, a case, a claim. "
                   "Each procedure has a command of its own; here are all of them.",
    .subcommands = (const Command *const[]){&dossier_list, &dossier_show, &cmd_dossier_assign,
                                            &cmd_dossier_jot, &cmd_dossier_desk, &cmd_dossier_held,
                                            &dossier_rebuild, NULL},
};
