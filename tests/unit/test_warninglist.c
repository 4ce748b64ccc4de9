#include "shield/warninglist.h"

#include <glib/gstdio.h>
#include <string.h>

#include "shield/set_builder.h"
#include "shield/withhold.h"

static char *directory;

static char *write_list(const char *file, const char *json)
{
    char *path = g_build_filename(directory, file, NULL);
    g_assert_true(g_file_set_contents(path, json, -1, NULL));
    return path;
}

static Warninglist *make_lists(void)
{
    static const char *const lists[] = {
        "{\"name\":\"Cedar's resolvers\",\"version\":3,\"type\":\"string\",\"list\":"
        "[\"192.0.2.53\",\"2001:DB8:0::53\"],\"matching_attributes\":[\"ip-src\",\"ip-dst\"]}",
        "{\"name\":\"Alder's network\",\"version\":\"7\",\"type\":\"cidr\",\"list\":"
        "[\"198.51.100.0/24\",\"2001:db8:1::/48\",\"192.0.2.53\"],"
        "\"matching_attributes\":[\"ip-src\",\"domain|ip\",\"url\"]}",
        "{\"name\":\"Birch's sites\",\"version\":1,\"type\":\"hostname\",\"list\":"
        "[\".birch.example\",\"Cedar.Example\"],\"matching_attributes\":[\"domain\",\"url\"]}",
        "{\"name\":\"Parts\",\"version\":1,\"type\":\"substring\",\"list\":[\"analyse\",\"@f\"]}",
        "{\"name\":\"Desks\",\"version\":1,\"type\":\"regex\",\"list\":[\"/^(abuse|noc)@/i\"],"
        "\"matching_attributes\":[\"email-src\"]}",
    };
    g_autoptr(GError) error = NULL;
    Warninglist *made = warninglist_new();
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *name = g_strdup_printf("%" G_GSIZE_FORMAT ".json", i);
        g_autofree char *path = write_list(name, lists[i]);
        g_assert_true(warninglist_add(made, path, &error));
        g_assert_no_error(error);
        /* Once more does no harm. */
        g_assert_true(warninglist_add(made, path, &error));
    }
    warninglist_finish(made);
    g_assert_cmpuint(warninglist_count(made), ==, G_N_ELEMENTS(lists));
    return made;
}

static void test_match(void)
{
    static const struct {
        ObservableKind kind;
        const char *value;
        const char *lists;
    } cases[] = {
        {OBSERVABLE_IPV4, "192.0.2.53", "Alder's network, Cedar's resolvers, "},
        {OBSERVABLE_IPV4, "192.0.2.54", ""},
        {OBSERVABLE_IPV6, "2001:db8::53", "Cedar's resolvers, "},
        {OBSERVABLE_IPV4, "198.51.100.9", "Alder's network, "},
        {OBSERVABLE_CIDR, "198.51.100.0/24", "Alder's network, "},
        {OBSERVABLE_CIDR, "198.51.100.128/25", "Alder's network, "},
        {OBSERVABLE_CIDR, "198.51.0.0/16", ""},
        {OBSERVABLE_IPV6, "2001:db8:1:2::3", "Alder's network, "},
        {OBSERVABLE_URL, "http://198.51.100.9/a", "Alder's network, "},
        {OBSERVABLE_URL, "http://[2001:db8:1::9]/a", "Alder's network, "},
        {OBSERVABLE_DOMAIN, "birch.example", "Birch's sites, "},
        {OBSERVABLE_DOMAIN, "www.birch.example", "Birch's sites, "},
        {OBSERVABLE_DOMAIN, "xbirch.example", ""},
        {OBSERVABLE_DOMAIN, "example", ""},
        {OBSERVABLE_URL, "https://a.cedar.example/analyse", "Birch's sites, Parts, "},
        {OBSERVABLE_EMAIL, "mallory@birch.example", ""},
        {OBSERVABLE_EMAIL, "x@forum.example", "Parts, "},
        {OBSERVABLE_EMAIL, "noc@alder.example", "Desks, "},
        {OBSERVABLE_DOMAIN, "analys.example", ""},
        {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e", ""},
    };
    g_autoptr(Warninglist) lists = make_lists();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint16 found[WARNINGLIST_MAX];
        g_autoptr(GString) names = g_string_new(NULL);
        guint count =
            warninglist_match(lists, cases[i].kind, cases[i].value, strlen(cases[i].value), found);
        for (guint j = 0; j < count; j++)
            g_string_append_printf(names, "%s, ", warninglist_name(lists, found[j]));
        g_test_message("%s", cases[i].value);
        g_assert_cmpstr(names->str, ==, cases[i].lists);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *json;
        const char *why;
    } cases[] = {
        {"[]", "no name"},
        {"{\"name\":\"x\",\"type\":\"string\"}", "no list"},
        {"{\"name\":\"x\",\"type\":\"odd\",\"list\":[]}", "type"},
        {"{\"name\":\"x\",\"type\":\"string\",\"list\":[1]}", "no text"},
        {"{\"name\":\"x\",\"type\":\"regex\",\"list\":[\"/(/\"]}", "bad.json"},
        {"{\"name\":\"x\"", "bad.json"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Warninglist) lists = warninglist_new();
        g_autofree char *path = write_list("bad.json", cases[i].json);
        g_assert_false(warninglist_add(lists, path, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, cases[i].why));
        g_unlink(path);
    }
    /* Two versions of one list cannot both be meant. */
    g_autoptr(GError) error = NULL;
    g_autoptr(Warninglist) lists = warninglist_new();
    g_autofree char *one = write_list("one.json", "{\"name\":\"x\",\"version\":1,\"type\":"
                                                  "\"string\",\"list\":[]}");
    g_autofree char *two = write_list("two.json", "{\"name\":\"X\",\"version\":2,\"type\":"
                                                  "\"string\",\"list\":[]}");
    g_assert_true(warninglist_add(lists, one, &error));
    g_assert_false(warninglist_add(lists, two, &error));
    g_assert_nonnull(strstr(error->message, "another version"));
    g_unlink(one);
    g_unlink(two);
}

