/* cmd_notify_draft.c - `concert notify draft`, also plain `concert notify`: findings in, drafts
 * out.
 */
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_notify.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "cli/signatory.h"
#include "exchange/security_txt.h"
#include "node/notice_compose.h"
#include "node/notice_told.h"

#define LEFT_SHOWN    20
#define REFUSED_SHOWN 10
#define ASKED_MAX     200 /* hosts that are asked for their security.txt */
#define ASK_SECONDS   10

/* A run of the command. */
typedef struct {
    const CommandCall *call;
    Node *node;
    const char *by;
    Routing *routing;
    NoticeSplit *split;
    NoticeTold told; /* before */
    FindingSummary summary;
    NoticeStyle style;
    char *batch, *wanted_by;
    guint drafted, refused_shown;
} Run;

static void run_clear(Run *run)
{
    g_clear_pointer(&run->split, notice_split_free);
    notice_told_clear(&run->told);
    g_clear_pointer(&run->routing, routing_free);
    finding_summary_clear(&run->summary);
    g_free(run->batch);
    g_free(run->wanted_by);
    g_clear_pointer(&run->node, node_close);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean take(gpointer user, const Finding *finding, GError **error)
{
    return notice_split_add(((Run *)user)->split, finding, error);
}

static void refuse(gpointer user, const char *where, const char *why)
{
    Run *run = user;
    if (run->refused_shown++ < REFUSED_SHOWN)
        output_note("%s: %s is passed over: %s", run->call->arguments[0], where, why);
}

static gboolean read_findings(Run *run, const char *path, GError **error)
{
    const char *format = command_text(run->call, "format");
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(Stream) stream = stream_open(path, error);
    if (!stream) {
        command_file_error(error);
        return FALSE;
    }
    const FindingOptions options = {.format = format ? finding_format_from_name(format)
                                                     : FINDING_FORMAT_NONE,
                                    .name = g_str_equal(path, "-") ? NULL : name,
                                    .report_type = command_text(run->call, "report"),
                                    .classification = command_text(run->call, "class"),
                                    .csv_columns = command_text(run->call, "columns")};
    const FindingSink sink = {take, refuse, run};
    if (finding_read(stream, &options, &sink, &run->summary, error))
        return TRUE;
    g_prefix_error(error, "%s: ", g_str_equal(path, "-") ? "standard input" : path);
    return FALSE;
}

/* --- who says so himself -----------------------------------------------------------------------
 */

/* Asks a host for its security.txt; what is no use is told, and no more. */
static void ask_host(Run *run, const char *host)
{
    const Config *config = node_config(run->node);
    g_autofree char *url = g_strdup_printf("https://%s/.well-known/security.txt", host);
    g_autofree char *source = g_strdup_printf("security.txt of %s", host);
    g_autofree char *text = NULL, *email = NULL, *language = NULL;
    g_auto(FetchResult) result = {.fd = -1};
    g_autoptr(GError) error = NULL;
    const FetchOptions options = {.max_bytes = SECURITY_TXT_BYTES_MAX,
                                  .timeout_seconds = ASK_SECONDS,
                                  .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                  .ca_file = config_path(config, SETTING_FETCH_CA_FILE)};
    if (fetch_get(url, &options, &result, &error) && result.fd >= 0) {
        text = g_malloc0(SECURITY_TXT_BYTES_MAX + 1);
        gssize got = pread(result.fd, text, SECURITY_TXT_BYTES_MAX, 0);
        if (security_txt_read(text, (gsize)MAX(got, 0), timestamp_now(), &email, &language, &error))
            routing_add_host(run->routing, email, language, host, source);
    }
    if (error)
        output_note("%s: %s", source, error->message);
}

/* Of those for which nobody is known, each host once. */
static void ask_hosts(Run *run)
{
    g_autoptr(GHashTable) asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->split->left->len; i++) {
        const NoticeLeft *left = run->split->left->pdata[i];
        g_autofree char *host =
            left->verdict == ROUTING_NOBODY && left->finding ? routing_host(left->finding) : NULL;
        if (!host || g_hash_table_contains(asked, host))
            continue;
        if (g_hash_table_size(asked) >= ASKED_MAX) {
            output_note("only %d hosts are asked for their security.txt at once", ASKED_MAX);
            break;
        }
        ask_host(run, host);
        g_hash_table_add(asked, g_steal_pointer(&host));
    }
    notice_split_again(run->split);
}

/* --- what all have in common -------------------------------------------------------------------
 */

