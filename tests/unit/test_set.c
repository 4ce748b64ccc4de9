/* What a compiled set says of the values that it is asked for. */
#include "shield/set.h"

#include <string.h>

#include "made_set.h"
#include "shield/key.h"
#include "shield/suffix.h"

static void begin(SetBuilder *builder, const char *id, gint64 version, gboolean withdrawn)
{
    SetIndicator indicator = {
        .id = id, .source = "test", .confidence = -1, .version = version, .withdrawn = withdrawn};
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
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
    } cases[] = {{"first.example", ""}, {"second.example", ""}, {"gone.example", ""}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ids = ids_of(set, OBSERVABLE_DOMAIN, cases[i].name);
        g_assert_cmpstr(ids, ==, cases[i].ids);
    }
    /* Of two that are as late one counts, whichever was first. */
    g_autofree char *third = ids_of(set, OBSERVABLE_DOMAIN, "third.example");
    g_autofree char *variant = ids_of(set, OBSERVABLE_DOMAIN, "variant.example");
    g_autofree char *both = g_strconcat(third, variant, NULL);
    g_assert_cmpstr(both, ==, ID_A " ");
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

/* Names of all lengths, their dots at all distances from the end, each alone in memory. */
static void test_lengths_of_names(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    SetEntry found[SET_MAX_FOUND];

    begin(builder, ID_A, 0, FALSE);
    for (guint last = 2; last <= 40; last++)
        for (guint first = 1; first <= 40; first++) {
            g_autofree char *label = g_strnfill(first, (char)('a' + first % 26));
            g_autofree char *top = g_strnfill(last, (char)('b' + last % 25));
            g_ptr_array_add(names, g_strdup_printf("%s.%s", label, top));
            add(builder, OBSERVABLE_DOMAIN, names->pdata[names->len - 1]);
            if ((first + last) % 3 == 0) {
                g_ptr_array_add(names, g_strdup_printf("%s.z.%s", label, top));
                add(builder, OBSERVABLE_DOMAIN, names->pdata[names->len - 1]);
            }
        }
    g_autoptr(Set) set = open_set(builder);
    for (guint i = 0; i < names->len; i++) {
        gsize length = strlen(names->pdata[i]);
        g_autofree char *alone = g_memdup2(names->pdata[i], length);
        g_assert_cmpuint(set_find_domain(set, alone, length, found), ==, 1);
        g_autofree char *under = g_strdup_printf("www.q.%s", (char *)names->pdata[i]);
        g_assert_cmpuint(set_find_domain(set, under, strlen(under), found), ==, 1);
        alone[0] = '0'; /* no name here has one */
        g_assert_cmpuint(set_find_domain(set, alone, length, found), ==, 0);
        alone[0] = '\0';
        g_assert_cmpuint(set_find_domain(set, alone, length, found), ==, 0);
    }
}

/* Names that are asked for together get the answers that each gets alone. */
static void test_names_together(void)
{
    static const struct {
        const char *name;
        gboolean may_be;
    } cases[] = {{"alder.example", TRUE},
                 {"www.q.alder.example", TRUE},
                 {"deep.in.birch.example", TRUE},
                 {"in.birch.example", FALSE},
                 {"birch.example", FALSE},
                 {"host.example", TRUE},
                 {"www.host.example", FALSE},
                 {"calder.example", FALSE},
                 {"example", FALSE},
                 {"a.b.c.d.e.f.alder.example", TRUE}};
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetName names[SET_TOGETHER];

    begin(builder, ID_A, 0, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "alder.example");
    add(builder, OBSERVABLE_DOMAIN, "deep.in.birch.example");
    add(builder, OBSERVABLE_URL, "http://host.example/a");
    g_autoptr(Set) set = open_set(builder);
    g_assert_cmpuint(set_may_have_names(set, names, 0), ==, 0);
    for (guint i = 0; i < SET_TOGETHER; i++) {
        const char *name = cases[i % G_N_ELEMENTS(cases)].name;
        names[i].length = strlen(name);
        memcpy(names[i].text, name, names[i].length);
    }
    guint64 may_have = set_may_have_names(set, names, SET_TOGETHER);
    for (guint i = 0; i < SET_TOGETHER; i++)
        g_assert_cmpuint(may_have >> i & 1, ==, cases[i % G_N_ELEMENTS(cases)].may_be);

    g_autoptr(SetBuilder) empty_builder = set_builder_new(NULL);
    g_autoptr(Set) empty = open_set(empty_builder);
    g_assert_cmpuint(set_may_have_names(empty, names, SET_TOGETHER), ==, 0);
}

