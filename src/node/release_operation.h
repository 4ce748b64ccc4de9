/* release_operation.h - the operations on releases of the shield (node/operation.h): each is an
 * entry of the ledger for nobody, in one transaction with what it changes. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"
#include "store/releases.h"

/* Most bytes of a name, reason or selection. */
#define RELEASE_OPERATION_TEXT_MAX 1024

/* Where `concert shield propose` lays a candidate down, in the node's directory. */
#define RELEASE_OPERATION_DIRECTORY "shield"

gboolean release_operation_propose(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);
gboolean release_operation_approve(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error);
gboolean release_operation_rollback(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error);
gboolean release_operation_never_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                     GError **error);
gboolean release_operation_never_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error);
gboolean release_operation_standing_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error);
gboolean release_operation_standing_remove(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error);
gboolean release_operation_standing_resume(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error);

/* Values that standing approval @standing lets block by release @row, whose number is set here. */
typedef struct {
    gint64 standing;
    guint64 values;
} ReleaseOperationUse;

/* Keeps release @row with @content as one that standing approvals let block, and puts it in force,
 * unless another than row->base came into force meanwhile, or one of them was ended or stopped:
 * CONCERT_ERROR_CONFLICT. */
gboolean release_operation_apply_standing(Notary *notary, ReleasesRow *row, GBytes *content,
                                          const ReleaseOperationUse *uses, guint n_uses,
                                          GError **error);
