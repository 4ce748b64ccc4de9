/* message_operation.h - the operations of messages between people (docs/protocol.md): rows of the
 * table of node/operation.h, where their parameters stand. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean message_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
gboolean message_operation_acknowledge(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                       GError **error);
gboolean message_operation_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error);