/* Texts that are none of the set's are asked for until it has a filter of its texts: what is found
 * is the same before and after. */
static void test_asked_in_vain(void)
{
    static const char *const before[] = {"www.n", "http://n", "mallory@n"};
    static const char *const behind[] = {".example", ".example/a", ".example"};
    static const ObservableKind kinds[] = {OBSERVABLE_DOMAIN, OBSERVABLE_URL, OBSERVABLE_EMAIL};
    const guint count = 3000;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);

    begin(builder, ID_A, 0, FALSE);
    for (guint i = 0; i < count; i++) {
        g_autofree char *value = g_strdup_printf("%s%u%s", before[i % 3], i, behind[i % 3]);
        add(builder, kinds[i % 3], value);
    }
    g_autoptr(Set) set = open_set(builder);
    for (guint round = 0; round < 3; round++)
        for (guint i = 0; i < 2 * count; i++) {
            g_autofree char *value = g_strdup_printf("%s%u%s", before[i % 3], i, behind[i % 3]);
            SetEntry entry = set_find(set, kinds[i % 3], value, strlen(value));
            g_assert_cmpint(entry != SET_NONE, ==, i < count);
        }
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

/* How often each filter says "perhaps" of what is not there: words of 64 bits with four bits for
 * each of four keys let about one in eighty pass. A poor key finds the same, slowly: so the
 * seed is another one each time. */
static void test_rates(void)
{
    const guint count = 20000, most = count / 40;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    char text[128];
    guint v4 = 0, v6 = 0, digest = 0, name2 = 0, name3 = 0;

    begin(builder, ID_A, 0, FALSE);
    for (guint i = 0; i < count; i++) {
        guint32 mixed = i * 2654435761u;
        g_snprintf(text, sizeof(text), "host.name%u.example", i);
        add(builder, OBSERVABLE_DOMAIN, text);
        g_snprintf(text, sizeof(text), "10.%u.%u.%u", mixed >> 24, mixed >> 16 & 255,
                   mixed >> 8 & 255);
        add(builder, OBSERVABLE_IPV4, text);
        g_snprintf(text, sizeof(text), "2001:db8::%x:%x", 1 + (i >> 8), 1 + (i & 255));
        add(builder, OBSERVABLE_IPV6, text);
        g_snprintf(text, sizeof(text), "%032x", i);
        add(builder, OBSERVABLE_MD5, text);
        g_snprintf(text, sizeof(text), "%08x%032x", mixed, i);
        add(builder, OBSERVABLE_SHA1, text);
    }
    g_autoptr(Set) set = open_set(builder);
    const Filters *filters = set_filters(set);
    for (guint i = 0; i < count; i++) {
        char name[128];
        guint8 address[16] = {0x20, 0x01, 0x0d, 0xb8, 1};
        gsize length = (gsize)g_snprintf(name, sizeof(name), "%32shost.other%u.example", "", i);
        const guint8 *end = (const guint8 *)name + length;
        memcpy(address + 12, &i, sizeof(i));
        v4 += filter_has(&filters->v4, key_v4(filters->seed, 0xc0000000u + i));
        v6 += filter_has(&filters->v6, key_v6(filters->seed, address));
        digest += filter_has(&filters->digest, key_digest(filters->seed, ~(guint64)i << 20, 40));
        name2 += filter_has(&filters->name2,
                            key_tail(key_seed(filters->seed, KEY_NAME2), end,
                                     (guint)length - KEY_WINDOW - (guint)strlen("host.")));
        name3 += filter_has(&filters->name3, key_tail(key_seed(filters->seed, KEY_NAME3), end,
                                                      (guint)length - KEY_WINDOW));
    }
    g_test_message("of %u: v4 %u, v6 %u, digest %u, name2 %u, name3 %u", count, v4, v6, digest,
                   name2, name3);
    g_assert_cmpuint(v4, <, most);
    g_assert_cmpuint(v6, <, most);
    g_assert_cmpuint(digest, <, most);
    g_assert_cmpuint(name2, <, most);
    g_assert_cmpuint(name3, <, most);
}

