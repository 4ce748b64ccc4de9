#include "dossier/statistics_report.h"

#include <string.h>

#include "base/error.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "dossier/suppress.h"

#define NOT_FROM_DOSSIERS "sightings" /* table */

/* --- writing -----------------------------------------------------------------------------------
 */

static void add_figure(yyjson_mut_doc *doc, yyjson_mut_val *list, const StatisticsFigure *figure)
{
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strcpy(doc, one, "name", figure->name);
    yyjson_mut_obj_add_strcpy(doc, one, "label", figure->label);
    if (figure->unit == STATISTICS_SECONDS)
        yyjson_mut_obj_add_str(doc, one, "unit", "seconds");
    if (figure->is_hidden)
        yyjson_mut_obj_add_true(doc, one, "hidden");
    else
        yyjson_mut_obj_add_uint(doc, one, "value", (guint64)figure->value);
}

static void add_table(yyjson_mut_doc *doc, yyjson_mut_val *list, const Statistics *statistics,
                      const StatisticsTable *table)
{
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_str(doc, one, "name", table->name);
    yyjson_mut_obj_add_str(doc, one, "title", table->title);
    yyjson_mut_obj_add_str(doc, one, "definition", table->definition);
    if (table->has_total)
        yyjson_mut_obj_add_true(doc, one, "total");
    yyjson_mut_val *figures = yyjson_mut_obj_add_arr(doc, one, "figures");
    for (guint i = 0; i < table->count; i++)
        add_figure(doc, figures,
                   &g_array_index(statistics->figures, StatisticsFigure, table->first + i));
}

yyjson_mut_doc *statistics_report_body(const Statistics *statistics,
                                       const StatisticsReportHead *head)
{
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(doc, root, "node", head->node);
    jsontext_add(doc, root, "organisation", head->organisation);
    yyjson_mut_obj_add_uint(doc, root, "year", statistics->year);
    yyjson_mut_obj_add_strcpy(doc, root, "time", timestamp_format(time, head->time_us, 0));
    yyjson_mut_obj_add_strcpy(doc, root, "counted", sha256_hex(statistics->counted, hex));
    jsontext_add(doc, root, "checkpoint", head->checkpoint);
    yyjson_mut_obj_add_uint(doc, root, "hidden_below", SUPPRESS_BELOW);
    yyjson_mut_val *tables = yyjson_mut_obj_add_arr(doc, root, "tables");
    for (guint i = 0; i < statistics->tables->len; i++)
        add_table(doc, tables, statistics, &g_array_index(statistics->tables, StatisticsTable, i));
    return doc;
}

/* --- checking ----------------------------------------------------------------------------------
 */

static const char *text_of(yyjson_val *object, const char *member)
{
    return yyjson_get_str(yyjson_obj_get(object, member));
}

static gboolean is_seconds(yyjson_val *figure)
{
    return yyjson_equals_str(yyjson_obj_get(figure, "unit"), "seconds");
}

static void add_fault(GPtrArray *faults, const char *table, const char *figure, const char *format,
                      ...) G_GNUC_PRINTF(4, 5);

static void add_fault(GPtrArray *faults, const char *table, const char *figure, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(faults, g_strdup_printf("%s, \"%s\": %s", table, figure, what));
}

static void check_value(yyjson_val *figure, const char *table, const char *name, GPtrArray *faults)
{
    yyjson_val *value = yyjson_obj_get(figure, "value");
    gboolean is_hidden = yyjson_is_true(yyjson_obj_get(figure, "hidden"));
    if ((value == NULL) != is_hidden || (value && !yyjson_is_uint(value)))
        add_fault(faults, table, name, "neither a whole number nor hidden");
    else if (value && !is_seconds(figure) && yyjson_get_uint(value) > 0 &&
             yyjson_get_uint(value) < SUPPRESS_BELOW)
        add_fault(faults, table, name, "a count below %d is shown", SUPPRESS_BELOW);
}

static void check_total(yyjson_val *figures, const char *table, GPtrArray *faults)
{
    yyjson_val *total = yyjson_arr_get_first(figures), *one;
    const char *name = text_of(total, "name");
    guint64 shown = 0;
    gboolean is_whole = TRUE;
    size_t at, size;
    yyjson_arr_foreach (figures, at, size, one) {
        if (at == 0)
            continue;
        is_whole = is_whole && yyjson_obj_get(one, "value");
        shown += yyjson_get_uint(yyjson_obj_get(one, "value"));
    }
    yyjson_val *value = yyjson_obj_get(total, "value");
    guint64 said = yyjson_get_uint(value);
    if (value && (is_whole ? said != shown : said < shown))
        add_fault(faults, table, name,
                  "the total says %" G_GUINT64_FORMAT ", its parts are %" G_GUINT64_FORMAT, said,
                  shown);
    else if (is_whole && !value && size > 1)
        add_fault(faults, table, name, "the total is hidden in vain");
}

static gboolean check_figures(yyjson_val *figures, const char *table, GPtrArray *faults,
                              GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (figures, at, size, one) {
        const char *name = text_of(one, "name");
        if (!name || !text_of(one, "label"))
            return error_input(error, "%s: a figure has no name or label", table);
        if (!g_hash_table_add(names, (gpointer)name))
            add_fault(faults, table, name, "it is there twice");
        check_value(one, table, name, faults);
    }
    return TRUE;
}