static gboolean read_wanted_by(Run *run, GError **error)
{
    const char *text = command_text(run->call, "wanted-by");
    char buffer[TIMESTAMP_MAX];
    gint64 time;
    guint seconds;
    if (!text)
        return TRUE;
    if (config_read_duration(text, G_MAXINT32, &seconds)) {
        time = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    } else if (!timestamp_parse_lenient(text, strlen(text), &time)) {
        command_usage(run->call, error, "--wanted-by takes a time or a duration such as 7d");
        return FALSE;
    }
    run->wanted_by = g_strdup(timestamp_format(buffer, time, 0));
    return TRUE;
}

/* "2026-03-01T101500Z-report.csv". */
static char *make_batch(const char *path)
{
    char time[TIMESTAMP_MAX];
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *tidy = g_strdup(g_str_equal(path, "-") ? "input" : name);
    timestamp_format(time, timestamp_now(), 0);
    g_strcanon(tidy, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", '_');
    g_autofree char *batch =
        g_strdup_printf("%.10sT%.2s%.2s%.2sZ-%.40s", time, time + 11, time + 14, time + 17, tidy);
    return g_steal_pointer(&batch);
}

static gboolean set_style(Run *run, const char *path, GError **error)
{
    const Config *config = node_config(run->node);
    const char *batch = command_text(run->call, "batch");
    const char *urgency = command_text(run->call, "urgency");
    const char *organisation = config_string(config, SETTING_NODE_ORGANISATION);
    if (!read_wanted_by(run, error))
        return FALSE;
    run->batch = batch ? g_strdup(batch) : make_batch(path);
    run->style = (NoticeStyle){
        .organisation = organisation ? organisation : config_string(config, SETTING_NODE_NAME),
        .signatory = run->by,
        .templates = config_path(config, SETTING_NOTIFY_TEMPLATES),
        .language = command_text(run->call, "language"),
        .otherwise = config_string(config, SETTING_NOTIFY_LANGUAGE),
        .urgency = urgency ? urgency : config_text(config, SETTING_NOTIFY_URGENCY),
        .wanted_by = run->wanted_by,
        .batch = run->batch,
        .four_eyes = config_bool(config, SETTING_NOTIFY_FOUR_EYES)};
    return TRUE;
}

/* --- drafting ----------------------------------------------------------------------------------
 */

static gboolean draft(Run *run, const char *payload, char **ret_id, GError **error)
{
    yyjson_doc *given = yyjson_read(payload, strlen(payload), 0), *result = NULL;
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    const char *tlp = command_text(run->call, "tlp");
    yyjson_mut_doc_set_root(params, root);
    yyjson_mut_obj_add_str(params, root, "procedure", "notice");
    yyjson_mut_obj_add_str(params, root, "type", "drafted");
    yyjson_mut_obj_add_str(params, root, "signatory", run->by);
    jsontext_add(params, root, "tlp", tlp);
    if (command_flag(run->call, "exercise"))
        yyjson_mut_obj_add_bool(params, root, "exercise", TRUE);
    yyjson_mut_obj_add_val(params, root, "payload",
                           yyjson_val_mut_copy(params, yyjson_doc_get_root(given)));
    yyjson_doc_free(given);
    if (!command_node_call(run->node, "dossier.event", params, &result, error))
        return FALSE;
    *ret_id = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "dossier")));
    yyjson_doc_free(result);
    run->drafted++;
    return TRUE;
}

static void print_notice_json(const Run *run, const NoticeGroup *group, const char *payload,
                              const char *id)
{
    const RoutingParty party = routing_party(run->routing, group->party);
    yyjson_doc *given = yyjson_read(payload, strlen(payload), 0);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_obj_add_str(doc, root, "recipient", party.key);
    yyjson_mut_obj_add_str(doc, root, "by", party.email ? "mail" : "node");
    jsontext_add(doc, root, "dossier", id);
    output_json(root);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(given);
}

static void add_row(const Run *run, OutputTable *table, const NoticeGroup *group,
                    const char *payload, const char *id)
{
    const RoutingParty party = routing_party(run->routing, group->party);
    yyjson_doc *given = yyjson_read(payload, strlen(payload), 0);
    yyjson_val *root = yyjson_doc_get_root(given);
    g_autofree char *abridged = id ? dossier_command_short(id) : NULL;
    char findings[OUTPUT_NUMBER_MAX];
    const char *const cells[] = {
        abridged,
        party.key,
        party.email ? "mail" : "node",
        output_number(findings, yyjson_arr_size(yyjson_obj_get(root, "findings"))),
        yyjson_get_str(yyjson_obj_get(root, "language")),
        yyjson_get_str(yyjson_obj_get(root, "why"))};
    output_table_row(table, cells);
    yyjson_doc_free(given);
}

