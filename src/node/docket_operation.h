/* docket_operation.h - what people do in dossiers: the operation of node/operation.h, which says
 * what it takes and gives. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean docket_operation_event(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
