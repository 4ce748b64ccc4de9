#include "shield/observation.h"
#include "shield/set_builder.h"

#include <string.h>

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define JA4 "t13d1516h2_8daaf6152771_02713d6af862"

static Set *make_set(void)
{
    static const struct {
        ObservableKind kind;
        const char *value;
    } values[] = {
        {OBSERVABLE_IPV4, "192.0.2.1"},
        {OBSERVABLE_IPV4, "198.51.100.0"},
        {OBSERVABLE_CIDR, "198.51.100.0/24"},
        {OBSERVABLE_IPV6, "2001:db8::1"},
        {OBSERVABLE_DOMAIN, "alder.example"},
        {OBSERVABLE_DOMAIN, "www.alder.example"},
        {OBSERVABLE_URL, "http://alder.example/a"},
        {OBSERVABLE_URL, "http://birch.example/a%20%22b"},
        {OBSERVABLE_DOMAIN, "birch.example"},
        {OBSERVABLE_JA3, MD5},
        {OBSERVABLE_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {OBSERVABLE_JA4, JA4},
        {OBSERVABLE_EMAIL, "mallory@cedar.example"},
        {OBSERVABLE_DOMAIN, "cedar.example"},
    };
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                              .source = "test",
                              .confidence = -1};
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
        g_assert_true(set_builder_add_value(builder, values[i].kind, values[i].value, NULL));
    Set *set = set_builder_open(builder, NULL);
    g_assert_nonnull(set);
    return set;
}

/* Writes a hit as "field: value [= seen]; ". */
static gboolean collect(gpointer user, const Observation *observation, const ObservationHit *hit)
{
    GString *into = user;
    const Set *set = g_dataset_get_data(into, "set");
    SetValue value;

    set_read(set, hit->entry, &value);
    g_string_append_printf(into, "%s: %s", hit->value->field, value.value);
    g_assert_true(hit->seen >= hit->value->text &&
                  hit->seen + hit->seen_length <= hit->value->text + hit->value->length);
    if (strlen(value.value) != hit->seen_length ||
        memcmp(value.value, hit->seen, hit->seen_length) != 0)
        g_string_append_printf(into, " = %.*s", (int)hit->seen_length, hit->seen);
    g_string_append(into, "; ");
    return TRUE;
}

static void add(Observation *observation, ObservableKind kind, const char *text, const char *field)
{
    observation_add(observation, kind, text, strlen(text), field, NULL);
}

static void check_all(const Observation *observation, const char *expected)
{
    g_autoptr(Set) set = make_set();
    g_autoptr(GString) hits = g_string_new(NULL);
    g_dataset_set_data(hits, "set", set);
    g_assert_true(observation_look_up(set, observation, collect, hits));
    g_dataset_destroy(hits);
    g_assert_cmpstr(hits->str, ==, expected);
}

static void check(ObservableKind kind, const char *text, const char *expected)
{
    g_autofree Observation *observation = g_new0(Observation, 1);
    g_autofree char *exact = g_memdup2(text, strlen(text)); /* no NUL behind it */
    observation_add(observation, kind, exact, strlen(text), "f", NULL);
    check_all(observation, expected);
}

static void test_addresses(void)
{
    check(OBSERVABLE_IPV4, "192.0.2.1", "f: 192.0.2.1; ");
    check(OBSERVABLE_IPV6, "192.0.2.1", "f: 192.0.2.1; ");
    check(OBSERVABLE_IPV4, "192.0.2.2", "");
    check(OBSERVABLE_IPV4, "2001:DB8:0::1", "f: 2001:db8::1 = 2001:DB8:0::1; ");
    check(OBSERVABLE_IPV4, "[2001:db8::1]", "f: 2001:db8::1 = [2001:db8::1]; ");
    check(OBSERVABLE_IPV4, "::ffff:192.0.2.1", "f: 192.0.2.1 = ::ffff:192.0.2.1; ");
    check(OBSERVABLE_IPV4, "198.51.100.9", "f: 198.51.100.0/24 = 198.51.100.9; ");
    check(OBSERVABLE_IPV4, "198.51.100.0/24", "f: 198.51.100.0/24; ");
    check(OBSERVABLE_IPV4, "192.0.2.1/24", "f: 192.0.2.1 = 192.0.2.1/24; ");
    check(OBSERVABLE_IPV4, "192.0.2.1/32", "f: 192.0.2.1 = 192.0.2.1/32; ");
    /* Not of the type: as in running text. */
    check(OBSERVABLE_IPV4, "192.0.2.1:443", "f: 192.0.2.1; ");
    check(OBSERVABLE_IPV4, "www.birch.example", "f: birch.example = www.birch.example; ");
    check(OBSERVABLE_IPV4, "", "");
    check(OBSERVABLE_IPV4, "-", "");
}

