/* cmd_follow_run.c - `concert follow run`: reads followed sources now. */
#include "base/jsontext.h"
#include "cli/cmd_follow.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "node/follow_run.h"

/* Lines of one kind, of one source, that a terminal is spared after. */
#define LINES_MAX 20

typedef struct {
    const char *name;
    gboolean json, verbose;
    OutputProgress progress;
    guint lines[IMPORTER_BROKEN + 1];
} Report;

static void report_event(gpointer user, ImporterEvent event, const char *where, const char *id,
                         const char *message)
{
    Report *report = user;
    gboolean told = event == IMPORTER_REJECTED || event == IMPORTER_BROKEN ||
                    (event == IMPORTER_IGNORED && report->verbose);
    if (report->json || !told || (report->lines[event]++ >= LINES_MAX && !report->verbose))
        return;
    output_progress_clear(&report->progress);
    output_note("%s: %s %s%s%s%s%s", report->name, importer_event_name(event), where ? where : "",
                id ? ": " : "", id ? id : "", message ? ": " : "", message ? message : "");
}

static void report_progress(gpointer user, guint64 done, guint64 total,
                            const ImporterCounts *counts)
{
    Report *report = user;
    char number[OUTPUT_NUMBER_MAX], size[OUTPUT_NUMBER_MAX];
    output_number(number, counts->accepted + counts->unchanged + counts->variants + counts->claims +
                              counts->rejected);
    output_progress(&report->progress, "%s: %s objects, %s", report->name, number,
                    output_size(size, counts->bytes));
}

/* What a source brought, in all its runs here. */
static void print_source(const Report *report, const Followed *after, const guint64 *came)
{
    if (report->json) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "name", after->name);
        for (guint i = 0; i < FOLLOWED_COUNTS; i++)
            yyjson_mut_obj_add_uint(doc, root, followed_count_name((FollowedCount)i), came[i]);
        jsontext_add(doc, root, "failure", after->failure);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < FOLLOWED_REQUESTS; i++) {
        char number[OUTPUT_NUMBER_MAX];
        if (came[i] > 0 || i <= FOLLOWED_UNCHANGED)
            g_string_append_printf(line, "%s%s %s", line->len > 0 ? ", " : "",
                                   output_number(number, came[i]),
                                   followed_count_name((FollowedCount)i));
    }
    char requests[OUTPUT_NUMBER_MAX], size[OUTPUT_NUMBER_MAX];
    output_line("%s: %s (%s requests, %s)", after->name, line->str,
                output_number(requests, came[FOLLOWED_REQUESTS]),
                output_size(size, came[FOLLOWED_BYTES]));
    if (after->failure)
        output_error(after->failure);
}

/* Runs until the source has nothing more. *ret_failed: something failed there; *ret_bad: objects
 * were refused. */
static gboolean run_source(const CommandCall *call, Node *node, const char *name,
                           gboolean *ret_failed, gboolean *ret_bad, GError **error)
{
    Report report = {
        .name = name, .json = command_json(call), .verbose = command_flag(call, "verbose")};
    const FollowRunOptions options = {
        .report = report_event, .progress = report_progress, .user = &report};
    guint64 came[FOLLOWED_COUNTS] = {0};
    g_autoptr(Followed) after = NULL;
    do {
        g_clear_pointer(&after, followed_free);
        gboolean good = follow_run(node, name, &options, &after, error);
        output_progress_clear(&report.progress);
        if (!good)
            return FALSE;
        for (guint i = 0; i < FOLLOWED_COUNTS; i++)
            came[i] += after->last[i];
    } while (after->more && !after->failure);
    print_source(&report, after, came);
    *ret_failed |= after->failure != NULL;
    *ret_bad |= came[FOLLOWED_REJECTED] + came[FOLLOWED_BROKEN] > 0;
    return TRUE;
}

static int run(const CommandCall *call, GError **error)
{
    gboolean all = command_flag(call, "all");
    if (all == (call->count > 0))
        return command_usage(call, error, all ? "names or --all, not both" : "say which, or --all");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < call->count; i++)
        g_ptr_array_add(names, g_strdup(call->arguments[i]));
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = all ? followed_list(node_store(node), error) : NULL;
    if (all && !list)
        return COMMAND_ERROR;
    for (guint i = 0; list && i < list->len; i++)
        if (!((const Followed *)list->pdata[i])->paused)
            g_ptr_array_add(names, g_strdup(((const Followed *)list->pdata[i])->name));
    gboolean failed = FALSE, bad = FALSE;
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GError) failure = NULL;
        if (run_source(call, node, names->pdata[i], &failed, &bad, &failure))
            continue;
        if (names->len == 1) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return COMMAND_ERROR;
        }
        output_error(failure->message);
        failed = TRUE;
    }
    return failed ? COMMAND_ERROR : bad ? COMMAND_NOTHING : COMMAND_OK;
}

const Command cmd_follow_run = {
    .name = "run",
    .summary = "read sources now, whether they are due or not",
    .arguments = "[NAME...]",
    .description = "Reads each until it has nothing more to give, on from where it was left. Also "
                   "works while `concert serve` runs, and beside it.",
    .options =
        (const CommandOption[]){
            {"all", 'a', COMMAND_FLAG, .help = "all sources but those that are paused"},
            {"verbose", 'v', COMMAND_FLAG, .help = "name all that is refused or passed over"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "no such source is followed, or at least one object was refused",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run,
};
