#include "dossier/statistics_figures.h"

#include <string.h>

#include "dossier/suppress.h"

Statistics *statistics_figures_new(guint year)
{
    Statistics *statistics = g_new0(Statistics, 1);
    statistics->year = year;
    statistics->tables = g_array_new(FALSE, FALSE, sizeof(StatisticsTable));
    statistics->figures = g_array_new(FALSE, FALSE, sizeof(StatisticsFigure));
    return statistics;
}

void statistics_free(Statistics *statistics)
{
    if (!statistics)
        return;
    for (guint i = 0; i < statistics->figures->len; i++) {
        g_free(g_array_index(statistics->figures, StatisticsFigure, i).name);
        g_free(g_array_index(statistics->figures, StatisticsFigure, i).label);
    }
    g_array_unref(statistics->figures);
    g_array_unref(statistics->tables);
    g_free(statistics);
}

void statistics_figures_add(Statistics *statistics, const char *name, const char *label,
                            gint64 value, StatisticsUnit unit, gboolean is_hidden)
{
    const StatisticsFigure figure = {g_strdup(name), g_strdup(label), value, unit, is_hidden};
    g_array_append_val(statistics->figures, figure);
}

StatisticsTable *statistics_figures_table(Statistics *statistics, const char *name,
                                          const char *title, const char *definition)
{
    const StatisticsTable table = {
        .name = name, .title = title, .definition = definition, .first = statistics->figures->len};
    g_array_append_val(statistics->tables, table);
    return &g_array_index(statistics->tables, StatisticsTable, statistics->tables->len - 1);
}

void statistics_figures_end_table(Statistics *statistics, StatisticsTable *table)
{
    table->count = statistics->figures->len - table->first;
}

/* --- what is hidden ----------------------------------------------------------------------------
 */

static guint find_figure(const Statistics *statistics, const char *table, const char *name)
{
    for (guint i = 0; i < statistics->tables->len; i++) {
        const StatisticsTable *one = &g_array_index(statistics->tables, StatisticsTable, i);
        for (guint k = 0; strcmp(one->name, table) == 0 && k < one->count; k++)
            if (strcmp(g_array_index(statistics->figures, StatisticsFigure, one->first + k).name,
                       name) == 0)
                return one->first + k;
    }
    return G_MAXUINT;
}

/* Adds that @total is the sum of @n_parts figures from @first on. @parts holds them all. */
static void add_sum(GArray *sums, guint *parts, guint total, guint first, guint n_parts)
{
    const SuppressSum sum = {total, parts + first, n_parts};
    if (n_parts > 0 && total != G_MAXUINT)
        g_array_append_val(sums, sum);
}

/* Every count, with all that is known of sums: of each table, and of tables that count the same. */
void statistics_figures_hide(Statistics *statistics)
{
    static const char *const same[] = {"cases-by-class", "cases-by-severity"};
    guint count = statistics->figures->len,
          across = find_figure(statistics, "cases", "cross-border");
    g_autofree gint64 *values = g_new0(gint64, count + 1);
    g_autofree gboolean *hidden = g_new0(gboolean, count + 1);
    g_autofree guint *parts = g_new(guint, count + 1);
    g_autoptr(GArray) sums = g_array_new(FALSE, FALSE, sizeof(SuppressSum));
    for (guint i = 0; i < count; i++) {
        const StatisticsFigure *figure = &g_array_index(statistics->figures, StatisticsFigure, i);
        values[i] = figure->unit == STATISTICS_COUNT ? figure->value : 0;
        parts[i] = i;
    }
    for (guint i = 0; i < statistics->tables->len; i++) {
        const StatisticsTable *table = &g_array_index(statistics->tables, StatisticsTable, i);
        if (table->has_total)
            add_sum(sums, parts, table->first, table->first + 1, table->count - 1);
    }
    for (guint i = 0; across != G_MAXUINT && i < G_N_ELEMENTS(same); i++)
        add_sum(sums, parts, find_figure(statistics, same[i], "total"), across, 1);
    suppress_find(values, count, (const SuppressSum *)(gconstpointer)sums->data, sums->len, hidden);
    for (guint i = 0; i < count; i++) {
        StatisticsFigure *figure = &g_array_index(statistics->figures, StatisticsFigure, i);
        figure->is_hidden = figure->is_hidden || hidden[i];
    }
}
