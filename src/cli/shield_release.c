/* shield_release.c - `concert shield approve`, `releases`, `release` and `rollback`: what blocks,
 * and who said so. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/shield_entry.h"
#include "cli/signatory.h"
#include "shield/release.h"
#include "store/releases.h"

static gboolean read_number(const CommandCall *call, const char *text, gint64 *ret_number,
                            GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &number, NULL)) {
        command_usage(call, error, "%s: a release has a number", text);
        return FALSE;
    }
    *ret_number = (gint64)number;
    return TRUE;
}

/* Carries out @operation on the release @number (-1: none is named). */
static gboolean act(const CommandCall *call, Node *node, const char *operation, gint64 number,
                    yyjson_doc **ret_result, GError **error)
{
    const char *by = signatory_of(call, node, error);
    if (!by)
        return FALSE;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "by", by);
    if (number >= 0)
        yyjson_mut_obj_add_sint(params, root, "release", number);
    return command_node_call(node, operation, params, ret_result, error);
}

static void print_result(yyjson_doc *result)
{
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(result, NULL);
    output_json(yyjson_mut_doc_get_root(doc));
    yyjson_mut_doc_free(doc);
}

/* Whoever approves is told what could not be looked at. */
static void note_unknown(yyjson_val *result)
{
    size_t count = yyjson_arr_size(yyjson_obj_get(result, "unresolved"));
    if (count > 0)
        output_note("It is not known what lies in %zu AS numbers of constituencies, so nothing in "
                    "them was called dangerous: `concert shield propose --check` names them.",
                    count);
}

static int run_approve(const CommandCall *call, GError **error)
{
    yyjson_doc *result = NULL;
    gint64 number;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !read_number(call, call->arguments[0], &number, error) ||
        !act(call, node, "release.approve", number, &result, error))
        return COMMAND_ERROR;
    yyjson_val *root = yyjson_doc_get_root(result);
    if (command_json(call))
        print_result(result);
    else if (yyjson_get_bool(yyjson_obj_get(root, "in_force")))
        output_line("release %" G_GINT64_FORMAT " is in force", number);
    else
        output_line("release %" G_GINT64_FORMAT " is approved; %" G_GUINT64_FORMAT
                    " of its values are dangerous: another person has to approve it, too",
                    number, yyjson_get_uint(yyjson_obj_get(root, "dangerous")));
    if (yyjson_get_bool(yyjson_obj_get(root, "own")))
        output_note("Who proposed it has approved it: [shield] own_approval allows that, and the "
                    "ledger says it.");
    note_unknown(root);
    yyjson_doc_free(result);
    return COMMAND_OK;
}

static int run_rollback(const CommandCall *call, GError **error)
{
    yyjson_doc *result = NULL;
    gint64 number = -1;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || (call->count > 0 && !read_number(call, call->arguments[0], &number, error)) ||
        !act(call, node, "release.rollback", number, &result, error))
        return COMMAND_ERROR;
    number = yyjson_get_sint(yyjson_obj_get(yyjson_doc_get_root(result), "release"));
    if (command_json(call))
        print_result(result);
    else if (number > 0)
        output_line("release %" G_GINT64_FORMAT
                    " is in force again; standing approvals wait for `concert shield standing "
                    "resume`",
                    number);
    else
        output_line("no release is in force: nothing blocks; standing approvals wait for `concert "
                    "shield standing resume`");
    yyjson_doc_free(result);
    return COMMAND_OK;
}

/* --- showing -----------------------------------------------------------------------------------
 */

static const char *state_of(const ReleasesRow *row)
{
    if (row->in_force)
        return "in force";
    if (row->since > 0)
        return "was in force";
    return row->approvers[0] ? "needs a second approver" : "proposed";
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time > 0)
        yyjson_mut_obj_add_strcpy(doc, root, name, timestamp_format(text, time, 6));
    else
        yyjson_mut_obj_add_null(doc, root, name);
}

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, const char *text)
{
    if (text)
        yyjson_mut_obj_add_str(doc, root, name, text);
    else
        yyjson_mut_obj_add_null(doc, root, name);
}

static void add_row(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_obj_add_sint(doc, root, "release", row->number);
    yyjson_mut_obj_add_str(doc, root, "state", state_of(row));
    yyjson_mut_obj_add_strcpy(doc, root, "digest", sha256_hex(row->digest, hex));
    yyjson_mut_obj_add_uint(doc, root, "values", row->values);
    yyjson_mut_obj_add_uint(doc, root, "entries", row->entries);
    yyjson_mut_obj_add_uint(doc, root, "added", row->added);
    yyjson_mut_obj_add_uint(doc, root, "removed", row->removed);
    yyjson_mut_obj_add_uint(doc, root, "dangerous", row->dangerous);
    yyjson_mut_obj_add_sint(doc, root, "base", row->base);
    add_text(doc, root, "by", row->by);
    add_time(doc, root, "made", row->made);
    add_text(doc, root, "selection", row->selection);
    add_text(doc, root, "over_limit", row->over_limit);
    if (row->standing > 0)
        yyjson_mut_obj_add_sint(doc, root, "standing", row->standing);
    yyjson_mut_val *approvers = yyjson_mut_obj_add_arr(doc, root, "approvers");
    for (guint i = 0; i < 2; i++)
        if (row->approvers[i])
            yyjson_mut_arr_add_str(doc, approvers, row->approvers[i]);
    add_time(doc, root, "since", row->since);
    add_time(doc, root, "until", row->until);
}

