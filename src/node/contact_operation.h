/* contact_operation.h - changes of what is known about who answers for what: operations of
 * node/operation.h, which says what they take. */
#pragma once

#include <yyjson.h>

#include "store/store.h"

gboolean contact_operation_put(StoreTx *tx, yyjson_val *params, GError **error);
gboolean contact_operation_remove(StoreTx *tx, yyjson_val *params, GError **error);
gboolean contact_operation_stop(StoreTx *tx, yyjson_val *params, GError **error);
gboolean contact_operation_release(StoreTx *tx, yyjson_val *params, GError **error);
