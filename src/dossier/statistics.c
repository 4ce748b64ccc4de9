#include "dossier/statistics.h"

#include <string.h>

#include "base/texts.h"
#include "base/timestamp.h"
#include "dossier/statistics_figures.h"
#include "dossier/suppress.h"

#define COUNTED_PREFIX "concert/report/v1\n"
#define MINUTE         60
#define UNKNOWN        "not-said"
#define OTHER          "other"
#define WORD_MAX       96 /* bytes */

/* --- what is being counted ---------------------------------------------------------------------
 */

/* A table on its way: counts by key, or times. */
typedef struct {
    GHashTable *counts; /* char * -> gint64 * */
} Counts;

enum {
    CASES,
    CASES_BY_CLASS,
    CASES_BY_SEVERITY,
    HELP,
    NOTICES,
    REQUESTS,
    EVIDENCE,
    CLAIMS,
    CONSULTATIONS,
    RESOLUTIONS,
    DRILLS,
    SIGHTINGS,
    N_TABLES,
};

/* What the tables are. `procedure`: those whose dossiers are counted by their outcome. */
static const struct {
    const char *name, *title, *definition;
    const char *procedure;
    const char *total; /* label of the sum; NULL: there is none */
} plans[N_TABLES] = {
    [CASES] = {"cases", "Cases",
               "Shared incidents opened in the year. A case is cross-border when its participants "
               "declare at least two different countries or territories.",
               NULL, "all cases"},
    [CASES_BY_CLASS] = {"cases-by-class", "Cross-border cases by class",
                        "The class of the RSIT that was said last in the case.", NULL,
                        "all cross-border cases"},
    [CASES_BY_SEVERITY] = {"cases-by-severity", "Cross-border cases by severity",
                           "The severity that was said last in the case.", NULL,
                           "all cross-border cases"},
    [HELP] =
        {"help", "Help across borders",
         "Organisations other than this node's that did something in cross-border cases of the "
         "year and have not left them, and the countries and territories that they declare of "
         "themselves.",
         NULL, NULL},
    [NOTICES] = {"notices", "Notices by outcome",
                 "Notices shared in the year; the outcome is what the recipient said last.",
                 "notice", "all notices"},
    [REQUESTS] =
        {"requests", "Requests by kind and outcome",
         "Requests made by or to this node in the year; the outcome is what was said last.",
         "request", "all requests"},
    [EVIDENCE] = {"evidence", "Evidence handed over",
                  "Dossiers of evidence of the year by whether the receiver accepted a copy.", NULL,
                  "all dossiers of evidence"},
    [CLAIMS] = {"claims", "Claims by outcome",
                "Claims of attribution that others were told of, by their state.", "claim",
                "all claims"},
    [CONSULTATIONS] = {"consultations", "Consultations by state",
                       "Consultations opened in the year, by their state.", "consultation",
                       "all consultations"},
    [RESOLUTIONS] = {"resolutions", "Resolutions by outcome",
                     "Resolutions tabled among those drafted in the year, by their state.",
                     "resolution", "all resolutions"},
    [DRILLS] = {"drills", "Drills",
                "Dossiers opened in the year as exercises, by procedure. They are counted nowhere "
                "else.",
                NULL, "all drills"},
    [SIGHTINGS] = {"sightings", "Sightings",
                   "STIX sightings of the year that this node keeps. Counted from its objects, not "
                   "from dossiers.",
                   NULL, NULL},
};

/* Times from when a dossier was shared. */
enum { TO_ACKNOWLEDGE, TO_RESOLVE, TO_TAKE_DOWN, N_SPANS };

struct StatisticsCount {
    guint year;
    char *self;
    GHashTable *places; /* node -> place */
    guint64 sightings;
    gint64 first_us, end_us; /* of the year */
    GHashTable *known;       /* ids of dossiers */
    Counts tables[N_TABLES];
    GHashTable *times[N_SPANS]; /* procedure -> GArray of gint64 seconds */
    GHashTable *helpers, *helping_places;
    GArray *marks; /* of dossiers that were counted: guint8[SHA256_SIZE] */
};