/* Names under which anybody can have one are refused, and named. */
static void test_public_suffixes(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    gsize length;

    begin(builder, ID_A, 0, FALSE);
    add(builder, OBSERVABLE_DOMAIN, "co.uk");
    add(builder, OBSERVABLE_DOMAIN, "github.io");
    add(builder, OBSERVABLE_DOMAIN, "github.io");
    add(builder, OBSERVABLE_DOMAIN, "alder.github.io");
    add(builder, OBSERVABLE_URL, "http://github.io/");
    g_autoptr(Set) set = open_set(builder);
    const char *info = set_info(set, &length);
    g_assert_cmpuint(strlen(info), ==, length);
    g_assert_nonnull(strstr(info, "\"refused_count\":2,\"refused\":[\"co.uk\",\"github.io\"]"));
    g_assert_nonnull(strstr(info, "\"public_suffixes\":\"libpsl "));
    g_assert_cmpuint(set_count_values(set), ==, 2);
    g_assert_cmpuint(count_domain(set, "github.io"), ==, 0);
    g_assert_cmpuint(count_domain(set, "www.alder.github.io"), ==, 1);
}

/* Of many names only those are asked about that a rule may name: nothing may slip through. */
static void test_public_suffixes_of_many(void)
{
    static const struct {
        const char *name;
        gboolean public;
    } names[] = {
        {"com", TRUE},
        {"co.uk", TRUE},
        {"github.io", TRUE},
        {"blogspot.com", TRUE},
        {"any.ck", TRUE},
        {"xn--55qx5d.cn", TRUE},
        {"city.kawasaki.jp", 0},
        {"any.kawasaki.jp", 1},
        {"s3.dualstack.us-east-1.amazonaws.com", 1},
        {"alder", TRUE},
        {"www.ck", FALSE},
        {"alder.github.io", FALSE},
        {"alder.example", 0},
        {"kawasaki.jp", 1},
        {"birch.any.ck", FALSE},
        {"birch.any.cedar", 0},
        {"amazonaws.com", 0},
        {"alder.com", FALSE},
    };
    g_autoptr(Suffix) few = suffix_new();
    g_autoptr(Suffix) many = suffix_new();

    for (guint i = 0; i < 10000; i++) {
        g_autofree char *name = g_strdup_printf("a%u.alder.example", i);
        g_assert_false(suffix_is_public(many, name));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_cmpint(suffix_is_public(few, names[i].name) != 0, ==, names[i].public);
        g_assert_cmpint(suffix_is_public(many, names[i].name) != 0, ==, names[i].public);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set/indicators", test_indicators);
    g_test_add_func("/set/versions", test_versions);
    g_test_add_func("/set/covering", test_covering);
    g_test_add_func("/set/lengths-of-names", test_lengths_of_names);
    g_test_add_func("/set/names-together", test_names_together);
    g_test_add_func("/set/empty", test_empty);
    g_test_add_func("/set/asked-in-vain", test_asked_in_vain);
    g_test_add_func("/set/many", test_many);
    g_test_add_func("/set/rates", test_rates);
    g_test_add_func("/set/public-suffixes", test_public_suffixes);
    g_test_add_func("/set/public-suffixes-of-many", test_public_suffixes_of_many);
    return g_test_run();
}
