/* follow_operation.h - the operations on followed sources (node/operation.h), for the table there:
 * each takes its parameters and changes the store within a batch's transaction. */
#pragma once

#include <yyjson.h>

#include "store/store.h"

gboolean follow_operation_add(StoreTx *tx, yyjson_val *params, GError **error);
gboolean follow_operation_remove(StoreTx *tx, yyjson_val *params, GError **error);
gboolean follow_operation_pause(StoreTx *tx, yyjson_val *params, GError **error);
gboolean follow_operation_mark(StoreTx *tx, yyjson_val *params, GError **error);
gboolean follow_operation_finish(StoreTx *tx, yyjson_val *params, GError **error);