typedef struct {
    guint8 bytes[SHA256_SIZE];
} Mark;

gint64 statistics_year_start(guint year)
{
    g_autofree char *text = g_strdup_printf("%04u-01-01T00:00:00Z", year);
    gint64 us = 0;
    timestamp_parse(text, strlen(text), &us, NULL);
    return us;
}

StatisticsCount *statistics_begin(const StatisticsScope *scope)
{
    StatisticsCount *count = g_new0(StatisticsCount, 1);
    count->year = scope->year;
    count->self = g_strdup(scope->self);
    count->places = scope->places ? g_hash_table_ref(scope->places) : NULL;
    count->sightings = scope->sightings;
    count->first_us = statistics_year_start(scope->year);
    count->end_us = statistics_year_start(scope->year + 1);
    count->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < N_TABLES; i++)
        count->tables[i].counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < N_SPANS; i++)
        count->times[i] =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    count->helpers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    count->helping_places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    count->marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    return count;
}

static void count_free(StatisticsCount *count)
{
    for (guint i = 0; i < N_TABLES; i++)
        g_hash_table_unref(count->tables[i].counts);
    for (guint i = 0; i < N_SPANS; i++)
        g_hash_table_unref(count->times[i]);
    g_clear_pointer(&count->places, g_hash_table_unref);
    g_hash_table_unref(count->known);
    g_hash_table_unref(count->helpers);
    g_hash_table_unref(count->helping_places);
    g_array_unref(count->marks);
    g_free(count->self);
    g_free(count);
}

/* What stands in an event comes from anybody, and a report is for everybody: only words do. */
static gboolean is_word(const char *key)
{
    gsize length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-, ");
    return length > 0 && length <= WORD_MAX && key[length] == '\0';
}

static void add_one(StatisticsCount *count, guint table, const char *said)
{
    const char *key = is_word(said) ? said : OTHER;
    gint64 *found = g_hash_table_lookup(count->tables[table].counts, key);
    if (!found) {
        found = g_new0(gint64, 1);
        g_hash_table_insert(count->tables[table].counts, g_strdup(key), found);
    }
    ++*found;
}

static void add_time(StatisticsCount *count, guint span, const char *procedure, gint64 us)
{
    gint64 seconds = MAX(0, us) / G_USEC_PER_SEC;
    GArray *times = g_hash_table_lookup(count->times[span], procedure);
    if (!times) {
        times = g_array_new(FALSE, FALSE, sizeof(gint64));
        g_hash_table_insert(count->times[span], g_strdup(procedure), times);
    }
    g_array_append_val(times, seconds);
}

/* --- what a dossier says -----------------------------------------------------------------------
 */

static const EngineEvent *valid_at(const EngineResult *dossier, guint i)
{
    const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
    return one->verdict == ENGINE_VALID ? one : NULL;
}

/* The text of the member that was said last; NULL: never. */
static const char *said_last(const EngineResult *dossier, const char *member)
{
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = valid_at(dossier, i);
        const char *text = one ? event_text(one->event, member) : NULL;
        if (text)
            return text;
    }
    return NULL;
}

/* When it was no longer its author's alone; 0: it is, or ended as a draft. */
static gint64 shared_at(const EngineResult *dossier)
{
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = valid_at(dossier, i);
        if (!one || one->transition->to < 0)
            continue;
        const ProcedureState *state = &dossier->procedure->states[one->transition->to];
        if (!state->is_private)
            return state->is_final ? 0 : one->event->time_us;
    }
    return 0;
}

static gboolean is_any(const char *word, const char *const *words)
{
    return word && g_strv_contains(words, word);
}