static void test_domains(void)
{
    check(OBSERVABLE_DOMAIN, "alder.example", "f: alder.example; ");
    check(OBSERVABLE_DOMAIN, "A.WWW.Alder.Example.",
          "f: alder.example = A.WWW.Alder.Example.; "
          "f: www.alder.example = A.WWW.Alder.Example.; ");
    check(OBSERVABLE_DOMAIN, "xalder.example", "");
    check(OBSERVABLE_DOMAIN, "alder.example.net", "");
    check(OBSERVABLE_DOMAIN, "192.0.2.1", "f: 192.0.2.1; ");
    /* A hash may be asked for by name. */
    check(OBSERVABLE_DOMAIN, MD5 ".alder.example",
          "f: alder.example = " MD5 ".alder.example; f: " MD5 "; ");
    check(OBSERVABLE_DOMAIN, "alder.example:8080", "f: alder.example; ");
    check(OBSERVABLE_DOMAIN, "alder[.]example", "f: alder.example = alder[.]example; ");
    /* A host and a path together are a URL wherever they stand. */
    check(OBSERVABLE_DOMAIN, "alder.example/a",
          "f: alder.example; f: http://alder.example/a = alder.example/a; ");
}

static void test_fingerprints(void)
{
    check(OBSERVABLE_JA3, MD5, "f: " MD5 "; ");
    check(OBSERVABLE_MD5, MD5, "");
    check(OBSERVABLE_NONE, MD5, "f: " MD5 "; ");
    check(OBSERVABLE_JA3, "alder.example", "");
    check(OBSERVABLE_JA4, JA4, "f: " JA4 "; ");
    check(OBSERVABLE_JA4, "192.0.2.1", "");
    check(OBSERVABLE_SHA1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
          "f: da39a3ee5e6b4b0d3255bfef95601890afd80709 = "
          "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709; ");
    check(OBSERVABLE_SHA256, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
          "f: da39a3ee5e6b4b0d3255bfef95601890afd80709; ");
}

static void test_urls(void)
{
    check(OBSERVABLE_URL, "HTTP://alder.example:80/a#b",
          "f: http://alder.example/a = HTTP://alder.example:80/a#b; "
          "f: alder.example; ");
    check(OBSERVABLE_URL, "http://birch.example/a \"b",
          "f: http://birch.example/a%20%22b = http://birch.example/a \"b; f: birch.example; ");
    check(OBSERVABLE_NONE, "http://birch.example/a \"b", "f: birch.example; ");
    check(OBSERVABLE_URL, "http://cedar.example/?u=http%3A%2F%2Falder.example%2Fa",
          "f: cedar.example; f: http://alder.example/a = http%3A%2F%2Falder.example%2Fa; "
          "f: alder.example; ");
    check(OBSERVABLE_URL, "/only/a/path", "");
    check(OBSERVABLE_URL, "alder.example/a",
          "f: alder.example; f: http://alder.example/a = alder.example/a; ");
}

static void test_text(void)
{
    check(OBSERVABLE_EMAIL, "Mallory <mallory@cedar.example>",
          "f: mallory@cedar.example; f: cedar.example; ");
    check(OBSERVABLE_NONE, "Chrome 192.0.2.1 alder.example", "f: 192.0.2.1; f: alder.example; ");
    check(OBSERVABLE_OTHER, "Chrome 192.0.2.1 (+http://198.51.100.9/) alder.example",
          "f: 198.51.100.0/24 = 198.51.100.9; f: alder.example; ");
}

/* What a host's own field told is not told again of the URL made with it. */
static void test_joined(void)
{
    g_autofree Observation *observation = g_new0(Observation, 1);
    add(observation, OBSERVABLE_DOMAIN, "www.alder.example", "host");
    add(observation, OBSERVABLE_DOMAIN, "alder.example", "referrer");
    add(observation, OBSERVABLE_URL, "http://www.alder.example/a", "url");
    add(observation, OBSERVABLE_URL, "http://alder.example/a", "other");
    add(observation, OBSERVABLE_URL, "http://alder.example/a", "same");
    check_all(observation, "host: alder.example = www.alder.example; "
                           "host: www.alder.example; referrer: alder.example; "
                           "other: http://alder.example/a; ");
}

static gboolean stop(gpointer user, const Observation *observation, const ObservationHit *hit)
{
    guint *count = user;
    (*count)++;
    return FALSE;
}

static void test_limits(void)
{
    g_autoptr(Set) set = make_set();
    g_autofree Observation *observation = g_new0(Observation, 1);
    guint count = 0;

    for (guint i = 0; i < OBSERVATION_MAX_VALUES + 3; i++)
        add(observation, OBSERVABLE_DOMAIN, "www.alder.example", "f");
    g_assert_cmpuint(observation->count, ==, OBSERVATION_MAX_VALUES);
    g_assert_cmpuint(observation->left_out, ==, 3);
    g_assert_false(observation_look_up(set, observation, stop, &count));
    g_assert_cmpuint(count, ==, 1);

    /* Longer than any value: text. */
    g_autofree char *longest = g_strnfill(1024 * 1024, 'a');
    memcpy(longest + 500000, " alder.example ", 15);
    check(OBSERVABLE_DOMAIN, longest, "f: alder.example; ");
    check(OBSERVABLE_URL, longest, "f: alder.example; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/observation/addresses", test_addresses);
    g_test_add_func("/observation/domains", test_domains);
    g_test_add_func("/observation/fingerprints", test_fingerprints);
    g_test_add_func("/observation/urls", test_urls);
    g_test_add_func("/observation/text", test_text);
    g_test_add_func("/observation/joined", test_joined);
    g_test_add_func("/observation/limits", test_limits);
    return g_test_run();
}
