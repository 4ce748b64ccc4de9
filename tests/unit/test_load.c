#include "shield/load.h"

#include <string.h>

#define ID  "indicator--00000000-0000-4000-8000-000000000001"
#define NOW G_GINT64_CONSTANT(1700000000000000)

static const char indicator_json[] =
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"" ID "\","
    "\"created\":\"2023-01-01T00:00:00.000Z\",\"modified\":\"2023-01-01T00:00:00.000Z\","
    "\"name\":\"%s\",\"pattern_type\":\"stix\",\"pattern\":\"%s\","
    "\"valid_from\":\"2023-01-01T00:00:00Z\",\"confidence\":50%s}";

/* What becomes of one indicator; if it is taken, *ret_set is a set of it alone. */
static LoadOutcome load(const char *name, const char *pattern, const char *more,
                        const LoadOptions *options, Set **ret_set)
{
    g_autofree char *json = g_strdup_printf(indicator_json, name, pattern, more);
    g_autoptr(GError) error = NULL;
    g_autoptr(Object) object =
        object_read(json, strlen(json), OBJECT_SPEC_21, OBJECT_VALUES, &error);
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    LoadOutcome outcome;

    g_assert_no_error(error);
    g_assert_true(load_object(builder, object, "feed", MARKING_TLP_NONE, options, &outcome, NULL));
    *ret_set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return outcome;
}

static gboolean keep_name(gpointer user, SetEntry entry, const SetValue *value)
{
    g_string_append_printf(user, "%s;", value->name ? value->name : "-");
    return TRUE;
}

/* The name that the set knows the only indicator by. */
static void assert_name(const char *name, const char *pattern, const char *kept)
{
    const LoadOptions options = {.now = NOW};
    g_autoptr(Set) set = NULL;
    g_autoptr(GString) names = g_string_new(NULL);

    g_assert_cmpint(load(name, pattern, "", &options, &set), ==, LOAD_TAKEN);
    g_assert_true(set_each(set, keep_name, names));
    g_assert_cmpstr(names->str, ==, kept);
}

/* A name is kept, though objects can be found by it, unless it is the value itself. */
static void test_names(void)
{
    assert_name("Page of the theft", "[domain-name:value = 'alder.example']", "Page of the theft;");
    assert_name("alder.example", "[domain-name:value = 'alder.example']", "-;");
    assert_name("birch.example", "[domain-name:value = 'alder.example']", "birch.example;");
    assert_name("", "[domain-name:value = 'alder.example']", "-;");
}

static gboolean keep_pattern(gpointer user, const SetIndicator *indicator)
{
    g_string_append_printf(user, "%s;", indicator->pattern);
    return TRUE;
}

/* Is @pattern kept for the evaluator, and has it values? */
static void assert_pattern(const char *pattern, gboolean kept, gboolean values)
{
    const LoadOptions options = {.now = NOW};
    g_autoptr(Set) set = NULL;
    g_autoptr(GString) told = g_string_new(NULL);
    g_autofree char *all = kept ? g_strconcat(pattern, ";", NULL) : g_strdup("");
    LoadOutcome outcome = load("x", pattern, "", &options, &set);

    g_test_message("%s", pattern);
    g_assert_cmpint(outcome, ==, values ? LOAD_TAKEN : kept ? LOAD_PATTERN : LOAD_MISREAD);
    g_assert_true(set_each_pattern(set, keep_pattern, told));
    g_assert_cmpstr(told->str, ==, all);
    g_assert_cmpuint(set_count_patterns(set), ==, kept);
    g_assert_cmpint(set_count_values(set) > 0, ==, values);
}

/* What values say as well needs no evaluator; all else does. */
static void test_patterns(void)
{
    assert_pattern("[ipv4-addr:value = '192.0.2.1']", FALSE, TRUE);
    assert_pattern("[ipv4-addr:value = '192.0.2.1' OR (domain-name:value = 'alder.example')]",
                   FALSE, TRUE);
    assert_pattern("([ipv4-addr:value = '192.0.2.1'] OR [url:value = 'http://birch.example/'])",
                   FALSE, TRUE);
    assert_pattern("[domain-name:value IN ('alder.example', 'birch.example')]", FALSE, TRUE);
    assert_pattern("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", FALSE, TRUE);
    assert_pattern("[domain-name:value IN ('alder.example', 'not a name')]", TRUE, TRUE);
    assert_pattern("[domain-name:value = 'alder.example' OR file:name = 'a.scr']", TRUE, TRUE);
    assert_pattern("[domain-name:value = 'alder.example' OR file:size = 7]", TRUE, TRUE);
    assert_pattern("[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'alder.example']", TRUE,
                   TRUE);
    assert_pattern("[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'alder.example']",
                   TRUE, TRUE);
    assert_pattern("[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [url:value = 'http://a.example/']",
                   TRUE, TRUE);
    assert_pattern("[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES", TRUE, TRUE);
    assert_pattern("([ipv4-addr:value = '192.0.2.1']) WITHIN 5 SECONDS", TRUE, TRUE);
    assert_pattern("[ipv4-addr:value != '192.0.2.1']", TRUE, FALSE);
    assert_pattern("[ipv4-addr:value NOT = '192.0.2.1']", TRUE, FALSE);
    assert_pattern("[domain-name:value LIKE '%.alder.example']", TRUE, FALSE);
    assert_pattern("[domain-name:value MATCHES 'alder']", TRUE, FALSE);
    assert_pattern("[file:name = 'a.scr']", TRUE, FALSE);
    assert_pattern("[file:name = ]", FALSE, FALSE); /* nobody can read it */
}

