#include "exchange/record_field.h"

#include "base/timestamp.h"
#include "ledger/note.h"
#include "ledger/opening.h"

gboolean record_field_name(yyjson_val *object, const char *name, char **ret_text, GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    const char *text = yyjson_get_str(value);
    if (!text || !note_name_is_valid(text, yyjson_get_len(value)))
        return error_input(error, "\"%s\" is not the name of a log", name);
    *ret_text = g_strdup(text);
    return TRUE;
}

gboolean record_field_time(yyjson_val *object, gint64 *ret_us, GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, "time");
    guint digits = 0;
    return (yyjson_is_str(value) &&
            timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), ret_us, &digits) &&
            digits == OPENING_TIME_DIGITS) ||
           error_input(error, "\"time\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ");
}

gboolean record_field_number(yyjson_val *object, const char *name, guint64 max, guint64 *ret_number,
                             GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > max)
        return error_input(error, "\"%s\" is not a number of at most %" G_GUINT64_FORMAT, name,
                           max);
    *ret_number = yyjson_get_uint(value);
    return TRUE;
}

gboolean record_field_entries(yyjson_val *object, const char *name, guint64 *ret_number,
                              GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > OPENING_INTEGER_MAX)
        return error_input(error, "\"%s\" is not a number of entries", name);
    *ret_number = yyjson_get_uint(value);
    return TRUE;
}
