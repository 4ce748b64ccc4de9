/* cmd_ledger_audit.c - `concert ledger audit`: is the node's own ledger what it should be? */
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "node/audit.h"

static void show_progress(guint64 done, guint64 size, gpointer user)
{
    char numbers[2][OUTPUT_NUMBER_MAX];
    output_progress(user, "%s of %s entries", output_number(numbers[0], done),
                    output_number(numbers[1], size));
}

static void print_json(const AuditReport *report)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, root, "entries", report->entries);
    yyjson_mut_obj_add_uint(doc, root, "opened", report->opened);
    yyjson_mut_obj_add_uint(doc, root, "erased", report->erased);
    yyjson_mut_obj_add_uint(doc, root, "lost", report->lost);
    yyjson_mut_obj_add_uint(doc, root, "items", report->items);
    yyjson_mut_obj_add_uint(doc, root, "items_erased", report->items_erased);
    yyjson_mut_obj_add_uint(doc, root, "key_changes", report->key_changes);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "problems");
    for (guint i = 0; i < report->problems->len; i++)
        yyjson_mut_arr_add_str(doc, list, report->problems->pdata[i]);
    yyjson_mut_obj_add_bool(doc, root, "gave_up", report->gave_up);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_text(const AuditReport *report)
{
    char number[OUTPUT_NUMBER_MAX];
    output_line("entries      %s", output_number(number, report->entries));
    output_line("opened       %s", output_number(number, report->opened));
    output_line("erased       %s", output_number(number, report->erased));
    if (report->lost > 0)
        output_line("lost         %s", output_number(number, report->lost));
    output_line("items        %s", output_number(number, report->items));
    output_line("of these erased  %s", output_number(number, report->items_erased));
    output_line("key changes  %u", report->key_changes);
    for (guint i = 0; i < report->problems->len; i++)
        output_line("WRONG        %s", (const char *)report->problems->pdata[i]);
    if (report->gave_up)
        output_line("...and more");
    output_line(report->problems->len == 0 ? "whole" : "NOT WHOLE");
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_auto(AuditReport) report = {0};
    OutputProgress progress = {0};
    gboolean good =
        node && audit_ledger(node_store(node), show_progress, &progress, &report, error);
    output_progress_clear(&progress);
    if (!good)
        return COMMAND_ERROR;
    if (command_json(call))
        print_json(&report);
    else
        print_text(&report);
    return report.problems->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_audit = {
    .name = "audit",
    .summary = "check the node's own ledger, openings included",
    .description =
        "Recomputes every commitment, item hash, tile and root, follows the key changes, and "
        "compares erasures with the entries that announce them. What outsiders can check, "
        "`concert ledger verify` checks without the node.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "something is wrong with the ledger",
    .uses_node = TRUE,
    .run = run,
};
