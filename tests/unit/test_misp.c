#include "intake/misp.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <yyjson.h>

#include "intake/misp_path.h"
#include "intake/misp_templates.h"
#include "intake/misp_types.h"
#include "stix/pattern.h"

/* What an import handed on. */
typedef struct {
    GPtrArray *texts; /* char * */
    GPtrArray *docs;  /* yyjson_doc *, the same parsed */
    GString *bytes;   /* all of it, to compare imports with */
    GString *notes;   /* "<kind> <where>: <message>\n" */
    guint broken, lost, unmapped;
    guint stop_after; /* objects; 0: never */
} Import;

static void import_free(Import *import)
{
    g_ptr_array_unref(import->texts);
    g_ptr_array_unref(import->docs);
    g_string_free(import->bytes, TRUE);
    g_string_free(import->notes, TRUE);
    g_free(import);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Import *import = user;
    g_autoptr(GError) problem = NULL;
    g_autoptr(Object) object = object_read(bytes, length, spec, OBJECT_DEFAULT, &problem);
    if (object == NULL)
        g_test_message("%s: %s\n%.*s", where, problem->message, (int)MIN(length, 4000), bytes);
    g_assert_nonnull(object);
    g_assert_cmpint(object->spec, ==, OBJECT_SPEC_21);
    g_ptr_array_add(import->texts, g_strndup(bytes, length));
    g_ptr_array_add(import->docs, yyjson_read(bytes, length, 0));
    g_string_append_len(import->bytes, bytes, (gssize)length);
    g_string_append_c(import->bytes, '\n');
    if (import->stop_after == 0 || import->texts->len < import->stop_after)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_FULL, "the sink is full");
    return FALSE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Import *import = user;
    g_string_append_printf(import->notes, "%s %s: %s\n",
                           note == INTAKE_BROKEN     ? "broken"
                           : note == INTAKE_UNMAPPED ? "unmapped"
                                                     : "other",
                           where, message);
    import->broken += note == INTAKE_BROKEN;
    import->lost += note == INTAKE_LOST;
    import->unmapped += note == INTAKE_UNMAPPED;
}

static Import *import_new(void)
{
    Import *import = g_new0(Import, 1);
    import->texts = g_ptr_array_new_with_free_func(g_free);
    import->docs = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    import->bytes = g_string_new(NULL);
    import->notes = g_string_new(NULL);
    return import;
}

static const IntakeOptions no_options = {.confidence = -1};

static Import *import_with(const char *text, gsize length, const IntakeOptions *options)
{
    Import *import = import_new();
    IntakeSink sink = {.object = take_object, .note = take_note, .user = import};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_autoptr(GError) error = NULL;
    g_assert_true(misp_read(stream, "test", options, &sink, &error));
    g_assert_no_error(error);
    return import;
}

static Import *import_text(const char *text)
{
    return import_with(text, strlen(text), &no_options);
}

/* The nth object of @type, or NULL. */
static yyjson_val *nth(const Import *import, const char *type, guint n)
{
    for (guint i = 0; i < import->docs->len; i++) {
        yyjson_val *root = yyjson_doc_get_root(import->docs->pdata[i]);
        if (yyjson_equals_str(yyjson_obj_get(root, "type"), type) && n-- == 0)
            return root;
    }
    return NULL;
}

static const char *text_of(yyjson_val *object, const char *pointer)
{
    return yyjson_get_str(yyjson_ptr_get(object, pointer));
}

#define EVENT(parts)                                                                               \
    "{\"Event\":{\"uuid\":\"0a0a0a0a-0000-4000-8000-000000000001\",\"info\":\"Alder event\","      \
    "\"date\":\"2024-05-01\",\"timestamp\":\"1714600000\",\"published\":true,"                     \
    "\"publish_timestamp\":\"1714700000\","                                                        \
    "\"Orgc\":{\"name\":\"Alder CERT\",\"uuid\":\"0a0a0a0a-0000-4000-8000-0000000000aa\"}" parts   \
    "}}"

#define UUID "\"uuid\":\"0b0b0b0b-0000-4000-8000-00000000000"

/* One attribute in an event. */
static Import *import_attribute(const char *type, const char *value, gboolean to_ids)
{
    g_autofree char *text = g_strdup_printf(
        EVENT(",\"Attribute\":[{" UUID "1\",\"type\":\"%s\",\"category\":\"Network activity\","
              "\"value\":\"%s\",\"to_ids\":%s,\"timestamp\":\"1714650000\"}]"),
        type, value, to_ids ? "true" : "false");
    return import_text(text);
}

static void test_types_table(void)
{
    gsize count;
    const MispType *types = misp_types_all(&count);
    g_assert_cmpuint(count, >=, 185);
    for (gsize i = 0; i < count; i++) {
        if (i > 0)
            g_assert_cmpstr(types[i - 1].name, <, types[i].name);
        g_assert_true(misp_types_find(types[i].name) == &types[i]);
        g_assert_true((types[i].as == MISP_KEPT) == (types[i].paths[0] == NULL));
        g_assert_true((types[i].split != 0) ==
                      (strchr(types[i].name, '|') != NULL || types[i].as == MISP_SAMPLE));
    }
    g_assert_null(misp_types_find("no-such-type"));
}

