/* peer_operation.h - the operations of the node's card, of its peers and of communities; rows of
 * the table of node/operation.h, where their parameters stand. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean peer_operation_publish(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
gboolean peer_operation_invite(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
gboolean peer_operation_accept(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
gboolean peer_operation_suspend(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
gboolean peer_operation_resume(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
gboolean peer_operation_end(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                            GError **error);
gboolean peer_operation_hear(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                             GError **error);
gboolean peer_operation_compared(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean peer_operation_succeed(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
