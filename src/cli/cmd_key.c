/* cmd_key.c - `concert key`: the node's keys. */
#include <string.h>

#include "base/jsontext.h"
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
        g_set_error_literal(
            error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
            "the node has no keys: `concert key recover` makes them after a restore without them, "
            "`concert ledger open` those of a node that never had any");
    else if (!keyring)
        g_propagate_error(error, g_steal_pointer(&local));
    return keyring;
}

/* As the node's card has it. */
static char *format_x25519(const NoteVerifier *key, GError **error)
{
    guint8 x25519[NOTE_X25519_SIZE];
    return note_verifier_x25519(key, x25519, error) ? g_base64_encode(x25519, sizeof x25519) : NULL;
}

static void print_key(KeyringRole role, const char *state, const char *vkey, const char *x25519)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "key", keyring_role_name(role));
    yyjson_mut_obj_add_str(doc, root, "state", state);
    yyjson_mut_obj_add_str(doc, root, "vkey", vkey);
    jsontext_add(doc, root, "x25519", x25519);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int list(const CommandCall *call, GError **error)
{
    g_autoptr(Keyring) keyring = open_keyring(call, error);
    if (!keyring)
        return COMMAND_ERROR;
    gboolean sealed = keyring_is_sealed(keyring);
    g_autoptr(OutputTable) table = output_table_new("KEY", "STATE", "PUBLIC KEY", NULL);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        g_autoptr(NoteVerifier) key = keyring_verifier(keyring, role);
        if (!key)
            continue; /* it is made when it is needed */
        g_autofree char *vkey = note_verifier_format(key);
        g_autofree char *agreement = NULL;
        if (role == KEYRING_PARCEL && !(agreement = format_x25519(key, error)))
            return COMMAND_ERROR;
        const char *state = role == KEYRING_RECOVERY      ? "offline"
                            : !keyring_has(keyring, role) ? "missing"
                            : sealed                      ? "sealed"
                                                          : "clear";
        if (command_json(call))
            print_key(role, state, vkey, agreement);
        else
            output_table_row(table, (const char *[]){keyring_role_name(role), state,
                                                     agreement ? agreement : vkey});
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

/* Parameters with the role in them, if the call names one of @roles. */
static yyjson_mut_doc *role_params(const CommandCall *call, const char *const *roles,
                                   GError **error)
{
    const char *role = call->arguments[0];
    if (!g_strv_contains(roles, role)) {
        g_autofree char *known = g_strjoinv(", ", (char **)roles);
        command_usage(call, error, "\"%s\" is none of the keys %s", role, known);
        return NULL;
    }
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "role", role);
    return params;
}

/* A ledger or cosign key that was changed by entry @index. */
static int report_entry(const CommandCall *call, Node *node, guint64 index, GError **error)
{
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

/* A message or parcel key. */
static int report_key(const CommandCall *call, const char *key)
{
    gboolean is_parcel = g_str_equal(call->arguments[0], "parcel");
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, is_parcel ? "x25519" : "vkey", key);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    output_line("%s", key);
    output_note("the node's card announces it%s",
                is_parcel ? "; parcels to the key before it can still be opened" : "");
    return COMMAND_OK;
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
    yyjson_val *root = yyjson_doc_get_root(result);
    const char *key = yyjson_get_str(yyjson_obj_get(root, "key"));
    int status =
        key ? report_key(call, key)
            : report_entry(call, node, yyjson_get_uint(yyjson_obj_get(root, "index")), error);
    yyjson_doc_free(result);
    return status;
}

static int rotate(const CommandCall *call, GError **error)
{
    static const char *const roles[] = {"ledger", "cosign", "message", "parcel", NULL};
    yyjson_mut_doc *params = role_params(call, roles, error);
    return params ? change(call, "key.rotate", params, error) : COMMAND_ERROR;
}

static const Command cmd_key_rotate = {
    .name = "rotate",
    .summary = "make a new key and announce it",
    .arguments = "ledger|cosign|message|parcel",
    .min_arguments = 1,
    .description =
        "A ledger or cosign key is announced by an entry of the ledger, signed by the old "
        "key and the new: who trusts the old one follows by itself. A message or parcel "
        "key is announced by the node's card, also when the old one is lost or stolen. "
        "Prints the new public key.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = rotate,
};

static int recover(const CommandCall *call, GError **error)
{
    if (!command_text(call, "recovery-key"))
        return command_usage(call, error, "--recovery-key FILE is needed");
    static const char *const roles[] = {"ledger", "cosign", NULL};
    yyjson_mut_doc *params = role_params(call, roles, error);
    if (!params)
        return COMMAND_ERROR;
    g_autofree char *path = g_canonicalize_filename(command_text(call, "recovery-key"), NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(params);
    yyjson_mut_obj_add_strcpy(params, root, "recovery_path", path);
    gint64 trusted = command_int(call, "trusted-size", -1);
    if (trusted >= 0)
        yyjson_mut_obj_add_sint(params, root, "trusted_size", trusted);
    int status = change(call, "key.recover", params, error);
    return status == COMMAND_ERROR ? command_file_error(error) : status;
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
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
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
    if (!secret_known_password(call, &passphrase, error))
        return COMMAND_ERROR;
    if (!passphrase)
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
    .options = (const CommandOption[]){SECRET_KNOWN_OPTIONS, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = unlock,
};

const Command cmd_key = {
    .name = "key",
    .summary = "the node's keys: list, rotate, recover, seal",
    .subcommands = (const Command *const[]){&cmd_key_list, &cmd_key_rotate, &cmd_key_recover,
                                            &cmd_key_seal, &cmd_key_unlock, NULL},
};