/* Every path of the tables can be walked, and makes an object and a pattern that parse. */
static void test_paths_of_tables(void)
{
    static const char *const samples[] = {"1",
                                          "192.0.2.1",
                                          "2024-05-01T00:00:00Z",
                                          "00112233445566778899aabbccddeeff",
                                          "00112233445566778899aabbccddeeff00112233",
                                          "00112233445566778899aabbccddeeff0011223344556677"
                                          "8899aabb",
                                          "00112233445566778899aabbccddeeff0011223344556677"
                                          "8899aabbccddeeff",
                                          "00112233445566778899aabbccddeeff0011223344556677"
                                          "8899aabbccddeeff00112233445566778899aabbccddeeff",
                                          "00112233445566778899aabbccddeeff0011223344556677"
                                          "8899aabbccddeeff00112233445566778899aabbccddeeff"
                                          "00112233445566778899aabbccddeeff",
                                          "00:11:22:33:44:55",
                                          "96:QRWkwoBevsL0JsIQ3pq8:QRWktBe80JsII",
                                          "c325af62e2f15cf7c32316389d1b57a46827be70"
                                          "3d3879866bf52c385f396813829297"};
    gsize count;
    const MispType *types = misp_types_all(&count);
    for (gsize i = 0; i < count; i++) {
        if (types[i].as != MISP_OBSERVED && types[i].as != MISP_PATTERN)
            continue;
        for (guint p = 0; p < 3 && types[i].paths[p] != NULL; p++) {
            if (strchr(types[i].paths[p], '=') != NULL ||
                g_str_has_prefix(types[i].paths[p], "ja3"))
                continue;
            guint fitting = 0;
            for (guint s = 0; s < G_N_ELEMENTS(samples); s++) {
                yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
                g_autoptr(MispGraph) graph = misp_path_graph_new(doc);
                g_autoptr(GString) pattern = g_string_new("[");
                const char *uuid = "0b0b0b0b-0000-4000-8000-000000000001";
                gboolean put = misp_path_put(graph, types[i].paths[p], uuid, uuid, samples[s]);
                g_assert_true(misp_path_compare(pattern, types[i].paths[p], samples[s]) == put);
                g_assert_true(put == (graph->nodes->len > 0));
                if (put) {
                    g_autoptr(GError) error = NULL;
                    g_string_append_c(pattern, ']');
                    g_autoptr(Pattern) parsed = pattern_parse(pattern->str, pattern->len, &error);
                    fitting += parsed != NULL;
                }
                yyjson_mut_doc_free(doc);
            }
            g_assert_cmpuint(fitting, >, 0);
        }
    }
}

static void test_indicator(void)
{
    g_autoptr(Import) import = import_attribute("domain", "c2.birch.example", TRUE);
    g_assert_cmpstr(import->notes->str, ==, "");
    yyjson_val *indicator = nth(import, "indicator", 0);
    g_assert_cmpstr(text_of(indicator, "/id"), ==,
                    "indicator--0b0b0b0b-0000-4000-8000-000000000001");
    g_assert_cmpstr(text_of(indicator, "/pattern"), ==, "[domain-name:value = 'c2.birch.example']");
    g_assert_cmpstr(text_of(indicator, "/created"), ==, "2024-05-01T00:00:00.000Z");
    g_assert_cmpstr(text_of(indicator, "/modified"), ==, "2024-05-02T11:40:00.000Z");
    g_assert_cmpstr(text_of(indicator, "/valid_from"), ==, "2024-05-02T11:40:00Z");
    g_assert_cmpstr(text_of(indicator, "/labels/0"), ==, "misp:type=\"domain\"");
    g_assert_cmpstr(text_of(indicator, "/created_by_ref"), ==,
                    "identity--0a0a0a0a-0000-4000-8000-0000000000aa");
    g_assert_cmpstr(text_of(nth(import, "domain-name", 0), "/value"), ==, "c2.birch.example");
    g_assert_cmpstr(text_of(nth(import, "observed-data", 0), "/object_refs/0"), ==,
                    "domain-name--0b0b0b0b-0000-4000-8000-000000000001");
    g_assert_cmpstr(text_of(nth(import, "relationship", 0), "/relationship_type"), ==, "based-on");
    yyjson_val *report = nth(import, "report", 0);
    g_assert_cmpstr(text_of(report, "/name"), ==, "Alder event");
    g_assert_cmpstr(text_of(report, "/published"), ==, "2024-05-03T01:33:20Z");
    g_assert_cmpuint(yyjson_arr_size(yyjson_obj_get(report, "object_refs")), ==, 5);
}

static void test_observed(void)
{
    g_autoptr(Import) import = import_attribute("domain", "c2.birch.example", FALSE);
    g_assert_null(nth(import, "indicator", 0));
    g_assert_null(nth(import, "relationship", 0));
    g_assert_nonnull(nth(import, "observed-data", 0));
    g_assert_nonnull(nth(import, "domain-name", 0));
}

