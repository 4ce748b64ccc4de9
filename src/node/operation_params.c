#include "node/operation_params.h"

#include <string.h>

static gboolean refuse(GError **error, const char *operation, const char *name, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: parameter \"%s\" must be %s",
                operation, name, what);
    return FALSE;
}

gboolean operation_params_text(yyjson_val *params, const char *operation, const char *name,
                               gboolean required, const char **ret_text, GError **error)
{
    yyjson_val *value = yyjson_obj_get(params, name);
    if (yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value)) {
        *ret_text = yyjson_get_str(value);
        return TRUE;
    }
    if (!required && (!value || yyjson_is_null(value))) {
        *ret_text = NULL;
        return TRUE;
    }
    return refuse(error, operation, name, "a string");
}

gboolean operation_params_bool(yyjson_val *params, const char *operation, const char *name,
                               gboolean *ret_bool, GError **error)
{
    yyjson_val *value = yyjson_obj_get(params, name);
    if (!yyjson_is_bool(value))
        return refuse(error, operation, name, "true or false");
    *ret_bool = yyjson_get_bool(value);
    return TRUE;
}

gboolean operation_params_int(yyjson_val *params, const char *operation, const char *name,
                              gint64 *ret_number, GError **error)
{
    yyjson_val *value = yyjson_obj_get(params, name);
    if (!yyjson_is_int(value) || (yyjson_is_uint(value) && yyjson_get_uint(value) > G_MAXINT64))
        return refuse(error, operation, name, "a whole number");
    *ret_number = yyjson_get_sint(value);
    return TRUE;
}

gboolean operation_params_sha256(yyjson_val *params, const char *operation, const char *name,
                                 guint8 ret_sha256[SHA256_SIZE], GError **error)
{
    const char *hex;
    if (!operation_params_text(params, operation, name, TRUE, &hex, error))
        return FALSE;
    return sha256_parse(hex, strlen(hex), ret_sha256) ||
           refuse(error, operation, name, "the 64 hex digits of a SHA-256");
}

gboolean operation_params_list(yyjson_val *params, const char *operation, const char *name,
                               gsize max, yyjson_val **ret_list, GError **error)
{
    yyjson_val *value = yyjson_obj_get(params, name);
    if (value && (!yyjson_is_arr(value) || yyjson_arr_size(value) > max)) {
        g_autofree char *what = g_strdup_printf("a list of at most %" G_GSIZE_FORMAT, max);
        return refuse(error, operation, name, what);
    }
    *ret_list = value;
    return TRUE;
}
