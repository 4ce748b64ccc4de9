/* dossier_command.h - the subcommands of a procedure, made from its table.
 *
 * `concert PROCEDURE` has a subcommand for every transition that a person makes, with an option for
 * every field, and `list` and `show`. So a procedure needs no code here: its command names the
 * procedure, and adds what is special about it:
 *
 *     static const Command *const *list(const Command *self)
 *     {
 *         static const Command *const own[] = {&cmd_evidence_bundle, NULL};
 *         return dossier_command_list(&evidence_procedure, own);
 *     }
 *     const Command cmd_evidence = {.name = "evidence", ..., .make_subcommands = list};
 *
 * What stands on the command line follows from the types of the fields (dossier/procedure.h): a
 * node is named as a peer is, a time also as a duration from now, an event by the beginning of its
 * hash, a PROCEDURE_FILES is a file each time, a PROCEDURE_DATA the name of a file with JSON or
 * "-". An event that opens a dossier takes the node of its field "to" as its argument (those of a
 * list "to" as arguments), all others the dossier's id, or its beginning; the rest of the arguments
 * is the field "text", "-" for standard input. */
#pragma once

#include "cli/command.h"
#include "cli/command_node.h"
#include "dossier/docket.h"

/* The subcommands, NULL-terminated, made once and kept. @own (NULL-terminated, may be NULL) come
 * last, or in the place of those of their names. */
const Command *const *dossier_command_list(const Procedure *procedure, const Command *const *own);

typedef struct DossierAct DossierAct;

/* The subcommand of one transition, for @own: the option of the field of its name is @option, and
 * @fill, called when all else is filled, puts that member. Made anew by each call. */
const Command *dossier_command_with(const Procedure *procedure, const char *type,
                                    const CommandOption *option,
                                    gboolean (*fill)(const CommandCall *call, Node *node,
                                                     DossierAct *act, GError **error));

/* An act as it is given to the operation "dossier.event", being filled. */
struct DossierAct {
    yyjson_mut_doc *params;
    yyjson_mut_val *payload; /* in it */
};

/* @dossier NULL: opens one. cmd_*.c that do more than the table says fill it by themselves. */
DossierAct dossier_command_act(const Procedure *procedure, const char *type, const char *dossier);
void dossier_command_act_clear(DossierAct *act);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DossierAct, dossier_command_act_clear)

/* Fills @act from the options and arguments of @call, as the table of the transition says. */
gboolean dossier_command_fill(const CommandCall *call, Node *node, const Procedure *procedure,
                              const ProcedureTransition *row, DossierAct *act, GError **error);

/* Does it, and tells what came of it. Signs as --as, else [node] signatory says. Takes what is in
 * @act. Returns an exit status. */
int dossier_command_do(const CommandCall *call, Node *node, DossierAct *act, GError **error);

/* The id that the first argument is, or begins; the name of the procedure before it may be left
 * out. Caller frees. */
char *dossier_command_id(const CommandCall *call, const Procedure *procedure);

/* The first digits of an id, for lists. Caller frees. */
char *dossier_command_short(const char *id);

/* Options that those of `own` take as well. */
#define DOSSIER_COMMAND_OPTION_AS                                                                  \
    {                                                                                              \
        .name = "as", .type = COMMAND_TEXT, .argument = "NAME",                                    \
        .help = "who signs for it (default: [node] signatory)"                                     \
    }
