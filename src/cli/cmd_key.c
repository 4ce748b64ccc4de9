/* cmd_key.c - `concert key`: the node's keys. */
#include <string.h>

#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "identity/keyring.h"
#include "identity/seal.h"
#include "store/ledger_read.h"

static Keyring *open_keyring(const CommandCall *call, GError **error)
{
    g_autofree char *path = g_build_filename(command_node_directory(call), "keys", NULL);
    g_autoptr(GError) local = NULL;
    Keyring *keyring = keyring_open(path, &local);
    if (!keyring && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the node has no keys; `concert ledger open` makes them");
    else if (!keyring)
        g_propagate_error(error, g_steal_pointer(&local));
    return keyring;
}

static int list(const CommandCall *call, GError **error)
{
    g_autoptr(Keyring) keyring = open_keyring(call, error);
    if (!keyring)
        return COMMAND_ERROR;
    gboolean sealed = keyring_is_sealed(keyring);
    g_autoptr(OutputTable) table = output_table_new("KEY", "STATE", "VKEY", NULL);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        g_autoptr(NoteVerifier) key = keyring_verifier(keyring, role);
        g_autofree char *vkey = note_verifier_format(key);
        const char *state = role == KEYRING_RECOVERY ? "offline" : sealed ? "sealed" : "clear";
        if (command_json(call)) {
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            yyjson_mut_obj_add_str(doc, root, "key", keyring_role_name(role));
            yyjson_mut_obj_add_str(doc, root, "state", state);
            yyjson_mut_obj_add_str(doc, root, "vkey", vkey);
            output_json(root);
            yyjson_mut_doc_free(doc);
        } else {
            output_table_row(table, (const char *[]){keyring_role_name(role), state, vkey});
        }
    }
    output_table_print(g_steal_pointer(&table));
    return COMMAND_OK;
}

static const Command cmd_key_list = {
    .name = "list",
    .summary = "list the node's public keys",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = list,
};

/* Parameters with the role in them, if the call names one. */
static yyjson_mut_doc *role_params(const CommandCall *call, GError **error)
{
    const char *role = call->arguments[0];
    if (!g_str_equal(role, "ledger") && !g_str_equal(role, "cosign")) {
        command_usage(call, error, "\"%s\" is none of the keys ledger and cosign", role);
        return NULL;
    }
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    yyjson_mut_doc_set_root(params, root);
    yyjson_mut_obj_add_strcpy(params, root, "role", role);
    return params;
}

static int change(const CommandCall *call, const char *operation, yyjson_mut_doc *params,
                  GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_doc *result;
    if (!node) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    if (!command_node_call(node, operation, params, &result, error))
        return COMMAND_ERROR;
    guint64 index = yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(result), "index"));
    yyjson_doc_free(result);
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(node_store(node), &state, error))
        return COMMAND_ERROR;
    LedgerKey key = g_str_equal(call->arguments[0], "ledger") ? LEDGER_KEY : LEDGER_COSIGN_KEY;
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_uint(doc, root, "index", index);
        yyjson_mut_obj_add_str(doc, root, "vkey", state.keys[key]);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    output_line("%s", state.keys[key]);
    output_note("announced in entry %" G_GUINT64_FORMAT
                " of the ledger; who trusts the old key can follow",
                index);
    return COMMAND_OK;
}

static int rotate(const CommandCall *call, GError **error)
{
    yyjson_mut_doc *params = role_params(call, error);
    return params ? change(call, "key.rotate", params, error) : COMMAND_ERROR;
}

static const Command cmd_key_rotate = {
    .name = "rotate",
    .summary = "make a new key and announce it",
    .arguments = "ledger|cosign",
    .min_arguments = 1,
    .description = "The announcement is an entry of the ledger, signed by the old key and the new: "
                   "who trusts the old one follows by itself. Prints the new vkey.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = rotate,
};

