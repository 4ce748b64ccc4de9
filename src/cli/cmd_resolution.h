/* cmd_resolution.h - what the files of `concert resolution` share. */
#pragma once

#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "dossier/resolution.h"
#include "store/communities.h"

extern const Command cmd_resolution_table;
extern const Command cmd_resolution_consult;
extern const Command cmd_resolution_text;
extern const Command cmd_resolution_call;
extern const Command cmd_resolution_vote;
extern const Command cmd_resolution_close;
extern const Command cmd_resolution_recount;
extern const Command cmd_resolution_export;
extern const Command cmd_resolution_commitments;

/* The resolution that the first argument names. */
Docket *cmd_resolution_load(const CommandCall *call, Node *node, GError **error);

/* An act in it, to be filled and done. */
DossierAct cmd_resolution_act(const Docket *docket, const char *type);

/* The names of the nodes that vote in the community, sorted; and of those of which something was
 * recorded after @record. NULL-terminated; caller frees. */
char **cmd_resolution_voters(const Community *community);
char **cmd_resolution_changed(const Community *community, guint64 record);

/* Whether the tabling agrees with the community as it is known here. CONCERT_ERROR_CONFLICT. */
gboolean cmd_resolution_check_voters(const Docket *docket, Node *node, GError **error);
