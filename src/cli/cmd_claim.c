/* cmd_claim.c - `concert claim`: naming who did something. The steps follow from the procedure's
 * table (dossier/claim.h); here is what looks at a claim: the gate, the public copy, the seal. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "dossier/claim.h"
#include "dossier/claim_copy.h"
#include "dossier/claim_gate.h"
#include "dossier/claim_rules.h"
#include "ledger/origin.h"
#include "node/config.h"
#include "store/ledger_read.h"

#define SALT_BYTES 16

static Docket *load(const CommandCall *call, Node *node, GError **error)
{
    g_autofree char *id = dossier_command_id(call, &claim_procedure);
    g_autoptr(Docket) docket = docket_load(node_store(node), id, error);
    if (docket && !docket->result->opening) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the event that opens %s is not here yet", id);
        return NULL;
    }
    return g_steal_pointer(&docket);
}

/* --- check -------------------------------------------------------------------------------------
 */

/* A condition, and what is missing; NULL: it is met. */
typedef struct {
    const ClaimCondition *condition;
    char *missing;
} Finding;

static void finding_clear(gpointer data)
{
    g_free(((Finding *)data)->missing);
}

/* Looks at all conditions, as if @act showed the claim now. */
static GArray *look(const EngineResult *dossier, const Event *act, gint64 now)
{
    GArray *findings = g_array_new(FALSE, FALSE, sizeof(Finding));
    g_autoptr(ClaimView) view = claim_view_new(dossier, NULL, now);
    g_array_set_clear_func(findings, finding_clear);
    view->act = act;
    for (const ClaimCondition *one = claim_gate_conditions(); one->name; one++) {
        g_autoptr(GError) error = NULL;
        Finding finding = {one, one->check(view, &error) ? NULL : g_strdup(error->message)};
        g_array_append_val(findings, finding);
    }
    return findings;
}

static void print_findings(const Docket *docket, const GArray *findings, guint n_missing)
{
    for (guint i = 0; i < findings->len; i++) {
        const Finding *one = &g_array_index(findings, Finding, i);
        output_line("%-12s %s", one->condition->name, one->missing ? "NOT MET" : "met");
        output_line("             %s", one->condition->rule);
        if (one->missing)
            output_line("             missing: %s", one->missing);
    }
    output_line("the claim is %s; %s", engine_state(docket->result)->name,
                n_missing == 0 ? "all conditions are met" : "it cannot be shown yet");
}

static void print_findings_json(const Docket *docket, const GArray *findings, guint n_missing)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "claim", docket->dossier->id);
    yyjson_mut_obj_add_str(doc, root, "state", engine_state(docket->result)->name);
    yyjson_mut_obj_add_bool(doc, root, "met", n_missing == 0);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "conditions");
    for (guint i = 0; i < findings->len; i++) {
        const Finding *one = &g_array_index(findings, Finding, i);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "condition", one->condition->name);
        yyjson_mut_obj_add_str(doc, object, "rule", one->condition->rule);
        yyjson_mut_obj_add_bool(doc, object, "met", !one->missing);
        jsontext_add(doc, object, "missing", one->missing);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static const char *signatory(const CommandCall *call, const Node *node)
{
    const char *name = command_text(call, "as");
    if (!name)
        name = config_string(node_config(node), SETTING_NODE_SIGNATORY);
    return name ? name : config_string(node_config(node), SETTING_NODE_ORGANISATION);
}