static gboolean draft_group(Run *run, const NoticeGroup *group, OutputTable *table, GError **error)
{
    g_autoptr(GPtrArray) payloads = notice_compose(run->routing, group, &run->style, error);
    for (guint i = 0; payloads && i < payloads->len; i++) {
        g_autofree char *id = NULL;
        if (!command_flag(run->call, "dry-run") && !draft(run, payloads->pdata[i], &id, error))
            return FALSE;
        if (command_json(run->call))
            print_notice_json(run, group, payloads->pdata[i], id);
        else
            add_row(run, table, group, payloads->pdata[i], id);
    }
    return payloads != NULL;
}

/* --- what was told before ----------------------------------------------------------------------
 */

static gboolean drop_told(Run *run, GError **error)
{
    return command_flag(run->call, "again") ||
           notice_told_drop(node_store(run->node),
                            config_string(node_config(run->node), SETTING_NODE_NAME),
                            command_flag(run->call, "exercise"), run->split, &run->told, error);
}

static void print_told_json(const NoticeToldNotice *notice)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_uint(doc, root, "told_before", notice->findings);
    yyjson_mut_obj_add_str(doc, root, "dossier", notice->dossier);
    yyjson_mut_obj_add_str(doc, root, "state", notice->state);
    yyjson_mut_obj_add_str(doc, root, "to", notice->recipient);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void tell_told(const Run *run)
{
    const GPtrArray *notices = run->told.notices;
    guint count = notices ? notices->len : 0;
    guint shown = command_json(run->call) || command_flag(run->call, "all-left")
                      ? count
                      : MIN(count, LEFT_SHOWN);
    for (guint i = 0; i < shown; i++) {
        const NoticeToldNotice *notice = notices->pdata[i];
        if (command_json(run->call)) {
            print_told_json(notice);
            continue;
        }
        g_autofree char *abridged = dossier_command_short(notice->dossier);
        output_line("told before: %u findings, to %s by the notice %s, which is %s",
                    notice->findings, notice->recipient, abridged, notice->state);
    }
    if (shown < count)
        output_line("... and by %u more notices: --all-left names them", count - shown);
}

/* --- what is left ------------------------------------------------------------------------------
 */

static void print_left_json(const NoticeLeft *left)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "left", left->value);
    yyjson_mut_obj_add_str(doc, root, "verdict", routing_verdict_name(left->verdict));
    yyjson_mut_obj_add_str(doc, root, "why", left->why);
    yyjson_mut_obj_add_uint(doc, root, "line", left->line);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void tell_left(const Run *run)
{
    const GPtrArray *left = run->split->left;
    guint shown = command_json(run->call) || command_flag(run->call, "all-left")
                      ? left->len
                      : MIN(left->len, LEFT_SHOWN);
    for (guint i = 0; i < shown; i++) {
        const NoticeLeft *one = left->pdata[i];
        if (command_json(run->call))
            print_left_json(one);
        else
            output_line("not told: %s (%s)", one->value, one->why);
    }
    if (shown < left->len)
        output_line("... and %u more: --all-left names them", left->len - shown);
}

/* Of those who are told of something now. */
static guint count_recipients(const NoticeSplit *split)
{
    guint count = 0;
    for (guint i = 0; i < split->groups->len; i++)
        count += ((const NoticeGroup *)split->groups->pdata[i])->findings->len > 0;
    return count;
}

static void tell_summary(const Run *run)
{
    const NoticeSplit *split = run->split;
    char findings[OUTPUT_NUMBER_MAX], nobody[OUTPUT_NUMBER_MAX], own[OUTPUT_NUMBER_MAX];
    char told[OUTPUT_NUMBER_MAX];
    output_line("findings %s (%s), recipients %u, notices drafted %u",
                output_number(findings, split->findings),
                run->summary.what ? run->summary.what : "file", count_recipients(split),
                run->drafted);
    if (run->told.findings > 0)
        output_line("%s were drafted or sent before: --again drafts them again",
                    output_number(told, run->told.findings));
    if (split->count[ROUTING_NOBODY] + split->count[ROUTING_OWN] > 0)
        output_line("%s have no contact, %s are this node's own",
                    output_number(nobody, split->count[ROUTING_NOBODY]),
                    output_number(own, split->count[ROUTING_OWN]));
    if (split->count[ROUTING_OPT_OUT] + split->count[ROUTING_HOLD] > 0)
        output_line("%" G_GUINT64_FORMAT " opted out, %" G_GUINT64_FORMAT " are held",
                    split->count[ROUTING_OPT_OUT], split->count[ROUTING_HOLD]);
    if (split->duplicates + split->other_roles > 0)
        output_line("%" G_GUINT64_FORMAT " were there twice, %" G_GUINT64_FORMAT
                    " are about who was attacked or only took part",
                    split->duplicates, split->other_roles);
    if (routing_count(run->routing) <= 1) /* this node itself */
        output_line("this node knows no contact yet: `concert contact import FILE` reads them from "
                    "a table (docs/notices.md)");
    if (command_flag(run->call, "dry-run"))
        output_line("nothing was kept: --dry-run");
    if (run->drafted > 0)
        output_line("see `concert notify show ID`; then `concert notify approve --batch %s`",
                    run->batch);
}

