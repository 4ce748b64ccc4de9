#include "intake/indicator.h"

#include <string.h>
#include <yyjson.h>

#include "stix/object.h"
#include "stix/pattern.h"

static void check_pattern(ObservableKind kind, const char *value, guint port, const char *expected)
{
    g_autofree char *pattern = indicator_port_pattern(kind, value, port);
    g_assert_cmpstr(pattern, ==, expected);
}

static void test_patterns(void)
{
    check_pattern(OBSERVABLE_IPV4, "192.0.2.1", 0, "[ipv4-addr:value = '192.0.2.1']");
    check_pattern(OBSERVABLE_IPV6, "2001:db8::1", 0, "[ipv6-addr:value = '2001:db8::1']");
    check_pattern(OBSERVABLE_CIDR, "192.0.2.0/24", 0, "[ipv4-addr:value ISSUBSET '192.0.2.0/24']");
    check_pattern(OBSERVABLE_CIDR, "2001:db8::/32", 0,
                  "[ipv6-addr:value ISSUBSET '2001:db8::/32']");
    check_pattern(OBSERVABLE_DOMAIN, "alder.example", 0, "[domain-name:value = 'alder.example']");
    check_pattern(OBSERVABLE_URL, "http://alder.example/a'b\\c", 0,
                  "[url:value = 'http://alder.example/a\\'b\\\\c']");
    check_pattern(OBSERVABLE_SHA256, "00", 0, "[file:hashes.'SHA-256' = '00']");
    check_pattern(OBSERVABLE_EMAIL, "a@alder.example", 0, "[email-addr:value = 'a@alder.example']");
    check_pattern(OBSERVABLE_IPV4, "192.0.2.1", 8080,
                  "[network-traffic:dst_ref.type = 'ipv4-addr' AND "
                  "network-traffic:dst_ref.value = '192.0.2.1' AND "
                  "network-traffic:dst_port = 8080]");
    check_pattern(OBSERVABLE_URL, "http://alder.example/", 80, NULL);
    check_pattern(OBSERVABLE_CIDR, "192.0.2.0/24", 80, NULL);
    check_pattern(OBSERVABLE_IPV4, "192.0.2.1", 65536, NULL);
    check_pattern(OBSERVABLE_OTHER, "x", 0, NULL);
    check_pattern(OBSERVABLE_NONE, "x", 0, NULL);
    check_pattern((ObservableKind)999, "x", 0, NULL);
}

typedef struct {
    ObservableKind kind;
    const char *text;
    guint count;
} Expected;

static void expect_value(void *user, ObservableKind kind, const char *canonical)
{
    Expected *expected = user;
    if (kind == expected->kind && strcmp(canonical, expected->text) == 0)
        expected->count++;
}

