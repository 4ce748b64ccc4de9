/* cmd_collection.c - `concert collection`: TAXII collections, their API roots, and who may what. */
#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "exchange/reach.h"
#include "store/collections.h"

/* @reach NULL: none. */
static gboolean set_reach(Node *node, const char *collection, const char *reach, GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "collection", collection);
    jsontext_add(params, root, "reach", reach);
    return command_node_call(node, "collection.reach", params, NULL, error);
}

static int run_add(const CommandCall *call, GError **error)
{
    const char *reach = command_text(call, "reach");
    if (reach && !reach_check(reach, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    const char *name = call->arguments[0];
    const char *title = command_text(call, "title");
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "name", name);
    yyjson_mut_obj_add_str(params, root, "title", title ? title : name);
    jsontext_add(params, root, "description", command_text(call, "description"));
    jsontext_add(params, root, "root", command_text(call, "root"));
    jsontext_add(params, root, "id", command_text(call, "id"));
    yyjson_doc *result = NULL;
    if (!command_node_call(node, "collection.add", params, &result, error))
        return COMMAND_ERROR;
    if (reach && !set_reach(node, name, reach, error)) {
        yyjson_doc_free(result);
        return COMMAND_ERROR;
    }
    output_line("Added collection \"%s\", id %s. Nobody may read it yet: see `concert collection "
                "grant`.",
                name, yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "id")));
    yyjson_doc_free(result);
    return COMMAND_OK;
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = collections_list(node_store(node), NULL, error);
    if (!list)
        return COMMAND_ERROR;
    if (command_json(call)) {
        for (guint i = 0; i < list->len; i++) {
            const Collection *collection = list->pdata[i];
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            yyjson_mut_obj_add_str(doc, root, "name", collection->name);
            yyjson_mut_obj_add_str(doc, root, "id", collection->id);
            yyjson_mut_obj_add_str(doc, root, "root", collection->root);
            yyjson_mut_obj_add_str(doc, root, "title", collection->title);
            jsontext_add(doc, root, "description", collection->description);
            jsontext_add(doc, root, "reach", collection->reach);
            yyjson_mut_obj_add_int(doc, root, "members", collection->members);
            output_json(root);
            yyjson_mut_doc_free(doc);
        }
        return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
    }
    OutputTable *table = output_table_new("NAME", "ROOT", ">MEMBERS", "REACH", "ID", "TITLE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Collection *collection = list->pdata[i];
        char members[OUTPUT_NUMBER_MAX];
        output_number(members, collection->members);
        output_table_row(table, (const char *[]){collection->name, collection->root, members,
                                                 collection->reach ? collection->reach : "-",
                                                 collection->id, collection->title});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const char *rights(gboolean read, gboolean write)
{
    return read && write ? "read, write" : read ? "read" : write ? "write" : "nothing";
}

static void show_json(const Collection *collection, GPtrArray *grants)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "name", collection->name);
    yyjson_mut_obj_add_str(doc, root, "id", collection->id);
    yyjson_mut_obj_add_str(doc, root, "root", collection->root);
    yyjson_mut_obj_add_str(doc, root, "title", collection->title);
    jsontext_add(doc, root, "description", collection->description);
    jsontext_add(doc, root, "reach", collection->reach);
    yyjson_mut_obj_add_int(doc, root, "members", collection->members);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "grants");
    for (guint i = 0; i < grants->len; i++) {
        const CollectionGrant *grant = grants->pdata[i];
        yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, item, "account", grant->account);
        yyjson_mut_obj_add_bool(doc, item, "read", grant->read);
        yyjson_mut_obj_add_bool(doc, item, "write", grant->write);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    Store *store = node_store(node);
    g_autoptr(Collection) collection = collections_lookup(store, NULL, call->arguments[0], error);
    if (!collection)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) grants = collections_grants(store, collection->number, error);
    if (!grants)
        return COMMAND_ERROR;
    if (command_json(call)) {
        show_json(collection, grants);
        return COMMAND_OK;
    }
    char members[OUTPUT_NUMBER_MAX];
    output_line("name         %s", collection->name);
    output_line("title        %s", collection->title);
    if (collection->description)
        output_line("description  %s", collection->description);
    output_line("id           %s", collection->id);
    output_line("path         /%s/collections/%s/", collection->root, collection->id);
    output_line("members      %s", output_number(members, collection->members));
    if (collection->reach)
        output_line("reach        what the exchange brings and %s may read joins by itself",
                    collection->reach);
    for (guint i = 0; i < grants->len; i++) {
        const CollectionGrant *grant = grants->pdata[i];
        output_line("%s  %s may %s", i == 0 ? "grants     " : "           ", grant->account,
                    rights(grant->read, grant->write));
    }
    if (grants->len == 0)
        output_line("grants       nobody may read or write it");
    return COMMAND_OK;
}

static int run_grant(const CommandCall *call, GError **error)
{
    gboolean read = command_flag(call, "read"), write = command_flag(call, "write");
    gboolean none = command_flag(call, "none");
    if (none == (read || write))
        return command_usage(call, error, "say --read, --write or both, or else --none");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "collection", call->arguments[0]);
    yyjson_mut_obj_add_str(params, root, "account", call->arguments[1]);
    yyjson_mut_obj_add_bool(params, root, "read", read);
    yyjson_mut_obj_add_bool(params, root, "write", write);
    if (!command_node_call(node, "collection.grant", params, NULL, error))
        return COMMAND_ERROR;
    output_line("%s may now do in \"%s\": %s", call->arguments[1], call->arguments[0],
                rights(read, write));
    return COMMAND_OK;
}

