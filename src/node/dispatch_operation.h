/* dispatch_operation.h - the operations of the exchange that commands ask of the writer: rows of
 * node/operation.h, which says what they take and give. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"
#include "store/store.h"

gboolean dispatch_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean dispatch_operation_grant(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error);
gboolean dispatch_operation_retract(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error);
gboolean dispatch_operation_hold(StoreTx *tx, yyjson_val *params, GError **error);
gboolean dispatch_operation_release(StoreTx *tx, yyjson_val *params, GError **error);
gboolean dispatch_operation_follow(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);
