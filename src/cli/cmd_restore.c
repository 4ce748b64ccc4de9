/* cmd_restore.c - `concert restore`: a node from a backup. */
#include <string.h>

#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "identity/keyring.h"
#include "identity/seal.h"

static gboolean get_passphrase(const CommandCall *call, char **ret_passphrase, GError **error)
{
    g_auto(SecretText) given = NULL;
    if (!secret_known_password(call, &given, error))
        return FALSE;
    if (!given)
        return keyring_read_passphrase(NULL, ret_passphrase, error);
    *ret_passphrase = g_steal_pointer(&given);
    return TRUE;
}

static gboolean restore_with_keys(const CommandCall *call, const char *keys_path, GError **error)
{
    g_auto(SecretText) passphrase = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;
    gsize length;
    if (!get_passphrase(call, &passphrase, error))
        return FALSE;
    if (!passphrase) {
        command_usage(call, error, "say where the passphrase of the keys comes from");
        return FALSE;
    }
    if (!g_file_get_contents(keys_path, &text, &length, &local) || length > SEAL_TEXT_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s",
                    local ? local->message : "the keys' file is too large to be one");
        return FALSE;
    }
    const NodeSealedKeys keys = {text, length, passphrase};
    return node_restore(command_node_directory(call), call->arguments[0], &keys, error);
}

static int run(const CommandCall *call, GError **error)
{
    const char *directory = command_node_directory(call), *keys_path = command_text(call, "keys");
    if (!(keys_path ? restore_with_keys(call, keys_path, error)
                    : node_restore(directory, call->arguments[0], NULL, error)))
        return command_file_error(error);
    output_line("Restored the node in %s.", directory);
    output_line("Its ledger is held, nothing is signed: `concert ledger resume` lets it go on.");
    if (!keys_path)
        output_note("concert: it has no keys; `concert key recover` makes new ones with the "
                    "recovery key");
    return COMMAND_OK;
}

const Command cmd_restore = {
    .name = "restore",
    .summary = "make a node from a backup",
    .arguments = "FILE",
    .description =
        "The node's directory must be absent or empty: nothing is ever overwritten.\n\n"
        "The ledger may have gone on after the backup was taken, and to sign the same places with "
        "other entries would look like a fraud. So it is held until `concert ledger resume` has "
        "found out.",
    .options =
        (const CommandOption[]){
            {"keys", 'k', COMMAND_TEXT, "FILE",
             .help = "the keys that `concert backup --keys` wrote; their passphrase may be in "
                     "CONCERT_PASSPHRASE"},
            SECRET_KNOWN_OPTIONS,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert restore --node ./copy alder.backup", "a copy of the node in ./copy"},
            {"concert restore --keys alder.keys --password alder.backup", "a new machine"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
