/* community_operation.h - the operations of communities; rows of the table of node/operation.h,
 * where their parameters stand. Each record is an entry of the owner's ledger for the members, and
 * is applied here as they apply it (exchange/community.h). */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean community_operation_create(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error);
gboolean community_operation_rules(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);
gboolean community_operation_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean community_operation_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error);
gboolean community_operation_leave(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);

/* Records the members of own communities that said they leave. Cheap when there is none. */
gboolean community_operation_settle(Notary *notary, GError **error);
