/* cmd_report.c - `concert report`: what a year's dossiers come to, signed; and `report verify`. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/event_keys.h"
#include "cli/ledger_entry.h"
#include "cli/output.h"
#include "cli/report_data.h"
#include "cli/report_view.h"
#include "dossier/statistics_report.h"
#include "ledger/line.h"
#include "ledger/origin.h"
#include "store/ledger_read.h"
#include "store/peer_past.h"

#define PAGE_MAX (4 * STATISTICS_REPORT_BYTES_MAX)

/* --- files of events ---------------------------------------------------------------------------
 */

/* Those of --events. Elements: DossierFile *. What is wrong with a line is told in @faults. */
static GPtrArray *read_files(const CommandCall *call, GPtrArray *faults, GError **error)
{
    const char *const *paths = command_texts(call, "events");
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)dossier_file_free);
    for (guint i = 0; paths && paths[i]; i++) {
        gsize length;
        g_autofree char *text =
            document_read(NULL, paths[i], NULL, DOSSIER_FILE_BYTES_MAX, &length, error);
        DossierFile *file = text ? dossier_file_read(text, length, NULL, error) : NULL;
        if (!file) {
            if (text)
                g_prefix_error(error, "%s: ", paths[i]);
            command_file_error(error);
            return NULL;
        }
        g_ptr_array_add(files, file);
        for (guint k = 0; k < file->faults->len; k++)
            g_ptr_array_add(
                faults, g_strdup_printf("%s: %s", paths[i], (const char *)file->faults->pdata[k]));
    }
    return g_steal_pointer(&files);
}

/* --- making ------------------------------------------------------------------------------------
 */

/* The year that was asked for; by default the last that is over. */
static guint this_year(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return (guint)g_date_time_get_year(now);
}

static guint asked_year(const CommandCall *call)
{
    return (guint)command_int(call, "year", this_year() - 1);
}

static char *describe_checkpoint(const LedgerReadState *ledger)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%" G_GUINT64_FORMAT " ", ledger->size);
    line_append_base64(text, &ledger->root, sizeof ledger->root);
    return g_strdup(text->str);
}

/* The body of this node's report. */
static yyjson_mut_doc *make_body(const CommandCall *call, Node *node, GError **error)
{
    g_auto(LedgerReadState) ledger = {0};
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) files = read_files(call, faults, error);
    if (!files || !ledger_read_state(node_store(node), &ledger, error))
        return NULL;
    if (faults->len > 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, faults->pdata[0]);
        return NULL;
    }
    g_autofree char *self = origin_node(ledger.origin);
    g_autofree char *checkpoint = describe_checkpoint(&ledger);
    g_autoptr(Statistics) statistics =
        report_data_count(node, self, asked_year(call), files, error);
    if (!statistics)
        return NULL;
    const StatisticsReportHead head = {
        .node = self,
        .organisation = config_string(node_config(node), SETTING_NODE_ORGANISATION),
        .time_us = timestamp_now(),
        .checkpoint = ledger.size > 0 ? checkpoint : NULL,
    };
    return statistics_report_body(statistics, &head);
}

/* Has the node sign the body, which is freed. Caller frees. */
static char *sign(Node *node, yyjson_mut_doc *body, GError **error)
{
    yyjson_doc *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "type", STATISTICS_REPORT_TYPE);
    yyjson_mut_obj_add_val(params, root, "body",
                           yyjson_mut_val_mut_copy(params, yyjson_mut_doc_get_root(body)));
    yyjson_mut_doc_free(body);
    if (!command_node_call(node, "statement.sign", params, &result, error))
        return NULL;
    char *text = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "text")));
    yyjson_doc_free(result);
    return text;
}

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV, FORMAT_HTML };

static GString *render(yyjson_val *body, const char *signed_text, int format)
{
    GString *text;
    switch (format) {
    case FORMAT_HTML:
        return report_view_html(body, signed_text);
    case FORMAT_CSV:
        return report_view_csv(body);
    case FORMAT_JSON:
        text = g_string_new(signed_text);
        g_string_append_c(text, '\n');
        return text;
    default:
        return report_view_text(body);
    }
}

static int asked_format(const CommandCall *call)
{
    return command_json(call) ? FORMAT_JSON : command_choice(call, "format", FORMAT_TEXT);
}