static void add(SetBuilder *builder, ObservableKind kind, const char *value)
{
    g_assert_true(set_builder_add_value(builder, kind, value, NULL));
}

static void count_list(gpointer user, const char *list, guint64 hits)
{
    g_string_append_printf(user, "%s %" G_GUINT64_FORMAT ", ", list, hits);
}

/* Values on lists are in the set, marked; whoever asks decides by list. */
static void test_marks(void)
{
    static const char *const allowed[] = {"cedar's RESOLVERS", NULL};
    static const char *const unknown[] = {"no such list", NULL};
    g_autoptr(Warninglist) lists = make_lists();
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;
    SetIndicator indicator = {.id = "indicator--0a000000-0000-4000-8000-00000000000a",
                              .source = "test",
                              .confidence = -1};
    SetValue plain, resolver, network, site;
    SetList list;

    set_builder_use_lists(builder, lists);
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    add(builder, OBSERVABLE_IPV4, "203.0.113.1");
    add(builder, OBSERVABLE_IPV6, "2001:db8::53");
    add(builder, OBSERVABLE_IPV4, "198.51.100.9");
    add(builder, OBSERVABLE_URL, "https://a.cedar.example/analyse");
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(set_count_lists(set), ==, 5);
    set_read_list(set, 0, &list);
    g_assert_cmpstr(list.name, ==, "Alder's network");
    g_assert_cmpstr(list.version, ==, "7");
    g_assert_cmpuint(list.values, ==, 1);

    set_read(set, set_find(set, OBSERVABLE_IPV4, "203.0.113.1", 11), &plain);
    set_read(set, set_find(set, OBSERVABLE_IPV6, "2001:db8::53", 12), &resolver);
    set_read(set, set_find(set, OBSERVABLE_IPV4, "198.51.100.9", 12), &network);
    set_read(set, set_find(set, OBSERVABLE_URL, "https://a.cedar.example/analyse", 31), &site);
    g_assert_null(plain.lists[0]);
    g_assert_cmpstr(resolver.lists[0], ==, "Cedar's resolvers");
    g_assert_null(resolver.lists[1]);
    g_assert_cmpstr(site.lists[1], ==, "Parts");

    g_autoptr(Withhold) withhold = withhold_new(&(WithholdOptions){.allowed = allowed});
    g_autoptr(GString) counts = g_string_new(NULL);
    g_assert_true(withhold_check(withhold, set, &error));
    g_assert_true(withhold_admits(withhold, &plain, 1));
    g_assert_true(withhold_admits(withhold, &resolver, 1));
    g_assert_false(withhold_admits(withhold, &network, 1));
    g_assert_false(withhold_admits(withhold, &site, 1));
    g_assert_false(withhold_admits(withhold, &site, 1));
    g_assert_cmpuint(withhold_each(withhold, count_list, counts), ==, 3);
    g_assert_cmpstr(counts->str, ==, "Alder's network 1, Birch's sites 2, Parts 2, ");

    g_autoptr(Withhold) all = withhold_new(&(WithholdOptions){.suppressed = TRUE});
    g_assert_true(withhold_admits(all, &site, 1));
    g_assert_cmpuint(withhold_each(all, NULL, NULL), ==, 0);
    g_autoptr(Withhold) mistaken = withhold_new(&(WithholdOptions){.allowed = unknown});
    g_assert_false(withhold_check(mistaken, set, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);

    /* What has expired since is not told. */
    plain.valid_until = 10;
    g_assert_true(withhold_admits(withhold, &plain, 9));
    g_assert_false(withhold_admits(withhold, &plain, 10));
    g_autoptr(Withhold) expired = withhold_new(&(WithholdOptions){.expired = TRUE});
    g_assert_true(withhold_admits(expired, &plain, 10));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("warninglist-XXXXXX", NULL);
    g_test_add_func("/warninglist/match", test_match);
    g_test_add_func("/warninglist/refused", test_refused);
    g_test_add_func("/warninglist/marks", test_marks);
    int status = g_test_run();
    for (guint i = 0; i < 5; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u.json", directory, i);
        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
    return status;
}