/* Whether @one ends the wait for an answer. */
static gboolean resolves(const EngineResult *dossier, const EngineEvent *one)
{
    static const char *const states[] = {"answered", "delivered", "released",
                                         "resolved", "refused",   NULL};
    if (one->transition->to < 0)
        return FALSE;
    const ProcedureState *state = &dossier->procedure->states[one->transition->to];
    return state->is_final || is_any(state->name, states);
}

static gboolean takes_down(const EngineEvent *one)
{
    static const char *const outcomes[] = {"fixed", "taken-down", NULL};
    return is_any(event_text(one->event, "outcome"), outcomes);
}

/* In a case, what was asked to be taken down, each by itself. */
static void add_takedowns(StatisticsCount *count, const EngineResult *dossier)
{
    const Event *down;
    for (guint i = 0; (down = engine_nth(dossier, "taken-down", i)) != NULL; i++) {
        const Event *asked = engine_named(dossier, down, "asked");
        const char *at = event_text(down, "at");
        gint64 us = down->time_us;
        if (at && !timestamp_parse(at, strlen(at), &us, NULL))
            us = down->time_us;
        if (asked)
            add_time(count, TO_TAKE_DOWN, dossier->procedure->name, us - asked->time_us);
    }
}

static void add_times(StatisticsCount *count, const EngineResult *dossier, gint64 shared)
{
    gint64 found[N_SPANS] = {0};
    gboolean has[N_SPANS] = {FALSE};
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = valid_at(dossier, i);
        if (!one)
            continue;
        const gboolean is_it[N_SPANS] = {
            [TO_ACKNOWLEDGE] = strcmp(one->event->type, "acknowledged") == 0,
            [TO_RESOLVE] = resolves(dossier, one),
            [TO_TAKE_DOWN] = takes_down(one),
        };
        for (guint span = 0; span < N_SPANS; span++)
            if (is_it[span] && !has[span]) {
                has[span] = TRUE;
                found[span] = one->event->time_us - shared;
            }
    }
    for (guint span = 0; span < N_SPANS; span++)
        if (has[span])
            add_time(count, span, dossier->procedure->name, found[span]);
}

/* What became of it: what was said of it last, else how it ended, else that it is open. */
static const char *outcome_of(const EngineResult *dossier)
{
    static const char *const endings[] = {"refused", "withdrawn", "lapsed", "returned"};
    const ProcedureState *state = engine_state(dossier);
    const char *outcome = said_last(dossier, "outcome");
    if (outcome)
        return outcome;
    for (guint i = 0; i < G_N_ELEMENTS(endings); i++)
        if (engine_count(dossier, endings[i]) > 0)
            return endings[i];
    return state->is_final ? state->name : "open";
}

static const char *place_of(const StatisticsCount *count, const char *node)
{
    return count->places ? g_hash_table_lookup(count->places, node) : NULL;
}

static gboolean is_cross_border(const StatisticsCount *count, const EngineResult *dossier)
{
    const char *first = NULL;
    for (guint i = 0; i < dossier->participants->len; i++) {
        const char *place =
            place_of(count, g_array_index(dossier->participants, EngineParticipant, i).node);
        if (place && first && strcmp(place, first) != 0)
            return TRUE;
        first = first ? first : place;
    }
    return FALSE;
}

/* Those who did something in the case, and have not declined or left. */
static void add_helpers(StatisticsCount *count, const EngineResult *dossier)
{
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = valid_at(dossier, i);
        const char *node = one ? one->event->node : count->self;
        const char *place = place_of(count, node);
        if (strcmp(node, count->self) == 0 || engine_is_gone(dossier, node))
            continue;
        g_hash_table_add(count->helpers, g_strdup(node));
        if (place)
            g_hash_table_add(count->helping_places, g_strdup(place));
    }
}