static int run_reach(const CommandCall *call, GError **error)
{
    const char *reach = g_str_equal(call->arguments[1], "none") ? NULL : call->arguments[1];
    if (reach && !reach_check(reach, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !set_reach(node, call->arguments[0], reach, error))
        return COMMAND_ERROR;
    if (reach)
        output_line("What the exchange brings and %s may read is in \"%s\".", reach,
                    call->arguments[0]);
    else
        output_line("Nothing joins \"%s\" by itself any more.", call->arguments[0]);
    return COMMAND_OK;
}

static int run_root_add(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    const char *name = call->arguments[0];
    const char *title = command_text(call, "title");
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "name", name);
    yyjson_mut_obj_add_str(params, root, "title", title ? title : name);
    jsontext_add(params, root, "description", command_text(call, "description"));
    if (!command_node_call(node, "root.add", params, NULL, error))
        return COMMAND_ERROR;
    output_line("Added API root /%s/.", name);
    return COMMAND_OK;
}

static int run_root_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = collections_roots(node_store(node), error);
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("ROOT", "TITLE", "DESCRIPTION", NULL);
    for (guint i = 0; i < list->len; i++) {
        const CollectionRoot *api_root = list->pdata[i];
        if (command_json(call)) {
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            yyjson_mut_obj_add_str(doc, root, "name", api_root->name);
            yyjson_mut_obj_add_str(doc, root, "title", api_root->title);
            jsontext_add(doc, root, "description", api_root->description);
            output_json(root);
            yyjson_mut_doc_free(doc);
        } else {
            output_table_row(
                table, (const char *[]){api_root->name, api_root->title, api_root->description});
        }
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command command_add = {
    .name = "add",
    .summary = "add a collection",
    .arguments = "NAME",
    .options =
        (const CommandOption[]){
            {"title", 't', COMMAND_TEXT, "TEXT", .help = "its title (default: the name)"},
            {"description", 'd', COMMAND_TEXT, "TEXT", .help = "what it is for"},
            {"root", 'r', COMMAND_TEXT, "ROOT", .help = "its API root (default: the first)"},
            {"id", 0, COMMAND_TEXT, "UUID", .help = "its id (default: a random one)"},
            {"reach", 0, COMMAND_TEXT, "REACH",
             .help = "what peers sent and REACH may read joins it; see `concert collection reach`"},
            COMMAND_OPTIONS_END,
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_add,
};

static const Command command_list = {
    .name = "list",
    .summary = "list the collections",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_show = {
    .name = "show",
    .summary = "show a collection and who may read and write it",
    .arguments = "COLLECTION",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such collection",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

static const Command command_grant = {
    .name = "grant",
    .summary = "say what an account may do in a collection",
    .arguments = "COLLECTION ACCOUNT",
    .description = "What is said replaces what was said before. The account \"anyone\" stands for "
                   "everybody, those who do not log in included. A grant alone is not enough: the "
                   "account's roles must allow the action too.",
    .options =
        (const CommandOption[]){
            {"read", 'r', COMMAND_FLAG, .help = "it may read objects"},
            {"write", 'w', COMMAND_FLAG, .help = "it may add objects"},
            {"none", 0, COMMAND_FLAG, .help = "it may do nothing any more"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert collection grant main birch --read", "birch may read the collection main"},
            {NULL},
        },
    .nothing = "there is no such collection or account",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_grant,
};

static const Command command_reach = {
    .name = "reach",
    .summary = "say what of the exchange joins a collection by itself",
    .arguments = "COLLECTION REACH|none",
    .description =
        "A collection with a reach gets what peers send, and what is sent to them, as far as the "
        "policy lets REACH read it, and loses what is withdrawn, recalled or expires: officers, "
        "staff, clients, anyone, or peer:NAME for the accounts of a peer. What is here "
        "already counts, too. Who may read the collection itself, `concert collection grant` says.",
    .examples =
        (const CommandExample[]){
            {"concert collection reach partners staff", "what the organisation's staff may read"},
            {"concert collection reach for-birch peer:cert.birch.example",
             "what Birch may read, for its TAXII client"},
            {NULL},
        },
    .nothing = "there is no such collection",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_reach,
};

static const Command command_root_add = {
    .name = "add",
    .summary = "add an API root",
    .arguments = "NAME",
    .options =
        (const CommandOption[]){
            {"title", 't', COMMAND_TEXT, "TEXT", .help = "its title (default: the name)"},
            {"description", 'd', COMMAND_TEXT, "TEXT", .help = "what it is for"},
            COMMAND_OPTIONS_END,
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_root_add,
};

static const Command command_root_list = {
    .name = "list",
    .summary = "list the API roots",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_root_list,
};

static const Command command_root = {
    .name = "root",
    .summary = "add and list API roots",
    .description = "An API root is a group of collections under a path of its own.",
    .subcommands = (const Command *const[]){&command_root_add, &command_root_list, NULL},
};

const Command cmd_collection = {
    .name = "collection",
    .summary = "add, list and open collections to accounts",
    .description = "A collection is what TAXII clients read from and write to. It is named by its "
                   "short name or its id.",
    .subcommands = (const Command *const[]){&command_add, &command_list, &command_show,
                                            &command_grant, &command_reach, &command_root, NULL},
};
