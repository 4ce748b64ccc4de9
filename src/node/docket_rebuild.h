/* docket_rebuild.h - the rows of all dossiers written anew from their events: when this version has
 * other tables than the one that wrote them, or when somebody asks for it. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

/* Judges all dossiers anew, some in each transaction so that nobody waits for long; nothing unless
 * the tables have changed or @force. *ret_count: how many were judged. */
gboolean docket_rebuild(Notary *notary, gboolean force, guint64 *ret_count, GError **error);

/* The operation "dossier.rebuild" (node/operation.h). */
gboolean docket_rebuild_operation(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error);
