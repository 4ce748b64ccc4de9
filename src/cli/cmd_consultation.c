/* cmd_consultation.c - `concert consultation`: talking with a peer on the record. All but the
 * digest of a record, which nobody should have to compute, follows from the procedure's table
 * (dossier/consultation.h). */
#include <string.h>

#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "dossier/consultation.h"

#define DIGITS_MIN 8 /* of a digest that somebody agrees to */

/* The digest of the text that is proposed. */
static gboolean fill_proposed(const CommandCall *call, Node *node, DossierAct *act, GError **error)
{
    const char *text = yyjson_mut_get_str(yyjson_mut_obj_get(act->payload, "text"));
    const char *given = command_text(call, "record");
    g_autofree char *digest = consultation_digest(text ? text : "");
    if (given && !g_str_has_prefix(digest, given)) {
        command_usage(call, error, "--record %s: the text's digest is %s", given, digest);
        return FALSE;
    }
    yyjson_mut_obj_put(act->payload, yyjson_mut_str(act->params, "record"),
                       yyjson_mut_strcpy(act->params, digest));
    return TRUE;
}

/* Who agrees says to what, by the beginning of its digest: another may have been proposed
 * meanwhile. */
static gboolean fill_agreed(const CommandCall *call, Node *node, DossierAct *act, GError **error)
{
    const char *given = command_text(call, "record");
    g_autofree char *id = dossier_command_id(call, &consultation_procedure);
    g_autoptr(Docket) docket = docket_load(node_store(node), id, error);
    if (!docket)
        return FALSE;
    const Event *proposal = engine_last(docket->result, "record-proposed");
    const char *digest = proposal ? event_text(proposal, "record") : NULL;
    if (!given || strlen(given) < DIGITS_MIN) {
        command_usage(call, error, "say to what you agree: --record with %d digits or more of %s",
                      DIGITS_MIN, digest ? digest : "the record's digest");
        return FALSE;
    }
    if (!digest || !g_str_has_prefix(digest, given)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s is not the record that is proposed: %s", given,
                    digest ? digest : "there is none");
        return FALSE;
    }
    yyjson_mut_obj_put(act->payload, yyjson_mut_str(act->params, "record"),
                       yyjson_mut_strcpy(act->params, digest));
    return TRUE;
}

static const Command *const *list(const Command *self)
{
    static const CommandOption proposed = {
        .name = "record",
        .type = COMMAND_TEXT,
        .argument = "SHA256",
        .help = "the digest that the text has to have (default: the one that it has)"};
    static const CommandOption agreed = {
        .name = "record",
        .type = COMMAND_TEXT,
        .argument = "SHA256",
        .help = "the digest of the text that is agreed to, or its first 8 digits or more"};
    const Command *const own[] = {
        dossier_command_with(&consultation_procedure, "record-proposed", &proposed, fill_proposed),
        dossier_command_with(&consultation_procedure, "record-agreed", &agreed, fill_agreed),
        NULL,
    };
    return dossier_command_list(&consultation_procedure, own);
}

const Command cmd_consultation = {
    .name = "consultation",
    .summary = "talk with a peer on the record, also while the peering is suspended",
    .description =
        "One side asks something or makes a formal representation, the other asks what is meant, "
        "replies, or makes one back. Either may propose a record; once the other has signed the "
        "same text, both are bound to the words. See docs/consultations.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert consultation open cert.birch.example --subject \"The list of June\" --text "
             "\"Whose is it?\"",
             "ask"},
            {"concert consultation reply 72ad55eb \"It is ours.\"", "reply"},
            {"concert consultation propose-record 72ad55eb \"The list is Birch's.\"",
             "propose what is recorded"},
            {"concert consultation agree 72ad55eb --record 9f86d081", "sign the same text"},
            {NULL, NULL}},
};
