/* Figures of a report: what is counted, once, in which year; what is hidden; and that a report
 * which says something else is found out, figure by figure. */
#include "dossier_maker.h"

#include "dossier/statistics_report.h"

#define YEAR 2026 /* of MAKER_START */

/* A dossier as a test makes it, one event after the other. */
typedef struct {
    const char *procedure;
    gboolean is_exercise;
    GPtrArray *events;
    EngineResult *result;
    int minute;
} Made;

static void made_clear(Made *made)
{
    g_clear_pointer(&made->result, engine_result_free);
    g_clear_pointer(&made->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

static void make(Made *made, const char *type, const char *node, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = maker_signer(node);
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    const Procedure *procedure = procedure_find(made->procedure);
    const ProcedureTransition *row = procedure_transition(procedure, type);
    g_autoptr(GArray) heads = made->result ? engine_heads(made->result, row) : NULL;
    g_autofree char *decides =
        heads && procedure_closes(procedure, row) ? engine_decides(made->result, heads) : NULL;
    g_autofree char *whole =
        decides ? g_strdup_printf("{\"decides\":%s%s%s", decides,
                                  g_str_equal(payload, "{}") ? "" : ",", payload + 1)
                : g_strdup(payload);
    const EventSpec spec = {
        .procedure = made->procedure,
        .dossier = made->result ? made->result->dossier : NULL,
        .type = type,
        .author = origin,
        .signatory = row->maker == PROCEDURE_PERSON ? "Somebody" : NULL,
        .time_us = MAKER_START + made->minute * MAKER_MINUTE,
        .parents = heads ? (const EventHash *)(gconstpointer)heads->data : NULL,
        .n_parents = heads ? heads->len : 0,
        .payload = whole,
        .tlp = MARKING_TLP_GREEN,
        .is_exercise = made->is_exercise && !heads,
    };
    g_autofree char *text = event_make(&spec, signer, &error);
    g_assert_no_error(error);
    if (!made->events)
        made->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    g_ptr_array_add(made->events, event_parse(text, strlen(text), &error));
    g_assert_no_error(error);
    g_clear_pointer(&made->result, engine_result_free);
    made->result = engine_run((const Event *const *)made->events->pdata, made->events->len);
    g_assert_cmpuint(made->result->n_valid, ==, made->events->len);
}

static void make_request(Made *made, const char *outcome)
{
    made->procedure = "request";
    make(made, "sent", ALDER, MAKER_SENT(BIRCH, "low"));
    if (!outcome)
        return;
    made->minute = 90;
    make(made, "acknowledged", BIRCH, "{}");
    made->minute = 180;
    g_autofree char *payload = g_strdup_printf("{\"outcome\":\"%s\",\"text\":\"t\"}", outcome);
    make(made, "answered", BIRCH, payload);
}

/* A case of Alder's that Birch, and perhaps Cedar, is invited to. */
static void make_case(Made *made, const char *class, gboolean with_cedar)
{
    g_autofree char *opened = g_strdup_printf(
        "{\"class\":\"%s\",\"severity\":\"high\",\"subject\":\"s\",\"text\":\"t\"}", class);
    made->procedure = "case";
    make(made, "opened", ALDER, opened);
    make(made, "shared", ALDER,
         with_cedar ? "{\"to\":[\"" BIRCH "\",\"" CEDAR "\"]}" : "{\"to\":[\"" BIRCH "\"]}");
    make(made, "acknowledged", BIRCH, "{}");
    if (with_cedar)
        make(made, "declined", CEDAR, "{\"text\":\"not ours\"}");
}

static GHashTable *make_places(const char *of_birch)
{
    GHashTable *places = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(places, (gpointer)ALDER, (gpointer) "XA");
    g_hash_table_insert(places, (gpointer)BIRCH, (gpointer)of_birch);
    g_hash_table_insert(places, (gpointer)CEDAR, (gpointer) "XC");
    return places;
}

static const StatisticsFigure *find(const Statistics *statistics, const char *table,
                                    const char *name)
{
    for (guint i = 0; i < statistics->tables->len; i++) {
        const StatisticsTable *one = &g_array_index(statistics->tables, StatisticsTable, i);
        for (guint k = 0; g_str_equal(one->name, table) && k < one->count; k++) {
            const StatisticsFigure *figure =
                &g_array_index(statistics->figures, StatisticsFigure, one->first + k);
            if (g_str_equal(figure->name, name))
                return figure;
        }
    }
    return NULL;
}

static gint64 value(const Statistics *statistics, const char *table, const char *name)
{
    const StatisticsFigure *figure = find(statistics, table, name);
    return figure ? figure->value : -1;
}

/* Five requests answered, one refused, one open; an exercise; one counted twice. */
static Statistics *count_requests(guint year)
{
    g_autoptr(GHashTable) places = make_places("XB");
    const StatisticsScope scope = {.year = year, .self = ALDER, .places = places, .sightings = 12};
    StatisticsCount *count = statistics_begin(&scope);
    for (guint i = 0; i < 9; i++) {
        g_auto(Made) made = {.is_exercise = i == 8};
        make_request(&made, i < 5 ? "given" : i == 5 ? "partial" : NULL);
        statistics_add(count, made.result);
        statistics_add(count, made.result);
    }
    return statistics_end(count);
}

static void test_requests(void)
{
    g_autoptr(Statistics) of = count_requests(YEAR);
    g_assert_cmpint(value(of, "requests", "total"), ==, 8);
    g_assert_cmpint(value(of, "requests", "advice, given"), ==, 5);
    g_assert_cmpint(value(of, "requests", "advice, partial"), ==, 1);
    g_assert_cmpint(value(of, "requests", "advice, open"), ==, 2);
    g_assert_cmpint(value(of, "drills", "request"), ==, 1);
    g_assert_cmpint(value(of, "sightings", "sightings"), ==, 12);
    g_assert_cmpint(value(of, "times-to-acknowledge", "request-median"), ==, 90 * 60);
    g_assert_cmpint(value(of, "times-to-resolve", "request-q3"), ==, 180 * 60);
    g_assert_false(find(of, "times-to-resolve", "request-q3")->is_hidden);
    g_assert_true(find(of, "requests", "advice, partial")->is_hidden);
    g_assert_true(find(of, "requests", "advice, open")->is_hidden);
    g_assert_true(find(of, "drills", "request")->is_hidden);
    g_assert_true(find(of, "drills", "total")->is_hidden);
    g_assert_false(find(of, "requests", "total")->is_hidden);
}

static void test_other_years(void)
{
    g_autoptr(Statistics) before = count_requests(YEAR - 1);
    g_autoptr(Statistics) after = count_requests(YEAR + 1);
    g_assert_cmpint(value(before, "requests", "total"), ==, 0);
    g_assert_cmpint(value(after, "requests", "total"), ==, 0);
    g_assert_cmpint(value(after, "drills", "total"), ==, 0);
}

static Statistics *count_cases(const char *of_birch)
{
    g_autoptr(GHashTable) places = make_places(of_birch);
    const StatisticsScope scope = {.year = YEAR, .self = ALDER, .places = places};
    StatisticsCount *count = statistics_begin(&scope);
    for (guint i = 0; i < 11; i++) {
        g_auto(Made) made = {0};
        make_case(&made, i < 6 ? "fraud.phishing" : "malicious-code.c2-server", i == 0);
        statistics_add(count, made.result);
    }
    g_auto(Made) draft = {.procedure = "case"};
    make(&draft, "opened", ALDER, "{\"severity\":\"low\",\"subject\":\"s\"}");
    statistics_add(count, draft.result);
    return statistics_end(count);
}

static void test_cases(void)
{
    g_autoptr(Statistics) of = count_cases("XB");
    g_assert_cmpint(value(of, "cases", "total"), ==, 11);
    g_assert_cmpint(value(of, "cases", "cross-border"), ==, 11);
    g_assert_cmpint(value(of, "cases-by-class", "fraud"), ==, 6);
    g_assert_cmpint(value(of, "cases-by-class", "malicious-code"), ==, 5);
    g_assert_cmpint(value(of, "cases-by-severity", "high"), ==, 11);
    /* Cedar declined: it did not help. */
    g_assert_cmpint(value(of, "help", "organisations"), ==, 1);
    g_assert_cmpint(value(of, "help", "places"), ==, 1);
    g_assert_true(find(of, "help", "places")->is_hidden);
    g_assert_false(find(of, "cases-by-class", "fraud")->is_hidden);

    /* Within one country only the one with Cedar is across a border: nothing tells of it. */
    g_autoptr(Statistics) within = count_cases("XA");
    g_assert_cmpint(value(within, "cases", "cross-border"), ==, 1);
    g_assert_true(find(within, "cases", "cross-border")->is_hidden);
    g_assert_true(find(within, "cases", "others")->is_hidden);
    g_assert_true(find(within, "cases-by-class", "total")->is_hidden);
    g_assert_true(find(within, "cases-by-class", "fraud")->is_hidden);
    g_assert_false(find(within, "cases", "total")->is_hidden);
}

/* The order does not matter, and what is not the same is not counted as the same. */
static void test_counted(void)
{
    g_auto(Made) a = {0}, b = {0};
    guint8 digests[3][SHA256_SIZE];
    const StatisticsScope scope = {.year = YEAR, .self = ALDER};
    make_request(&a, "given");
    make_request(&b, NULL);
    for (guint i = 0; i < 3; i++) {
        StatisticsCount *count = statistics_begin(&scope);
        statistics_add(count, i == 0 ? a.result : b.result);
        if (i < 2)
            statistics_add(count, i == 0 ? b.result : a.result);
        g_autoptr(Statistics) statistics = statistics_end(count);
        memcpy(digests[i], statistics->counted, SHA256_SIZE);
    }
    g_assert_cmpmem(digests[0], SHA256_SIZE, digests[1], SHA256_SIZE);
    g_assert_true(memcmp(digests[0], digests[2], SHA256_SIZE) != 0);
}

/* --- reports -----------------------------------------------------------------------------------
 */

static yyjson_doc *make_body(const Statistics *statistics)
{
    const StatisticsReportHead head = {.node = ALDER, .time_us = MAKER_START};
    yyjson_mut_doc *body = statistics_report_body(statistics, &head);
    yyjson_doc *doc = yyjson_mut_doc_imut_copy(body, NULL);
    yyjson_mut_doc_free(body);
    return doc;
}

static guint count_faults(yyjson_val *body, const Statistics *statistics, const char *part)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
    statistics_report_compare(body, statistics, TRUE, faults);
    if (part && faults->len > 0)
        g_assert_nonnull(strstr(faults->pdata[0], part));
    return faults->len;
}

/* Every figure, changed by one or hidden or shown: found, and named. */
static void test_tampered(void)
{
    g_autoptr(Statistics) statistics = count_requests(YEAR);
    yyjson_doc *doc = make_body(statistics);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new_with_free_func(g_free);
    statistics_report_check(yyjson_doc_get_root(doc), none, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(count_faults(yyjson_doc_get_root(doc), statistics, NULL), ==, 0);
    yyjson_doc_free(doc);
    for (guint i = 0; i < statistics->figures->len; i++) {
        StatisticsFigure *figure = &g_array_index(statistics->figures, StatisticsFigure, i);
        const StatisticsFigure before = *figure;
        for (guint how = 0; how < 2; how++) {
            if (how == 0)
                figure->is_hidden = !figure->is_hidden;
            else
                figure->value++;
            doc = make_body(statistics);
            *figure = before;
            guint faults = count_faults(yyjson_doc_get_root(doc), statistics, figure->name);
            g_assert_cmpuint(faults, ==, how == 1 && before.is_hidden ? 0 : 1);
            yyjson_doc_free(doc);
        }
    }
}

static void test_check(void)
{
    static const struct {
        const char *tables, *part;
        gboolean is_report; /* and contradicts itself */
    } cases[] = {
        {"[{}]", "no name", FALSE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\"}]", "no list of figures", FALSE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[{\"name\":\"x\","
         "\"label\":\"x\"}]}]",
         "a, \"x\": neither a whole number", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[{\"name\":\"x\","
         "\"label\":\"x\",\"value\":3}]}]",
         "a, \"x\": a count below 5 is shown", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[{\"name\":\"x\","
         "\"label\":\"x\",\"value\":7},{\"name\":\"x\",\"label\":\"x\",\"value\":8}]}]",
         "a, \"x\": it is there twice", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[]},"
         "{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[]}]",
         "a: the table is there twice", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"figures\":[{\"name\":\"x\","
         "\"label\":\"x\",\"value\":-3}]}]",
         "neither a whole number", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"total\":true,\"figures\":[]}]",
         "no total", FALSE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"total\":true,\"figures\":["
         "{\"name\":\"total\",\"label\":\"x\",\"value\":9},"
         "{\"name\":\"y\",\"label\":\"x\",\"value\":8}]}]",
         "a, \"total\": the total says 9, its parts are 8", TRUE},
        {"[{\"name\":\"a\",\"title\":\"t\",\"definition\":\"d\",\"total\":true,\"figures\":["
         "{\"name\":\"total\",\"label\":\"x\",\"value\":9},{\"name\":\"y\",\"label\":\"x\","
         "\"hidden\":true},{\"name\":\"z\",\"label\":\"x\",\"value\":10}]}]",
         "its parts are 10", TRUE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *hex = g_strnfill(2 * SHA256_SIZE, 'a');
        g_autofree char *text = g_strdup_printf(
            "{\"node\":\"a.example\",\"year\":2026,\"time\":\"2026-05-01T00:00:00Z\","
            "\"counted\":\"%s\",\"tables\":%s}",
            hex, cases[i].tables);
        yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
        g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
        g_assert_true(statistics_report_check(yyjson_doc_get_root(doc), faults, &error) ==
                      cases[i].is_report);
        if (!cases[i].is_report)
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpuint(faults->len, ==, cases[i].is_report);
        const char *said = cases[i].is_report ? faults->pdata[0] : error->message;
        if (!strstr(said, cases[i].part))
            g_error("\"%s\" does not say \"%s\"", said, cases[i].part);
        yyjson_doc_free(doc);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/statistics/requests", test_requests);
    g_test_add_func("/statistics/other_years", test_other_years);
    g_test_add_func("/statistics/cases", test_cases);
    g_test_add_func("/statistics/counted", test_counted);
    g_test_add_func("/statistics/tampered", test_tampered);
    g_test_add_func("/statistics/check", test_check);
    return g_test_run();
}
