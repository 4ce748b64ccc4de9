/* cmd_policy.c - `concert policy`: who may see what, and why; here its rules and truth table. */
#include "cli/cmd_policy.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "policy/decide.h"

static void print_rules_json(void)
{
    guint count;
    const DecideRule *rules = decide_rules(&count);
    for (guint i = 0; i < count; i++) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "rule", rules[i].id);
        yyjson_mut_obj_add_bool(doc, root, "allows", rules[i].allows);
        yyjson_mut_obj_add_str(doc, root, "sentence", rules[i].sentence);
        output_json(root);
        yyjson_mut_doc_free(doc);
    }
    for (DecideColumn column = 0; column < DECIDE_COLUMNS; column++) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "column", decide_column(column));
        for (MarkingTlp tlp = MARKING_TLP_CLEAR; tlp <= MARKING_TLP_RED; tlp++)
            yyjson_mut_obj_add_str(doc, root, marking_tlp_name(tlp), decide_cell(tlp, column));
        output_json(root);
        yyjson_mut_doc_free(doc);
    }
}

static void print_rules(void)
{
    guint count;
    const DecideRule *rules = decide_rules(&count);
    OutputTable *table =
        output_table_new("", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED", NULL);
    for (DecideColumn column = 0; column < DECIDE_COLUMNS; column++)
        output_table_row(table, (const char *[]){decide_column(column),
                                                 decide_cell(MARKING_TLP_CLEAR, column),
                                                 decide_cell(MARKING_TLP_GREEN, column),
                                                 decide_cell(MARKING_TLP_AMBER, column),
                                                 decide_cell(MARKING_TLP_AMBER_STRICT, column),
                                                 decide_cell(MARKING_TLP_RED, column)});
    output_table_print(table);
    output_line("%s", "");
    table = output_table_new("RULE", "ANSWER", "MEANING", NULL);
    for (guint i = 0; i < count; i++)
        output_table_row(table, (const char *[]){rules[i].id, rules[i].allows ? "yes" : "no",
                                                 rules[i].sentence});
    output_table_print(table);
}

static int run_rules(const CommandCall *call, GError **error)
{
    if (command_json(call))
        print_rules_json();
    else
        print_rules();
    return COMMAND_OK;
}

static const Command command_rules = {
    .name = "rules",
    .summary = "show the truth table and the rules that answer",
    .description = "What the words of the table demand, docs/policy.md says.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .run = run_rules,
};

const Command cmd_policy = {
    .name = "policy",
    .summary = "tell who may see what, and which rule says so",
    .description =
        "One function decides who may see what: TLP is a ceiling, the audience is the delivery "
        "list, and sending on needs both. What no rule allows is denied. See docs/policy.md.",
    .subcommands = (const Command *const[]){&cmd_policy_explain, &command_rules, NULL},
};