static void add_case(StatisticsCount *count, const EngineResult *dossier)
{
    const char *said = said_last(dossier, "class"), *severity = said_last(dossier, "severity");
    g_autofree char *class = said ? g_strndup(said, strcspn(said, ".")) : NULL;
    gboolean is_across = is_cross_border(count, dossier);
    add_one(count, CASES, is_across ? "cross-border" : "others");
    if (!is_across)
        return;
    add_one(count, CASES_BY_CLASS, class ? class : UNKNOWN);
    add_one(count, CASES_BY_SEVERITY, severity ? severity : UNKNOWN);
    add_helpers(count, dossier);
}

static void add_request(StatisticsCount *count, const EngineResult *dossier)
{
    const char *kind = said_last(dossier, "kind");
    g_autofree char *key = g_strdup_printf("%s, %s", kind ? kind : UNKNOWN, outcome_of(dossier));
    add_one(count, REQUESTS, key);
}

static void add_outcome(StatisticsCount *count, const EngineResult *dossier)
{
    const char *procedure = dossier->procedure->name;
    for (guint i = 0; i < N_TABLES; i++)
        if (g_strcmp0(plans[i].procedure, procedure) == 0)
            add_one(count, i, i == NOTICES ? outcome_of(dossier) : engine_state(dossier)->name);
}

static void add_mark(StatisticsCount *count, const EngineResult *dossier)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    Mark mark;
    engine_digest(dossier, digest);
    sha256_hex(digest, hex);
    g_autofree char *text = g_strdup_printf("%s\n%s", dossier->dossier, hex);
    sha256_digest(text, strlen(text), mark.bytes);
    g_array_append_val(count->marks, mark);
}

void statistics_add(StatisticsCount *count, const EngineResult *dossier)
{
    gint64 shared = dossier->procedure && engine_state(dossier) ? shared_at(dossier) : 0;
    if (shared == 0 || dossier->opened_us < count->first_us ||
        dossier->opened_us >= count->end_us ||
        !g_hash_table_add(count->known, g_strdup(dossier->dossier)))
        return;
    const char *procedure = dossier->procedure->name;
    add_mark(count, dossier);
    if (dossier->opening->is_exercise) {
        add_one(count, DRILLS, procedure);
        return;
    }
    add_times(count, dossier, shared);
    add_takedowns(count, dossier);
    if (strcmp(procedure, "case") == 0)
        add_case(count, dossier);
    else if (strcmp(procedure, "request") == 0)
        add_request(count, dossier);
    else if (strcmp(procedure, "evidence") == 0)
        add_one(count, EVIDENCE,
                engine_count(dossier, "accepted") > 0 ? "handed-over" : "not-handed-over");
    else
        add_outcome(count, dossier);
}

/* --- figures -----------------------------------------------------------------------------------
 */

/* The keys of a table, sorted; the table's. */
static GPtrArray *keys_of(GHashTable *table)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, texts_compare);
    return keys;
}

static void end_counts(Statistics *statistics, const StatisticsCount *count, guint plan)
{
    GHashTable *counts = count->tables[plan].counts;
    g_autoptr(GPtrArray) keys = keys_of(counts);
    StatisticsTable *table = statistics_figures_table(statistics, plans[plan].name,
                                                      plans[plan].title, plans[plan].definition);
    gint64 total = 0;
    for (guint i = 0; i < keys->len; i++)
        total += *(const gint64 *)g_hash_table_lookup(counts, keys->pdata[i]);
    statistics_figures_add(statistics, "total", plans[plan].total, total, STATISTICS_COUNT, FALSE);
    for (guint i = 0; i < keys->len; i++)
        statistics_figures_add(statistics, keys->pdata[i], keys->pdata[i],
                               *(const gint64 *)g_hash_table_lookup(counts, keys->pdata[i]),
                               STATISTICS_COUNT, FALSE);
    table->has_total = TRUE;
    table->has_bars = TRUE;
    statistics_figures_end_table(statistics, table);
}

