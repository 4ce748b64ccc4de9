/* statement_operation.h - signing what a node states in public: reports, and what it says of
 * conventions. A row of the table of node/operation.h, where its parameters stand. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean statement_operation_sign(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error);