/* --- the command -------------------------------------------------------------------------------
 */

static gboolean open_run(Run *run, const CommandCall *call, GError **error)
{
    gboolean dry = command_flag(call, "dry-run");
    run->call = call;
    run->node = command_node_open(call, dry ? NODE_READ : NODE_WRITE, error);
    run->by = run->node ? signatory_of(call, run->node, error) : NULL;
    if (!run->by || !set_style(run, call->arguments[0], error))
        return FALSE;
    run->routing = routing_load(node_store(run->node), timestamp_now(), error);
    if (!run->routing)
        return FALSE;
    run->split = notice_split_new(run->routing, command_flag(call, "victims"));
    run->split->keeps_left = command_flag(call, "security-txt");
    return TRUE;
}

static int run_draft(const CommandCall *call, GError **error)
{
    g_auto(Run) run = {0};
    OutputProgress progress = {0};
    if (!open_run(&run, call, error) || !read_findings(&run, call->arguments[0], error))
        return COMMAND_ERROR;
    if (command_flag(call, "security-txt"))
        ask_hosts(&run);
    if (!drop_told(&run, error))
        return COMMAND_ERROR;
    OutputTable *table =
        output_table_new("NOTICE", "TO", "BY", ">FINDINGS", "LANGUAGE", "WHY", NULL);
    gboolean good = TRUE;
    for (guint i = 0; good && i < run.split->groups->len; i++) {
        output_progress(&progress, "%u of %u recipients", i, run.split->groups->len);
        good = draft_group(&run, run.split->groups->pdata[i], table, error);
    }
    output_progress_clear(&progress);
    output_table_print(table);
    if (!good)
        return COMMAND_ERROR;
    tell_told(&run);
    tell_left(&run);
    if (!command_json(call))
        tell_summary(&run);
    return count_recipients(run.split) > 0 && run.summary.refused == 0 ? COMMAND_OK
                                                                       : COMMAND_NOTHING;
}

const Command cmd_notify_draft = {
    .name = "draft",
    .summary = "draft notices of what is in a file, and show to whom and why",
    .arguments = "FILE|-",
    .description =
        "Reads addresses, URLs, names, a log or a report, finds who answers for each, and keeps a "
        "draft for each of them. Nothing leaves the node. What nobody answers for is listed; it is "
        "never guessed. What was drafted or sent to the same recipient before, and was not seen "
        "again "
        "since, is not drafted again.",
    .options =
        (const CommandOption[]){
            {"language", 'l', COMMAND_TEXT, "TAG",
             .help = "the language of all notices (default: each recipient's)"},
            {"urgency", 'u', COMMAND_CHOICE, "LEVEL", .choices = "critical|high|medium|low",
             .help = "how soon they have to be acknowledged (default: [notify] urgency)"},
            {"wanted-by", 0, COMMAND_TEXT, "TIME|DURATION",
             .help = "when an answer is of use at the latest"},
            {"batch", 'b', COMMAND_TEXT, "NAME", .help = "what all of them are called together"},
            {"format", 0, COMMAND_CHOICE, "FORMAT",
             .choices = "shadowserver|xarf|xarf-mail|iodef|iodef-json|stix|csv|text",
             .help = "what the file is (default: seen from its content)"},
            {"report", 0, COMMAND_TEXT, "NAME",
             .help = "which Shadowserver report it is, if its name does not tell"},
            {"columns", 0, COMMAND_TEXT, "MAP", .help = "the columns of a table: address=2,time=1"},
            {"class", 0, COMMAND_TEXT, "CLASS",
             .help = "what findings are of which the file does not say it"},
            {"victims", 0, COMMAND_FLAG, .help = "tell those too who were attacked"},
            {"security-txt", 0, COMMAND_FLAG,
             .help = "ask hosts that nobody is known for for their security.txt (RFC 9116)"},
            {"all-left", 0, COMMAND_FLAG, .help = "name everything that nobody is told of"},
            {"again", 0, COMMAND_FLAG, .help = "draft also what was drafted or sent before"},
            {"dry-run", 'n', COMMAND_FLAG, .help = "keep no drafts, only show"},
            {"tlp", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|amber+strict|red",
             .help = "the TLP level of the notices (default: [exchange] unmarked)"},
            {"exercise", 0, COMMAND_FLAG, .help = "this is an exercise: it is shown as one"},
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "nobody can be told of anything in it, or was told of all of it before; or a record "
               "could not be read, the others were",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_draft,
};
