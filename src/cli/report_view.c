#include "cli/report_view.h"

#include <string.h>

#include "cli/help.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const char *text_of(yyjson_val *object, const char *member)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, member));
    return text ? text : "";
}

static gboolean is_seconds(yyjson_val *figure)
{
    return yyjson_equals_str(yyjson_obj_get(figure, "unit"), "seconds");
}

char *report_view_value(yyjson_val *figure, const char *hidden)
{
    yyjson_val *value = yyjson_obj_get(figure, "value");
    guint64 number = yyjson_get_uint(value);
    if (!value)
        return g_strdup(hidden);
    if (!is_seconds(figure))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    if (number < HOUR)
        return g_strdup_printf("%u min", (guint)(number / MINUTE));
    if (number < DAY)
        return g_strdup_printf("%u h %u min", (guint)(number / HOUR),
                               (guint)(number % HOUR / MINUTE));
    return g_strdup_printf("%" G_GUINT64_FORMAT " d %u h", number / DAY,
                           (guint)(number % DAY / HOUR));
}

GString *report_view_text(yyjson_val *body)
{
    GString *text = g_string_new(NULL);
    yyjson_val *table, *figure;
    size_t at, size, place, count;
    g_string_append_printf(text, "Report %u of %s, made %s\n",
                           (guint)yyjson_get_uint(yyjson_obj_get(body, "year")),
                           text_of(body, "node"), text_of(body, "time"));
    yyjson_arr_foreach (yyjson_obj_get(body, "tables"), at, size, table) {
        g_string_append_printf(text, "\n%s\n", text_of(table, "title"));
        yyjson_arr_foreach (yyjson_obj_get(table, "figures"), place, count, figure) {
            g_autofree char *value = report_view_value(figure, "hidden");
            g_string_append_printf(text, "  %-40s %s\n", text_of(figure, "label"), value);
        }
        if (yyjson_arr_size(yyjson_obj_get(table, "figures")) == 0)
            g_string_append(text, "  none\n");
        g_autofree char *definition = g_strdup_printf("(%s)", text_of(table, "definition"));
        g_string_append(text, "  ");
        help_wrap(text, definition, 2, 3);
    }
    g_string_append(text, "\n\"hidden\": a count below 5, or one that would tell such a count.\n");
    return text;
}

/* --- CSV ---------------------------------------------------------------------------------------
 */

/* A cell that no spreadsheet takes for a formula. */
static void append_cell(GString *csv, const char *text, char behind)
{
    gboolean is_formula = *text && strchr("=+-@\t\r", *text);
    g_string_append_c(csv, '"');
    if (is_formula)
        g_string_append_c(csv, '\'');
    for (; *text; text++) {
        if (*text == '"')
            g_string_append_c(csv, '"');
        g_string_append_c(csv, *text);
    }
    g_string_append_c(csv, '"');
    g_string_append(csv, behind == '\n' ? "\r\n" : ",");
}

GString *report_view_csv(yyjson_val *body)
{
    GString *csv = g_string_new("table,figure,label,value,unit\r\n");
    yyjson_val *table, *figure;
    size_t at, size, place, count;
    yyjson_arr_foreach (yyjson_obj_get(body, "tables"), at, size, table)
        yyjson_arr_foreach (yyjson_obj_get(table, "figures"), place, count, figure) {
            yyjson_val *value = yyjson_obj_get(figure, "value");
            g_autofree char *number =
                value ? g_strdup_printf("%" G_GUINT64_FORMAT, yyjson_get_uint(value))
                      : g_strdup("hidden");
            append_cell(csv, text_of(table, "name"), ',');
            append_cell(csv, text_of(figure, "name"), ',');
            append_cell(csv, text_of(figure, "label"), ',');
            append_cell(csv, number, ',');
            append_cell(csv, is_seconds(figure) ? "seconds" : "count", '\n');
        }
    return csv;
}
