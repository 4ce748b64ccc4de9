/* Ports that indicators ask for: from patterns, through sets, to hits and exports. */
#include "shield/hit_port.h"

#include <string.h>

#include "shield/export.h"
#include "shield/export_set.h"
#include "shield/set_builder.h"

static void test_pattern(void)
{
    static const struct {
        const char *pattern;
        guint16 port;
    } cases[] = {
        {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'192.0.2.1' AND network-traffic:dst_port = 8080]",
         8080},
        {"[(ipv4-addr:value = '192.0.2.1') AND (network-traffic:src_port = 1)]", 1},
        {"([network-traffic:dst_port=65535 AND domain-name:value = 'alder.example'])", 65535},
        {"[ipv4-addr:value = '192.0.2.1']", 0},
        {"[url:value = 'http://alder.example/network-traffic:dst_port']", 0},
        {"[network-traffic:dst_port = 8080]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 0]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 65536]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = '80']", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port > 80]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND NOT network-traffic:dst_port = 80]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port IN (80, 81)]", 0},
        {"[ipv4-addr:value = '192.0.2.1' OR network-traffic:dst_port = 80]", 0},
        {"[ipv4-addr:value = '192.0.2.1' AND (network-traffic:dst_port = 80 OR "
         "network-traffic:dst_port = 81)]",
         0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 80 AND "
         "network-traffic:src_port = 81]",
         0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 80] AND "
         "[ipv4-addr:value = '192.0.2.2']",
         0},
        {"[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 80", 0},
        {"", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].pattern);
        g_assert_cmpuint(hit_port_of_pattern(cases[i].pattern, strlen(cases[i].pattern)), ==,
                         cases[i].port);
    }
}

static void assert_kept(guint16 port, const char *name, gboolean same)
{
    g_autofree char *kept = hit_port_join(port, name);
    guint16 found = 1;

    g_assert_cmpint(kept == NULL, ==, same);
    g_assert_cmpstr(hit_port_split(kept ? kept : name, &found), ==, name);
    g_assert_cmpuint(found, ==, port);
}

/* Whatever a source calls its indicator, the name comes out as it was, and makes no port. */
static void test_names(void)
{
    guint16 port;

    assert_kept(0, NULL, TRUE);
    assert_kept(0, "name", TRUE);
    assert_kept(0, "8080", TRUE);
    assert_kept(8080, "name", FALSE);
    assert_kept(65535, NULL, FALSE);
    assert_kept(0, "\0018080\1name", FALSE);
    assert_kept(1, "\0018080\1name", FALSE);
    assert_kept(0, "\1", FALSE);
    /* What no set has that was made here. */
    g_assert_cmpstr(hit_port_split("\1", &port), ==, "\1");
    g_assert_cmpuint(port, ==, 0);
    g_assert_cmpstr(hit_port_split("\00165536\1x", &port), ==, "\00165536\1x");
    g_assert_cmpuint(port, ==, 0);
    g_assert_cmpstr(hit_port_split("\00199999999999999999999999\1x", &port), !=, "x");
    g_assert_cmpuint(port, ==, 0);
}

static gboolean fits(ObservableKind kind, const char *text, gsize seen)
{
    g_autofree char *copy = g_memdup2(text, strlen(text));
    ScanHit hit = {.seen = copy, .seen_length = seen};
    hit.value.kind = kind;
    hit.value.port = 8080;
    return hit_port_fits(&hit, strlen(text) - seen);
}

static void test_text(void)
{
    static const struct {
        const char *behind;
        gboolean fits;
    } cases[] = {
        {"", TRUE},       {":8080", TRUE},    {":8080.", TRUE},  {":08080", TRUE},
        {"#8080", TRUE},  {"]:8080/x", TRUE}, {"[:]8080", TRUE}, {"%3A8080", TRUE},
        {":80", FALSE},   {":80,", FALSE},    {"#80 ", FALSE},   {"]:80", FALSE},
        {"[:]80", FALSE}, {"%3a80", FALSE},   {":80.", FALSE},   {":80. 5", FALSE},
        {":", TRUE},      {": 80", TRUE},     {":80:15", TRUE},  {":80-1", TRUE},
        {":80a", TRUE},   {":80_", TRUE},     {":80.5", TRUE},   {":123456789", TRUE},
        {":65536", TRUE}, {":0", TRUE},       {" 80", TRUE},     {"]", TRUE},
        {"[:]", TRUE},    {"%3", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat("192.0.2.1", cases[i].behind, NULL);
        g_test_message("%s", text);
        g_assert_cmpint(fits(OBSERVABLE_IPV4, text, 9), ==, cases[i].fits);
        g_assert_cmpint(fits(OBSERVABLE_DOMAIN, text, 9), ==, cases[i].fits);
        g_assert_true(fits(OBSERVABLE_URL, text, 9));
    }
}

static gboolean write_text(gpointer user, const char *text, gsize length, GError **error)
{
    g_string_append_len(user, text, (gssize)length);
    return TRUE;
}

/* An export that cannot say the port says so. */
static void test_export(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autofree char *name = hit_port_join(8080, "192.0.2.1:8080");
    const SetIndicator with = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                               .source = "test",
                               .name = name,
                               .confidence = -1};
    const SetIndicator without = {.id = "indicator--00000000-0000-4000-8000-000000000002",
                                  .source = "test",
                                  .confidence = -1};
    const ExportOptions options = {.now = 1, .action = -1, .any_port = TRUE};
    ExportCounts counts;

    g_assert_true(set_builder_add_indicator(builder, &with, NULL));
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_IPV4, "192.0.2.1", NULL));
    g_assert_true(set_builder_add_indicator(builder, &without, NULL));
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_IPV4, "192.0.2.2", NULL));
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    g_autoptr(Export) export =
        export_new(export_format_find("plain", NULL), &options, write_text, text, &error);
    g_assert_no_error(error);
    g_assert_true(export_set_add(export, set, NULL, NULL, &error));
    g_assert_true(export_finish(export, &counts, &error));
    g_assert_cmpuint(counts.values, ==, 2);
    g_assert_cmpuint(counts.by_reason[EXPORT_DONE][OBSERVABLE_IPV4], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_WIDENED][OBSERVABLE_IPV4], ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hit-port/pattern", test_pattern);
    g_test_add_func("/hit-port/names", test_names);
    g_test_add_func("/hit-port/text", test_text);
    g_test_add_func("/hit-port/export", test_export);
    return g_test_run();
}