static int run_make(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_mut_doc *body = node ? make_body(call, node, error) : NULL;
    g_autofree char *text = body ? sign(node, body, error) : NULL;
    g_autoptr(SignedJson) report =
        text ? signed_json_parse(text, strlen(text), STATISTICS_REPORT_BYTES_MAX,
                                 STATISTICS_REPORT_TYPE, error)
             : NULL;
    if (!report)
        return COMMAND_ERROR;
    g_autoptr(GString) page = render(report->body, text, asked_format(call));
    return ledger_entry_write(command_text(call, "output"), page->str, page->len, error)
               ? COMMAND_OK
               : COMMAND_ERROR;
}

static int run_export(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GString) text = node ? report_data_export(node, asked_year(call), error) : NULL;
    return text && ledger_entry_write(command_text(call, "output"), text->str, text->len, error)
               ? COMMAND_OK
               : COMMAND_ERROR;
}

/* --- verifying ---------------------------------------------------------------------------------
 */

/* The signed report in the file: as JSON, or in a page, which then has to be the one that the
 * report gives. In what it contradicts itself is told in @faults. */
static SignedJson *read_report(const char *path, GPtrArray *faults, GError **error)
{
    gsize length;
    g_autofree char *text = document_read(NULL, path, NULL, PAGE_MAX, &length, error);
    if (!text)
        return NULL;
    g_autofree char *within = report_view_html_signed(text, length);
    const char *json = within ? within : text;
    gsize size = within ? strlen(within) : length;
    g_autoptr(SignedJson) report =
        signed_json_parse(json, size, STATISTICS_REPORT_BYTES_MAX, STATISTICS_REPORT_TYPE, error);
    if (!report || !statistics_report_check(report->body, faults, error)) {
        g_prefix_error(error, "%s: %s", path,
                       report ? "" : "this is no signed report, as html and json are: ");
        return NULL;
    }
    g_autoptr(GString) page = within ? report_view_html(report->body, within) : NULL;
    if (page && (page->len != length || memcmp(page->str, text, length) != 0))
        g_ptr_array_add(faults, g_strdup("the page shows something else than the report in it"));
    return g_steal_pointer(&report);
}

/* The message keys that may have signed it: those of --key; else those that this node knows of who
 * made it. */
static char **known_keys(const CommandCall *call, Node *node, const char *name, GError **error)
{
    const char *const *given = command_texts(call, "key");
    for (guint i = 0; given && given[i]; i++) {
        g_autoptr(NoteVerifier) key = note_verifier_parse(given[i], error);
        if (!key) {
            g_prefix_error(error, "--key %s: ", given[i]);
            return NULL;
        }
    }
    if (given || !node)
        return g_strdupv((char **)given);
    g_autofree char *origin = g_strconcat(name, "/ledger", NULL);
    Event author = {.author = origin, .node = (char *)name};
    g_autoptr(GPtrArray) authors = g_ptr_array_new();
    g_ptr_array_add(authors, &author);
    return event_keys_known(node, authors, error);
}

static gboolean is_signed(const SignedJson *report, const char *name, char **vkeys)
{
    g_autofree char *wanted = g_strconcat(name, "/message", NULL);
    for (guint i = 0; vkeys && vkeys[i]; i++) {
        g_autoptr(NoteVerifier) key = note_verifier_parse(vkeys[i], NULL);
        if (key && strcmp(key->name, wanted) == 0 && signed_json_verify(report, key, NULL))
            return TRUE;
    }
    return FALSE;
}

/* Counts again what can be counted: from --events, or with --here from this node. */
static gboolean count_again(const CommandCall *call, Node *node, yyjson_val *body,
                            GPtrArray *faults, GError **error)
{
    gboolean is_here = command_flag(call, "here");
    if (!is_here && !command_texts(call, "events"))
        return TRUE;
    g_autoptr(GPtrArray) files = read_files(call, faults, error);
    if (!files)
        return FALSE;
    const char *self = yyjson_get_str(yyjson_obj_get(body, "node"));
    guint year = (guint)yyjson_get_uint(yyjson_obj_get(body, "year"));
    g_autoptr(Statistics) again =
        report_data_count(is_here ? node : NULL, self, year, files, error);
    if (!again)
        return FALSE;
    statistics_report_compare(body, again, is_here, faults);
    return TRUE;
}

