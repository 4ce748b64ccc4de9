/* cmd_community.c - `concert community`: named sets of peers, their rulebook and their members. */
#include <string.h>

#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/output.h"
#include "exchange/community.h"
#include "ledger/origin.h"
#include "store/ledger_read.h"

/* --- changing ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *name, *value; /* NULL values are left out */
} Text;

/* Runs the operation with @texts (ended by a NULL name) and @votes, and says @what of whom. */
static int change(const CommandCall *call, const char *operation, const Text *texts,
                  gboolean with_votes, const char *what, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    for (; texts->name; texts++)
        if (texts->value)
            yyjson_mut_obj_add_strcpy(params, root, texts->name, texts->value);
    if (with_votes)
        yyjson_mut_obj_add_bool(params, root, "votes", command_flag(call, "votes"));
    g_autoptr(yyjson_doc) result = NULL;
    if (!command_node_call(node, operation, params, &result, error))
        return COMMAND_ERROR;
    output_line("%s: %s.", yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "community")),
                what);
    return COMMAND_OK;
}

/* The text of --rulebook; *ret_text NULL without it. */
static gboolean read_rulebook(const CommandCall *call, char **ret_text, GError **error)
{
    const char *path = command_text(call, "rulebook");
    gsize length;
    if (!path)
        return TRUE;
    g_autofree char *text = document_read(NULL, path, NULL, RULEBOOK_BYTES_MAX, &length, error);
    if (!text || !rulebook_check(text, length, error))
        return FALSE;
    *ret_text = g_steal_pointer(&text);
    return TRUE;
}

static int run_create(const CommandCall *call, GError **error)
{
    g_autofree char *rules = NULL;
    const char *title = command_text(call, "title");
    if (!title)
        return command_usage(call, error, "say what it is: --title TEXT");
    if (!read_rulebook(call, &rules, error))
        return COMMAND_ERROR;
    const Text texts[] = {
        {"name", call->arguments[0]}, {"title", title}, {"rulebook", rules}, {NULL, NULL}};
    return change(call, "community.create", texts, TRUE, "made, with this node as its owner",
                  error);
}

static int run_add(const CommandCall *call, GError **error)
{
    const Text texts[] = {
        {"community", call->arguments[0]}, {"peer", call->arguments[1]}, {NULL, NULL}};
    g_autofree char *what = g_strdup_printf("%s was admitted", call->arguments[1]);
    return change(call, "community.add", texts, TRUE, what, error);
}

static int run_remove(const CommandCall *call, GError **error)
{
    const Text texts[] = {{"community", call->arguments[0]},
                          {"peer", call->arguments[1]},
                          {"reason", command_text(call, "reason")},
                          {NULL, NULL}};
    g_autofree char *what = g_strdup_printf("%s was removed", call->arguments[1]);
    return change(call, "community.remove", texts, FALSE, what, error);
}

static int run_leave(const CommandCall *call, GError **error)
{
    const Text texts[] = {{"community", call->arguments[0]}, {NULL, NULL}};
    return change(call, "community.leave", texts, FALSE, "left", error);
}

/* --- showing -----------------------------------------------------------------------------------
 */

static char *own_origin(Store *store)
{
    g_auto(LedgerReadState) own = {0};
    return ledger_read_state(store, &own, NULL) ? g_strdup(own.origin) : NULL;
}

/* "name" is one of this node's own. */
static Community *find(Store *store, const char *name, GError **error)
{
    g_autofree char *own = own_origin(store);
    g_autofree char *node = own ? origin_node(own) : NULL;
    g_autofree char *whole = !strchr(name, '@') && node ? g_strconcat(name, "@", node, NULL) : NULL;
    return communities_get(store, whole ? whole : name, error);
}

static guint count_members(const Community *community, gboolean votes)
{
    guint count = 0;
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        count += member->step == COMMUNITY_ADMITTED && (!votes || member->votes);
    }
    return count;
}

