/* cmd_init.c - `concert init`: makes a node. */
#include <string.h>

#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "identity/seal.h"

/* Refuses what concert.conf would refuse, before anything is made. */
static gboolean check(const char *text, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Config) config G_GNUC_UNUSED =
        config_parse("/", "concert.conf", text, strlen(text), problems);
    if (problems->len == 0)
        return TRUE;
    /* The line in a file that does not exist would help nobody. */
    const char *problem = strstr(problems->pdata[0], ": ");
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, problem + 2);
    return FALSE;
}

static int run(const CommandCall *call, GError **error)
{
    const char *values[SETTING_COUNT] = {
        [SETTING_NODE_NAME] = command_text(call, "name"),
        [SETTING_NODE_ORGANISATION] = command_text(call, "organisation"),
        [SETTING_SERVER_LISTEN] = command_text(call, "listen"),
    };
    g_autofree char *text = settings_file(values);
    const char *directory = command_node_directory(call);
    g_autofree char *recovery_path =
        command_text(call, "recovery-key")
            ? g_canonicalize_filename(command_text(call, "recovery-key"), NULL)
            : g_build_filename(directory, "recovery.key", NULL);
    char *passphrase;
    if (!check(text, error) || !keyring_read_passphrase(NULL, &passphrase, error))
        return COMMAND_ERROR;
    const char *name = values[SETTING_NODE_NAME] ? values[SETTING_NODE_NAME] : "localhost";
    const NodeKeys keys = {name, recovery_path, passphrase};
    gboolean made = node_create(directory, text, &keys, error);
    seal_secret_free(passphrase);
    if (!made)
        return command_file_error(error);

    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "directory", directory);
        yyjson_mut_obj_add_str(doc, root, "name", name);
        yyjson_mut_obj_add_str(doc, root, "recovery_key", recovery_path);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    if (!values[SETTING_NODE_NAME])
        output_note("It is called %s, as no --name was given: to try things with. Partners cannot "
                    "tell it from others, and keys and ledger keep the name they were made with.",
                    name);
    output_line("Made a node in %s, with the collections \"main\" and \"partners\".", directory);
    output_line("Its recovery key is in %s: move that file off this machine now.", recovery_path);
    output_line("Its settings are in %s/concert.conf. What to do next:", directory);
    output_line("  concert import --node %s FILE            put indicators in", directory);
    output_line("  concert account add --node %s NAME ...   let somebody read them", directory);
    output_line("  concert serve --node %s                  serve them", directory);
    return COMMAND_OK;
}

const Command cmd_init = {
    .name = "init",
    .summary = "make a node",
    .description =
        "Makes the directory of a node, which must be absent or empty: a commented "
        "concert.conf, the store, the API root \"main\" with the collections \"main\" and "
        "\"partners\" (what peers send), the node's keys and its ledger. Nothing is fetched and "
        "nobody is contacted.\n\n"
        "The recovery key replaces the others when they are lost or stolen. It is written "
        "to a file once and kept nowhere else: take it offline. With CONCERT_PASSPHRASE "
        "in the environment the other keys are sealed under that passphrase.",
    .options =
        (const CommandOption[]){
            {"name", 'n', COMMAND_TEXT, "NAME",
             .help =
                 "the name partners know the node by, such as cert.alder.example; keys and ledger "
                 "keep it (default: localhost, for a node to try things with)"},
            {"organisation", 0, COMMAND_TEXT, "TEXT", .help = "who owns the node, in words"},
            {"listen", 'l', COMMAND_TEXT, "ADDRESS:PORT",
             .help = "where `concert serve` listens (default: 127.0.0.1:8470)"},
            {"recovery-key", 0, COMMAND_TEXT, "FILE",
             .help = "where to write the recovery key (default: recovery.key in the directory)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert init --name cert.alder.example --organisation \"CERT of Alder\"",
             "a node in the default place"},
            {"concert init --node ./node", "a node to try things with"},
            {NULL},
        },
    .uses_node = TRUE,
    .run = run,
};
