/* shield_consumer.c - `concert shield consumer`: the machines that fetch exports over HTTP. */
#include <string.h>

#include "base/jsontext.h"
#include "base/sha256.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "identity/token.h"
#include "store/consumers.h"

#define DAY_US (24 * 3600 * G_TIME_SPAN_SECOND)

static int run_add(const CommandCall *call, GError **error)
{
    const char *const *formats = command_texts(call, "format");
    if (!formats)
        return command_usage(call, error, "say with --format what it may fetch");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    g_auto(SecretText) token = token_generate();
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    token_digest(token, digest);
    gint64 days = command_int(call, "days", 0);

    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "name", call->arguments[0]);
    yyjson_mut_obj_add_str(params, root, "sha256", sha256_hex(digest, hex));
    yyjson_mut_obj_add_int(params, root, "expires", days > 0 ? timestamp_now() + days * DAY_US : 0);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(params, root, "formats");
    for (; *formats; formats++)
        yyjson_mut_arr_add_str(params, list, *formats);
    if (!command_node_call(node, "consumer.add", params, NULL, error))
        return COMMAND_ERROR;
    output_line("%s", token);
    output_note("This is the token of %s. It is not kept and cannot be shown again.",
                call->arguments[0]);
    return COMMAND_OK;
}

static void print_json(const Consumer *consumer)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "name", consumer->name);
    yyjson_mut_val *formats = yyjson_mut_obj_add_arr(doc, root, "formats");
    for (guint i = 0; consumer->formats[i]; i++)
        yyjson_mut_arr_add_str(doc, formats, consumer->formats[i]);
    yyjson_mut_obj_add_strcpy(doc, root, "created", timestamp_format(time, consumer->created, 6));
    if (consumer->expires > 0)
        yyjson_mut_obj_add_strcpy(doc, root, "expires",
                                  timestamp_format(time, consumer->expires, 6));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? consumers_list(node_store(node), error) : NULL;
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("NAME", "FORMATS", "CREATED", "EXPIRES", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Consumer *consumer = list->pdata[i];
        if (command_json(call)) {
            print_json(consumer);
            continue;
        }
        g_autofree char *formats = g_strjoinv(" ", consumer->formats);
        char created[OUTPUT_NUMBER_MAX], expires[OUTPUT_NUMBER_MAX];
        output_time(created, consumer->created);
        const char *end = consumer->expires > 0 ? output_time(expires, consumer->expires) : "never";
        output_table_row(table, (const char *[]){consumer->name, formats, created, end});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_remove(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "name", call->arguments[0]);
    return command_node_call(node, "consumer.remove", params, NULL, error) ? COMMAND_OK
                                                                           : COMMAND_ERROR;
}

static const Command command_add = {
    .name = "add",
    .summary = "let a machine fetch exports; prints its token, once",
    .arguments = "NAME",
    .description =
        "The token goes to standard output and nowhere else; the node keeps only its SHA-256. With "
        "it the machine fetches https://NODE/shield/export/FORMAT, the formats named here and "
        "nothing else.",
    .options =
        (const CommandOption[]){
            {"format", 'f', COMMAND_TEXTS, "FORMAT", .help = "what it may fetch"},
            {"days", 'd', COMMAND_INT, "N", .min = 1, .max = 36500,
             .help = "the token expires after N days (default: never)"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert shield consumer add resolver1 --format rpz", "prints its token"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_add,
};

static const Command command_list = {
    .name = "list",
    .summary = "list the machines that may fetch exports",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_remove = {
    .name = "remove",
    .summary = "remove a machine; its token is refused from now on",
    .arguments = "NAME",
    .nothing = "there is no such consumer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_remove,
};

const Command shield_consumer = {
    .name = "consumer",
    .summary = "the machines that fetch exports over HTTP",
    .subcommands = (const Command *const[]){&command_add, &command_list, &command_remove, NULL},
};
