/* cmd_backup.c - `concert backup`: a node in one file. */
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"

static int run(const CommandCall *call, GError **error)
{
    guint64 bytes;
    const char *path = call->arguments[0];
    if (!node_backup(command_node_directory(call), path, &bytes, error))
        return command_file_error(error);
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "file", path);
        yyjson_mut_obj_add_uint(doc, root, "bytes", bytes);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    char size[OUTPUT_NUMBER_MAX];
    output_line("Wrote %s (%s).", path, output_size(size, bytes));
    return COMMAND_OK;
}

const Command cmd_backup = {
    .name = "backup",
    .summary = "write the node's store and settings into one file",
    .arguments = "FILE",
    .description =
        "The file holds the store as of one moment, and concert.conf; a running `concert "
        "serve` goes on meanwhile. It also holds the accounts with their password "
        "hashes: keep it as safe as the node. TLS keys are not in it.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