static gboolean check_table(yyjson_val *table, GPtrArray *faults, GError **error)
{
    const char *name = text_of(table, "name");
    yyjson_val *figures = yyjson_obj_get(table, "figures");
    if (!name || !text_of(table, "title") || !text_of(table, "definition"))
        return error_input(error, "a table has no name, title or definition");
    if (!yyjson_is_arr(figures) || yyjson_arr_size(figures) > STATISTICS_REPORT_FIGURES)
        return error_input(error, "%s: no list of figures, or a long one", name);
    if (!check_figures(figures, name, faults, error))
        return FALSE;
    if (!yyjson_is_true(yyjson_obj_get(table, "total")))
        return TRUE;
    if (yyjson_arr_size(figures) == 0)
        return error_input(error, "%s: no total", name);
    check_total(figures, name, faults);
    return TRUE;
}

gboolean statistics_report_check(yyjson_val *body, GPtrArray *faults, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    yyjson_val *tables = yyjson_obj_get(body, "tables"), *table;
    yyjson_val *year = yyjson_obj_get(body, "year");
    const char *counted = text_of(body, "counted"), *time = text_of(body, "time");
    guint8 digest[SHA256_SIZE];
    gint64 us;
    size_t at, size;
    if (!text_of(body, "node") || !yyjson_is_uint(year) || yyjson_get_uint(year) < 1970 ||
        yyjson_get_uint(year) > 9998)
        return error_input(error, "it does not say of which node and year it is");
    if (!time || !timestamp_parse(time, strlen(time), &us, NULL) || !counted ||
        !sha256_parse(counted, strlen(counted), digest))
        return error_input(error, "\"time\" or \"counted\" is missing or malformed");
    if (!yyjson_is_arr(tables) || yyjson_arr_size(tables) > STATISTICS_REPORT_TABLES)
        return error_input(error, "no list of tables, or a long one");
    yyjson_arr_foreach (tables, at, size, table) {
        if (!check_table(table, faults, error))
            return FALSE;
        if (!g_hash_table_add(names, (gpointer)text_of(table, "name")))
            g_ptr_array_add(
                faults, g_strdup_printf("%s: the table is there twice", text_of(table, "name")));
    }
    return TRUE;
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static yyjson_val *find_named(yyjson_val *list, const char *name)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, size, one)
        if (yyjson_equals_str(yyjson_obj_get(one, "name"), name))
            return one;
    return NULL;
}

static char *say(yyjson_val *figure)
{
    yyjson_val *value = yyjson_obj_get(figure, "value");
    return value ? g_strdup_printf("says %" G_GUINT64_FORMAT, yyjson_get_uint(value))
                 : g_strdup("is hidden");
}

static void compare_figure(yyjson_val *figures, const char *table, const StatisticsFigure *again,
                           GPtrArray *faults)
{
    yyjson_val *figure = find_named(figures, again->name);
    if (!figure) {
        g_ptr_array_add(faults, g_strdup_printf("%s, \"%s\": it is missing", table, again->name));
        return;
    }
    yyjson_val *value = yyjson_obj_get(figure, "value");
    if ((value == NULL) == again->is_hidden &&
        (!value || yyjson_get_uint(value) == (guint64)again->value))
        return;
    g_autofree char *said = say(figure);
    if (again->is_hidden)
        g_ptr_array_add(faults, g_strdup_printf("%s, \"%s\": it %s, and is to be hidden", table,
                                                again->name, said));
    else
        g_ptr_array_add(faults, g_strdup_printf("%s, \"%s\": it %s, and is %" G_GINT64_FORMAT,
                                                table, again->name, said, again->value));
}

static gboolean has_figure(const Statistics *again, const StatisticsTable *table, const char *name)
{
    for (guint i = 0; i < table->count; i++)
        if (g_strcmp0(g_array_index(again->figures, StatisticsFigure, table->first + i).name,
                      name) == 0)
            return TRUE;
    return FALSE;
}

static void compare_table(yyjson_val *tables, const Statistics *again, const StatisticsTable *table,
                          GPtrArray *faults)
{
    yyjson_val *said = find_named(tables, table->name), *one;
    yyjson_val *figures = yyjson_obj_get(said, "figures");
    size_t at, size;
    if (!said) {
        g_ptr_array_add(faults, g_strdup_printf("%s: the table is missing", table->name));
        return;
    }
    for (guint i = 0; i < table->count; i++)
        compare_figure(figures, table->name,
                       &g_array_index(again->figures, StatisticsFigure, table->first + i), faults);
    yyjson_arr_foreach (figures, at, size, one)
        if (!has_figure(again, table, text_of(one, "name")))
            g_ptr_array_add(faults, g_strdup_printf("%s, \"%s\": there is none", table->name,
                                                    text_of(one, "name")));
}

static gboolean has_table(const Statistics *again, const char *name)
{
    for (guint i = 0; i < again->tables->len; i++)
        if (g_strcmp0(g_array_index(again->tables, StatisticsTable, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

void statistics_report_compare(yyjson_val *body, const Statistics *again, gboolean with_store,
                               GPtrArray *faults)
{
    char hex[2 * SHA256_SIZE + 1];
    size_t at, size;
    yyjson_val *one;
    for (guint i = 0; i < again->tables->len; i++) {
        const StatisticsTable *table = &g_array_index(again->tables, StatisticsTable, i);
        if (with_store || strcmp(table->name, NOT_FROM_DOSSIERS) != 0)
            compare_table(yyjson_obj_get(body, "tables"), again, table, faults);
    }
    yyjson_arr_foreach (yyjson_obj_get(body, "tables"), at, size, one)
        if (!has_table(again, text_of(one, "name")))
            g_ptr_array_add(faults,
                            g_strdup_printf("%s: there is no such table", text_of(one, "name")));
    if (!yyjson_equals_str(yyjson_obj_get(body, "counted"), sha256_hex(again->counted, hex)))
        g_ptr_array_add(faults, g_strdup("counted: other dossiers, or other events of them, were "
                                         "counted than these"));
}
