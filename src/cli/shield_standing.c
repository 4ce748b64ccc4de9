/* shield_standing.c - `concert shield standing` and `concert shield never-block`: what blocks
 * without being asked for again, and what never does. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/shield_set.h"
#include "cli/signatory.h"
#include "node/releaser.h"
#include "shield/release.h"
#include "store/releases.h"

#define OPTION_AS                                                                                  \
    {                                                                                              \
        "as", 0, COMMAND_TEXT, "NAME", .help = "who says so (default: [node] signatory)"           \
    }

/* The parameters of an operation, with who does it; NULL when nobody says who. */
static yyjson_mut_doc *begin(const CommandCall *call, Node *node, GError **error)
{
    const char *by = signatory_of(call, node, error);
    if (!by)
        return NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "by", by);
    return params;
}

/* --- standing approvals ------------------------------------------------------------------------
 */

static gboolean read_until(const CommandCall *call, gint64 *ret_until, GError **error)
{
    const char *text = command_text(call, "until");
    guint seconds;
    if (!text) {
        command_usage(call, error, "until when? --until DATE is missing");
        return FALSE;
    }
    if (timestamp_parse_lenient(text, strlen(text), ret_until))
        return TRUE;
    if (!config_read_duration(text, G_MAXINT32, &seconds)) {
        command_usage(call, error, "--until takes a time or a duration such as 30d");
        return FALSE;
    }
    *ret_until = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    return TRUE;
}

