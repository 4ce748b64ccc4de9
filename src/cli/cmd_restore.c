/* cmd_restore.c - `concert restore`: a node from a backup. */
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"

static int run(const CommandCall *call, GError **error)
{
    const char *directory = command_node_directory(call);
    if (!node_restore(directory, call->arguments[0], error))
        return command_file_error(error);
    output_line("Restored the node in %s.", directory);
    return COMMAND_OK;
}

const Command cmd_restore = {
    .name = "restore",
    .summary = "make a node from a backup",
    .arguments = "FILE",
    .description = "The node's directory must be absent or empty: nothing is ever overwritten.",
    .examples =
        (const CommandExample[]){
            {"concert restore --node ./copy alder.backup", "a copy of the node in ./copy"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