static void test_patterns(void)
{
    static const struct {
        const char *type, *value, *pattern;
    } cases[] = {
        {"ip-dst", "192.0.2.7", "[ipv4-addr:value = '192.0.2.7']"},
        {"ip-src", "2001:DB8:0::7", "[ipv6-addr:value = '2001:db8::7']"},
        {"ip-src", "198.51.100.0/24", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"},
        {"ip-dst|port", "192.0.2.7|8443",
         "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'192.0.2.7' AND network-traffic:dst_port = 8443]"},
        {"hostname|port", "birch.example|443",
         "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = "
         "'birch.example' AND network-traffic:dst_port = 443]"},
        {"domain|ip", "birch.example|192.0.2.7",
         "[domain-name:value = 'birch.example' AND domain-name:resolves_to_refs[*].value = "
         "'192.0.2.7']"},
        {"filename|md5", "a.exe|B2A5ABFEEF9E36964281A31E17B57C97",
         "[file:name = 'a.exe' AND file:hashes.MD5 = 'b2a5abfeef9e36964281a31e17b57c97']"},
        {"sha512/256", "82333533f7f7cb4123bceee76358b36d4110e03c2219b80dced5a4d63424cc93",
         "[file:hashes.'SHA-512-256' = "
         "'82333533f7f7cb4123bceee76358b36d4110e03c2219b80dced5a4d63424cc93']"},
        {"email-src", "a@cedar.example", "[email-message:from_ref.value = 'a@cedar.example']"},
        {"email-attachment", "a.doc",
         "[email-message:body_multipart[*].body_raw_ref.name = 'a.doc']"},
        {"email-x-mailer", "Mailer 1",
         "[email-message:additional_header_fields.'X-Mailer'[*] = 'Mailer 1']"},
        {"regkey|value", "HKLM\\\\Software\\\\It's|1",
         "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\It\\'s' AND "
         "windows-registry-key:values[*].data = '1']"},
        {"AS", "AS64496", "[autonomous-system:number = 64496]"},
        {"mac-address", "00-11-22-AA-BB-CC", "[mac-addr:value = '00:11:22:aa:bb:cc']"},
        {"user-agent", "Agent/1",
         "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*] = "
         "'Agent/1']"},
        {"port", "8443", "[network-traffic:dst_port = 8443]"},
        {"github-username", "alder",
         "[user-account:account_login = 'alder' AND user-account:account_type = 'github']"},
        {"x509-fingerprint-sha1", "2920d5e6c579fce772e5506caf03af65579088bd",
         "[x509-certificate:hashes.'SHA-1' = '2920d5e6c579fce772e5506caf03af65579088bd']"},
        {"malware-sample", "a.exe|b2a5abfeef9e36964281a31e17b57c97",
         "[file:name = 'a.exe' AND file:hashes.MD5 = 'b2a5abfeef9e36964281a31e17b57c97']"},
        {"stix2-pattern", "[domain-name:value = 'x.example']", "[domain-name:value = 'x.example']"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Import) import = import_attribute(cases[i].type, cases[i].value, TRUE);
        yyjson_val *indicator = nth(import, "indicator", 0);
        g_assert_cmpstr(import->notes->str, ==, "");
        g_assert_cmpstr(text_of(indicator, "/pattern"), ==, cases[i].pattern);
    }
}

/* Values that are not what their type says, and types STIX does not have, are kept. */
static void test_kept(void)
{
    static const struct {
        const char *type, *value;
    } cases[] = {
        {"ip-dst", "not an address"},
        {"md5", "b2a5"},
        {"domain|ip", "birch.example"},
        {"ip-dst|port", "192.0.2.1|many"},
        {"AS", "ASX"},
        {"btc", "1ExampleAddress"},
        {"comment", "some words"},
        {"no-such-type", "value"},
        {"stix2-pattern", "[domain-name:value = "},
        {"url", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Import) import = import_attribute(cases[i].type, cases[i].value, TRUE);
        yyjson_val *kept = nth(import, "x-misp-attribute", 0);
        g_assert_cmpstr(text_of(kept, "/x_misp_type"), ==, cases[i].type);
        if (*cases[i].value != '\0')
            g_assert_cmpstr(text_of(kept, "/x_misp_value"), ==, cases[i].value);
        g_assert_true(yyjson_is_true(yyjson_obj_get(kept, "x_misp_to_ids")));
        g_assert_cmpuint(import->unmapped, ==, 1);
        g_assert_null(nth(import, "indicator", 0));
        g_assert_nonnull(nth(import, "report", 0));
    }
}

static void test_broken_neighbours(void)
{
    g_autoptr(Import) import = import_text(EVENT(
        ",\"Attribute\":[{" UUID "1\",\"type\":\"domain\"},7,{" UUID
        "2\",\"type\":\"domain\",\"value\":\"good.example\"},{\"uuid\":\"../../etc\",\"type\":"
        "\"domain\",\"value\":\"other.example\"}]"));
    g_assert_cmpuint(import->broken, ==, 3);
    g_assert_nonnull(
        strstr(import->notes->str, "test: $.Event.Attribute[0]: attribute without value"));
    g_assert_nonnull(strstr(import->notes->str, "test: $.Event.Attribute[1]: "));
    g_assert_cmpstr(text_of(nth(import, "domain-name", 0), "/value"), ==, "good.example");
    g_assert_cmpstr(text_of(nth(import, "domain-name", 1), "/value"), ==, "other.example");
    g_assert_null(strstr(import->bytes->str, "--../"));
}

static void test_markings(void)
{
    g_autoptr(Import) import = import_text(
        EVENT(",\"Tag\":[{\"name\":\"tlp:amber\"},{\"name\":\"PAP:GREEN\"},{\"name\":\"own-tag\"}],"
              "\"Attribute\":[{" UUID "1\",\"type\":\"domain\",\"value\":\"a.example\"},{" UUID
              "2\",\"type\":\"domain\",\"value\":\"b.example\",\"to_ids\":\"1\",\"Tag\":[{\"name\":"
              "\"tlp:white\"},{\"name\":\"misp:confidence-level=\\\"usually-confident\\\"\"}]}]"));
    const char *amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    const char *clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    /* what the event says covers the attribute that says nothing, observables included */
    g_assert_cmpstr(text_of(nth(import, "domain-name", 0), "/object_marking_refs/0"), ==, amber);
    g_assert_cmpstr(text_of(nth(import, "observed-data", 0), "/object_marking_refs/0"), ==, amber);
    g_assert_cmpstr(text_of(nth(import, "observed-data", 0), "/x_misp_pap"), ==, "green");
    g_assert_cmpstr(text_of(nth(import, "domain-name", 1), "/object_marking_refs/0"), ==, clear);
    g_assert_cmpstr(text_of(nth(import, "relationship", 0), "/object_marking_refs/0"), ==, clear);
    g_assert_cmpint(yyjson_get_int(yyjson_obj_get(nth(import, "indicator", 0), "confidence")), ==,
                    75);
    yyjson_val *report = nth(import, "report", 0);
    g_assert_cmpstr(text_of(report, "/object_marking_refs/0"), ==, amber);
    g_assert_cmpstr(text_of(report, "/labels/0"), ==, "PAP:GREEN");
    g_assert_cmpstr(text_of(report, "/labels/1"), ==, "own-tag");
    g_assert_nonnull(nth(import, "marking-definition", 1));
    g_assert_null(nth(import, "marking-definition", 2));

    IntakeOptions options = {.confidence = 40, .tlp = "red", .source = "forum"};
    const char *bare =
        "{\"info\":\"x\",\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\"}]}";
    g_autoptr(Import) marked = import_with(bare, strlen(bare), &options);
    g_assert_cmpstr(text_of(nth(marked, "domain-name", 0), "/object_marking_refs/0"), ==,
                    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1");
    g_assert_cmpstr(text_of(nth(marked, "identity", 0), "/name"), ==, "forum");
    g_assert_nonnull(nth(marked, "grouping", 0));
}

static void test_sightings(void)
{
    g_autoptr(Import) import = import_text(EVENT(
        ",\"Attribute\":[{" UUID "1\",\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true,"
        "\"Sighting\":[{" UUID "2\",\"date_sighting\":\"1714650001\",\"type\":\"0\",\"source\":"
        "\"probe\",\"Organisation\":{\"name\":\"Birch CERT\",\"uuid\":"
        "\"0c0c0c0c-0000-4000-8000-000000000001\"}},{" UUID
        "3\",\"date_sighting\":\"1714650002\",\"type\":\"1\"},{" UUID
        "4\",\"date_sighting\":\"1714650003\",\"type\":\"2\"},{\"type\":\"0\"}]}]"));
    yyjson_val *sighting = nth(import, "sighting", 0);
    g_assert_cmpstr(text_of(sighting, "/id"), ==, "sighting--0b0b0b0b-0000-4000-8000-000000000002");
    g_assert_cmpstr(text_of(sighting, "/sighting_of_ref"), ==,
                    "indicator--0b0b0b0b-0000-4000-8000-000000000001");
    g_assert_cmpstr(text_of(sighting, "/first_seen"), ==, "2024-05-02T11:40:01Z");
    g_assert_cmpint(yyjson_get_int(yyjson_obj_get(sighting, "count")), ==, 1);
    g_assert_cmpstr(text_of(sighting, "/where_sighted_refs/0"), ==,
                    "identity--0c0c0c0c-0000-4000-8000-000000000001");
    g_assert_cmpstr(text_of(sighting, "/x_misp_source"), ==, "probe");
    g_assert_cmpstr(text_of(nth(import, "opinion", 0), "/opinion"), ==, "strongly-disagree");
    g_assert_nonnull(nth(import, "note", 0));
    g_assert_cmpuint(import->broken, ==, 1);
}

static void test_object(void)
{
    g_autoptr(Import) import = import_text(EVENT(
        ",\"Object\":[{" UUID "1\",\"name\":\"file\",\"meta-category\":\"file\",\"comment\":\"c\","
        "\"Attribute\":[{" UUID "2\",\"type\":\"filename\",\"object_relation\":\"filename\","
        "\"value\":\"a.exe\"},{" UUID "3\",\"type\":\"md5\",\"object_relation\":\"md5\",\"value\":"
        "\"b2a5abfeef9e36964281a31e17b57c97\",\"to_ids\":true},{" UUID
        "4\",\"type\":\"float\",\"object_relation\":\"entropy\",\"value\":7.5}],"
        "\"ObjectReference\":[{" UUID
        "5\",\"object_uuid\":\"0b0b0b0b-0000-4000-8000-000000000001\","
        "\"referenced_uuid\":\"0b0b0b0b-0000-4000-8000-000000000007\",\"relationship_type\":"
        "\"Downloaded From\"},{" UUID
        "6\",\"referenced_uuid\":\"0d0d0d0d-0000-4000-8000-000000000007\","
        "\"relationship_type\":\"drops\"}]},"
        "{" UUID "7\",\"name\":\"own-template\",\"Attribute\":[{" UUID "8\",\"type\":\"url\","
        "\"object_relation\":\"where\",\"value\":\"http://a.example/x\",\"to_ids\":true},"
        "{" UUID "9\",\"type\":\"text\",\"object_relation\":\"what\",\"value\":\"words\"}]}]"));
    yyjson_val *indicator = nth(import, "indicator", 0);
    g_assert_cmpstr(text_of(indicator, "/pattern"), ==,
                    "[file:hashes.MD5 = 'b2a5abfeef9e36964281a31e17b57c97']");
    g_assert_cmpstr(text_of(indicator, "/description"), ==, "c");
    g_assert_cmpstr(text_of(nth(import, "file", 0), "/name"), ==, "a.exe");
    yyjson_val *observed = nth(import, "observed-data", 0);
    g_assert_cmpuint(yyjson_arr_size(yyjson_obj_get(observed, "x_misp_attributes")), ==, 3);
    g_assert_nonnull(
        strstr(import->notes->str, "object file: kept in x_misp_attributes only: entropy"));

    /* a template nobody knows is kept whole, and what is to be detected is detected */
    yyjson_val *kept = nth(import, "x-misp-object", 0);
    g_assert_cmpstr(text_of(kept, "/x_misp_name"), ==, "own-template");
    g_assert_cmpstr(text_of(kept, "/x_misp_attributes/1/value"), ==, "words");
    g_assert_cmpstr(text_of(nth(import, "indicator", 1), "/pattern"), ==,
                    "[url:value = 'http://a.example/x']");

    gboolean related = FALSE;
    for (guint i = 0; nth(import, "relationship", i) != NULL; i++) {
        yyjson_val *relationship = nth(import, "relationship", i);
        if (!yyjson_equals_str(yyjson_obj_get(relationship, "relationship_type"),
                               "downloaded-from"))
            continue;
        related = TRUE;
        g_assert_cmpstr(text_of(relationship, "/source_ref"), ==, text_of(indicator, "/id"));
        g_assert_cmpstr(text_of(relationship, "/target_ref"), ==, text_of(kept, "/id"));
        g_assert_cmpstr(text_of(relationship, "/x_misp_relationship_type"), ==, "Downloaded From");
    }
    g_assert_true(related);
    g_assert_nonnull(nth(import, "x-misp-object-reference", 0));
}

static void test_galaxies(void)
{
    const char *galaxy =
        "\"Galaxy\":[{\"name\":\"Threat Actor\",\"type\":\"threat-actor\",\"GalaxyCluster\":[{"
        "\"uuid\":\"0e0e0e0e-0000-4000-8000-000000000001\",\"type\":\"threat-actor\",\"value\":"
        "\"Grey Heron\",\"version\":\"12\",\"default\":true,\"meta\":{\"synonyms\":[\"GH\"],"
        "\"refs\":[\"https://cedar.example/gh\"],\"odd\":[\"x\"]}}]},{\"name\":\"Tea\",\"type\":"
        "\"tea-matrix\",\"GalaxyCluster\":[{\"uuid\":\"0e0e0e0e-0000-4000-8000-000000000002\","
        "\"value\":\"Milk\"}]}]";
    g_autofree char *text = g_strdup_printf(
        EVENT(",\"Attribute\":[{" UUID
              "1\",\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true,%s}]"),
        galaxy);
    g_autoptr(Import) import = import_text(text);
    yyjson_val *actor = nth(import, "threat-actor", 0);
    g_assert_cmpstr(text_of(actor, "/name"), ==, "Grey Heron");
    g_assert_cmpstr(text_of(actor, "/aliases/0"), ==, "GH");
    g_assert_cmpstr(text_of(actor, "/external_references/0/url"), ==, "https://cedar.example/gh");
    g_assert_cmpstr(text_of(actor, "/x_misp_meta/odd/0"), ==, "x");
    g_assert_cmpstr(text_of(actor, "/modified"), ==, "1970-01-01T00:00:12.000Z");
    g_assert_null(yyjson_obj_get(actor, "created_by_ref"));
    gboolean claimed = FALSE;
    for (guint i = 0; nth(import, "relationship", i) != NULL; i++)
        claimed |= g_strcmp0(text_of(nth(import, "relationship", i), "/description"),
                             "asserted by Alder CERT") == 0;
    g_assert_true(claimed);
    g_assert_nonnull(nth(import, "x-misp-galaxy-cluster", 0));
    g_assert_cmpuint(import->unmapped, ==, 1);
}

/* The forms in which events come, cut anywhere by the stream. */
static void test_forms(void)
{
    const char *one = EVENT("");
    g_autofree char *array = g_strdup_printf("[%s, %s]", one, one);
    g_autofree char *response = g_strdup_printf("{\"a\":{\"response\":[]},\"response\" : [%s\n,%s],"
                                                "\"page\":\"]\"}",
                                                one, one);
    g_autofree char *lines = g_strdup_printf("%s\n%s\n", one, one);
    g_autofree char *escaped = g_strdup_printf("{\"r\\\"esponse\":1,\"x\":\"[{\\\\\",%s", one + 1);
    const struct {
        const char *text;
        guint reports;
    } cases[] = {{one, 1}, {array, 2}, {response, 2}, {lines, 2}, {escaped, 1}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Import) import = import_text(cases[i].text);
        guint reports = 0;
        while (nth(import, "report", reports) != NULL)
            reports++;
        g_assert_cmpuint(reports, ==, cases[i].reports);
        g_assert_cmpuint(import->broken, ==, 0);
    }
    g_autofree char *cut = g_strdup_printf("[%s,{\"Event\":{\"info\":\"cut", one);
    g_autoptr(Import) import = import_text(cut);
    g_assert_nonnull(nth(import, "report", 0));
    g_assert_cmpuint(import->broken, ==, 1);
    g_assert_cmpuint(import->lost, ==, 1);
    g_autofree char *bad = g_strdup_printf("[{\"Event\":{\"info\":tru}},12,\"x\",%s]", one);
    g_autoptr(Import) after = import_text(bad);
    g_assert_nonnull(nth(after, "report", 0));
    g_assert_cmpuint(after->broken, ==, 3);
    g_autoptr(Import) duplicate = import_text("{\"Event\":{\"info\":\"a\",\"info\":\"b\"}}");
    g_assert_cmpuint(duplicate->texts->len, ==, 0);
    g_assert_cmpuint(duplicate->broken, ==, 1);
}

static void test_payload(void)
{
    g_autoptr(Import) import = import_text(EVENT(
        ",\"Attribute\":[{" UUID "1\",\"type\":\"malware-sample\",\"value\":"
        "\"a.exe|b2a5abfeef9e36964281a31e17b57c97\",\"data\":\"UEsDBA==\",\"to_ids\":true},{" UUID
        "2\",\"type\":\"attachment\",\"value\":\"a.txt\",\"data\":\"not base64!\"},{" UUID
        "3\",\"type\":\"malware-sample\",\"value\":\"b.exe\"}]"));
    yyjson_val *artifact = nth(import, "artifact", 0);
    g_assert_cmpstr(text_of(artifact, "/payload_bin"), ==, "UEsDBA==");
    g_assert_cmpstr(text_of(artifact, "/decryption_key"), ==, "infected");
    g_assert_cmpstr(text_of(nth(import, "file", 0), "/content_ref"), ==, text_of(artifact, "/id"));
    g_assert_null(nth(import, "artifact", 1));
    g_assert_cmpstr(text_of(nth(import, "file", 1), "/name"), ==, "a.txt");
    g_assert_cmpstr(text_of(nth(import, "file", 2), "/name"), ==, "b.exe");
    g_assert_cmpuint(import->broken, ==, 0);
    g_assert_cmpstr(text_of(nth(import, "observed-data", 1), "/x_misp_data"), ==, "not base64!");
    g_assert_cmpuint(import->unmapped, ==, 1);
}

/* Entries made to cost more than they weigh. */
static void test_hostile(void)
{
    g_autoptr(GString) text = g_string_new("{\"info\":\"x\",\"Tag\":[");
    for (guint i = 0; i < 20000; i++)
        g_string_append_printf(text, "%s{\"name\":\"t%u\"}", i > 0 ? "," : "", i);
    g_string_append(text, "],\"Object\":[{\"name\":\"email\",\"Attribute\":[");
    for (guint i = 0; i < 20000; i++)
        g_string_append_printf(text,
                               "%s{" UUID "1\",\"type\":\"email-dst\",\"object_relation\":\"to\","
                               "\"value\":\"a%u@b.example\",\"to_ids\":true}",
                               i > 0 ? "," : "", i);
    g_string_append(text, "]},{\"name\":\"person\",\"Attribute\":[");
    for (guint i = 0; i < 20000; i++)
        g_string_append_printf(text,
                               "%s{\"type\":\"text\",\"object_relation\":\"e-mail\","
                               "\"value\":\"a%u@b.example\"}",
                               i > 0 ? "," : "", i);
    g_string_append(text, "]}]");
    for (guint i = 0; i < 20000; i++)
        g_string_append_printf(text, ",\"k%u\":1", i);
    g_string_append_c(text, '}');
    g_test_timer_start();
    g_autoptr(Import) import = import_with(text->str, text->len, &no_options);
    g_assert_cmpfloat(g_test_timer_elapsed(), <, 60);
    g_assert_cmpuint(import->broken, >, 0);
}

/* What the document says of types is what the table has. */
static void test_document(void)
{
    g_autofree char *path =
        g_build_filename(g_test_get_dir(G_TEST_DIST), "..", "docs", "misp.md", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    gsize count;
    const MispType *types = misp_types_all(&count);
    for (gsize i = 0; i < count; i++) {
        g_auto(GStrv) parts = g_strsplit(types[i].name, "|", -1);
        g_autofree char *escaped = g_strjoinv("\\|", parts);
        g_autofree char *quoted = g_strdup_printf("`%s`", escaped);
        if (strstr(text, quoted) == NULL)
            g_test_message("not documented: %s", types[i].name);
        g_assert_nonnull(strstr(text, quoted));
    }
    const MispTemplate *templates = misp_templates_all(&count);
    for (gsize i = 0; i < count; i++) {
        g_autofree char *quoted = g_strdup_printf("`%s`", templates[i].name);
        g_assert_nonnull(strstr(text, quoted));
    }
}

static void test_sink_stops(void)
{
    const char *text = EVENT(",\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\"},"
                             "{\"type\":\"domain\",\"value\":\"b.example\"}]");
    for (guint stop = 1; stop < 6; stop++) {
        g_autoptr(Import) import = import_new();
        import->stop_after = stop;
        IntakeSink sink = {.object = take_object, .note = take_note, .user = import};
        g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
        g_autoptr(GError) error = NULL;
        g_assert_false(misp_read(stream, "test", &no_options, &sink, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_FULL);
        g_assert_cmpuint(import->texts->len, ==, stop);
    }
}

/* An event with more parts than one report may refer to. */
static void test_large_event(void)
{
    g_autoptr(GString) parts = g_string_new(",\"Attribute\":[");
    for (guint i = 0; i < 12000; i++)
        g_string_append_printf(parts, "%s{\"type\":\"domain\",\"value\":\"d%u.example\"}",
                               i > 0 ? "," : "", i);
    g_string_append_c(parts, ']');
    g_autofree char *text = g_strdup_printf(EVENT("%s"), parts->str);
    g_autoptr(Import) import = import_text(text);
    g_assert_cmpuint(import->broken, ==, 0);
    yyjson_val *refs = yyjson_obj_get(nth(import, "report", 0), "object_refs");
    g_assert_cmpuint(yyjson_arr_size(refs), ==, 2);
    g_assert_true(g_str_has_prefix(yyjson_get_str(yyjson_arr_get_first(refs)), "grouping--"));
    g_assert_nonnull(nth(import, "grouping", 1));
    g_assert_null(nth(import, "grouping", 2));
}

/* ---- feeds ---- */

static char *sample_folder(void)
{
    return g_build_filename(g_test_get_dir(G_TEST_DIST), "data", "misp", NULL);
}

static gboolean read_feed(const char *path, Import *import, GError **error)
{
    IntakeSink sink = {.object = take_object, .note = take_note, .user = import};
    return misp_feed_directory(path, &no_options, &sink, error);
}

/* The sample shipped with the project, as a feed; a name that is no UUID is never opened. */
static void test_feed(void)
{
    g_autofree char *folder = sample_folder();
    g_autoptr(Import) import = import_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(read_feed(folder, import, &error));
    g_assert_no_error(error);
    g_assert_nonnull(nth(import, "report", 0));
    g_assert_null(nth(import, "report", 1));
    g_assert_cmpuint(import->broken, ==, 1);
    g_assert_nonnull(strstr(import->notes->str, "\"../manifest\" is no UUID"));
    g_assert_nonnull(nth(import, "sighting", 0));
    g_assert_nonnull(nth(import, "vulnerability", 0));
    g_assert_nonnull(nth(import, "attack-pattern", 0));
    g_autoptr(Import) again = import_new();
    g_assert_true(read_feed(folder, again, NULL));
    g_assert_true(g_string_equal(import->bytes, again->bytes));
}

/* Feeds that name what is not there, and directories that are none. */
static void test_bad_feeds(void)
{
    g_autofree char *folder = g_dir_make_tmp("concert-misp-XXXXXX", NULL);
    g_autofree char *manifest = g_build_filename(folder, "manifest.json", NULL);
    g_autoptr(Import) import = import_new();
    g_autoptr(GError) error = NULL;
    g_assert_false(read_feed(folder, import, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(manifest, "[1]", -1, NULL));
    g_assert_false(read_feed(folder, import, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(
        manifest, "{\"0a0a0a0a-0000-4000-8000-000000000001\":{},\"/etc/passwd\":{}}", -1, NULL));
    g_assert_true(read_feed(folder, import, &error));
    g_assert_cmpuint(import->broken, ==, 1);
    g_assert_cmpuint(import->lost, ==, 1);
    /* a symbolic link leads out of the feed */
    g_autofree char *linked =
        g_build_filename(folder, "0a0a0a0a-0000-4000-8000-000000000001.json", NULL);
    g_autofree char *samples = sample_folder();
    g_autofree char *event =
        g_build_filename(samples, "0a0a0a0a-0000-4000-8000-000000000001.json", NULL);
    g_assert_cmpint(symlink(event, linked), ==, 0);
    g_assert_true(read_feed(folder, import, &error));
    g_assert_cmpuint(import->texts->len, ==, 0);
    g_unlink(linked);
    g_unlink(manifest);
    g_rmdir(folder);
}

/* One connection after the other: the files of the sample folder over HTTP, until the listening
 * socket is shut down. */
static gpointer serve_files(gpointer data)
{
    int listener = GPOINTER_TO_INT(data);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char request[4096];
        gssize length = recv(fd, request, sizeof request - 1, 0);
        request[MAX(length, 0)] = '\0';
        char file[200] = "";
        sscanf(request, "GET /feed/%199[0-9a-z.-] ", file);
        g_autofree char *folder = sample_folder();
        g_autofree char *path = g_build_filename(folder, file, NULL);
        g_autofree char *text = NULL;
        gsize size = 0;
        gboolean found = g_file_get_contents(path, &text, &size, NULL);
        g_autofree char *head = g_strdup_printf("HTTP/1.1 %s\r\nContent-Length: %" G_GSIZE_FORMAT
                                                "\r\nConnection: close\r\n\r\n",
                                                found ? "200 OK" : "404 Not Found", size);
        if (send(fd, head, strlen(head), MSG_NOSIGNAL) > 0 && size > 0)
            g_assert_cmpint(send(fd, text, size, MSG_NOSIGNAL), ==, (gssize)size);
    }
    return NULL;
}

static void test_feed_url(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(listen(listener, 8), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
    GThread *server = g_thread_new("feed", serve_files, GINT_TO_POINTER(listener));
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/feed", ntohs(address.sin_port));

    g_autoptr(Import) refused = import_new();
    IntakeSink refusing = {.object = take_object, .note = take_note, .user = refused};
    g_autoptr(GError) error = NULL;
    g_assert_false(misp_feed_url(url, &no_options, &refusing, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);

    g_autoptr(Import) fetched = import_new();
    IntakeSink sink = {.object = take_object, .note = take_note, .user = fetched};
    IntakeOptions options = {.confidence = -1, .fetch = {.allow_private = TRUE}};
    g_assert_true(misp_feed_url(url, &options, &sink, &error));
    g_assert_no_error(error);
    g_autoptr(Import) read = import_new();
    g_autofree char *folder = sample_folder();
    g_assert_true(read_feed(folder, read, NULL));
    g_assert_true(g_string_equal(fetched->bytes, read->bytes));

    shutdown(listener, SHUT_RDWR);
    g_thread_join(server);
    close(listener);
}

/* ---- real data ---- */

static char *data_file(const char *name)
{
    const char *folder = g_getenv("CONCERT_DATA");
    if (folder == NULL || *folder == '\0')
        return NULL;
    char *path = g_build_filename(folder, "misp", name, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        g_clear_pointer(&path, g_free);
    return path;
}

/* Every text in @value, in one set. */
static void collect_texts(yyjson_val *value, GHashTable *texts, guint depth)
{
    size_t at, size;
    yyjson_val *key, *inner;
    g_assert_cmpuint(depth, <, 64);
    if (yyjson_is_str(value))
        g_hash_table_add(texts, g_strdup(yyjson_get_str(value)));
    else if (yyjson_is_num(value) || yyjson_is_bool(value))
        g_hash_table_add(texts, yyjson_val_write(value, 0, NULL));
    yyjson_arr_foreach (value, at, size, inner)
        collect_texts(inner, texts, depth + 1);
    yyjson_obj_foreach (value, at, size, key, inner)
        collect_texts(inner, texts, depth + 1);
}

/* Whether @text was handed on, as one text or in the parts of a composite. */
static gboolean was_told(GHashTable *texts, const char *text)
{
    if (g_hash_table_contains(texts, text))
        return TRUE;
    g_auto(GStrv) parts = g_strsplit(text, "|", 0);
    for (guint i = 0; parts[i] != NULL; i++) {
        g_autofree char *lower = g_ascii_strdown(parts[i], -1);
        const char *number = g_str_has_prefix(parts[i], "AS") ? parts[i] + 2 : parts[i];
        if (!g_hash_table_contains(texts, parts[i]) && !g_hash_table_contains(texts, lower) &&
            !g_hash_table_contains(texts, number))
            return FALSE;
    }
    return TRUE;
}

/* Counts the attributes in @event and those whose value or type is lost. */
static void check_attributes(yyjson_val *list, GHashTable *texts, guint *count, guint *without)
{
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (list, at, size, attribute) {
        yyjson_val *value = yyjson_obj_get(attribute, "value");
        g_autofree char *text = yyjson_is_str(value) ? g_strdup(yyjson_get_str(value))
                                                     : yyjson_val_write(value, 0, NULL);
        if (value == NULL) {
            (*without)++;
            continue;
        }
        (*count)++;
        if (!was_told(texts, text)) {
            /* a pattern holds what no observable could */
            gboolean in_pattern = FALSE;
            GHashTableIter all;
            gpointer told;
            g_hash_table_iter_init(&all, texts);
            while (g_hash_table_iter_next(&all, &told, NULL))
                in_pattern |= ((char *)told)[0] == '[' && strstr(told, text) != NULL;
            if (!in_pattern)
                g_test_message("lost: %s", text);
            g_assert_true(in_pattern);
        }
    }
}

static void test_real_events(void)
{
    g_autofree char *path = data_file("events/misp-stix-test-events.json");
    if (path == NULL) {
        g_print("# SKIP real MISP events: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    g_assert_nonnull(doc);
    guint events = 0, attributes = 0, without = 0, broken = 0;
    size_t at, size, o, objects;
    yyjson_val *key, *item, *object;
    yyjson_obj_foreach (yyjson_doc_get_root(doc), at, size, key, item) {
        gsize length;
        char *text = yyjson_val_write(item, 0, &length);
        g_autoptr(Import) import = import_with(text, length, &no_options);
        g_autoptr(Import) again = import_with(text, length, &no_options);
        g_assert_true(g_string_equal(import->bytes, again->bytes));
        g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; i < import->docs->len; i++)
            collect_texts(yyjson_doc_get_root(import->docs->pdata[i]), texts, 0);
        yyjson_val *event = yyjson_obj_get(item, "Event");
        yyjson_val *root = event != NULL ? event : item;
        check_attributes(yyjson_obj_get(root, "Attribute"), texts, &attributes, &without);
        yyjson_arr_foreach (yyjson_obj_get(root, "Object"), o, objects, object)
            check_attributes(yyjson_obj_get(object, "Attribute"), texts, &attributes, &without);
        events += event != NULL;
        broken += import->broken;
        if (event != NULL)
            g_assert_true(nth(import, "report", 0) != NULL || nth(import, "grouping", 0) != NULL);
        if (import->broken > 0)
            g_test_message("%s: %s", yyjson_get_str(key), import->notes->str);
        free(text);
    }
    g_test_message("%u events, %u attributes, %u without value, %u broken", events, attributes,
                   without, broken);
    g_assert_cmpuint(events, ==, 139);
    g_assert_cmpuint(attributes, >, 800);
    yyjson_doc_free(doc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/misp/types-table", test_types_table);
    g_test_add_func("/misp/paths-of-tables", test_paths_of_tables);
    g_test_add_func("/misp/indicator", test_indicator);
    g_test_add_func("/misp/observed", test_observed);
    g_test_add_func("/misp/patterns", test_patterns);
    g_test_add_func("/misp/kept", test_kept);
    g_test_add_func("/misp/broken-neighbours", test_broken_neighbours);
    g_test_add_func("/misp/markings", test_markings);
    g_test_add_func("/misp/sightings", test_sightings);
    g_test_add_func("/misp/object", test_object);
    g_test_add_func("/misp/galaxies", test_galaxies);
    g_test_add_func("/misp/forms", test_forms);
    g_test_add_func("/misp/payload", test_payload);
    g_test_add_func("/misp/sink-stops", test_sink_stops);
    g_test_add_func("/misp/large-event", test_large_event);
    g_test_add_func("/misp/hostile", test_hostile);
    g_test_add_func("/misp/document", test_document);
    g_test_add_func("/misp/feed", test_feed);
    g_test_add_func("/misp/bad-feeds", test_bad_feeds);
    g_test_add_func("/misp/feed-url", test_feed_url);
    g_test_add_func("/misp/real-events", test_real_events);
    return g_test_run();
}
