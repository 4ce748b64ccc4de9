/* cmd_evidence.c - `concert evidence`: what was found, sealed and handed over. The steps follow
 * from the procedure's table (dossier/evidence.h); what is special about them is in
 * evidence_custody.h and in the files cmd_evidence_*.c. */
#include "cli/cmd_evidence.h"

#include <string.h>

#include "base/jsontext.h"
#include "cli/commands.h"
#include "cli/evidence_custody.h"
#include "cli/output.h"
#include "dossier/evidence.h"
#include "dossier/evidence_chain.h"

/* --- copies ------------------------------------------------------------------------------------
 */

static void copy_json(const EvidenceCopy *copy)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "copy", copy->name);
    jsontext_add(doc, root, "of", copy->of);
    yyjson_mut_obj_add_str(doc, root, "custodian", copy->custodian);
    yyjson_mut_obj_add_str(doc, root, "status", evidence_chain_status_name(copy->status));
    jsontext_add(doc, root, "to", copy->to);
    if (copy->offer)
        yyjson_mut_obj_add_strcpy(doc, root, "offer", event_hash_format(&copy->offer->hash, hex));
    jsontext_add(doc, root, "place", copy->place);
    yyjson_mut_val *before = yyjson_mut_obj_add_arr(doc, root, "before");
    for (guint i = 0; i < copy->before->len; i++)
        yyjson_mut_arr_add_str(doc, before, copy->before->pdata[i]);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void copy_row(OutputTable *table, const EvidenceCopy *copy)
{
    char hex[2 * SHA256_SIZE + 1] = "", time[OUTPUT_NUMBER_MAX];
    g_autofree char *status = g_strdup_printf("%s%s%s", evidence_chain_status_name(copy->status),
                                              copy->to ? " to " : "", copy->to ? copy->to : "");
    if (copy->offer)
        event_hash_format(&copy->offer->hash, hex);
    hex[8] = '\0';
    output_table_row(table, (const char *[]){copy->name, copy->custodian, status, hex, copy->place,
                                             output_time(time, copy->last->time_us)});
}

static int run_copies(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? evidence_custody_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_autoptr(EvidenceChain) chain = evidence_chain_new(docket->result);
    g_autoptr(OutputTable) table =
        output_table_new("COPY", "IN THE HANDS OF", "STATUS", "OFFER", "PLACE", "SINCE", NULL);
    for (guint i = 0; i < chain->copies->len; i++) {
        if (command_json(call))
            copy_json(chain->copies->pdata[i]);
        else
            copy_row(table, chain->copies->pdata[i]);
    }
    if (!command_json(call))
        output_table_print(g_steal_pointer(&table));
    return chain->copies->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_evidence_copies = {
    .name = "copies",
    .summary = "the copies of one, and in whose hands each is",
    .arguments = "ID",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such evidence, or it is not sealed yet",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_copies,
};

/* --- the table ---------------------------------------------------------------------------------
 */

static const Command *const *list(const Command *self)
{
    static const Command *const *made;
    static const Command *const special[] = {&cmd_evidence_copies, &cmd_evidence_bundle,
                                             &cmd_evidence_verify, &cmd_evidence_export, NULL};
    if (!made) {
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        for (const Command *const *one = evidence_custody_commands(); *one; one++)
            g_ptr_array_add(own, (gpointer)*one);
        for (const Command *const *one = special; *one; one++)
            g_ptr_array_add(own, (gpointer)*one);
        g_ptr_array_add(own, NULL);
        made = dossier_command_list(&evidence_procedure, (const Command *const *)own->pdata);
    }
    return made;
}

const Command cmd_evidence = {
    .name = "evidence",
    .summary = "seal what was found, hand copies over, and prove the chain of custody",
    .description =
        "Evidence is collected or acquired, and sealed by the hashes of its files. From then on "
        "each copy has its own chain: who has it, who gave it to whom, each step signed and in the "
        "ledgers of both. Before a copy is offered nobody else knows of it. `concert evidence "
        "copies` tells in whose hands each copy is. See docs/evidence.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert evidence identify --subject \"Disk of web-3\" --kind image --source \"web-3, "
             "/dev/sda\"",
             "begin"},
            {"concert evidence acquire 72ad55eb --files disk.img --time 2026-05-01T10:20Z --method "
             "\"write blocker\" --tool \"dd 9.1\"",
             "keep the image"},
            {"concert evidence offer 72ad55eb --to cert.birch.example", "hand it over"},
            {NULL, NULL}},
};
