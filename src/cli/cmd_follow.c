/* cmd_follow.c - `concert follow`: foreign sources that are read again and again. */
#include "cli/cmd_follow.h"

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "node/follow_secret.h"
#include "store/followed.h"

static gboolean call_named(Node *node, const char *operation, const char *name, int paused,
                           GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "name", name);
    if (paused >= 0)
        yyjson_mut_obj_add_bool(params, root, "paused", paused != 0);
    return command_node_call(node, operation, params, NULL, error);
}

static int run_remove(const CommandCall *call, GError **error)
{
    const char *name = call->arguments[0];
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !call_named(node, "follow.remove", name, -1, error))
        return COMMAND_ERROR;
    follow_secret_remove(node_directory(node), name);
    output_line("%s is not followed any more. What came from it stays.", name);
    return COMMAND_OK;
}

static int set_paused(const CommandCall *call, gboolean paused, GError **error)
{
    const char *name = call->arguments[0];
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !call_named(node, "follow.pause", name, paused, error))
        return COMMAND_ERROR;
    output_line(paused ? "%s is not read until it is resumed."
                       : "%s is read on from where it was left, as soon as the node is served.",
                name);
    return COMMAND_OK;
}

static int run_pause(const CommandCall *call, GError **error)
{
    return set_paused(call, TRUE, error);
}

static int run_resume(const CommandCall *call, GError **error)
{
    return set_paused(call, FALSE, error);
}

static int run_secret(const CommandCall *call, GError **error)
{
    const char *name = call->arguments[0];
    const char *path = call->count > 1 ? call->arguments[1] : "-";
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Followed) followed = node ? followed_find(node_store(node), name, error) : NULL;
    if (!followed)
        return COMMAND_ERROR;
    if (followed->auth == FOLLOWED_OPEN)
        return command_usage(call, error, "%s is read without a password or token", name);
    g_auto(SecretText) secret = secret_from_file(path, error);
    if (!secret || !follow_secret_write(node_directory(node), name, secret, error))
        return COMMAND_ERROR;
    output_line("From the next time on %s is read with it.", name);
    return COMMAND_OK;
}

static const Command command_remove = {
    .name = "remove",
    .summary = "follow a source no longer",
    .arguments = "NAME",
    .description = "Forgets the source, how far it was read, and its password. What came from it "
                   "stays in the node.",
    .nothing = "no such source is followed",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_remove,
};

static const Command command_pause = {
    .name = "pause",
    .summary = "do not read a source for now",
    .arguments = "NAME",
    .nothing = "no such source is followed",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_pause,
};

static const Command command_resume = {
    .name = "resume",
    .summary = "read a paused source on from where it was left",
    .arguments = "NAME",
    .nothing = "no such source is followed",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_resume,
};

static const Command command_secret = {
    .name = "secret",
    .summary = "give another password or token for a source",
    .arguments = "NAME [FILE]",
    .description = "Reads it from the first line of FILE, or of standard input, and keeps it in "
                   "the node's directory in a file that only its owner may read.",
    .nothing = "no such source is followed",
    .min_arguments = 1,
    .max_arguments = 2,
    .uses_node = TRUE,
    .run = run_secret,
};

const Command cmd_follow = {
    .name = "follow",
    .summary = "read foreign sources on a schedule",
    .description =
        "TAXII 2.1 collections, MISP feeds, lists, CSV and STIX bundles that others publish are "
        "read again and again while the node is served, each on from where it was left: what is "
        "there already is not fetched again where the source can tell, and nothing is missed, "
        "whatever interrupts a run. See docs/follow.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_follow_taxii,
            &cmd_follow_list,
            &cmd_follow_show,
            &cmd_follow_run,
            &command_pause,
            &command_resume,
            &command_secret,
            &command_remove,
            NULL,
        },
};
