#include "server/shield_query.h"

#include <string.h>

#include "server/taxii_filter.h"

static gboolean is_offered(const ExportOption *option, const ExportFormat *format)
{
    return !option->local && export_option_fits(option, format);
}

static gboolean refuse_unknown(const char *name, const ExportFormat *format, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (const ExportOption *option = export_options(); option->name; option++)
        if (is_offered(option, format))
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", option->name);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s has no parameter \"%s\"; there are %s", export_format_name(format), name,
                names->str);
    return FALSE;
}

static gboolean refuse(const char *name, const char *why, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", name, why);
    return FALSE;
}

/* One parameter; @value NULL: it has no "=". */
static gboolean set(const char *name, const char *value, const ExportFormat *format, guint64 *seen,
                    ExportOptions *options, GError **error)
{
    const ExportOption *option = export_options();
    while (option->name && !(g_str_equal(option->name, name) && is_offered(option, format)))
        option++;
    if (!option->name)
        return refuse_unknown(name, format, error);
    guint64 bit = G_GUINT64_CONSTANT(1) << (option - export_options());
    if (*seen & bit && !option->many)
        return refuse(name, "given twice", error);
    *seen |= bit;
    if (!option->argument && value)
        return refuse(name, "takes no value", error);
    if (option->argument && (!value || !*value))
        return refuse(name, "no value", error);
    if (option->set(options, value, error))
        return TRUE;
    g_prefix_error(error, "%s: ", name);
    return FALSE;
}

/* Decodes "name" or "name=value"; both go to @texts. */
static gboolean split(const char *part, GPtrArray *texts, const char **ret_name,
                      const char **ret_value, GError **error)
{
    gsize length = strcspn(part, "=");
    char *name = taxii_filter_decode(part, length);
    char *value =
        part[length] ? taxii_filter_decode(part + length + 1, strlen(part + length + 1)) : NULL;
    if (name)
        g_ptr_array_add(texts, name);
    if (value)
        g_ptr_array_add(texts, value);
    if (!name || (part[length] && !value)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not percent-encoded UTF-8",
                    name ? name : "a parameter's name");
        return FALSE;
    }
    *ret_name = name;
    *ret_value = value;
    return TRUE;
}

gboolean shield_query_read(const char *query, const ExportFormat *format, ExportOptions *options,
                           GPtrArray **ret_texts, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(query ? query : "", "&", SHIELD_QUERY_MAX + 1);
    ExportOptions read = *options;
    guint64 seen = 0;

    for (guint i = 0; parts[i]; i++) {
        const char *name, *value;
        if (i == SHIELD_QUERY_MAX)
            return refuse("the query", "more than " G_STRINGIFY(SHIELD_QUERY_MAX) " parameters",
                          error);
        if (!*parts[i])
            continue;
        if (!split(parts[i], texts, &name, &value, error) ||
            !set(name, value, format, &seen, &read, error))
            return FALSE;
    }
    if (!export_options_check(&read, format, error))
        return FALSE;
    *options = read;
    *ret_texts = g_steal_pointer(&texts);
    return TRUE;
}
