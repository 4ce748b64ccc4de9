/* cmd_peer_succeed.c - `concert peer succeed`: going on with a peer whose ledger was lost. */
#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "cli/cmd_peer.h"
#include "cli/command_node.h"
#include "cli/output.h"

static void report(gboolean check, yyjson_val *result)
{
    char size[OUTPUT_NUMBER_MAX], seen[OUTPUT_NUMBER_MAX], held[OUTPUT_NUMBER_MAX];
    const char *peer = yyjson_get_str(yyjson_obj_get(result, "peer"));
    guint64 told = yyjson_get_uint(yyjson_obj_get(result, "seen"));
    output_line("%s %s as %s, as its recovery key has signed.", peer,
                check ? "would go on" : "goes on",
                yyjson_get_str(yyjson_obj_get(result, "origin")));
    output_line("%-14s %s, of which it had %s entries when it began anew", "lost",
                yyjson_get_str(yyjson_obj_get(result, "previous")),
                output_number(size, yyjson_get_uint(yyjson_obj_get(result, "size"))));
    if (told > 0)
        output_line("%-14s %s entries", "witnesses saw", output_number(seen, told));
    output_line("%-14s %s entries, which stay and stay provable", "held here",
                output_number(held, yyjson_get_uint(yyjson_obj_get(result, "held"))));
    if (!check)
        output_line("What was sent to it and is lost there can be sent anew: concert dispatch "
                    "grant, or send.");
}

static int run_succeed(const CommandCall *call, GError **error)
{
    gboolean check = command_flag(call, "check");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(yyjson_doc) result = NULL;
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "peer", call->arguments[0]);
    if (call->count > 1)
        yyjson_mut_obj_add_str(params, root, "where", call->arguments[1]);
    yyjson_mut_obj_add_bool(params, root, "check", check);
    if (!command_node_call(node, "peer.succeed", params, &result, error))
        return COMMAND_ERROR;
    if (command_json(call)) {
        yyjson_mut_doc *copy = yyjson_doc_mut_copy(result, NULL);
        output_json(yyjson_mut_doc_get_root(copy));
        yyjson_mut_doc_free(copy);
    } else {
        report(check, yyjson_doc_get_root(result));
    }
    return COMMAND_OK;
}

const Command cmd_peer_succeed = {
    .name = "succeed",
    .summary = "go on with a peer whose ledger was lost, and which began another",
    .arguments = "PEER [URL|DIRECTORY]",
    .description =
        "Fetches the peer's card and the first entry of its new ledger from the peer's endpoint, "
        "or from URL, and goes on with that ledger when the recovery key that was pinned here has "
        "signed that it follows the old one. The new ledger is followed from its first entry. What "
        "was received of the old one stays, and stays provable. DIRECTORY has what the peer serves "
        "as .well-known/concert, ledger/openings/0 and ledger/keys.",
    .options =
        (const CommandOption[]){
            {"check", 0, COMMAND_FLAG, .help = "only say what it would go on with"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert peer succeed cert.birch.example --check", "whether there is anything to do"},
            {"concert peer succeed cert.birch.example", "do it"},
            {NULL},
        },
    .nothing = "there is no such peer, or it has no other ledger",
    .min_arguments = 1,
    .max_arguments = 2,
    .uses_node = TRUE,
    .run = run_succeed,
};
