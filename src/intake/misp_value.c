#include "intake/misp_value.h"

#include <math.h>
#include <string.h>

#include "base/timestamp.h"
#include "stix/identifier.h"

/* The namespace in which the MISP project's own converter makes UUIDv5, so that both give a
 * relationship the same id. */
#define NAMESPACE "76beed5f-7251-457e-8c2a-b45f7b589d3d"

/* 9999-12-31T23:59:59Z, the last second STIX can write. */
#define LAST_SECOND G_GINT64_CONSTANT(253402300799)

char *misp_value_text(yyjson_val *value)
{
    if (yyjson_is_str(value))
        return g_strdup(yyjson_get_str(value));
    if (yyjson_is_bool(value))
        return g_strdup(yyjson_get_bool(value) ? "true" : "false");
    if (!yyjson_is_num(value))
        return NULL;
    char *written = yyjson_val_write(value, 0, NULL);
    char *text = g_strdup(written);
    free(written);
    return text;
}

gboolean misp_value_true(yyjson_val *value)
{
    if (yyjson_is_bool(value))
        return yyjson_get_bool(value);
    if (yyjson_is_int(value))
        return yyjson_get_sint(value) == 1;
    return yyjson_equals_str(value, "1") || yyjson_equals_str(value, "true");
}

gboolean misp_value_integer(yyjson_val *value, gint64 *ret_integer)
{
    if (yyjson_is_int(value)) {
        if (yyjson_is_uint(value) && yyjson_get_uint(value) > G_MAXINT64)
            return FALSE;
        *ret_integer = yyjson_get_sint(value);
        return TRUE;
    }
    const char *text = yyjson_get_str(value);
    return text != NULL &&
           g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, ret_integer, NULL);
}

gboolean misp_value_time(yyjson_val *value, gint64 *ret_us)
{
    gint64 us;
    if (misp_value_integer(value, &us)) {
        if (us <= 0 || us > LAST_SECOND)
            return FALSE;
        us *= G_USEC_PER_SEC;
    } else {
        const char *text = yyjson_get_str(value);
        if (text == NULL || !timestamp_parse_lenient(text, yyjson_get_len(value), &us) || us < 0 ||
            us / G_USEC_PER_SEC > LAST_SECOND)
            return FALSE;
    }
    *ret_us = us;
    return TRUE;
}

char *misp_value_uuid(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (!yyjson_is_str(value) ||
        !identifier_is_uuid(yyjson_get_str(value), yyjson_get_len(value), NULL))
        return NULL;
    return g_ascii_strdown(yyjson_get_str(value), -1);
}

char *misp_value_make_uuid(const char *first, ...)
{
    g_autoptr(GString) name = g_string_new(first);
    va_list rest;
    va_start(rest, first);
    for (const char *text; (text = va_arg(rest, const char *)) != NULL;)
        g_string_append_printf(name, " - %s", text);
    va_end(rest);
    g_autofree char *id = identifier_make_v5("x", NAMESPACE, name->str, name->len);
    return g_strdup(strstr(id, "--") + 2);
}
