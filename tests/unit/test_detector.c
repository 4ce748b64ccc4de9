#include "shield/detector.h"

#include <string.h>
#include <yyjson.h>

#include "base/error.h"
#include "stix/observed_fields.h"

#define ID(n) "indicator--" #n "1111111-1111-4111-8111-111111111111"

/* Adds an indicator; returns what became of it. */
static LoadOutcome add(Detector *detector, const char *id, const char *modified, gboolean revoked,
                       const char *pattern, GError **error)
{
    g_autofree char *json = g_strdup_printf(
        "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"%s\",\"created\":"
        "\"2024-01-01T00:00:00Z\",\"modified\":\"%s\",\"pattern_type\":\"stix\",\"pattern\":\"%s\","
        "\"valid_from\":\"2024-01-01T00:00:00Z\",\"confidence\":70,\"name\":\"Alder's beacon\"%s}",
        id, modified, pattern, revoked ? ",\"revoked\":true" : "");
    const LoadOptions options = {.now = G_GINT64_CONSTANT(1714557600000000)};
    LoadOutcome outcome = LOAD_OTHER;
    g_autoptr(Object) object =
        object_read(json, strlen(json), OBJECT_SPEC_21, OBJECT_LENIENT, NULL);
    g_assert_nonnull(object);
    if (!detector_add_object(detector, object, "birch", MARKING_TLP_GREEN, &options, &outcome,
                             error))
        g_assert_true(error && *error);
    return outcome;
}

static Detector *new_detector(void)
{
    const EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    return detector_new(&options);
}

static void note_hit(gpointer user, const DetectorIndicator *indicator, const EvaluateHit *hit)
{
    g_string_append_printf(user, "%.11s%s%u ", indicator->id + strlen("indicator--"),
                           hit->observations[hit->n - 1]->id, hit->n);
    g_assert_cmpstr(indicator->source, ==, "birch");
    g_assert_cmpstr(indicator->name, ==, "Alder's beacon");
    g_assert_cmpint(indicator->confidence, ==, 70);
    g_assert_cmpint(indicator->tlp, ==, MARKING_TLP_GREEN);
}

static void set_end(ObservationEnd *end, const char *address, guint16 port)
{
    end->known = observable_address_parse(address, strlen(address), &end->address);
    end->port = port;
}

static void test_records(void)
{
    g_autoptr(Detector) detector = new_detector();
    g_autoptr(GString) hits = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    add(detector, ID(1), "2024-01-01T00:00:00Z", FALSE,
        "[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port = 443]",
        &error);
    add(detector, ID(2), "2024-01-01T00:00:00Z", FALSE,
        "[domain-name:value = 'alder.example'] FOLLOWEDBY "
        "[network-traffic:dst_ref.value = '198.51.100.7/32'] WITHIN 5 SECONDS",
        &error);
    add(detector, ID(3), "2024-01-01T00:00:00Z", FALSE, "[ipv4-addr:value = '198.51.100.7']",
        &error);
    g_assert_no_error(error);
    detector_finish(detector);
    g_assert_cmpuint(detector_size(detector), ==, 3);

    Observation look_up = {.time = G_GINT64_CONSTANT(1714557600000000), .format = "zeek"};
    observation_add(&look_up, OBSERVABLE_DOMAIN, "WWW.Alder.example.", 18, "query",
                    "domain-name:value");
    observation_add(&look_up, OBSERVABLE_DOMAIN, "ALDER.example", 13, "query", "domain-name:value");
    g_assert_true(detector_feed_observation(detector, &look_up, "a", note_hit, hits));
    g_assert_cmpstr(hits->str, ==, "");

    Observation flow = {.time = look_up.time + G_USEC_PER_SEC, .protocol = "tcp"};
    set_end(&flow.source, "192.0.2.1", 40000);
    set_end(&flow.destination, "198.51.100.7", 443);
    g_assert_true(detector_feed_observation(detector, &flow, "b", note_hit, hits));
    g_assert_cmpstr(hits->str, ==, "11111111-11b1 21111111-11b2 31111111-11b1 ");

    flow.time = 0;
    g_assert_false(detector_feed_observation(detector, &flow, "c", note_hit, hits));
}

static void test_versions(void)
{
    g_autoptr(Detector) detector = new_detector();
    g_autoptr(GError) error = NULL;
    static const char first[] = "2024-01-01T00:00:00Z", second[] = "2024-02-01T00:00:00Z";

    g_assert_cmpint(add(detector, ID(1), second, FALSE, "[a:b = 1]", &error), ==, LOAD_TAKEN);
    g_assert_cmpint(add(detector, ID(1), first, FALSE, "[a:b = 2]", &error), ==, LOAD_TAKEN);
    g_assert_cmpint(add(detector, ID(2), second, TRUE, "[a:b = 1]", &error), ==, LOAD_OUT_OF_DATE);
    g_assert_cmpint(add(detector, ID(2), first, FALSE, "[a:b = 2]", &error), ==, LOAD_TAKEN);
    g_assert_cmpint(add(detector, ID(3), first, FALSE, "[a:b = 2]", &error), ==, LOAD_TAKEN);
    g_assert_cmpint(add(detector, ID(3), second, TRUE, "[a:b = 2]", &error), ==, LOAD_OUT_OF_DATE);
    g_assert_no_error(error);
    add(detector, ID(4), first, FALSE, "[a:b MATCHES '(']", &error);
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, ID(4) ": $.pattern: MATCHES"));
    detector_finish(detector);
    g_assert_cmpuint(detector_size(detector), ==, 1);
}

