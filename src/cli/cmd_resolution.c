/* cmd_resolution.c - `concert resolution`: texts on which the members of a community decide by
 * equal votes. What is not in the files beside this one follows from the procedure's table. */
#include "cli/cmd_resolution.h"

#include <string.h>

Docket *cmd_resolution_load(const CommandCall *call, Node *node, GError **error)
{
    g_autofree char *id = dossier_command_id(call, &resolution_procedure);
    g_autoptr(Docket) docket = docket_load(node_store(node), id, error);
    if (docket && !docket->result->opening) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the event that opens %s is not here yet", id);
        return NULL;
    }
    return g_steal_pointer(&docket);
}

DossierAct cmd_resolution_act(const Docket *docket, const char *type)
{
    return dossier_command_act(&resolution_procedure, type, docket->dossier->id);
}

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {
        &cmd_resolution_table,       &cmd_resolution_consult,
        &cmd_resolution_text,        &cmd_resolution_call,
        &cmd_resolution_vote,        &cmd_resolution_close,
        &cmd_resolution_recount,     &cmd_resolution_export,
        &cmd_resolution_commitments, NULL,
    };
    return dossier_command_list(&resolution_procedure, own);
}

const Command cmd_resolution = {
    .name = "resolution",
    .summary = "decide on a text in a community, by equal votes",
    .description =
        "A member drafts a text and tables it. For at least 14 days the others co-sponsor it, "
        "amend "
        "it and speak about it. Then its chair puts it to silence for at least 72 hours, or to the "
        "vote: one accredited member, one vote. The ballots are known to the chair alone until it "
        "closes the vote, and to everybody then: `recount` counts them again. See "
        "docs/resolutions.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert resolution draft --kind norm --title \"Answers within a day\" --text - < "
             "text",
             "begin a text"},
            {"concert resolution table 72ad55eb", "put it before the community"},
            {"concert resolution vote 72ad55eb yes", "vote"},
            {"concert resolution recount 72ad55eb", "count again"},
            {NULL, NULL}},
};
