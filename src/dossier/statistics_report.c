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

static gboolean check_figure(yyjson_val *figure, const char *table, GError **error)
{
    yyjson_val *value = yyjson_obj_get(figure, "value");
    gboolean is_hidden = yyjson_is_true(yyjson_obj_get(figure, "hidden"));
    const char *name = text_of(figure, "name");
    if (!name || !text_of(figure, "label"))
        return error_input(error, "%s: a figure has no name or label", table);
    if ((value == NULL) != is_hidden || (value && !yyjson_is_uint(value)))
        return error_input(error, "%s, \"%s\": neither a whole number nor hidden", table, name);
    if (value && !is_seconds(figure) && yyjson_get_uint(value) > 0 &&
        yyjson_get_uint(value) < SUPPRESS_BELOW)
        return error_input(error, "%s, \"%s\": a count below %d is shown", table, name,
                           SUPPRESS_BELOW);
    return TRUE;
}

static gboolean check_total(yyjson_val *figures, const char *table, GError **error)
{
    yyjson_val *total = yyjson_arr_get_first(figures), *one;
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
        return error_input(
            error, "%s: the total says %" G_GUINT64_FORMAT ", its parts are %" G_GUINT64_FORMAT,
            table, said, shown);
    return !is_whole || value || size <= 1 ||
           error_input(error, "%s: the total is hidden in vain", table);
}

static gboolean check_table(yyjson_val *table, GError **error)
{
    const char *name = text_of(table, "name");
    yyjson_val *figures = yyjson_obj_get(table, "figures"), *one;
    size_t at, size;
    if (!name || !text_of(table, "title") || !text_of(table, "definition"))
        return error_input(error, "a table has no name, title or definition");
    if (!yyjson_is_arr(figures) || yyjson_arr_size(figures) > STATISTICS_REPORT_FIGURES)
        return error_input(error, "%s: no list of figures, or a long one", name);
    yyjson_arr_foreach (figures, at, size, one)
        if (!check_figure(one, name, error))
            return FALSE;
    return !yyjson_is_true(yyjson_obj_get(table, "total")) ||
           (size > 0 ? check_total(figures, name, error)
                     : error_input(error, "%s: no total", name));
}

gboolean statistics_report_check(yyjson_val *body, GError **error)
{
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
    yyjson_arr_foreach (tables, at, size, table)
        if (!check_table(table, error))
            return FALSE;
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

void statistics_report_compare(yyjson_val *body, const Statistics *again, gboolean with_store,
                               GPtrArray *faults)
{
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < again->tables->len; i++) {
        const StatisticsTable *table = &g_array_index(again->tables, StatisticsTable, i);
        if (with_store || strcmp(table->name, NOT_FROM_DOSSIERS) != 0)
            compare_table(yyjson_obj_get(body, "tables"), again, table, faults);
    }
    if (!yyjson_equals_str(yyjson_obj_get(body, "counted"), sha256_hex(again->counted, hex)))
        g_ptr_array_add(faults, g_strdup("counted: other dossiers, or other events of them, were "
                                         "counted than these"));
}
