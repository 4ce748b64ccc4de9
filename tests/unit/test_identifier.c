#include "stix/identifier.h"

#include <string.h>

static void test_syntax(void)
{
    static const struct {
        const char *text;
        gsize type_length;
    } cases[] = {
        {"tool--1", 4}, {"x-a-b--c--d", 5}, {"tool-1", 0}, {"--1", 0},        {"tool--", 0},
        {"", 0},        {"-", 0},           {"a---b", 1},  {"a-b-c--0-1", 5},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(identifier_type_length(cases[i].text, strlen(cases[i].text)), ==,
                         cases[i].type_length);
}

static void test_uuid(void)
{
    static const struct {
        const char *text;
        guint version; /* 0: no UUID */
    } cases[] = {
        {"11111111-2222-4333-8444-555555555555", 4},
        {"FFFFFFFF-aaaa-5333-BFFF-0123456789ab", 5},
        {"11111111-2222-1333-9444-555555555555", 1},
        {"11111111-2222-6333-8444-555555555555", 0},  /* version 6 is not of RFC 4122 */
        {"11111111-2222-0333-8444-555555555555", 0},  /* no version */
        {"11111111-2222-4333-c444-555555555555", 0},  /* Microsoft's variant */
        {"11111111-2222-4333-7444-555555555555", 0},  /* NCS's variant */
        {"11111111-2222-4333-8444-55555555555", 0},   /* too short */
        {"11111111-2222-4333-8444-5555555555555", 0}, /* too long */
        {"111111112-222-4333-8444-555555555555", 0},  /* a hyphen out of place */
        {"11111111-2222-4333-8444-55555555555g", 0},
        {"1111111--2222-4333-8444-555555555555", 0},
        {"{1111111-2222-4333-8444-55555555555}", 0},
        {"", 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint version = 0;
        gboolean is_uuid = identifier_is_uuid(cases[i].text, strlen(cases[i].text), &version);
        g_assert_cmpint(is_uuid, ==, cases[i].version != 0);
        g_assert_cmpuint(version, ==, cases[i].version);
    }
}

/* The example of RFC 4122's successor (RFC 9562, appendix A.4): version 5 of "www.example.com" in
 * the name space of DNS. */
static void test_version_5(void)
{
    g_autofree char *id =
        identifier_make_v5("tool", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com", 15);
    g_assert_cmpstr(id, ==, "tool--2ed6657d-e927-568b-95e1-2665a8aea6a2");
    g_autofree char *other =
        identifier_make_v5("tool", "6ba7b811-9dad-11d1-80b4-00c04fd430c8", "www.example.com", 15);
    g_assert_cmpstr(id, !=, other);
}

static char *derive(const char *json)
{
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    g_assert_nonnull(document);
    char *id = identifier_of_observable(yyjson_doc_get_root(document));
    yyjson_doc_free(document);
    return id;
}

static void check_derived(const char *json, const char *expected)
{
    g_autofree char *id = derive(json);
    g_assert_cmpstr(id, ==, expected);
}

/* What @json derives is version 5 in STIX's name space of the canonical JSON @name. */
static void check_name(const char *json, const char *type, const char *name)
{
    g_autofree char *expected =
        identifier_make_v5(type, IDENTIFIER_NAMESPACE_STIX, name, strlen(name));
    check_derived(json, expected);
}

static void test_observables(void)
{
    /* printed in STIX 2.1 section 2.9 */
    check_derived("{\"type\": \"ipv4-addr\", \"value\": \"198.51.100.3\"}",
                  "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
    check_name("{\"value\": \"a.example\", \"x_other\": 1, \"type\": \"domain-name\"}",
               "domain-name", "{\"value\":\"a.example\"}");
    check_name("{\"type\": \"autonomous-system\", \"number\": 64496, \"name\": \"Alder\"}",
               "autonomous-system", "{\"number\":64496}");
    /* of several hashes one, in a fixed order of preference */
    check_name("{\"type\": \"file\", \"name\": \"n\", \"hashes\": {\"SHA-256\": \"b\", \"MD5\": "
               "\"a\"}}",
               "file", "{\"hashes\":{\"MD5\":\"a\"},\"name\":\"n\"}");
    check_name("{\"type\": \"file\", \"hashes\": {\"TLSH\": \"t\", \"SHA-512\": \"d\"}}", "file",
               "{\"hashes\":{\"SHA-512\":\"d\"}}");
    check_name("{\"type\": \"file\", \"hashes\": {\"TLSH\": \"t\", \"SSDEEP\": \"s\"}}", "file",
               "{\"hashes\":{\"SSDEEP\":\"s\"}}");
    check_name("{\"type\": \"network-traffic\", \"src_port\": 5, \"protocols\": [\"tcp\"], "
               "\"is_active\": true, \"dst_port\": 80}",
               "network-traffic", "{\"dst_port\":80,\"protocols\":[\"tcp\"],\"src_port\":5}");
    check_name("{\"type\": \"user-account\", \"user_id\": \"1\", \"account_type\": \"unix\"}",
               "user-account", "{\"account_type\":\"unix\",\"user_id\":\"1\"}");
    /* nothing to derive from */
    check_derived("{\"type\": \"user-account\", \"display_name\": \"x\"}", NULL);
    check_derived("{\"type\": \"process\", \"pid\": 1}", NULL);
    check_derived("{\"type\": \"x-example\", \"value\": \"1\"}", NULL);
    check_derived("{}", NULL);
    check_derived("5", NULL);
}

/* Where the publisher's identifier and another implementation's agree, so does this one. */
static void test_published(void)
{
    const char *folder = g_getenv("CONCERT_DATA");
    if (!folder) {
        g_print("# SKIP published identifiers: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *path = g_build_filename(folder, "objects", "deterministic-ids.json", NULL);
    yyjson_doc *document = yyjson_read_file(path, 0, NULL, NULL);
    g_assert_nonnull(document);
    yyjson_val *cases = yyjson_obj_get(yyjson_doc_get_root(document), "cases");
    size_t at, count;
    yyjson_val *test;
    guint agreed = 0, differing = 0;
    yyjson_arr_foreach (cases, at, count, test) {
        g_autofree char *id = identifier_of_observable(yyjson_obj_get(test, "object"));
        const char *expected = yyjson_get_str(yyjson_obj_get(test, "expected_id"));
        const char *published = yyjson_get_str(yyjson_obj_get(test, "source_id"));
        if (yyjson_get_bool(yyjson_obj_get(test, "source_agrees"))) {
            g_assert_cmpstr(id, ==, expected);
            agreed++;
        } else if (g_strcmp0(id, expected) != 0) {
            /* python-stix2 rewrites timestamps before it hashes them; the publisher did not */
            g_assert_cmpstr(id, ==, published);
            differing++;
        }
    }
    g_test_message("%zu identifiers, %u agreed upon, %u as published only", count, agreed,
                   differing);
    g_assert_cmpuint(count, >, 0);
    yyjson_doc_free(document);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/identifier/syntax", test_syntax);
    g_test_add_func("/identifier/uuid", test_uuid);
    g_test_add_func("/identifier/version-5", test_version_5);
    g_test_add_func("/identifier/observables", test_observables);
    g_test_add_func("/identifier/published", test_published);
    return g_test_run();
}