static int run_releases(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? releases_list(node_store(node), 0, error) : NULL;
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new(">RELEASE", "STATE", ">VALUES", ">ADDED", ">REMOVED",
                                          "BY", "APPROVED BY", "IN FORCE SINCE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const ReleasesRow *row = list->pdata[i];
        if (command_json(call)) {
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            add_row(row, doc, root);
            output_json(root);
            yyjson_mut_doc_free(doc);
            continue;
        }
        char number[OUTPUT_NUMBER_MAX], values[OUTPUT_NUMBER_MAX], added[OUTPUT_NUMBER_MAX],
            removed[OUTPUT_NUMBER_MAX], since[OUTPUT_NUMBER_MAX];
        g_snprintf(number, sizeof(number), "%" G_GINT64_FORMAT, row->number);
        g_autofree char *approvers =
            g_strjoin(", ", row->approvers[0] ? row->approvers[0] : "", row->approvers[1], NULL);
        output_table_row(table,
                         (const char *[]){number, state_of(row), output_number(values, row->values),
                                          output_number(added, row->added),
                                          output_number(removed, row->removed), row->by,
                                          row->standing > 0 ? "standing approval" : approvers,
                                          row->since > 0 ? output_time(since, row->since) : NULL});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static void print_row(const ReleasesRow *row)
{
    char hex[2 * SHA256_SIZE + 1], time[OUTPUT_NUMBER_MAX], number[OUTPUT_NUMBER_MAX];
    output_line("release    %" G_GINT64_FORMAT ", %s", row->number, state_of(row));
    output_line("values     %s; %" G_GUINT64_FORMAT " added, %" G_GUINT64_FORMAT
                " removed, %" G_GUINT64_FORMAT " dangerous",
                output_number(number, row->values), row->added, row->removed, row->dangerous);
    output_line("of         %s", row->selection ? row->selection : "everything that may block");
    output_line("made       %s by %s%s", output_time(time, row->made), row->by,
                row->standing > 0 ? ", by a standing approval" : "");
    if (row->over_limit)
        output_line("over limit %s", row->over_limit);
    for (guint i = 0; i < 2; i++)
        if (row->approvers[i])
            output_line("approved   %s by %s", output_time(time, row->approved[i]),
                        row->approvers[i]);
    if (row->since > 0)
        output_line("in force   since %s", output_time(time, row->since));
    if (row->until > 0)
        output_line("           until %s", output_time(time, row->until));
    output_line("digest     %s", sha256_hex(row->digest, hex));
}

static void print_entries(const CommandCall *call, const Release *release, yyjson_mut_doc *doc,
                          yyjson_mut_val *root)
{
    yyjson_mut_val *list = command_json(call) ? yyjson_mut_obj_add_arr(doc, root, "list") : NULL;
    for (guint i = 0; i < release_size(release); i++) {
        const ReleaseEntry *entry = release_get(release, i);
        if (!list) {
            g_autofree char *words = shield_entry_words(entry);
            output_line("  %-7s %s  %s  (%s)", observable_kind_name(entry->kind), words, entry->id,
                        entry->source);
            continue;
        }
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
        shield_entry_add(doc, row, entry);
        yyjson_mut_obj_add_str(doc, row, "indicator", entry->id);
        yyjson_mut_obj_add_str(doc, row, "source", entry->source);
    }
}

static int run_show(const CommandCall *call, GError **error)
{
    gint64 number;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(ReleasesRow) row = node && read_number(call, call->arguments[0], &number, error)
                                     ? releases_get(node_store(node), number, error)
                                     : NULL;
    if (!row)
        return COMMAND_ERROR;
    g_autoptr(GBytes) content =
        row->has_content ? releases_content(node_store(node), number, error) : NULL;
    g_autoptr(Release) release = content ? release_read(content, error) : NULL;
    if (row->has_content && !release)
        return COMMAND_ERROR;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    if (command_json(call))
        add_row(row, doc, root);
    else
        print_row(row);
    if (release)
        print_entries(call, release, doc, root);
    else if (!command_json(call))
        output_note("its content is not kept any more");
    if (command_json(call))
        output_json(root);
    yyjson_mut_doc_free(doc);
    return COMMAND_OK;
}

#define OPTION_AS                                                                                  \
    {                                                                                              \
        "as", 0, COMMAND_TEXT, "NAME", .help = "who does it (default: [node] signatory)"           \
    }

const Command shield_approve = {
    .name = "approve",
    .summary = "approve a proposed release: it blocks from now on",
    .arguments = "NUMBER",
    .description =
        "Who proposed it does not approve it, unless [shield] own_approval lets a node where only "
        "one person is. What is dangerous (see `concert shield propose`) is in force only when two "
        "persons have approved it.",
    .options = (const CommandOption[]){OPTION_AS, COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such release",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_approve,
};

const Command shield_rollback = {
    .name = "rollback",
    .summary = "go back to the release before, or to a named one, at once",
    .arguments = "[NUMBER]",
    .description = "It needs nobody's approval: what it lets block was approved before. 0 is that "
                   "nothing blocks. Standing approvals stop, so that they do not undo it, until "
                   "`concert shield standing resume`.",
    .options = (const CommandOption[]){OPTION_AS, COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "no release is in force, or there is no such release",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_rollback,
};

const Command shield_releases = {
    .name = "releases",
    .summary = "list what was proposed, approved and in force",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no release yet",
    .uses_node = TRUE,
    .run = run_releases,
};

static const Command command_show = {
    .name = "show",
    .summary = "show a release and all that it lets block",
    .arguments = "NUMBER",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such release",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

const Command shield_release = {
    .name = "release",
    .summary = "one release",
    .subcommands = (const Command *const[]){&command_show, NULL},
};