static int recover(const CommandCall *call, GError **error)
{
    if (!command_text(call, "recovery-key"))
        return command_usage(call, error, "--recovery-key FILE is needed");
    yyjson_mut_doc *params = role_params(call, error);
    if (!params)
        return COMMAND_ERROR;
    g_autofree char *path = g_canonicalize_filename(command_text(call, "recovery-key"), NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(params);
    yyjson_mut_obj_add_strcpy(params, root, "recovery_path", path);
    gint64 trusted = command_int(call, "trusted-size", -1);
    if (trusted >= 0)
        yyjson_mut_obj_add_sint(params, root, "trusted_size", trusted);
    return change(call, "key.recover", params, error);
}

static const Command cmd_key_recover = {
    .name = "recover",
    .summary = "replace a key that is lost or stolen",
    .arguments = "ledger|cosign",
    .min_arguments = 1,
    .description =
        "The new key is announced in an entry of the ledger that the offline recovery key signs. "
        "After a theft give --trusted-size: checkpoints beyond it that the old key signed are void "
        "from then on, the thief's included. Take the recovery key off the machine again.",
    .options =
        (const CommandOption[]){
            {"recovery-key", 0, COMMAND_TEXT, "FILE", .help = "the recovery key that init wrote"},
            {"trusted-size", 0, COMMAND_INT, "N", .max = G_MAXINT64,
             .help = "after a theft: the last size of the ledger that you trust"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .uses_node = TRUE,
    .run = recover,
};

/* The call's new passphrase, or what @fallback says; an operation on it. */
static int with_passphrase(const CommandCall *call, const char *operation, char *passphrase,
                           GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    yyjson_mut_doc_set_root(params, root);
    if (passphrase)
        yyjson_mut_obj_add_str(params, root, "passphrase", passphrase);
    return command_node_call(node, operation, params, NULL, error) ? COMMAND_OK : COMMAND_ERROR;
}

static int seal(const CommandCall *call, GError **error)
{
    g_auto(SecretText) passphrase = NULL;
    gboolean made;
    if (!secret_new_password(call, &passphrase, &made, error))
        return COMMAND_ERROR;
    if (!passphrase && !command_flag(call, "none"))
        return command_usage(call, error, "say where the passphrase comes from, or --none");
    int status = with_passphrase(call, "key.seal", passphrase, error);
    if (status == COMMAND_OK && made)
        output_line("%s", passphrase);
    return status;
}

static const Command cmd_key_seal = {
    .name = "seal",
    .summary = "seal the keys under a passphrase, or another one",
    .description = "A node whose keys are sealed needs the passphrase to start signing: from "
                   "[ledger] key_passphrase_file, from CONCERT_PASSPHRASE in the environment, or "
                   "by `concert key unlock`.",
    .options =
        (const CommandOption[]){
            SECRET_OPTIONS,
            {"none", 0, COMMAND_FLAG, .help = "put the keys in the clear"},
            COMMAND_OPTIONS_END,
        },
    .uses_node = TRUE,
    .run = seal,
};

static int unlock(const CommandCall *call, GError **error)
{
    g_auto(SecretText) passphrase = NULL;
    gboolean made;
    if (!secret_new_password(call, &passphrase, &made, error))
        return COMMAND_ERROR;
    if (!passphrase || made)
        return command_usage(call, error, "say where the passphrase comes from");
    if (!node_is_served(command_node_directory(call)))
        return command_usage(call, error,
                             "nobody serves this node; other commands take "
                             "CONCERT_PASSPHRASE from the environment");
    return with_passphrase(call, "key.unlock", passphrase, error);
}

static const Command cmd_key_unlock = {
    .name = "unlock",
    .summary = "give the running node the passphrase of its keys",
    .options = (const CommandOption[]){SECRET_OPTIONS, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = unlock,
};

const Command cmd_key = {
    .name = "key",
    .summary = "the node's keys: list, rotate, recover, seal",
    .subcommands = (const Command *const[]){&cmd_key_list, &cmd_key_rotate, &cmd_key_recover,
                                            &cmd_key_seal, &cmd_key_unlock, NULL},
};