/* Patterns alone are left out by the same options. */
static void test_unwanted_patterns(void)
{
    static const char pattern[] = "[file:size > 7]";
    static const char revoked[] = ",\"revoked\":true";
    static const struct {
        LoadOptions options;
        const char *more;
        LoadOutcome outcome;
    } cases[] = {
        {{.now = NOW, .min_confidence = 50}, "", LOAD_PATTERN},
        {{.now = NOW, .min_confidence = 51}, "", LOAD_UNWANTED},
        {{.now = NOW, .most_tlp = MARKING_TLP_RED}, "", LOAD_UNWANTED},
        {{.now = NOW, .most_pap = MARKING_PAP_RED}, "", LOAD_UNWANTED},
        {{.now = NOW}, revoked, LOAD_OUT_OF_DATE},
        {{.now = NOW, .expired = TRUE}, revoked, LOAD_PATTERN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Set) set = NULL;
        g_assert_cmpint(load("x", pattern, cases[i].more, &cases[i].options, &set), ==,
                        cases[i].outcome);
        g_assert_cmpuint(set_count_patterns(set), ==, cases[i].outcome == LOAD_PATTERN);
        g_assert_cmpuint(set_count_indicators(set), ==, cases[i].outcome == LOAD_PATTERN);
    }
}

static void assert_outcome(const char *more, const LoadOptions *options, LoadOutcome outcome)
{
    LoadCounts counts = {0};
    g_autoptr(Set) set = NULL;

    g_assert_cmpint(load("x", "[ipv4-addr:value = '192.0.2.1']", more, options, &set), ==, outcome);
    g_assert_cmpuint(set_count_values(set), ==, outcome == LOAD_TAKEN);
    load_count(&counts, outcome);
    g_assert_cmpuint(counts.taken, ==, outcome == LOAD_TAKEN);
    g_assert_cmpuint(counts.out_of_date, ==, outcome == LOAD_OUT_OF_DATE);
    g_assert_cmpuint(counts.unwanted, ==, outcome == LOAD_UNWANTED);
    g_assert_cmpuint(counts.empty + counts.observables + counts.broken, ==, 0);
}

static void test_outcomes(void)
{
    static const char revoked[] = ",\"revoked\":true";
    static const char expired[] = ",\"valid_until\":\"2023-02-01T00:00:00Z\"";

    assert_outcome("", &(LoadOptions){.now = NOW}, LOAD_TAKEN);
    assert_outcome(revoked, &(LoadOptions){.now = NOW}, LOAD_OUT_OF_DATE);
    assert_outcome(revoked, &(LoadOptions){.now = NOW, .expired = TRUE}, LOAD_TAKEN);
    assert_outcome(expired, &(LoadOptions){.now = NOW}, LOAD_OUT_OF_DATE);
    assert_outcome("", &(LoadOptions){.now = 1}, LOAD_OUT_OF_DATE);
    assert_outcome("", &(LoadOptions){.now = 1, .future = TRUE}, LOAD_TAKEN);
    assert_outcome("", &(LoadOptions){.now = NOW, .min_confidence = 50}, LOAD_TAKEN);
    assert_outcome("", &(LoadOptions){.now = NOW, .min_confidence = 51}, LOAD_UNWANTED);
    assert_outcome("", &(LoadOptions){.now = NOW, .most_tlp = MARKING_TLP_RED}, LOAD_UNWANTED);
    assert_outcome("", &(LoadOptions){.now = NOW, .most_pap = MARKING_PAP_RED}, LOAD_UNWANTED);
    assert_outcome(
        "", &(LoadOptions){.now = NOW, .most_pap = MARKING_PAP_AMBER, .pap = MARKING_PAP_GREEN},
        LOAD_TAKEN);
    assert_outcome(
        "", &(LoadOptions){.now = NOW, .most_pap = MARKING_PAP_GREEN, .pap = MARKING_PAP_AMBER},
        LOAD_UNWANTED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/names", test_names);
    g_test_add_func("/load/patterns", test_patterns);
    g_test_add_func("/load/unwanted-patterns", test_unwanted_patterns);
    g_test_add_func("/load/outcomes", test_outcomes);
    return g_test_run();
}
