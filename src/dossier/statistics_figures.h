/* statistics_figures.h - the figures of a report as they are put together, table by table, and
 * which of them are hidden in the end. Private to statistics.c. */
#pragma once

#include "dossier/statistics.h"

/* Without tables. Caller frees with statistics_free(). */
Statistics *statistics_figures_new(guint year);

/* Begins a table; the figures that are added from then on are its own, until
 * statistics_figures_end_table(). The texts have to outlive it. Good until the next is begun. */
StatisticsTable *statistics_figures_table(Statistics *statistics, const char *name,
                                          const char *title, const char *definition);
void statistics_figures_end_table(Statistics *statistics, StatisticsTable *table);

/* @label NULL: the figure is not called anything. */
void statistics_figures_add(Statistics *statistics, const char *name, const char *label,
                            gint64 value, StatisticsUnit unit, gboolean is_hidden);

/* Hides small counts and what would tell them (suppress.h). */
void statistics_figures_hide(Statistics *statistics);
