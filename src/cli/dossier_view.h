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

/* Which of the nodes that it waits for are not heard of: `waits_for_silent`. */
void dossier_view_add_silent(yyjson_mut_doc *doc, yyjson_mut_val *root, Store *store,
                             const Dossier *dossier);

/* The nodes that the dossier waits for, with what dossier_view_silence() says of them. Caller
 * frees. */
char *dossier_view_waits_for(Store *store, const Dossier *dossier);

/* What keeps this node and the peer @node from hearing of each other: "suspended", "ended"; NULL:
 * nothing, or it is no peer. */
const char *dossier_view_silence(Store *store, const char *node);

/* "OVERDUE since ..", "2026-05-01 10:20:30Z"; "" for none. Caller frees. */
char *dossier_view_due(gint64 due, gint64 now);
