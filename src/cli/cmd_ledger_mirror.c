/* cmd_ledger_mirror.c - `concert ledger mirror`: the ledger as files that any web server can serve.
 */
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "node/mirror.h"
#include "node/policy_file.h"

static void report_json(const char *directory, const MirrorReport *report)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "directory", directory);
    yyjson_mut_obj_add_uint(doc, root, "size", report->size);
    yyjson_mut_obj_add_uint(doc, root, "tiles_written", report->tiles);
    yyjson_mut_obj_add_uint(doc, root, "openings_written", report->openings);
    yyjson_mut_obj_add_uint(doc, root, "openings_removed", report->removed);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run(const CommandCall *call, GError **error)
{
    const char *directory = call->arguments[0];
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Quorum) policy = NULL;
    MirrorReport report;
    if (!node || !policy_file_load(node_config(node), &policy, error) ||
        !mirror_update(node_store(node), directory, policy, &report, error))
        return COMMAND_ERROR;
    if (command_json(call)) {
        report_json(directory, &report);
        return COMMAND_OK;
    }
    char size[OUTPUT_NUMBER_MAX], tiles[OUTPUT_NUMBER_MAX], openings[OUTPUT_NUMBER_MAX];
    output_line("%s mirrors %s entries: wrote %s tiles and %s openings.", directory,
                output_number(size, report.size), output_number(tiles, report.tiles),
                output_number(openings, report.openings));
    if (report.removed > 0)
        output_line("Took away %s openings that were erased.",
                    output_number(openings, report.removed));
    return COMMAND_OK;
}

const Command cmd_ledger_mirror = {
    .name = "mirror",
    .summary = "write the ledger as files that any web server can serve",
    .arguments = "DIR",
    .description =
        "Makes or updates a mirror: checkpoint, tiles and entries as C2SP tlog-tiles names them, "
        "the openings that are meant for all, and the keys. What is there already stays; the "
        "checkpoint is replaced last, so that the mirror is whole at every instant, also while it "
        "is served. `concert ledger verify DIR` verifies it.\n\n"
        "Whoever gets at DIR sees how many entries there are, up to the newest; not what they say, "
        "but for the openings that are meant for all.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert ledger mirror /srv/www/ledger", "once an hour, say, from a timer"},
            {NULL},
        },
    .nothing = "there is no ledger yet, or nothing in it",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