static void tell(const CommandCall *call, yyjson_val *body, gboolean is_counted,
                 const GPtrArray *faults)
{
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_bool(doc, root, "verified", faults->len == 0);
        yyjson_mut_obj_add_bool(doc, root, "counted", is_counted);
        yyjson_mut_obj_add_str(doc, root, "node", yyjson_get_str(yyjson_obj_get(body, "node")));
        yyjson_mut_obj_add_uint(doc, root, "year", yyjson_get_uint(yyjson_obj_get(body, "year")));
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "faults");
        for (guint i = 0; i < faults->len; i++)
            yyjson_mut_arr_add_str(doc, list, faults->pdata[i]);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    for (guint i = 0; i < faults->len; i++)
        output_line("WRONG: %s", (const char *)faults->pdata[i]);
    output_line("%s", faults->len > 0 ? "NOT VERIFIED"
                      : is_counted    ? "verified: signed by who made it, and every figure is right"
                                   : "verified: signed by who made it, and it agrees with itself; "
                                     "figures are counted again with --events or --here");
}

static int run_verify(const CommandCall *call, GError **error)
{
    gboolean needs_node = command_flag(call, "here") || !command_texts(call, "key");
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(SignedJson) report = read_report(call->arguments[1], faults, error);
    if (!report)
        return command_file_error(error);
    const char *name = yyjson_get_str(yyjson_obj_get(report->body, "node"));
    g_autoptr(Node) node = needs_node ? command_node_open(call, NODE_READ, error) : NULL;
    if (needs_node && !node) {
        g_prefix_error(error, "without a node, say whose key it is with --key VKEY: ");
        return COMMAND_ERROR;
    }
    g_auto(GStrv) vkeys = known_keys(call, node, name, error);
    if (!vkeys)
        return COMMAND_ERROR;
    if (!is_signed(report, name, vkeys))
        g_ptr_array_insert(
            faults, 0, g_strdup_printf("signature: no key of %s that is known signed it", name));
    if (!count_again(call, node, report->body, faults, error))
        return COMMAND_ERROR;
    tell(call, report->body, command_flag(call, "here") || command_texts(call, "events"), faults);
    return faults->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- the command -------------------------------------------------------------------------------
 */

static int run(const CommandCall *call, GError **error)
{
    const char *what = call->arguments[0];
    if (asked_year(call) > this_year())
        return command_usage(call, error, "--year %u: that year has not begun", asked_year(call));
    if (!what)
        return run_make(call, error);
    if (g_str_equal(what, "export") && call->count == 1)
        return run_export(call, error);
    if (g_str_equal(what, "verify") && call->count == 2)
        return run_verify(call, error);
    return command_usage(call, error, "what comes is \"export\", \"verify FILE\", or nothing");
}

const Command cmd_report = {
    .name = "report",
    .summary = "count what was done in a year, signed; verify such a report",
    .arguments = "[export | verify FILE]",
    .description =
        "Cases across borders and who helped, notices, requests, evidence, times, drills: each "
        "table says what it counts. Exercises are drills and nothing else, a shared dossier counts "
        "once. Counts below 5 are hidden, and further ones as far as they would tell them.\n\n"
        "`concert report verify FILE` verifies the signature and that the report agrees with "
        "itself; with --events FILE, which `concert report export` wrote, or with --here every "
        "figure is counted again, and a wrong one is named. --events when a report is made counts "
        "what others gave, each dossier once. See docs/reports.md.",
    .options =
        (const CommandOption[]){
            {"year", 'y', COMMAND_INT, "YEAR", .min = 1970, .max = 9998,
             .help = "which year (default: the last)"},
            {"format", 0, COMMAND_CHOICE, "FORMAT", .choices = "text|json|csv|html",
             .help = "json and html are signed (default: text)"},
            {"output", 'o', COMMAND_TEXT, "FILE",
             .help = "new file to write to (default: standard output)"},
            {"events", 'e', COMMAND_TEXTS, "FILE", .help = "count the events in this file (too)"},
            {"here", 0, COMMAND_FLAG, .help = "verify: count the dossiers of this node again"},
            {"key", 'k', COMMAND_TEXTS, "VKEY",
             .help = "verify: the message key of who made it (default: as this node knows it)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "the report is not right",
    .max_arguments = 2,
    .uses_node = TRUE,
    .run = run,
    .examples = (const CommandExample[]){{"concert report --year 2026 --format html -o report.html",
                                          "make a page"},
                                         {"concert report verify report.html", "verify it"},
                                         {NULL, NULL}},
};