static void end_numbers(Statistics *statistics, const StatisticsCount *count, guint plan)
{
    StatisticsTable *table = statistics_figures_table(statistics, plans[plan].name,
                                                      plans[plan].title, plans[plan].definition);
    if (plan == HELP) {
        statistics_figures_add(statistics, "organisations", "organisations",
                               g_hash_table_size(count->helpers), STATISTICS_COUNT, FALSE);
        statistics_figures_add(statistics, "places", "countries and territories",
                               g_hash_table_size(count->helping_places), STATISTICS_COUNT, FALSE);
    } else {
        statistics_figures_add(statistics, "sightings", "sightings", (gint64)count->sightings,
                               STATISTICS_COUNT, FALSE);
    }
    statistics_figures_end_table(statistics, table);
}

static int compare_seconds(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

/* The quartiles by nearest rank, in whole minutes; of fewer than SUPPRESS_BELOW they are hidden. */
static void end_quartiles(Statistics *statistics, const char *procedure, GArray *times)
{
    static const char *const names[] = {"first quartile", "median", "third quartile"};
    static const char *const suffixes[] = {"q1", "median", "q3"};
    g_array_sort(times, compare_seconds);
    for (guint i = 0; i < 3; i++) {
        guint rank = (times->len * (i + 1) + 3) / 4;
        gint64 seconds = g_array_index(times, gint64, MAX(rank, 1) - 1);
        g_autofree char *name = g_strdup_printf("%s-%s", procedure, suffixes[i]);
        g_autofree char *label = g_strdup_printf("%s: %s", procedure, names[i]);
        statistics_figures_add(statistics, name, label, seconds / MINUTE * MINUTE,
                               STATISTICS_SECONDS, times->len < SUPPRESS_BELOW);
    }
}

static void end_times(Statistics *statistics, const StatisticsCount *count, guint span)
{
    static const struct {
        const char *name, *title, *definition;
    } tables[N_SPANS] = {
        [TO_ACKNOWLEDGE] = {"times-to-acknowledge", "Times to acknowledge",
                            "From when a dossier was shared until a person acknowledged it, by the "
                            "events' claimed times; of those that were. Median and quartiles by "
                            "nearest rank, in whole minutes."},
        [TO_RESOLVE] = {"times-to-resolve", "Times to resolve",
                        "From when a dossier was shared until it was answered, delivered, refused, "
                        "resolved or over; of those that were."},
        [TO_TAKE_DOWN] = {"times-to-take-down", "Times to take down",
                          "From when a dossier was shared until it was said that what was found is "
                          "fixed or taken down; in a case from each demand for a takedown until it "
                          "was down."},
    };
    g_autoptr(GPtrArray) procedures = keys_of(count->times[span]);
    StatisticsTable *table = statistics_figures_table(statistics, tables[span].name,
                                                      tables[span].title, tables[span].definition);
    for (guint i = 0; i < procedures->len; i++)
        end_quartiles(statistics, procedures->pdata[i],
                      g_hash_table_lookup(count->times[span], procedures->pdata[i]));
    statistics_figures_end_table(statistics, table);
}

static int compare_marks(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(Mark));
}

Statistics *statistics_end(StatisticsCount *count)
{
    Statistics *statistics = statistics_figures_new(count->year);
    for (guint i = 0; i < N_TABLES; i++) {
        if (i == HELP || i == SIGHTINGS)
            end_numbers(statistics, count, i);
        else
            end_counts(statistics, count, i);
    }
    for (guint i = 0; i < N_SPANS; i++)
        end_times(statistics, count, i);
    statistics_figures_hide(statistics);
    g_array_sort(count->marks, compare_marks);
    sha256_digest_pair(COUNTED_PREFIX, strlen(COUNTED_PREFIX), count->marks->data,
                       (gsize)count->marks->len * sizeof(Mark), statistics->counted);
    count_free(count);
    return statistics;
}
