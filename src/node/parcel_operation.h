/* parcel_operation.h - the operations of offline parcels (docs/parcels.md): rows of the table of
 * node/operation.h, where their parameters stand. The bytes of parcels go through files in the
 * node's directory (node/parcel_box.h), not through the control socket. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

gboolean parcel_operation_write(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error);
gboolean parcel_operation_read(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error);
