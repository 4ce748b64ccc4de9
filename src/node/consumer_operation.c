#include "node/consumer_operation.h"

#include <string.h>

#include "node/operation_params.h"
#include "shield/export.h"
#include "store/consumers.h"

#define FORMATS_MAX 64

/* The formats of the list @formats, each once, separated by blanks; NULL when one is none. */
static char *read_formats(yyjson_val *formats, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    gsize i, count;
    yyjson_val *each;
    yyjson_arr_foreach (formats, i, count, each) {
        const char *name = yyjson_get_str(each);
        const ExportFormat *format = export_format_find(name ? name : "", error);
        if (!format)
            return NULL;
        name = export_format_name(format);
        if (g_hash_table_add(seen, (gpointer)name))
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", name);
    }
    if (text->len > 0)
        return g_string_free(g_steal_pointer(&text), FALSE);
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "consumer.add: say at least one format it may fetch");
    return NULL;
}

gboolean consumer_operation_add(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "consumer.add";
    const char *name;
    yyjson_val *list;
    gint64 expires;
    guint8 sha256[SHA256_SIZE];
    if (!operation_params_text(params, operation, "name", TRUE, &name, error) ||
        !operation_params_sha256(params, operation, "sha256", sha256, error) ||
        !operation_params_int(params, operation, "expires", &expires, error) ||
        !operation_params_list(params, operation, "formats", FORMATS_MAX, &list, error))
        return FALSE;
    g_autofree char *formats = read_formats(list, error);
    return formats && consumers_add(tx, name, formats, sha256, expires, error);
}

gboolean consumer_operation_remove(StoreTx *tx, yyjson_val *params, GError **error)
{
    const char *name;
    return operation_params_text(params, "consumer.remove", "name", TRUE, &name, error) &&
           consumers_remove(tx, name, error);
}
