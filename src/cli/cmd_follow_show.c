/* cmd_follow_show.c - `concert follow show`: which sources are followed, and what came of it. */
#include "base/jsontext.h"
#include "cli/cmd_follow.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "store/followed.h"

static const char *const kinds[] = {"taxii", "list"};
static const char *const levels[] = {"lenient", "default", "strict", "default"};
static const char *const auths[] = {"none", "password", "token"};

static void add_counts(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *key,
                       const guint64 *counts)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, key);
    for (guint i = 0; i < FOLLOWED_COUNTS; i++)
        yyjson_mut_obj_add_uint(doc, object, followed_count_name((FollowedCount)i), counts[i]);
}

static void print_json(const Followed *followed)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    jsontext_add(doc, root, "name", followed->name);
    jsontext_add(doc, root, "kind", kinds[followed->kind]);
    jsontext_add(doc, root, "url", followed->url);
    jsontext_add(doc, root, "collections", followed->remote);
    jsontext_add(doc, root, "into", followed->collection);
    jsontext_add(doc, root, "source", followed->source);
    jsontext_add(doc, root, "level", levels[followed->level]);
    yyjson_mut_obj_add_uint(doc, root, "every", followed->every);
    jsontext_add(doc, root, "authentication", auths[followed->auth]);
    jsontext_add(doc, root, "user", followed->user);
    output_add_time(doc, root, "since", followed->since);
    jsontext_add(doc, root, "reading", followed->reading);
    yyjson_mut_obj_add_bool(doc, root, "paused", followed->paused);
    output_add_time(doc, root, "added", followed->added);
    output_add_time(doc, root, "started", followed->started);
    output_add_time(doc, root, "finished", followed->finished);
    output_add_time(doc, root, "succeeded", followed->succeeded);
    if (!followed->paused)
        output_add_time(doc, root, "due", followed->due);
    yyjson_mut_obj_add_bool(doc, root, "more", followed->more);
    yyjson_mut_obj_add_uint(doc, root, "failures", followed->failures);
    jsontext_add(doc, root, "failure", followed->failure);
    jsontext_add(doc, root, "remark", followed->remark);
    add_counts(doc, root, "last", followed->last);
    add_counts(doc, root, "total", followed->total);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static const char *time_or(char buffer[OUTPUT_NUMBER_MAX], gint64 time, const char *otherwise)
{
    return time > 0 ? output_time(buffer, time) : otherwise;
}

/* "1,234 accepted, 5 rejected" */
static char *words(const guint64 *counts)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < FOLLOWED_REQUESTS; i++) {
        char number[OUTPUT_NUMBER_MAX];
        if (counts[i] > 0)
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "",
                                   output_number(number, counts[i]),
                                   followed_count_name((FollowedCount)i));
    }
    if (text->len == 0)
        g_string_append(text, "nothing new");
    return g_string_free(text, FALSE);
}

static void print_table(const GPtrArray *list)
{
    OutputTable *table =
        output_table_new("SOURCE", "KIND", "LAST RUN", "NEXT", ">ACCEPTED", "FAILURE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Followed *followed = list->pdata[i];
        char ran[OUTPUT_NUMBER_MAX], due[OUTPUT_NUMBER_MAX], accepted[OUTPUT_NUMBER_MAX];
        output_table_row(
            table, (const char *[]){followed->name, kinds[followed->kind],
                                    time_or(ran, followed->finished, "never"),
                                    followed->paused ? "paused" : output_time(due, followed->due),
                                    output_number(accepted, followed->total[FOLLOWED_ACCEPTED]),
                                    followed->failure});
    }
    output_table_print(table);
}

static void print_one(const Followed *followed)
{
    char text[OUTPUT_NUMBER_MAX], number[OUTPUT_NUMBER_MAX];
    g_autofree char *last = words(followed->last), *total = words(followed->total);
    output_line("%s: %s %s", followed->name, kinds[followed->kind], followed->url);
    if (followed->kind == FOLLOWED_TAXII)
        output_line("  collections  %s",
                    followed->remote ? followed->remote : "all that can be read");
    output_line("  into         %s, from %s", followed->collection, followed->source);
    output_line("  every        %u s%s", followed->every, followed->paused ? ", but paused" : "");
    if (followed->auth != FOLLOWED_OPEN)
        output_line("  log-in       %s%s%s", auths[followed->auth], followed->user ? " of " : "",
                    followed->user ? followed->user : "");
    output_line("  last run     %s", time_or(text, followed->finished, "never"));
    if (followed->finished > 0)
        output_line("               %s; %s requests%s", last,
                    output_number(number, followed->last[FOLLOWED_REQUESTS]),
                    followed->more ? "; there is more" : "");
    if (followed->failure)
        output_line("  failed       %s (%u in a row; well last: %s)", followed->failure,
                    followed->failures, time_or(text, followed->succeeded, "never"));
    if (followed->remark)
        output_line("  refused      %s", followed->remark);
    if (!followed->paused)
        output_line("  next run     %s", output_time(text, followed->due));
    output_line("  in all       %s", total);
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    if (call->count > 0) {
        g_autoptr(Followed) followed = followed_find(node_store(node), call->arguments[0], error);
        if (!followed)
            return COMMAND_ERROR;
        if (command_json(call))
            print_json(followed);
        else
            print_one(followed);
        return COMMAND_OK;
    }
    g_autoptr(GPtrArray) list = followed_list(node_store(node), error);
    if (!list)
        return COMMAND_ERROR;
    for (guint i = 0; command_json(call) && i < list->len; i++)
        print_json(list->pdata[i]);
    if (!command_json(call))
        print_table(list);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_follow_show = {
    .name = "show",
    .summary = "which sources are followed, and what came of it",
    .arguments = "[NAME]",
    .description = "Of each source the last run, the next one, what came, and what failed last.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "nothing, or no such source, is followed",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
