/* dossier_view.h - `list` and `show` of a procedure's dossiers, the same for all procedures. */
#pragma once

#include "cli/command_node.h"
#include "dossier/docket.h"

/* @procedure NULL: of all. */
int dossier_view_list(const CommandCall *call, const Procedure *procedure, GError **error);
int dossier_view_show(const CommandCall *call, const Procedure *procedure, GError **error);

/* The members of a dossier's row. */
void dossier_view_add(yyjson_mut_doc *doc, yyjson_mut_val *root, const Dossier *dossier,
                      gint64 now);

/* "OVERDUE since ..", "2026-05-01 10:20:30Z"; "" for none. Caller frees. */
char *dossier_view_due(gint64 due, gint64 now);