/* What this node is in it. */
static const char *standing(const Community *community, const char *own)
{
    if (!own)
        return "";
    if (community_name_is_of(community->name, own))
        return "owner";
    const CommunityMember *member = communities_member(community, own);
    return member ? communities_step_name(member->step) : "";
}

/* Who was a member once the owner knows, and who was there then; who came later does not. */
static gboolean is_shown(const CommunityMember *member, const char *own, gboolean all)
{
    return all || member->step == COMMUNITY_ADMITTED || g_strcmp0(member->origin, own) == 0;
}

static void print_json(const Community *community, const char *own, gboolean all)
{
    gsize length;
    const void *rules = g_bytes_get_data(community->rules, &length);
    g_autofree char *hash = rulebook_hash(rules, length);
    char since[OUTPUT_NUMBER_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "community", community->name);
    yyjson_mut_obj_add_str(doc, root, "owner", community->owner);
    yyjson_mut_obj_add_str(doc, root, "title", community->title);
    yyjson_mut_obj_add_str(doc, root, "this_node", standing(community, own));
    yyjson_mut_obj_add_uint(doc, root, "rulebook_number", community->rules_number);
    yyjson_mut_obj_add_str(doc, root, "rulebook", hash);
    yyjson_mut_obj_add_uint(doc, root, "records", community->records);
    jsontext_add(doc, root, "complaint", community->complaint);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "members");
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (!is_shown(member, own, all))
            continue;
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "origin", member->origin);
        yyjson_mut_obj_add_str(doc, object, "step", communities_step_name(member->step));
        yyjson_mut_obj_add_bool(doc, object, "votes", member->votes);
        yyjson_mut_obj_add_uint(doc, object, "record", member->record);
        yyjson_mut_obj_add_strcpy(doc, object, "since", output_time(since, member->since));
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? communities_list(node_store(node), error) : NULL;
    if (!list)
        return COMMAND_ERROR;
    g_autofree char *own = own_origin(node_store(node));
    OutputTable *table =
        output_table_new("COMMUNITY", "TITLE", "THIS NODE", ">MEMBERS", ">VOTES", "NOTE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Community *community = list->pdata[i];
        char members[OUTPUT_NUMBER_MAX], votes[OUTPUT_NUMBER_MAX];
        if (command_json(call))
            print_json(community, own, FALSE);
        else
            output_table_row(
                table, (const char *[]){community->name, community->title, standing(community, own),
                                        output_number(members, count_members(community, FALSE)),
                                        output_number(votes, count_members(community, TRUE)),
                                        community->complaint});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Community) community =
        node ? find(node_store(node), call->arguments[0], error) : NULL;
    if (!community)
        return COMMAND_ERROR;
    g_autofree char *own = own_origin(node_store(node));
    if (command_json(call)) {
        print_json(community, own, command_flag(call, "all"));
        return COMMAND_OK;
    }
    char number[OUTPUT_NUMBER_MAX], votes[OUTPUT_NUMBER_MAX], since[OUTPUT_NUMBER_MAX];
    output_line("%-10s %s", "community", community->name);
    output_line("%-10s %s", "title", community->title);
    output_line("%-10s %s", "owner", community->owner);
    output_line("%-10s version %s; `concert community rules %s` shows it", "rulebook",
                output_number(number, community->rules_number), community->name);
    if (community->complaint)
        output_line("%-10s %s", "complaint", community->complaint);
    output_line("%-10s %s, of them with a vote: %s", "members",
                output_number(number, count_members(community, FALSE)),
                output_number(votes, count_members(community, TRUE)));
    OutputTable *table = output_table_new("MEMBER", "VOTES", "STATE", ">RECORD", "SINCE", NULL);
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (!is_shown(member, own, command_flag(call, "all")))
            continue;
        output_table_row(table, (const char *[]){member->origin, member->votes ? "yes" : "no",
                                                 communities_step_name(member->step),
                                                 output_number(number, member->record),
                                                 output_time(since, member->since)});
    }
    output_table_print(table);
    return COMMAND_OK;
}

