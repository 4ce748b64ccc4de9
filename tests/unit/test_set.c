#include "shield/set_builder.h"

#include <string.h>

static void begin(SetBuilder *builder, const char *id, gint64 version, gboolean withdrawn)
{
    SetIndicator indicator = {
        .id = id, .source = "test", .confidence = -1, .version = version, .withdrawn = withdrawn};
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
}

static void add(SetBuilder *builder, ObservableKind kind, const char *canonical)
{
    g_assert_true(set_builder_add_value(builder, kind, canonical, NULL));
}

static Set *open_set(SetBuilder *builder)
{
    g_autoptr(GError) error = NULL;
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    g_assert_true(set_check(set, &error));
    return set;
}

/* The ids of the indicators of a value, in their order: that of the ids. */
static char *ids_of(const Set *set, ObservableKind kind, const char *canonical)
{
    GString *ids = g_string_new(NULL);
    SetValue value;
    for (SetEntry entry = set_find(set, kind, canonical, strlen(canonical)); entry != SET_NONE;
         entry = set_next(set, entry)) {
        set_read(set, entry, &value);
        g_assert_cmpstr(value.value, ==, canonical);
        g_assert_cmpint(value.kind, ==, kind);
        g_string_append_printf(ids, "%s ", value.id);
    }
    return g_string_free(ids, FALSE);
}

#define ID_A "indicator--0a000000-0000-4000-8000-00000000000a"
#define ID_B "indicator--0b000000-0000-4000-8000-00000000000b"
#define ID_C "x-alder--Not-A-Uuid"
/* Not the form ids are packed in: it must come back as it is. */
#define ID_D "indicator--0A000000-0000-4000-8000-00000000000A"

