/* ledger_operation.h - the operations of the ledger and its keys; rows of the table of
 * node/operation.h, where their parameters stand. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean ledger_operation_open(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
gboolean ledger_operation_append(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean ledger_operation_erase(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
gboolean ledger_operation_resume(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean ledger_operation_export(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean ledger_operation_rotate(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
gboolean ledger_operation_recover(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error);
gboolean ledger_operation_seal(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
gboolean ledger_operation_unlock(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error);
