/* cmd_ledger_status.c - `concert ledger status`: how far the ledger has come and who signs it. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "store/ledger_read.h"

static const char *const key_names[LEDGER_KEYS] = {"ledger", "cosign", "recovery"};

/* The recovery key that nobody took away. */
static gboolean has_recovery_key(const Node *node)
{
    g_autofree char *path = g_build_filename(node_directory(node), "recovery.key", NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void print_json(const LedgerReadState *state, gboolean recovery_here)
{
    g_autofree char *root_text = g_base64_encode(state->root.bytes, SHA256_SIZE);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "origin", state->origin);
    yyjson_mut_obj_add_uint(doc, root, "size", state->size);
    yyjson_mut_obj_add_str(doc, root, "root", root_text);
    yyjson_mut_obj_add_bool(doc, root, "held", state->held);
    yyjson_mut_val *keys = yyjson_mut_obj_add_obj(doc, root, "keys");
    for (guint i = 0; i < LEDGER_KEYS; i++)
        yyjson_mut_obj_add_str(doc, keys, key_names[i], state->keys[i]);
    yyjson_mut_obj_add_bool(doc, root, "recovery_key_here", recovery_here);
    jsontext_add(doc, root, "checkpoint", state->checkpoint);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_auto(LedgerReadState) state = {0};
    if (!node || !ledger_read_state(node_store(node), &state, error))
        return COMMAND_ERROR;
    gboolean recovery_here = has_recovery_key(node);
    if (command_json(call)) {
        print_json(&state, recovery_here);
        return state.held ? COMMAND_NOTHING : COMMAND_OK;
    }
    char number[OUTPUT_NUMBER_MAX];
    g_autofree char *root = g_base64_encode(state.root.bytes, SHA256_SIZE);
    output_line("origin    %s", state.origin);
    output_line("entries   %s", output_number(number, state.size));
    output_line("root      %s", root);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        output_line("%-9s %s", key_names[i], state.keys[i]);
    if (state.held)
        output_line(
            "HELD      nothing is signed: the node was restored, or a witness has seen more "
            "than is here; `concert ledger resume` asks how far the ledger had come (see "
            "docs/ledger.md, \"Restoring\")");
    if (recovery_here)
        output_note("concert: the recovery key still lies in %s/recovery.key: take it off this "
                    "machine",
                    node_directory(node));
    return state.held ? COMMAND_NOTHING : COMMAND_OK;
}

const Command cmd_ledger_status = {
    .name = "status",
    .summary = "show how far the ledger has come, and its keys",
    .description = "The vkeys are what others verify by: give them to partners over a channel that "
                   "both of you trust.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "the ledger is held",
    .uses_node = TRUE,
    .run = run,
};