static int run_standing_add(const CommandCall *call, GError **error)
{
    const char *source = command_text(call, "source"), *kind = command_text(call, "kind");
    gint64 confidence = command_int(call, "min-confidence", -1);
    gint64 daily = command_int(call, "daily", -1), until;
    yyjson_doc *result = NULL;
    if (!source || confidence < 0 || daily < 0)
        return command_usage(call, error,
                             "its bounds have to be said: --source, --min-confidence, --daily");
    if (!read_until(call, &until, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_mut_doc *params = node ? begin(call, node, error) : NULL;
    if (!params)
        return COMMAND_ERROR;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(params);
    yyjson_mut_obj_add_str(params, root, "source", source);
    jsontext_add(params, root, "kind", kind);
    yyjson_mut_obj_add_sint(params, root, "min_confidence", confidence);
    yyjson_mut_obj_add_sint(params, root, "daily", daily);
    yyjson_mut_obj_add_sint(params, root, "until", until);
    if (!command_node_call(node, "standing.add", params, &result, error))
        return COMMAND_ERROR;
    output_line("%" G_GINT64_FORMAT,
                yyjson_get_sint(yyjson_obj_get(yyjson_doc_get_root(result), "standing")));
    yyjson_doc_free(result);
    return COMMAND_OK;
}

static int change_standing(const CommandCall *call, const char *operation, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(call->arguments[0], 10, 1, G_MAXINT64, &number, NULL))
        return command_usage(call, error, "%s: a standing approval has a number",
                             call->arguments[0]);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_mut_doc *params = node ? begin(call, node, error) : NULL;
    if (!params)
        return COMMAND_ERROR;
    yyjson_mut_obj_add_uint(params, yyjson_mut_doc_get_root(params), "standing", number);
    return command_node_call(node, operation, params, NULL, error) ? COMMAND_OK : COMMAND_ERROR;
}

static int run_standing_remove(const CommandCall *call, GError **error)
{
    return change_standing(call, "standing.remove", error);
}

static int run_standing_resume(const CommandCall *call, GError **error)
{
    return change_standing(call, "standing.resume", error);
}

static const char *state_of(const ReleasesStanding *row, gint64 now)
{
    if (now >= row->until)
        return "expired";
    return row->paused ? "stopped by a rollback" : "active";
}

static void print_standing_json(const ReleasesStanding *row, gint64 now)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_sint(doc, root, "standing", row->number);
    yyjson_mut_obj_add_str(doc, root, "state", state_of(row, now));
    yyjson_mut_obj_add_str(doc, root, "source", row->source);
    if (row->kind)
        yyjson_mut_obj_add_str(doc, root, "type", row->kind);
    else
        yyjson_mut_obj_add_null(doc, root, "type");
    yyjson_mut_obj_add_int(doc, root, "min_confidence", row->min_confidence);
    yyjson_mut_obj_add_uint(doc, root, "daily", row->daily);
    yyjson_mut_obj_add_uint(doc, root, "used_today", row->day == release_day(now) ? row->used : 0);
    yyjson_mut_obj_add_uint(doc, root, "waiting", row->waiting);
    yyjson_mut_obj_add_str(doc, root, "by", row->by);
    yyjson_mut_obj_add_strcpy(doc, root, "until", timestamp_format(time, row->until, 6));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* What standing approvals let in because nobody knows where it lies. */
static gboolean note_unknown(Node *node, GError **error)
{
    g_autoptr(GPtrArray) unknown = NULL;
    g_autoptr(Protect) ground =
        releaser_ground(node_config(node), node_store(node), &unknown, error);
    if (!ground)
        return FALSE;
    g_autofree char *words = releaser_unknown_words(unknown);
    if (unknown->len > 0)
        output_note("It is not known what lies in %s: nothing in them is held back as dangerous "
                    "(`concert contact import` takes routes).",
                    words);
    return TRUE;
}

static int run_standing_list(const CommandCall *call, GError **error)
{
    gint64 now = timestamp_now();
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? releases_standing(node_store(node), error) : NULL;
    if (!list || (list->len > 0 && !note_unknown(node, error)))
        return COMMAND_ERROR;
    OutputTable *table = output_table_new(">NUMBER", "STATE", "SOURCE", "KIND", ">CONFIDENCE",
                                          ">DAILY", ">TODAY", ">WAITING", "UNTIL", "BY", NULL);
    for (guint i = 0; i < list->len; i++) {
        const ReleasesStanding *row = list->pdata[i];
        if (command_json(call)) {
            print_standing_json(row, now);
            continue;
        }
        char until[OUTPUT_NUMBER_MAX], numbers[5][OUTPUT_NUMBER_MAX];
        guint64 used = row->day == release_day(now) ? row->used : 0;
        output_table_row(
            table,
            (const char *[]){output_number(numbers[0], (guint64)row->number), state_of(row, now),
                             row->source, row->kind ? row->kind : "any",
                             output_number(numbers[1], (guint64)row->min_confidence),
                             output_number(numbers[2], row->daily), output_number(numbers[3], used),
                             output_number(numbers[4], row->waiting),
                             output_time(until, row->until), row->by});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command standing_add = {
    .name = "add",
    .summary = "let what lies within these bounds block without being asked for again",
    .description =
        "As long as the node is served, values of this source that may block come into force by "
        "themselves, at most so many that are new a day. What is dangerous never does; what "
        "exceeds the bound waits for `concert shield propose`, and `concert status` says so. "
        "Prints the number.",
    .options =
        (const CommandOption[]){
            {"source", 's', COMMAND_TEXT, "NAME", .help = "of what this source gives"},
            {"kind", 'k', COMMAND_CHOICE, "KIND", .choices = SHIELD_SET_KINDS,
             .help = "only values of this kind"},
            {"min-confidence", 0, COMMAND_INT, "N", .min = 0, .max = 100,
             .help = "of indicators of at least this confidence; 0: of any, and of none"},
            {"daily", 'd', COMMAND_INT, "N", .min = 1, .max = 1000000,
             .help = "at most so many new values a day (UTC)"},
            {"until", 'u', COMMAND_TEXT, "DATE",
             .help = "when it ends, within a year: a time, or a duration such as 30d"},
            OPTION_AS,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert shield standing add --source cert.birch.example --kind domain "
             "--min-confidence 80 --daily 50 --until 90d --as 'Duty Officer'",
             "good domains of a peer"},
            {NULL},
        },
    .uses_node = TRUE,
    .run = run_standing_add,
};

static const Command standing_list = {
    .name = "list",
    .summary = "list standing approvals, and what they did today",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_standing_list,
};

static const Command standing_remove = {
    .name = "remove",
    .summary = "end a standing approval; what it let block stays until the next release",
    .arguments = "NUMBER",
    .options = (const CommandOption[]){OPTION_AS, COMMAND_OPTIONS_END},
    .nothing = "there is no such standing approval",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_standing_remove,
};

static const Command standing_resume = {
    .name = "resume",
    .summary = "let a standing approval go on after a rollback",
    .arguments = "NUMBER",
    .options = (const CommandOption[]){OPTION_AS, COMMAND_OPTIONS_END},
    .nothing = "there is no such standing approval",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_standing_resume,
};

const Command shield_standing = {
    .name = "standing",
    .summary = "approvals given beforehand, within bounds",
    .subcommands = (const Command *const[]){&standing_add, &standing_list, &standing_remove,
                                            &standing_resume, NULL},
};

/* --- the never-block list ----------------------------------------------------------------------
 */

/* One value that is wrong does not keep the others from being changed. */
static int change_never(const CommandCall *call, const char *operation, const char *reason,
                        GError **error)
{
    int status = COMMAND_OK;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    for (guint i = 0; i < call->count; i++) {
        yyjson_mut_doc *params = begin(call, node, error);
        if (!params)
            return COMMAND_ERROR;
        yyjson_mut_val *root = yyjson_mut_doc_get_root(params);
        yyjson_mut_obj_add_str(params, root, "value", call->arguments[i]);
        jsontext_add(params, root, "reason", reason);
        g_autoptr(GError) wrong = NULL;
        if (command_node_call(node, operation, params, NULL, &wrong))
            continue;
        output_error(wrong->message);
        status = MAX(status, g_error_matches(wrong, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)
                                 ? COMMAND_NOTHING
                                 : COMMAND_ERROR);
    }
    return status;
}

static int run_never_add(const CommandCall *call, GError **error)
{
    return change_never(call, "never-block.add", command_text(call, "reason"), error);
}

static int run_never_remove(const CommandCall *call, GError **error)
{
    return change_never(call, "never-block.remove", NULL, error);
}

static int run_never_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? releases_never(node_store(node), error) : NULL;
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("TYPE", "VALUE", "SINCE", "BY", "REASON", NULL);
    for (guint i = 0; i < list->len; i++) {
        const ReleasesNever *never = list->pdata[i];
        char time[TIMESTAMP_MAX], since[OUTPUT_NUMBER_MAX];
        if (!command_json(call)) {
            output_table_row(table, (const char *[]){never->kind, never->value,
                                                     output_time(since, never->made), never->by,
                                                     never->reason});
            continue;
        }
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "type", never->kind);
        yyjson_mut_obj_add_str(doc, root, "value", never->value);
        yyjson_mut_obj_add_strcpy(doc, root, "since", timestamp_format(time, never->made, 6));
        yyjson_mut_obj_add_str(doc, root, "by", never->by);
        jsontext_add(doc, root, "reason", never->reason);
        output_json(root);
        yyjson_mut_doc_free(doc);
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command never_add = {
    .name = "add",
    .summary = "never block these addresses, networks and domains",
    .arguments = "VALUE...",
    .description = "At once, whatever was approved. A domain stands for all names under it, too; "
                   "and what would block any of it with itself, as a wider network or a parent "
                   "domain, does not block either.",
    .options = (const CommandOption[]){{"reason", 'r', COMMAND_TEXT, "TEXT", .help = "why"},
                                       OPTION_AS,
                                       COMMAND_OPTIONS_END},
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_never_add,
};

static const Command never_list = {
    .name = "list",
    .summary = "list what is never blocked",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_never_list,
};

static const Command never_remove = {
    .name = "remove",
    .summary = "take values off the list; what the release in force has of them blocks again",
    .arguments = "VALUE...",
    .options = (const CommandOption[]){OPTION_AS, COMMAND_OPTIONS_END},
    .nothing = "it is not on the list",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_never_remove,
};

const Command shield_never_block = {
    .name = "never-block",
    .summary = "what must never be blocked",
    .subcommands = (const Command *const[]){&never_add, &never_list, &never_remove, NULL},
};
