/* desk_operation.h - the operations (node/operation.h) on what a node keeps of a dossier for itself
 * (store/desk.h). */
#pragma once

#include <yyjson.h>

#include "store/store.h"

gboolean desk_operation_assign(StoreTx *tx, yyjson_val *params, GError **error);
gboolean desk_operation_jot(StoreTx *tx, yyjson_val *params, GError **error);
