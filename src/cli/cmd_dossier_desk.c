/* cmd_dossier_desk.c - `concert dossier assign`, `jot` and `desk`: what this node keeps of a
 * dossier for itself. None of it is ever sent. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_dossier.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "cli/document.h"
#include "cli/output.h"
#include "cli/signatory.h"
#include "store/desk.h"
#include "store/dossiers.h"

/* The parameters of an operation on the dossier that the first argument names. NULL with @error. */
static yyjson_mut_doc *params_of(const CommandCall *call, Node *node, GError **error)
{
    g_autoptr(Dossier) dossier = dossiers_get(node_store(node), call->arguments[0], error);
    if (!dossier)
        return NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "dossier", dossier->id);
    return params;
}

static int run_assign(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_mut_doc *params = node ? params_of(call, node, error) : NULL;
    if (!params)
        return COMMAND_ERROR;
    g_autofree char *name = g_strjoinv(" ", call->arguments + 1);
    if (*name)
        yyjson_mut_obj_add_str(params, yyjson_mut_doc_get_root(params), "assignee", name);
    return command_node_call(node, "dossier.assign", params, NULL, error) ? COMMAND_OK
                                                                          : COMMAND_ERROR;
}

/* The words after the id; "-" is standard input. */
static char *read_note(const CommandCall *call, GError **error)
{
    gsize length = 0;
    if (call->count != 2 || !g_str_equal(call->arguments[1], "-"))
        return g_strjoinv(" ", call->arguments + 1);
    g_autofree char *text = document_read(NULL, "-", NULL, DESK_TEXT_MAX, &length, error);
    if (text && strlen(text) == length && g_utf8_validate(text, -1, NULL))
        return g_strstrip(g_steal_pointer(&text));
    if (text)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "standard input is no text");
    return NULL;
}

static int run_jot(const CommandCall *call, GError **error)
{
    g_autofree char *text = read_note(call, error);
    g_autoptr(Node) node = text ? command_node_open(call, NODE_WRITE, error) : NULL;
    const char *author = node ? signatory_of(call, node, error) : NULL;
    yyjson_mut_doc *params = author ? params_of(call, node, error) : NULL;
    if (!params)
        return COMMAND_ERROR;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(params);
    yyjson_mut_obj_add_str(params, root, "author", author);
    yyjson_mut_obj_add_str(params, root, "text", text);
    return command_node_call(node, "dossier.jot", params, NULL, error) ? COMMAND_OK : COMMAND_ERROR;
}

/* --- looking -----------------------------------------------------------------------------------
 */

static void print_json(const Desk *desk)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "dossier", desk->dossier);
    dispatch_view_add_text(doc, root, "assignee", desk->assignee);
    if (desk->assignee)
        dispatch_view_add_time(doc, root, "since", desk->since);
    yyjson_mut_val *notes = desk->notes ? yyjson_mut_obj_add_arr(doc, root, "notes") : NULL;
    for (guint i = 0; notes && i < desk->notes->len; i++) {
        const DeskNote *note = desk->notes->pdata[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, notes);
        dispatch_view_add_time(doc, object, "time", note->at);
        yyjson_mut_obj_add_str(doc, object, "author", note->author);
        yyjson_mut_obj_add_str(doc, object, "text", note->text);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_notes(const Desk *desk)
{
    char time[OUTPUT_NUMBER_MAX];
    if (desk->assignee)
        output_line("assigned to %s since %s", desk->assignee, output_time(time, desk->since));
    for (guint i = 0; i < desk->notes->len; i++) {
        const DeskNote *note = desk->notes->pdata[i];
        g_auto(GStrv) lines = g_strsplit(note->text, "\n", -1);
        output_line("%s %s", output_time(time, note->at), note->author);
        for (guint k = 0; lines[k]; k++)
            output_line("    %s", lines[k]);
    }
}

static int show_one(const CommandCall *call, Node *node, GError **error)
{
    g_autoptr(Dossier) dossier = dossiers_get(node_store(node), call->arguments[0], error);
    g_autoptr(Desk) desk = dossier ? desk_get(node_store(node), dossier->id, error) : NULL;
    if (!desk)
        return COMMAND_ERROR;
    if (command_json(call))
        print_json(desk);
    else
        print_notes(desk);
    return desk->assignee || desk->notes->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_desk(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    if (call->count > 0)
        return show_one(call, node, error);
    g_autoptr(GPtrArray) list = desk_list(node_store(node), command_text(call, "of"), error);
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("DOSSIER", "ASSIGNED TO", "SINCE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Desk *desk = list->pdata[i];
        char time[OUTPUT_NUMBER_MAX];
        const char *const cells[] = {desk->dossier, desk->assignee, output_time(time, desk->since)};
        if (command_json(call))
            print_json(desk);
        else
            output_table_row(table, cells);
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_dossier_assign = {
    .name = "assign",
    .summary = "say who works on one here; without a name: nobody",
    .arguments = "ID [NAME]",
    .description = "Only this node knows it: it is never sent.",
    .nothing = "there is no such dossier",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_assign,
};

const Command cmd_dossier_jot = {
    .name = "jot",
    .summary = "note something for the people here",
    .arguments = "ID TEXT|-",
    .description = "Only this node keeps it: it is never sent.",
    .options = (const CommandOption[]){{.name = "as",
                                        .type = COMMAND_TEXT,
                                        .argument = "NAME",
                                        .help = "who notes it (default: [node] signatory)"},
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such dossier",
    .min_arguments = 2,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_jot,
};

const Command cmd_dossier_desk = {
    .name = "desk",
    .summary = "show who works on what here, or what is noted of one",
    .arguments = "[ID]",
    .options = (const CommandOption[]){{.name = "of",
                                        .type = COMMAND_TEXT,
                                        .argument = "NAME",
                                        .help = "only what is assigned to NAME"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "nothing is assigned, or noted of it",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_desk,
};
