/* attachment_operation.h - adding a file to the attachments of this node, and signing the bundle
 * that carries evidence away: operations of node/operation.h, which says what they take and give.
 */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

/* A chunk of a file. */
gboolean attachment_operation_keep(StoreTx *tx, yyjson_val *params, GError **error);

/* Hashes what is complete of a file. */
gboolean attachment_operation_check(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error);

/* Signs the end of an evidence bundle (exchange/evidence_bundle.h). */
gboolean attachment_operation_sign(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);