/* What fields make, as JSON. */
static char *made(const char *const *fields)
{
    g_autoptr(ObservedFields) made_fields = observed_fields_new();
    observed_fields_begin(made_fields, "x", 0);
    for (; *fields; fields += 2)
        g_assert_true(observed_fields_add(made_fields, fields[0], fields[1], strlen(fields[1])));
    g_autoptr(Observed) observed = observed_fields_end(made_fields);
    g_assert_cmpstr(observed->id, ==, "x");
    g_assert_cmpuint(observed->count, ==, 1);
    char *json = yyjson_val_write(observed->inside, 0, NULL);
    char *copy = g_strdup(json);
    free(json);
    return copy;
}

#define MADE(expected, ...)                                                                        \
    do {                                                                                           \
        g_autofree char *json = made((const char *const[]){__VA_ARGS__, NULL});                    \
        g_assert_cmpstr(json, ==, expected);                                                       \
    } while (0)

static void test_fields(void)
{
    MADE("{\"0\":{\"type\":\"network-traffic\",\"dst_ref\":\"1\",\"dst_port\":443,\"protocols\":"
         "[\"tcp\",\"tls\"]},\"1\":{\"type\":\"ipv6-addr\",\"value\":\"2001:db8::1\"}}",
         "network-traffic:dst_ref.value", "2001:db8::1", "network-traffic:dst_port", "443",
         "network-traffic:protocols[*]", "tcp", "network-traffic:protocols[*]", "tls");
    /* A second value begins a second object; names may be addresses. */
    MADE("{\"0\":{\"type\":\"url\",\"value\":\"a\"},\"1\":{\"type\":\"url\",\"value\":\"b\"},"
         "\"2\":{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.1\"},"
         "\"3\":{\"type\":\"ipv6-addr\",\"value\":\"::1\"},"
         "\"4\":{\"type\":\"domain-name\",\"value\":\"alder.example\"}}",
         "url:value", "a", "url:value", "b", "domain-name:value", "192.0.2.1",
         OBSERVED_FIELDS_ADDRESS, "::1", "domain-name:value", "ALDER.example.");
    MADE("{\"0\":{\"type\":\"network-traffic\",\"extensions\":{\"http-request-ext\":{"
         "\"request_header\":{\"User-Agent\":\"x\\\"\"},\"request_value\":\"/\"}},\"is_active\":"
         "true,\"src_port\":\"many\"}}",
         "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", "x\"",
         "network-traffic:extensions.'http-request-ext'.request_value", "/",
         "network-traffic:is_active", "TRUE", "network-traffic:src_port", "many");
    MADE("{\"0\":{\"type\":\"email-message\",\"from_ref\":\"1\",\"to_refs\":[\"2\",\"3\"]},"
         "\"1\":{\"type\":\"email-addr\",\"value\":\"a@alder.example\"},"
         "\"2\":{\"type\":\"email-addr\",\"value\":\"b@alder.example\"},"
         "\"3\":{\"type\":\"email-addr\",\"value\":\"c@alder.example\"}}",
         "email-message:from_ref.value", "a@alder.example", "email-message:to_refs[*].value",
         "b@alder.example", "email-message:to_refs[*].value", "c@alder.example");
    MADE("{\"0\":{\"type\":\"file\",\"hashes\":{\"MD5\":\"00ff\"},\"size\":5}}", "file:hashes.MD5",
         "00FF", "file:size", "5");

    g_autoptr(ObservedFields) fields = observed_fields_new();
    observed_fields_begin(fields, NULL, 0);
    g_assert_false(observed_fields_add(fields, "query", "x", 1));
    g_assert_false(observed_fields_add(fields, "a:b] OR [c:d", "x", 1));
    g_assert_true(observed_fields_add(fields, "a:b", "\xff", 1));
    for (guint i = 1; i < OBSERVED_FIELDS_MAX; i++)
        g_assert_true(observed_fields_add(fields, "a:b", "x", 1));
    g_assert_false(observed_fields_add(fields, "a:b", "x", 1));
    g_autoptr(Observed) observed = observed_fields_end(fields);
    g_assert_cmpuint(observed->objects->len, ==, OBSERVED_FIELDS_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/detector/records", test_records);
    g_test_add_func("/detector/versions", test_versions);
    g_test_add_func("/detector/fields", test_fields);
    return g_test_run();
}