/* Line by line, each escaped for the terminal. */
static void print_rules(const Community *community)
{
    gsize length;
    const char *text = g_bytes_get_data(community->rules, &length);
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (guint i = 0; lines[i] && (lines[i + 1] || *lines[i]); i++)
        output_line("%s", lines[i]);
}

static int run_rules(const CommandCall *call, GError **error)
{
    g_autofree char *rules = NULL;
    if (!read_rulebook(call, &rules, error))
        return COMMAND_ERROR;
    if (rules) {
        const Text texts[] = {{"community", call->arguments[0]}, {"rulebook", rules}, {NULL, NULL}};
        return change(call, "community.rules", texts, FALSE, "the members get the new rulebook",
                      error);
    }
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Community) community =
        node ? find(node_store(node), call->arguments[0], error) : NULL;
    if (!community)
        return COMMAND_ERROR;
    print_rules(community);
    return COMMAND_OK;
}

/* --- tables ------------------------------------------------------------------------------------
 */

#define NO_COMMUNITY "there is no such community, or no such peer"
#define OPTION_RULEBOOK(what)                                                                      \
    {                                                                                              \
        "rulebook", 0, COMMAND_TEXT, "FILE", .help = what                                          \
    }

static const Command command_create = {
    .name = "create",
    .summary = "make a community that this node owns",
    .arguments = "NAME",
    .description = "It is called NAME@NODE. Owning it gives no vote; --votes gives this node one.",
    .options =
        (const CommandOption[]){
            {"title", 't', COMMAND_TEXT, "TEXT", .help = "what it is, in a line"},
            OPTION_RULEBOOK("the rules, plain text (default: those that Concert brings)"),
            {"votes", 0, COMMAND_FLAG, .help = "this node has a vote"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert community create region --title \"The region's CERTs\" --votes",
             "a community of this node, which has a vote in it"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_create,
};

static const Command command_rules = {
    .name = "rules",
    .summary = "show the rulebook of a community, or replace it",
    .arguments = "NAME",
    .options =
        (const CommandOption[]){
            OPTION_RULEBOOK("the next version, plain text; all members get it"),
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_COMMUNITY,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_rules,
};

static const Command command_add = {
    .name = "add",
    .summary = "admit a peer to a community of this node",
    .arguments = "NAME PEER",
    .description = "A new member gets nothing that was sent before it joined.",
    .options =
        (const CommandOption[]){
            {"votes", 0, COMMAND_FLAG, .help = "it has a vote"},
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_COMMUNITY,
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_add,
};

static const Command command_remove = {
    .name = "remove",
    .summary = "remove a member from a community of this node",
    .arguments = "NAME PEER",
    .options =
        (const CommandOption[]){
            {"reason", 0, COMMAND_TEXT, "TEXT", .help = "say why, in a line that all members read"},
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_COMMUNITY,
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_remove,
};

static const Command command_leave = {
    .name = "leave",
    .summary = "leave a community",
    .arguments = "NAME",
    .nothing = "there is no such community, or this node is no member",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_leave,
};

static const Command command_list = {
    .name = "list",
    .summary = "list the communities that this node knows",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_show = {
    .name = "show",
    .summary = "show a community and its members",
    .arguments = "NAME",
    .options =
        (const CommandOption[]){
            {"all", 'a', COMMAND_FLAG, .help = "also those who are no members any more"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_COMMUNITY,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

const Command cmd_community = {
    .name = "community",
    .summary = "make communities of peers, and admit and remove members",
    .description = "A community is a named set of nodes with one owner, NAME@NODE; without @NODE "
                   "one of this node. What is addressed to it goes to its members.",
    .subcommands =
        (const Command *const[]){&command_create, &command_list, &command_show, &command_rules,
                                 &command_add, &command_remove, &command_leave, NULL},
};
