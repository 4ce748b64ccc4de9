/* consumer_operation.h - the operations of consumers of exports (node/operation.h). */
#pragma once

#include <yyjson.h>

#include "store/store.h"

gboolean consumer_operation_add(StoreTx *tx, yyjson_val *params, GError **error);
gboolean consumer_operation_remove(StoreTx *tx, yyjson_val *params, GError **error);
