/* cmd_ledger_change.c - `concert ledger open`, `append` and `erase`: what changes the ledger. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/ledger_entry.h"
#include "cli/output.h"
#include "identity/keyring.h"
#include "identity/seal.h"
#include "node/node.h"

/* What goes over the control socket in one piece, base64 included. */
#define ITEMS_BYTES_MAX (2u * 1024 * 1024)

static int open_ledger(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    char *passphrase;
    if (!node || !keyring_read_passphrase(NULL, &passphrase, error))
        return COMMAND_ERROR;
    g_autofree char *path = command_text(call, "recovery-key")
                                ? g_canonicalize_filename(command_text(call, "recovery-key"), NULL)
                                : g_build_filename(node_directory(node), "recovery.key", NULL);
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "name",
                              config_string(node_config(node), SETTING_NODE_NAME));
    yyjson_mut_obj_add_strcpy(params, root, "recovery_path", path);
    if (passphrase)
        yyjson_mut_obj_add_str(params, root, "passphrase", passphrase);
    seal_secret_free(passphrase);
    if (!command_node_call(node, "ledger.open", params, NULL, error))
        return COMMAND_ERROR;
    output_line("The node has keys and a ledger.");
    output_line("Its recovery key is in %s: move that file off this machine now.", path);
    return COMMAND_OK;
}

const Command cmd_ledger_open = {
    .name = "open",
    .summary = "give keys and a ledger to a node made without",
    .description =
        "`concert init` does this for new nodes; it is for nodes of versions that had no "
        "ledger. With CONCERT_PASSPHRASE in the environment the keys are sealed.",
    .options =
        (const CommandOption[]){
            {"recovery-key", 0, COMMAND_TEXT, "FILE",
             .help = "where to write the recovery key (default: recovery.key in the directory)"},
            COMMAND_OPTIONS_END,
        },
    .uses_node = TRUE,
    .run = open_ledger,
};

/* Prints the index of the entry that was made. */
static void report(const CommandCall *call, yyjson_doc *result, const char *what)
{
    guint64 index = yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(result), "index"));
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_uint(doc, root, "index", index);
        output_json(root);
        yyjson_mut_doc_free(doc);
    } else {
        output_line("%s entry %" G_GUINT64_FORMAT, what, index);
    }
    yyjson_doc_free(result);
}

static gboolean add_file(yyjson_mut_doc *params, yyjson_mut_val *items, const char *path,
                         const char *type, gsize *left, GError **error)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GError) local = NULL;
    gsize length;
    if (!g_file_get_contents(path, &bytes, &length, &local)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, local->message);
        return FALSE;
    }
    if (length > *left) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "%s: the items of one entry may have %u bytes together; put its SHA-256 into a "
                    "file and append that",
                    path, ITEMS_BYTES_MAX);
        return FALSE;
    }
    *left -= length;
    g_autofree char *text = g_base64_encode((const guchar *)bytes, length);
    yyjson_mut_val *item = yyjson_mut_arr_add_obj(params, items);
    yyjson_mut_obj_add_strcpy(params, item, "type", type);
    yyjson_mut_obj_add_strcpy(params, item, "bytes", text);
    return TRUE;
}

static yyjson_mut_doc *append_params(const CommandCall *call, GError **error)
{
    const char *const *audience = command_texts(call, "to");
    const char *type = command_text(call, "type");
    gsize left = ITEMS_BYTES_MAX;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "title", call->arguments[0]);
    yyjson_mut_obj_add_bool(params, root, "public", command_flag(call, "public"));
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(params, root, "audience");
    for (guint i = 0; audience && audience[i]; i++)
        yyjson_mut_arr_add_strcpy(params, list, audience[i]);
    yyjson_mut_val *items = yyjson_mut_obj_add_arr(params, root, "items");
    for (guint i = 1; i < call->count; i++) {
        if (!add_file(params, items, call->arguments[i], type ? type : "application/octet-stream",
                      &left, error)) {
            yyjson_mut_doc_free(params);
            return NULL;
        }
    }
    return params;
}

static int append(const CommandCall *call, GError **error)
{
    if (command_flag(call, "public") && command_texts(call, "to"))
        return command_usage(call, error, "--public and --to contradict each other");
    yyjson_mut_doc *params = append_params(call, error);
    if (!params)
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_doc *result;
    if (!node) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    if (!command_node_call(node, "ledger.append", params, &result, error))
        return COMMAND_ERROR;
    report(call, result, "appended as");
    return COMMAND_OK;
}

const Command cmd_ledger_append = {
    .name = "append",
    .summary = "state something: commit to a title and files",
    .arguments = "TITLE [FILE...]",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .description =
        "Appends an entry of kind \"statement\". Others see a hash and nothing of what it says, "
        "until you disclose it; then it proves that you had these bytes when the checkpoint was "
        "cosigned. Without --public or --to it is for nobody.",
    .options =
        (const CommandOption[]){
            {"public", 0, COMMAND_FLAG, .help = "its opening is served to everybody"},
            {"to", 't', COMMAND_TEXTS, "ORIGIN",
             .help = "the origin of a ledger whose owner it is for"},
            {"type", 0, COMMAND_TEXT, "TYPE",
             .help = "media type of the files (default: application/octet-stream)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger append \"Notice 2026-17 sent by mail\" notice.txt",
             "prove later what was sent, and when"},
            {NULL},
        },
    .uses_node = TRUE,
    .run = append,
};

/* Whether the person at the terminal means it; without a terminal --yes says so. */
static gboolean is_meant(const CommandCall *call, guint64 index)
{
    if (command_flag(call, "yes"))
        return TRUE;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return FALSE;
    char answer[16];
    fprintf(stderr, "Destroy what entry %" G_GUINT64_FORMAT " says, for ever? Type yes: ", index);
    return fgets(answer, sizeof answer, stdin) && g_str_equal(g_strstrip(answer), "yes");
}

static int erase(const CommandCall *call, GError **error)
{
    guint64 index;
    if (!ledger_entry_index(call, 0, &index, error))
        return COMMAND_ERROR;
    if (!is_meant(call, index))
        return command_usage(call, error, "nothing was erased; --yes says that it is meant");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    gint64 item = command_int(call, "item", -1);
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_uint(params, root, "index", index);
    if (item >= 0)
        yyjson_mut_arr_add_int(params, yyjson_mut_obj_add_arr(params, root, "items"), item);
    yyjson_doc *result;
    if (!command_node_call(node, "ledger.erase", params, &result, error))
        return COMMAND_ERROR;
    report(call, result, "erased; said so in");
    return COMMAND_OK;
}

const Command cmd_ledger_erase = {
    .name = "erase",
    .summary = "destroy what an entry says",
    .arguments = "INDEX",
    .min_arguments = 1,
    .description =
        "Destroys the opening of an entry, nonce included, in the store: nobody can show "
        "any more what it said. The entry itself stays, so that the ledger verifies as "
        "before, and a new entry says what was erased. Backups and those who were sent "
        "the opening still have it.",
    .options =
        (const CommandOption[]){
            {"item", 'i', COMMAND_INT, "K", .max = OPENING_ITEMS_MAX - 1,
             .help = "only item K, from 0"},
            {"yes", 'y', COMMAND_FLAG, .help = "do not ask"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is no such entry or item",
    .uses_node = TRUE,
    .run = erase,
};
