/* operation_params.h - reading the parameters of an operation (node/operation.h): a JSON object's
 * members, or an error that names the operation and the member. */
#pragma once

#include <yyjson.h>

#include "base/error.h"
#include "base/sha256.h"

/* A string without NUL, borrowed; NULL when it is absent or null and @required is FALSE. */
gboolean operation_params_text(yyjson_val *params, const char *operation, const char *name,
                               gboolean required, const char **ret_text, GError **error);
gboolean operation_params_bool(yyjson_val *params, const char *operation, const char *name,
                               gboolean *ret_bool, GError **error);
gboolean operation_params_int(yyjson_val *params, const char *operation, const char *name,
                              gint64 *ret_number, GError **error);

/* The 64 hex digits of a SHA-256, of either case. */
gboolean operation_params_sha256(yyjson_val *params, const char *operation, const char *name,
                                 guint8 ret_sha256[SHA256_SIZE], GError **error);

/* A list of at most @max; NULL when it is absent. */
gboolean operation_params_list(yyjson_val *params, const char *operation, const char *name,
                               gsize max, yyjson_val **ret_list, GError **error);
