/* cmd_backup.c - `concert backup`: a node in one file, and its keys in another. */
#include <string.h>

#include "base/durable.h"
#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "identity/keyring.h"
#include "store/ledger_read.h"

/* What the keys are to be sealed under; NULL: under what seals them in the node. */
static gboolean get_passphrase(const CommandCall *call, char **ret_passphrase, gboolean *ret_made,
                               GError **error)
{
    g_auto(SecretText) given = NULL;
    if (!secret_new_password(call, &given, ret_made, error))
        return FALSE;
    if (given)
        *ret_passphrase = g_steal_pointer(&given);
    else if (!keyring_read_passphrase(NULL, ret_passphrase, error))
        return FALSE;
    return TRUE;
}

/* The keys that go with the ledger as @state has it, sealed. */
static char *export_keys(Node *node, const LedgerReadState *state, const char *passphrase,
                         GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    if (passphrase)
        yyjson_mut_obj_add_str(params, root, "passphrase", passphrase);
    yyjson_mut_obj_add_str(params, root, "ledger", state->keys[LEDGER_KEY]);
    yyjson_mut_obj_add_str(params, root, "cosign", state->keys[LEDGER_COSIGN_KEY]);
    yyjson_doc *result;
    if (!command_node_call(node, "key.export", params, &result, error))
        return NULL;
    char *text = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "text")));
    yyjson_doc_free(result);
    return text;
}

/* The store first, then the keys, unchanged since before: so the two agree. */
static gboolean back_up_with_keys(const CommandCall *call, const char *path, const char *keys_path,
                                  const char *passphrase, guint64 *ret_bytes, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (g_file_test(keys_path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", keys_path);
        return FALSE;
    }
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !ledger_read_state(node_store(node), &state, error))
        return FALSE;
    /* Before anything is written: a passphrase that will not do, keys that are locked. */
    g_autofree char *tried = export_keys(node, &state, passphrase, error);
    if (!tried || !node_backup(command_node_directory(call), path, ret_bytes, error))
        return FALSE;
    g_autofree char *text = export_keys(node, &state, passphrase, error);
    if (text && durable_create(keys_path, text, strlen(text), 0600, error))
        return TRUE;
    g_prefix_error(error, "%s is written, its keys are not: ", path);
    return FALSE;
}

static void report(const CommandCall *call, const char *path, guint64 bytes, const char *keys_path)
{
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "file", path);
        yyjson_mut_obj_add_uint(doc, root, "bytes", bytes);
        jsontext_add(doc, root, "keys", keys_path);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    char size[OUTPUT_NUMBER_MAX];
    output_line("Wrote %s (%s).", path, output_size(size, bytes));
    if (keys_path)
        output_line("Wrote the keys to %s: keep it and its passphrase apart from the backup.",
                    keys_path);
}

static int run(const CommandCall *call, GError **error)
{
    guint64 bytes;
    gboolean made;
    const char *path = call->arguments[0], *keys_path = command_text(call, "keys");
    g_auto(SecretText) passphrase = NULL;
    if (!get_passphrase(call, &passphrase, &made, error))
        return COMMAND_ERROR;
    if (!(keys_path ? back_up_with_keys(call, path, keys_path, passphrase, &bytes, error)
                    : node_backup(command_node_directory(call), path, &bytes, error)))
        return command_file_error(error);
    report(call, path, bytes, keys_path);
    if (keys_path && made)
        output_line("%s", passphrase);
    if (!keys_path)
        output_note("concert: the node's keys are not in it; --keys FILE writes them too");
    return COMMAND_OK;
}

const Command cmd_backup = {
    .name = "backup",
    .summary = "write the node's store and settings into one file",
    .arguments = "FILE",
    .description =
        "The file holds the store as of one moment, and concert.conf; a running `concert "
        "serve` goes on meanwhile. It also holds the accounts with their password "
        "hashes: keep it as safe as the node. TLS keys are not in it.\n\n"
        "The keys of the ledger go into a file of their own, sealed under a passphrase: the one "
        "given here, else that in CONCERT_PASSPHRASE, else that which seals them in the node. The "
        "recovery key is in neither.",
    .options =
        (const CommandOption[]){
            {"keys", 'k', COMMAND_TEXT, "FILE", .help = "write the keys too, into FILE"},
            SECRET_OPTIONS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert backup --keys /media/safe/alder.keys alder.backup",
             "all that a new machine needs"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
