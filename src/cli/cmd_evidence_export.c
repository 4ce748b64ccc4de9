/* cmd_evidence_export.c - `concert evidence export`: for other programs. */
#include "cli/cmd_evidence.h"
#include "cli/evidence_custody.h"
#include "cli/output.h"
#include "dossier/evidence_case.h"

static int run(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "output");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? evidence_custody_load(call, node, error) : NULL;
    if (!docket || (path && !output_to_file(path, error)))
        return COMMAND_ERROR;
    g_autoptr(EvidenceChain) chain = evidence_chain_new(docket->result);
    g_autofree char *text = evidence_case(docket->result, chain);
    output_line("%s", text);
    return COMMAND_OK;
}

const Command cmd_evidence_export = {
    .name = "export",
    .summary = "write it in the format of other programs",
    .arguments = "ID",
    .description = "case-uco: JSON-LD of the CASE and UCO ontologies (caseontology.org), which "
                   "forensic tools exchange: files with hashes, copies as provenance records, "
                   "steps as investigative actions. It is a report; what proves is the bundle.",
    .options =
        (const CommandOption[]){
            {"to", 0, COMMAND_CHOICE, "FORMAT", .choices = "case-uco",
             .help = "the format (default: case-uco)"},
            {"output", 'o', COMMAND_TEXT, "FILE", .help = "write to this new file"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){{"concert evidence export 72ad55eb --to case-uco -o web-3.jsonld",
                                  "for a forensic tool"},
                                 {NULL, NULL}},
    .nothing = "there is no such evidence",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