static int run_check(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? load(call, node, error) : NULL;
    g_auto(LedgerReadState) own = {0};
    guint n_missing = 0;
    if (!docket || !ledger_read_state(node_store(node), &own, error))
        return COMMAND_ERROR;
    g_autofree char *self = origin_node(own.origin);
    const Event act = {.type = "published", .node = self, .signatory = signatory(call, node)};
    g_autoptr(GArray) findings = look(docket->result, act.signatory ? &act : NULL, timestamp_now());
    for (guint i = 0; i < findings->len; i++)
        n_missing += g_array_index(findings, Finding, i).missing != NULL;
    if (command_json(call))
        print_findings_json(docket, findings, n_missing);
    else
        print_findings(docket, findings, n_missing);
    return n_missing == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_claim_check = {
    .name = "check",
    .summary = "say which conditions a claim meets to be shown, one by one",
    .arguments = "ID",
    .description = "These are the conditions under which it may be restricted, published or "
                   "relayed. Nothing is changed.",
    .options = (const CommandOption[]){DOSSIER_COMMAND_OPTION_AS, COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "a condition is not met, or there is no such claim",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_check,
};

/* --- print -------------------------------------------------------------------------------------
 */

static void print_copy_json(const ClaimCopy *copy)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "title", copy->title);
    yyjson_mut_val *sections = yyjson_mut_obj_add_arr(doc, root, "sections");
    for (guint i = 0; i < copy->sections->len; i++) {
        const ClaimCopySection *section = copy->sections->pdata[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, sections);
        yyjson_mut_obj_add_str(doc, object, "heading", section->heading);
        yyjson_mut_obj_add_bool(doc, object, "statement", section->is_statement);
        yyjson_mut_val *blocks = yyjson_mut_obj_add_arr(doc, object, "blocks");
        for (guint k = 0; k < section->blocks->len; k++)
            yyjson_mut_arr_add_str(doc, blocks, section->blocks->pdata[k]);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_print(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "output");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? load(call, node, error) : NULL;
    g_autoptr(ClaimCopy) copy = docket ? claim_copy_new(docket->result, error) : NULL;
    if (!copy || (path && !output_to_file(path, error)))
        return COMMAND_ERROR;
    if (command_json(call)) {
        print_copy_json(copy);
    } else if (command_flag(call, "html")) {
        g_autofree char *page = claim_copy_html(copy);
        fputs(page, stdout);
    } else {
        g_autofree char *text = claim_copy_text(copy);
        output_lines("", text);
    }
    return COMMAND_OK;
}

static const Command cmd_claim_print = {
    .name = "print",
    .summary = "print the public copy of a claim, with the reply",
    .arguments = "ID",
    .description =
        "There is one of claims that were restricted or published, and of no others. The reply, or "
        "that there was none, stands right after the claim in the same form. What is sealed is "
        "counted, with who saw it.",
    .options =
        (const CommandOption[]){{"html", 0, COMMAND_FLAG, .help = "as a page of HTML"},
                                {"output", 'o', COMMAND_TEXT, "FILE", .help = "into a new file"},
                                COMMAND_OPTION_JSON,
                                COMMAND_OPTIONS_END},
    .nothing = "there is no such claim",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_print,
};

/* --- seal --------------------------------------------------------------------------------------
 */

static int run_seal(const CommandCall *call, GError **error)
{
    guint8 drawn[SALT_BYTES];
    char salt[2 * SALT_BYTES + 1];
    gsize length;
    g_autofree char *text =
        document_read(NULL, call->arguments[0], NULL, PROCEDURE_TEXT_MAX, &length, error);
    if (!text)
        return command_file_error(error);
    if (strlen(text) != length || !g_utf8_validate(text, -1, NULL) || !*g_strstrip(text)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no text", call->arguments[0]);
        return COMMAND_ERROR;
    }
    randombytes_buf(drawn, sizeof drawn);
    sodium_bin2hex(salt, sizeof salt, drawn, sizeof drawn);
    g_autofree char *digest = claim_rules_seal(salt, text);
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "sealed", digest);
        yyjson_mut_obj_add_str(doc, root, "salt", salt);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    output_line("sealed  %s", digest);
    output_line("salt    %s", salt);
    output_note("Keep the salt and the text: both are needed to show what is sealed.");
    return COMMAND_OK;
}

static const Command cmd_claim_seal = {
    .name = "seal",
    .summary = "make the digest that a sealed item bears instead of its content",
    .arguments = "FILE|-",
    .description = "Give the digest to `concert claim add-item --sealed`, and the text with the "
                   "salt to `concert claim show-sealed` once the party or a panel is to see it.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .min_arguments = 1,
    .run = run_seal,
};

/* --- the command -------------------------------------------------------------------------------
 */

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {&cmd_claim_check, &cmd_claim_print, &cmd_claim_seal, NULL};
    return dossier_command_list(&claim_procedure, own);
}

const Command cmd_claim = {
    .name = "claim",
    .summary = "name who did something: with evidence, after direct contact, and with the reply",
    .description =
        "A claim names an actor, or what part a state had in something; natural persons are not "
        "named. It is drafted, reviewed by people who wrote none of it, put to the party named, "
        "and "
        "assessed, before it can be restricted or published. `concert claim check` says what is "
        "missing. Indicators, warnings, notices and assistance wait for none of this. See "
        "docs/claims.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert claim draft --subject \"Who ran the scans\" --actor \"Group One\" "
             "--names-no-person --text - < claim.txt",
             "begin a claim"},
            {"concert claim check 72ad55eb", "what is missing before it may be shown"},
            {"concert claim print 72ad55eb --html", "the public copy, with the reply"},
            {NULL, NULL}},
};