static void test_indicators(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    begin(builder, ID_A, 0, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    add(builder, OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e");
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    begin(builder, ID_B, 0, FALSE);
    add(builder, OBSERVABLE_OTHER, "alder.exe");
    begin(builder, ID_C, 0, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    begin(builder, ID_D, 0, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    g_autoptr(Set) set = open_set(builder);

    g_autofree char *ids = ids_of(set, OBSERVABLE_DOMAIN, "alder.example");
    g_assert_cmpstr(ids, ==, ID_A " " ID_D " " ID_C " ");
    g_autofree char *none = ids_of(set, OBSERVABLE_JA3, "d41d8cd98f00b204e9800998ecf8427e");
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpuint(set_count_values(set), ==, 4);
    g_assert_cmpuint(set_count_indicators(set), ==, 3);
    g_assert_true(set_has(set, OBSERVABLE_MD5));
    g_assert_false(set_has(set, OBSERVABLE_OTHER));
    g_assert_false(set_has(set, OBSERVABLE_URL));
    g_assert_false(set_may_have_url_host(set, "alder.example", 13));
}

/* Of one id the latest version counts, wherever it comes in the input, and a withdrawn one hides
 * the others. */
static void test_versions(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    begin(builder, ID_A, 2, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "second.example");
    begin(builder, ID_A, 1, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "first.example");
    begin(builder, ID_A, 3, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "third.example");
    begin(builder, ID_A, 3, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "variant.example");
    begin(builder, ID_C, 5, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "gone.example");
    begin(builder, ID_C, 6, TRUE);
    add(builder, OBSERVABLE_DOMAIN, "gone.example");
    g_autoptr(Set) set = open_set(builder);

    static const struct {
        const char *name;
        const char *ids;
    } cases[] = {{"first.example", ""},
                 {"second.example", ""},
                 {"third.example", ID_A " "},
                 {"variant.example", ""},
                 {"gone.example", ""}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ids = ids_of(set, OBSERVABLE_DOMAIN, cases[i].name);
        g_assert_cmpstr(ids, ==, cases[i].ids);
    }
    g_assert_cmpuint(set_count_indicators(set), ==, 1);
}

static guint count_address(const Set *set, const char *text)
{
    SetEntry found[SET_MAX_FOUND];
    ObservableAddress address;
    g_assert_true(observable_address_parse(text, strlen(text), &address));
    return set_find_address(set, &address, found);
}

static guint count_domain(const Set *set, const char *text)
{
    SetEntry found[SET_MAX_FOUND];
    return set_find_domain(set, text, strlen(text), found);
}

static void test_covering(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    begin(builder, ID_A, 0, FALSE);
    add(builder, OBSERVABLE_CIDR, "0.0.0.0/0");
    add(builder, OBSERVABLE_CIDR, "192.0.2.0/24");
    add(builder, OBSERVABLE_CIDR, "192.0.2.1/32"); /* never canonical, must do no harm */
    add(builder, OBSERVABLE_IPV4, "192.0.2.1");
    add(builder, OBSERVABLE_CIDR, "2001:db8::/127");
    add(builder, OBSERVABLE_IPV6, "2001:db8::1");
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    add(builder, OBSERVABLE_DOMAIN, "a.b.alder.example");
    g_autoptr(Set) set = open_set(builder);

    g_assert_cmpuint(count_address(set, "192.0.2.1"), ==, 3);
    g_assert_cmpuint(count_address(set, "192.0.2.2"), ==, 2);
    g_assert_cmpuint(count_address(set, "192.0.2.0/24"), ==, 2);
    g_assert_cmpuint(count_address(set, "192.0.2.0/25"), ==, 2);
    g_assert_cmpuint(count_address(set, "192.0.2.0/23"), ==, 1);
    g_assert_cmpuint(count_address(set, "198.51.100.1"), ==, 1);
    g_assert_cmpuint(count_address(set, "2001:db8::1"), ==, 2);
    g_assert_cmpuint(count_address(set, "2001:db8::"), ==, 1);
    g_assert_cmpuint(count_address(set, "2001:db8::2"), ==, 0);
    g_assert_cmpuint(count_address(set, "::192.0.2.1"), ==, 0);
    g_assert_cmpuint(count_domain(set, "alder.example"), ==, 1);
    g_assert_cmpuint(count_domain(set, "b.alder.example"), ==, 1);
    g_assert_cmpuint(count_domain(set, "a.b.alder.example"), ==, 2);
    g_assert_cmpuint(count_domain(set, "x.a.b.alder.example"), ==, 2);
    g_assert_cmpuint(count_domain(set, "calder.example"), ==, 0);
    g_assert_cmpuint(count_domain(set, "example"), ==, 0);
}

static void test_empty(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(Set) set = open_set(builder);
    g_assert_cmpuint(count_address(set, "192.0.2.1"), ==, 0);
    g_assert_cmpuint(count_domain(set, "alder.example"), ==, 0);
    g_assert_cmpuint(set_find(set, OBSERVABLE_URL, "http://alder.example/", 21), ==, SET_NONE);
    g_assert_cmpuint(set_count_values(set), ==, 0);
}

/* Many values: all are found, and what is not there is not, by the filter nearly always. */
static void test_many(void)
{
    const guint count = 200000;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    char text[64];
    for (guint i = 0; i < count; i++) {
        g_snprintf(text, sizeof(text), "indicator--%08x-0000-4000-8000-000000000000", i);
        begin(builder, text, 0, FALSE);
        g_snprintf(text, sizeof(text), "n%u.alder.example", i);
        add(builder, OBSERVABLE_DOMAIN, text);
        g_snprintf(text, sizeof(text), "http://n%u.birch.example/", i);
        add(builder, OBSERVABLE_URL, text);
    }
    g_autoptr(Set) set = open_set(builder);
    guint passed = 0;
    for (guint i = 0; i < count; i++) {
        g_snprintf(text, sizeof(text), "n%u.alder.example", i);
        g_assert_cmpuint(count_domain(set, text), ==, 1);
        g_snprintf(text, sizeof(text), "m%u.alder.example", i);
        g_assert_cmpuint(count_domain(set, text), ==, 0);
        g_snprintf(text, sizeof(text), "n%u.birch.example", i);
        g_assert_true(set_may_have_url_host(set, text, strlen(text)));
        g_snprintf(text, sizeof(text), "m%u.birch.example", i);
        passed += set_may_have_url_host(set, text, strlen(text));
    }
    /* A filter that lets everything pass finds the same and is slow. */
    g_assert_cmpuint(passed, <, count / 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set/indicators", test_indicators);
    g_test_add_func("/set/versions", test_versions);
    g_test_add_func("/set/covering", test_covering);
    g_test_add_func("/set/empty", test_empty);
    g_test_add_func("/set/many", test_many);
    return g_test_run();
}