/* What is written can be read back: the pattern parser finds the value that was put in. */
static void test_round_trip(void)
{
    static const struct {
        ObservableKind kind;
        const char *text;
        guint port;
    } cases[] = {
        {OBSERVABLE_IPV4, "192.0.2.1", 0},
        {OBSERVABLE_IPV4, "192.0.2.1", 443},
        {OBSERVABLE_IPV6, "2001:db8::1", 0},
        {OBSERVABLE_IPV6, "2001:db8::1", 443},
        {OBSERVABLE_CIDR, "192.0.2.0/24", 0},
        {OBSERVABLE_CIDR, "2001:db8::/32", 0},
        {OBSERVABLE_DOMAIN, "alder.example", 0},
        {OBSERVABLE_DOMAIN, "alder.example", 53},
        {OBSERVABLE_URL, "http://alder.example/it's", 0},
        {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e", 0},
        {OBSERVABLE_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", 0},
        {OBSERVABLE_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0},
        {OBSERVABLE_EMAIL, "a@alder.example", 0},
        {OBSERVABLE_JA3, "d41d8cd98f00b204e9800998ecf8427e", 0},
        {OBSERVABLE_JA4, "t13d1516h2_8daaf6152771_02713d6af862", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) json = g_string_new(NULL);
        Indicator indicator = INDICATOR_INIT;
        Expected expected = {cases[i].kind, cases[i].text, 0};
        indicator.source = "alder";
        indicator.kind = cases[i].kind;
        indicator.value = cases[i].text;
        indicator.port = cases[i].port;
        g_assert_true(indicator_write(&indicator, json));
        g_autoptr(Object) object =
            object_read(json->str, json->len, OBJECT_SPEC_21, OBJECT_DEFAULT, &error);
        g_assert_no_error(error);
        g_autofree char *text = indicator_port_pattern(cases[i].kind, cases[i].text, cases[i].port);
        g_autoptr(Pattern) pattern = pattern_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        pattern_foreach_value(pattern, expect_value, &expected);
        g_test_message("%s", text);
        g_assert_cmpuint(expected.count, ==, 1);
    }
}

static void test_ids(void)
{
    char one[INDICATOR_ID_SIZE], two[INDICATOR_ID_SIZE];
    indicator_id(one, "alder", OBSERVABLE_IPV4, "192.0.2.1", 0);
    /* Fixed for ever: computed apart, as docs/intake.md says. */
    g_assert_cmpstr(one, ==, "indicator--d262180c-f9db-5e62-8697-9a727527c201");
    g_assert_cmpstr(indicator_id(two, "alder", OBSERVABLE_IPV4, "192.0.2.1", 8080), ==,
                    "indicator--ad342966-6aec-5141-8ef8-7b278b288d3d");
    g_assert_cmpstr(indicator_id(two, "birch", OBSERVABLE_IPV4, "192.0.2.1", 0), !=, one);
    g_assert_cmpstr(indicator_id(two, "alder", OBSERVABLE_OTHER, "192.0.2.1", 0), !=, one);
    g_assert_cmpstr(indicator_id(two, NULL, OBSERVABLE_IPV4, "192.0.2.1", 0), ==,
                    "indicator--f87115dc-7319-541e-b518-cefc69ab838b");
}

static void test_bytes(void)
{
    static const char *const labels[] = {"a \"b\"", "c", NULL};
    static const char *const types[] = {"malicious-activity", NULL};
    static const char *const markings[] = {
        "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", NULL};
    g_autoptr(GString) json = g_string_new("before ");
    Indicator indicator = {.source = "alder",
                           .kind = OBSERVABLE_DOMAIN,
                           .value = "cedar.example",
                           .port = 53,
                           .description = "line\none\t\x01 \xc3\xa9 \xff",
                           .indicator_types = types,
                           .labels = labels,
                           .created = 2000000,
                           .modified = 1000000,
                           .valid_from = 3000000,
                           .valid_until = 4000000,
                           .confidence = 0,
                           .marking_refs = markings,
                           .reference = "https://alder.example/1",
                           .members = "\"x_a\":[1]"};
    g_assert_true(indicator_write(&indicator, json));
    g_assert_cmpstr(
        json->str, ==,
        "before {\"type\":\"indicator\",\"spec_version\":\"2.1\","
        "\"id\":\"indicator--844abdc2-e94a-507b-b1df-822b15958a93\","
        "\"created\":\"1970-01-01T00:00:02.000Z\",\"modified\":\"1970-01-01T00:00:02.000Z\","
        "\"name\":\"cedar.example:53\","
        "\"description\":\"line\\u000aone\\u0009\\u0001 \xc3\xa9 \xef\xbf\xbd\","
        "\"indicator_types\":[\"malicious-activity\"],"
        "\"pattern\":\"[network-traffic:dst_ref.type = 'domain-name' AND "
        "network-traffic:dst_ref.value = 'cedar.example' AND network-traffic:dst_port = 53]\","
        "\"pattern_type\":\"stix\",\"valid_from\":\"1970-01-01T00:00:03.000Z\","
        "\"valid_until\":\"1970-01-01T00:00:04.000Z\",\"labels\":[\"a \\\"b\\\"\",\"c\"],"
        "\"confidence\":0,\"external_references\":[{\"source_name\":\"alder\","
        "\"url\":\"https://alder.example/1\"}],"
        "\"object_marking_refs\":"
        "[\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"],\"x_a\":[1]}");
    yyjson_doc *doc = yyjson_read(json->str + 7, json->len - 7, 0);
    g_assert_nonnull(doc);
    yyjson_doc_free(doc);
}

static void test_times(void)
{
    /* Each of the three times may differ from the others; what ends before it begins has no end. */
    for (guint i = 0; i < 27; i++) {
        g_autoptr(GString) json = g_string_new(NULL);
        gint64 created = i % 3 * 1000000, modified = i / 3 % 3 * 1000000, from = i / 9 * 1000000;
        Indicator indicator = {.kind = OBSERVABLE_IPV4,
                               .value = "192.0.2.1",
                               .created = created,
                               .modified = modified,
                               .valid_from = from,
                               .valid_until = 1000000,
                               .confidence = -1};
        g_assert_true(indicator_write(&indicator, json));
        g_autofree char *times = g_strdup_printf(
            "\"created\":\"1970-01-01T00:00:0%d.000Z\",\"modified\":\"1970-01-01T00:00:0%d.000Z\"",
            (int)(created / 1000000), (int)(MAX(created, modified) / 1000000));
        g_autofree char *valid =
            g_strdup_printf("\"valid_from\":\"1970-01-01T00:00:0%d.000Z\"", (int)(from / 1000000));
        g_assert_nonnull(strstr(json->str, times));
        g_assert_nonnull(strstr(json->str, valid));
        g_assert_cmpint(strstr(json->str, "\"valid_until\":\"1970-01-01T00:00:01.000Z\"") != NULL,
                        ==, from < 1000000);
    }
}

static void test_no_pattern(void)
{
    g_autoptr(GString) json = g_string_new("same");
    Indicator indicator = INDICATOR_INIT;
    indicator.kind = OBSERVABLE_OTHER;
    indicator.value = "x";
    g_assert_false(indicator_write(&indicator, json));
    g_assert_cmpstr(json->str, ==, "same");
    indicator.pattern = "[file:name = 'x']";
    g_assert_true(indicator_write(&indicator, json));
    g_assert_nonnull(strstr(json->str, "[file:name = 'x']"));
}

static void test_tlp(void)
{
    static const char *const levels[] = {"clear", "TLP:Green", "AMBER", "tlp:amber+strict", "red"};
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autoptr(GError) error = NULL;
        const char *text = indicator_tlp_object(levels[i]);
        g_assert_nonnull(text);
        g_autoptr(Object) object =
            object_read(text, strlen(text), OBJECT_SPEC_21, OBJECT_DEFAULT, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(object->id, ==, indicator_tlp_marking(levels[i]));
    }
    g_assert_cmpstr(indicator_tlp_marking("white"), ==, indicator_tlp_marking("clear"));
    g_assert_null(indicator_tlp_marking("ultra"));
    g_assert_null(indicator_tlp_marking(NULL));
    g_assert_null(indicator_tlp_object("ultra"));
    g_assert_null(indicator_tlp_object(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indicator/patterns", test_patterns);
    g_test_add_func("/indicator/round-trip", test_round_trip);
    g_test_add_func("/indicator/ids", test_ids);
    g_test_add_func("/indicator/bytes", test_bytes);
    g_test_add_func("/indicator/times", test_times);
    g_test_add_func("/indicator/no-pattern", test_no_pattern);
    g_test_add_func("/indicator/tlp", test_tlp);
    return g_test_run();
}
