/* cmd_dispatch_hold.c - `concert dispatch hold` and `release`: what must not be erased. */
#include "base/jsontext.h"
#include "cli/cmd_dispatch.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"

/* Calls @operation for the dispatch that the first argument names; *ret_name is how it is called;
 * caller frees. */
static gboolean call_operation(const CommandCall *call, const char *operation, const char *reason,
                               char **ret_name, GError **error)
{
    g_autofree char *origin = NULL;
    guint64 entry;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !dispatch_view_parse(call, 0, node_store(node), &origin, &entry, error))
        return FALSE;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_uint(params, root, "of", entry);
    dispatch_view_add_text(params, root, "ledger", origin);
    dispatch_view_add_text(params, root, "reason", reason);
    if (!command_node_call(node, operation, params, NULL, error))
        return FALSE;
    *ret_name = dispatch_view_name(origin, entry);
    return TRUE;
}

static int run_hold(const CommandCall *call, GError **error)
{
    g_autofree char *name = NULL;
    const char *reason = command_text(call, "reason");
    if (!reason || *reason == '\0')
        return command_usage(call, error, "say why: --reason");
    if (!call_operation(call, "dispatch.hold", reason, &name, error))
        return COMMAND_ERROR;
    output_line("Dispatch %s is under a legal hold: nothing of it is erased.", name);
    return COMMAND_OK;
}

static int run_release(const CommandCall *call, GError **error)
{
    g_autofree char *name = NULL;
    if (!call_operation(call, "dispatch.release", NULL, &name, error))
        return COMMAND_ERROR;
    output_line("Dispatch %s is under no hold any more.", name);
    return COMMAND_OK;
}

const Command cmd_dispatch_hold = {
    .name = "hold",
    .summary = "keep a dispatch from being erased",
    .arguments = "[PEER:]INDEX",
    .description =
        "A legal hold. A copy of what a peer sent is then kept although it has expired or "
        "[exchange] retention has run out, and an own entry cannot be erased. It stays out of use "
        "all the same if it expired or was taken back. `concert dispatch show` shows the hold, "
        "`concert dispatch release` ends it.",
    .options =
        (const CommandOption[]){
            {"reason", 'r', COMMAND_TEXT, "TEXT", .help = "why; it stays on this node"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert dispatch hold cert.birch.example:12 --reason \"Case 4711\"",
             "what Birch sent by its entry 12"},
            {NULL},
        },
    .nothing = "there is no such dispatch or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_hold,
};

const Command cmd_dispatch_release = {
    .name = "release",
    .summary = "end a legal hold",
    .arguments = "[PEER:]INDEX",
    .description = "From now on the terms of the copy apply again: if they have run out, it is "
                   "erased within minutes.",
    .nothing = "there is no such dispatch or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_release,
};
