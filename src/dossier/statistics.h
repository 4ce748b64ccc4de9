/* statistics.h - what a report counts: figures in tables, from dossiers and nothing else. Pure: the
 * same dossiers give the same figures to everybody who has them.
 *
 * A dossier counts once, by its id, in the year in which it was opened by its opening event's
 * claim; exercises are counted as drills alone, and what was never shared is not counted. Small
 * counts are hidden (suppress.h). What each table counts stands in its definition. */
#pragma once

#include "base/sha256.h"
#include "dossier/engine.h"

typedef enum {
    STATISTICS_COUNT,
    STATISTICS_SECONDS,
} StatisticsUnit;

typedef struct {
    char *name, *label; /* "fraud"; both the statistics' */
    gint64 value;       /* what is hidden has one too: it is not to be shown */
    StatisticsUnit unit;
    gboolean is_hidden;
} StatisticsFigure;

typedef struct {
    const char *name, *title, *definition;
    guint first, count; /* its figures */
    gboolean has_total; /* the first of them is the sum of the others */
    gboolean has_bars;  /* a chart says something */
} StatisticsTable;

typedef struct {
    guint year;
    GArray *tables;              /* StatisticsTable */
    GArray *figures;             /* StatisticsFigure */
    guint8 counted[SHA256_SIZE]; /* of all dossiers that were counted, with their events: see
                                    statistics_end() */
} Statistics;

/* What is known besides the dossiers. */
typedef struct {
    guint year;
    const char *self; /* the node's name: who helps is somebody else */
    GHashTable
        *places;       /* node -> the country or territory that it declares; of some, may be NULL */
    guint64 sightings; /* STIX sightings of the year in the node's store */
} StatisticsScope;

/* When a year begins, in microseconds since 1970. */
gint64 statistics_year_start(guint year);

typedef struct StatisticsCount StatisticsCount;

StatisticsCount *statistics_begin(const StatisticsScope *scope);

/* Counts a dossier; one that was counted already, by its id, is passed over. Keeps nothing of it.
 */
void statistics_add(StatisticsCount *count, const EngineResult *dossier);

/* The figures; frees @count. `counted` is SHA-256 of "concert/report/v1\n" and, sorted, for each
 * dossier in scope the SHA-256 of its id, a newline and its state digest (engine_digest()): ids
 * cannot be guessed, so it tells nobody anything who does not have the dossiers. */
Statistics *statistics_end(StatisticsCount *count);

void statistics_free(Statistics *statistics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statistics, statistics_free)
