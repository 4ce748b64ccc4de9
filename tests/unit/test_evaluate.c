#include "stix/evaluate.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/timestamp.h"

/* An evaluator that waits for observations in any order. */
static Evaluate *new_patient(void)
{
    EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    options.lateness = G_MAXINT64 / 4;
    return evaluate_new(&options);
}

typedef struct {
    guint hits;
    GString *ids; /* of the last hit, with blanks between */
    guint n;
} Result;

static void note_hit(gpointer user, const EvaluateHit *hit)
{
    Result *result = user;
    result->hits++;
    result->n = hit->n;
    g_string_truncate(result->ids, 0);
    for (guint i = 0; i < hit->n; i++)
        g_string_append_printf(result->ids, "%s%s", i > 0 ? " " : "",
                               hit->observations[i]->id ? hit->observations[i]->id : "-");
}

/* Shows one observed-data, or all of a bundle. */
static void feed(Evaluate *evaluate, yyjson_val *value, Result *result)
{
    g_autoptr(ObservedPool) pool = observed_pool_new();
    const char *type = yyjson_get_str(yyjson_obj_get(value, "type"));
    if (g_strcmp0(type, "bundle") != 0) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Observed) observed = observed_read(value, NULL, &error);
        g_assert_no_error(error);
        evaluate_feed(evaluate, observed, note_hit, result);
        return;
    }
    observed_pool_add_bundle(pool, value);
    yyjson_val *objects = yyjson_obj_get(value, "objects"), *object;
    size_t i, n;
    yyjson_arr_foreach (objects, i, n, object) {
        if (g_strcmp0(yyjson_get_str(yyjson_obj_get(object, "type")), "observed-data") != 0)
            continue;
        g_autoptr(GError) error = NULL;
        g_autoptr(Observed) observed = observed_read(object, pool, &error);
        g_assert_no_error(error);
        evaluate_feed(evaluate, observed, note_hit, result);
    }
}

/* "match", "no-match", "parse-error" or "match-error". */
static const char *outcome(const char *text, gboolean stix20, yyjson_val *observations,
                           Result *result)
{
    g_autoptr(GError) error = NULL;
    Pattern *pattern = stix20 ? pattern_parse_20(text, strlen(text), &error)
                              : pattern_parse(text, strlen(text), &error);
    if (!pattern)
        return "parse-error";
    g_autoptr(Evaluate) evaluate = new_patient();
    if (!evaluate_add(evaluate, pattern, NULL, &error))
        return "match-error";
    yyjson_val *value;
    size_t i, n;
    yyjson_arr_foreach (observations, i, n, value)
        feed(evaluate, value, result);
    const EvaluateCounts *counts = evaluate_counts(evaluate);
    g_assert_cmpuint(counts->given_up, ==, 0);
    g_assert_cmpuint(counts->forgotten, ==, 0);
    if (counts->problems > 0)
        return "match-error";
    return result->hits > 0 ? "match" : "no-match";
}

static void expect(const char *text, yyjson_val *observations, const char *expected)
{
    Result result = {.ids = g_string_new(NULL)};
    const char *got = outcome(text, FALSE, observations, &result);
    if (strcmp(got, expected) != 0)
        g_error("%s: %s instead of %s", text, got, expected);
    g_string_free(result.ids, TRUE);
}

/* Expects @answer of each pattern, which stand alone on lines of @patterns. */
static void expect_all(const char *json, const char *answer, const char *const *patterns, gsize n)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    g_assert_nonnull(doc);
    for (gsize i = 0; i < n; i++)
        expect(patterns[i], yyjson_doc_get_root(doc), answer);
    yyjson_doc_free(doc);
}

#define EXPECT(json, answer, ...)                                                                  \
    do {                                                                                           \
        static const char *const patterns[] = {__VA_ARGS__};                                       \
        expect_all(json, answer, patterns, G_N_ELEMENTS(patterns));                                \
    } while (0)

#define TIMES                                                                                      \
    "\"first_observed\":\"2024-01-01T00:00:00Z\",\"last_observed\":\"2024-01-01T00:00:00Z\","      \
    "\"number_observed\":1"
#define ONE(object) "[{\"type\":\"observed-data\"," TIMES ",\"objects\":{\"0\":" object "}}]"

static const char thing[] =
    ONE("{\"type\":\"x\",\"s\":\"hello\",\"i\":5,\"f\":5.5,\"whole\":12.0,\"t\":true,"
        "\"when\":\"2024-05-01T10:00:00.1234567Z\",\"huge\":9007199254740993,"
        "\"p_hex\":\"616c\",\"p_bin\":\"YWw=\",\"odd_hex\":\"61c\",\"u\":\"\\u0103l\","
        "\"n\":null,\"list\":[1,\"two\",[3]],\"dict\":{\"a.b\":\"v\",\"k\":{\"l\":7}},"
        "\"lines\":\"one\\ntwo\",\"ip\":\"198.51.100.7\",\"net\":\"198.51.100.0/25\","
        "\"ip6\":\"2001:db8::1\"}");

static void test_equality(void)
{
    EXPECT(thing, "match", "[x:s = 'hello']", "[x:s != 'Hello']", "[x:i = 5]", "[x:i = 5.0]",
           "[x:whole = 12]", "[x:f != 5]", "[x:t = true]", "[x:t != false]", "[x:s != 5]",
           "[x:i != '5']", "[x:t != 1]", "[x:n != 'a']", "[x:list != 'a']", "[x:s NOT = 'a']",
           "[x:s NOT != 'hello']", "[x:huge = 9007199254740993]", "[x:dict != 1]");
    EXPECT(thing, "no-match", "[x:s = 'hell']", "[x:s = 'hello ']", "[x:i = '5']", "[x:s = 5]",
           "[x:t = 1]", "[x:i = true]", "[x:n = 'a']", "[x:list = 1]", "[x:absent = 1]",
           "[x:absent != 1]", "[y:s = 'hello']", "[x:s != 'hello']", "[x:s NOT = 'hello']",
           "[x:huge = 9007199254740992]", "[x:huge = 9007199254740994]");
}

static void test_order(void)
{
    EXPECT(thing, "match", "[x:i > 4]", "[x:i >= 5]", "[x:i < 5.01]", "[x:i <= 5]", "[x:f > 5]",
           "[x:s > 'hell']", "[x:s < 'hellp']", "[x:s >= 'hello']", "[x:s > 'Z']", "[x:u > 'z']",
           "[x:i NOT > 5]", "[x:huge > 9007199254740992]");
    /* Without an order neither holds, NOT or not. */
    EXPECT(thing, "no-match", "[x:i > 5]", "[x:i < 5]", "[x:s < 'hello']", "[x:s > 'hello!']",
           "[x:s > 4]", "[x:i > 'a']", "[x:i NOT > 'a']", "[x:n > 1]", "[x:n NOT < 1]",
           "[x:list > 0]", "[x:i NOT >= 5]");
}

static void test_octets(void)
{
    EXPECT(thing, "match", "[x:p_hex = 'al']", "[x:p_hex = h'616c']", "[x:p_hex = b'YWw=']",
           "[x:p_bin = 'al']", "[x:p_bin = h'616C']", "[x:p_bin < 'am']", "[x:p_hex >= h'616c']",
           "[x:p_hex != '616c']", "[x:s = h'68656c6c6f']", "[x:s > b'YQ==']",
           "[x:p_hex MATCHES '^\\\\x61l$']", "[x:p_bin LIKE '_l']", "[x:p_bin NOT LIKE 'b%']",
           "[x:p_bin IN ('x', 'al')]", "[x:u != h'61']", "[x:odd_hex != 'a']",
           "[x:p_hex NOT MATCHES '\u0103']", "[x:p_hex NOT > '\u0103']", "[x:i != h'05']");
    EXPECT(thing, "no-match", "[x:p_hex = '616c']", "[x:u = h'61']", "[x:u > h'61']",
           "[x:p_hex = '\u0103']", "[x:p_hex > '\u0103']", "[x:p_hex MATCHES '\u0103']",
           "[x:odd_hex = 'a']", "[x:odd_hex LIKE '%']", "[x:i = h'05']", "[x:i < b'AQ==']");
}

static void test_times(void)
{
    EXPECT(thing, "match", "[x:when > t'2024-05-01T10:00:00Z']",
           "[x:when = t'2024-05-01T10:00:00.123456700Z']",
           "[x:when > t'2024-05-01T10:00:00.123456Z']",
           "[x:when < t'2024-05-01T10:00:00.1234568Z']",
           "[x:when IN (t'2020-01-01T00:00:00Z', t'2024-05-01T10:00:00.1234567Z')]",
           "[x:i != t'2024-05-01T10:00:00Z']", "[x:when = '2024-05-01T10:00:00.1234567Z']");
    EXPECT(thing, "no-match", "[x:when = t'2024-05-01T10:00:00.123456Z']",
           "[x:when < t'2024-05-01T10:00:00Z']", "[x:i = t'2024-05-01T10:00:00Z']",
           "[x:i < t'2024-05-01T10:00:00Z']");
    EXPECT(thing, "match-error", "[x:s = t'2024-05-01T10:00:00Z']",
           "[x:s != t'2024-05-01T10:00:00Z']", "[x:s IN (t'2024-05-01T10:00:00Z')]",
           "[x:s > t'2024-05-01T10:00:00Z']");
}

static void test_sets(void)
{
    EXPECT(thing, "match", "[x:i IN (1, 5.0)]", "[x:s IN ('a', 'hello')]", "[x:s NOT IN ('a')]",
           "[x:s NOT IN (1, 2)]", "[x:t IN (true)]", "[x:s NOT IN ()]", "[x:n NOT IN (1)]");
    EXPECT(thing, "no-match", "[x:i IN (1, 6)]", "[x:s IN ()]", "[x:i NOT IN (5)]",
           "[x:i IN ('5')]", "[x:t IN (1)]");
    EXPECT(thing, "match-error", "[x:s IN (1, 'a')]", "[x:s IN (true, 1)]",
           "[x:s IN ('a', h'00')]");
}

static void test_like(void)
{
    EXPECT(thing, "match", "[x:s LIKE 'hello']", "[x:s LIKE 'h%']", "[x:s LIKE '%o']",
           "[x:s LIKE '%l%l%']", "[x:s LIKE '_____']", "[x:s LIKE 'h%%o%']", "[x:s LIKE '%']",
           "[x:lines LIKE 'one%two']", "[x:u LIKE '__']", "[x:u LIKE '_l']",
           "[x:u LIKE 'a\u0306l']", "[x:i NOT LIKE 'a']", "[x:s NOT LIKE 'x%']");
    EXPECT(thing, "no-match", "[x:s LIKE 'hell']", "[x:s LIKE 'h_o']", "[x:s LIKE '______']",
           "[x:s LIKE 'H%']", "[x:s LIKE '']", "[x:i LIKE '5']", "[x:s LIKE 'h.*']",
           "[x:s LIKE '%l%l%l%']", "[x:n LIKE '%']");
}

static void test_matches(void)
{
    EXPECT(thing, "match", "[x:s MATCHES 'l+']", "[x:s MATCHES '^h.*o$']", "[x:s MATCHES '']",
           "[x:lines MATCHES 'one.two']", "[x:u MATCHES '^a\u0306.$']", "[x:i NOT MATCHES '5']",
           "[x:s NOT MATCHES 'z']", "[x:s MATCHES '(?i)HELLO']");
    EXPECT(thing, "no-match", "[x:s MATCHES '^l']", "[x:i MATCHES '5']", "[x:n MATCHES '']",
           "[x:s NOT MATCHES 'l']", "[x:s MATCHES 'HELLO']");
    EXPECT(thing, "match-error", "[x:s MATCHES '(']",
           "[x:s MATCHES 'a{2}{']  AND [x:s MATCHES '[']");
}

static void test_ranges(void)
{
    EXPECT(thing, "match", "[x:ip ISSUBSET '198.51.100.0/24']", "[x:ip ISSUBSET '0.0.0.0/0']",
           "[x:ip ISSUBSET '198.51.100.7']", "[x:net ISSUBSET '198.51.100.0/24']",
           "[x:net ISSUPERSET '198.51.100.1']", "[x:net ISSUPERSET '198.51.100.64/26']",
           "[x:net ISSUPERSET '198.51.100.0/25']", "[x:ip6 ISSUBSET '2001:db8::/33']",
           "[x:ip NOT ISSUBSET '192.0.2.0/24']", "[x:ip NOT ISSUBSET '2001:db8::/32']",
           "[x:i NOT ISSUBSET '192.0.2.0/24']", "[x:ip ISSUBSET '198.51.100.6/31']");
    EXPECT(thing, "no-match", "[x:ip ISSUBSET '198.51.100.8/29']",
           "[x:net ISSUBSET '198.51.100.0/26']", "[x:net ISSUPERSET '198.51.100.128']",
           "[x:net ISSUPERSET '198.51.100.0/24']", "[x:ip6 ISSUBSET '0.0.0.0/0']",
           "[x:i ISSUBSET '0.0.0.0/0']");
    EXPECT(thing, "match-error", "[x:s ISSUBSET '192.0.2.0/24']", "[x:ip ISSUBSET 'hello']");
}

static void test_exists(void)
{
    EXPECT(thing, "match", "[EXISTS x:s]", "[EXISTS x:list[2]]", "[NOT EXISTS x:absent]",
           "[EXISTS x:dict.k.l]", "[EXISTS x:n]", "[x:s = 'hello' AND NOT EXISTS x:list[3]]");
    EXPECT(thing, "no-match", "[EXISTS x:absent]", "[NOT EXISTS x:s]", "[NOT EXISTS y:s]",
           "[EXISTS x:list[3]]", "[EXISTS x:s.a]");
}

static void test_paths(void)
{
    EXPECT(thing, "match", "[x:list[0] = 1]", "[x:list[*] = 'two']", "[x:list[2][0] = 3]",
           "[x:list[*][*] = 3]", "[x:dict.'a.b' = 'v']", "[x:dict.k.l = 7]",
           "[x:list[*] != 'two']");
    EXPECT(thing, "no-match", "[x:list[1] = 1]", "[x:list = 'two']", "[x:dict[*] = 'v']",
           "[x:dict.a.b = 'v']", "[x:s[0] = 'h']", "[x:list[99999999999] = 1]");
}

static void test_objects(void)
{
    static const char two[] =
        "[{\"type\":\"observed-data\"," TIMES ",\"objects\":{"
        "\"0\":{\"type\":\"x\",\"a\":1,\"b\":2},\"1\":{\"type\":\"x\",\"a\":3,\"b\":4},"
        "\"2\":{\"type\":\"y\",\"a\":1}}}]";
    /* All comparisons are about one object. */
    EXPECT(two, "match", "[x:a = 1 AND x:b = 2]", "[x:a = 1 AND (x:b = 4 OR x:b = 2)]",
           "[x:a = 9 OR y:a = 1]", "[x:a = 1 OR x:a = 9 AND x:b = 9]", "[x:a != 1]");
    EXPECT(two, "no-match", "[x:a = 1 AND x:b = 4]", "[x:a = 1 AND y:a = 1]",
           "[(x:a = 1 OR x:a = 9) AND x:b = 4]");
}

static void test_references(void)
{
    static const char mail[] =
        "[{\"type\":\"bundle\",\"id\":\"b\",\"objects\":["
        "{\"type\":\"observed-data\",\"id\":\"od\"," TIMES
        ",\"object_refs\":[\"f1\",\"f2\",\"gone\"]},"
        "{\"type\":\"file\",\"id\":\"f1\",\"name\":\"alder\",\"parent_ref\":\"d1\","
        "\"hashes\":{\"X-1\":\"aa\"},\"extensions\":{\"zip-ext\":{\"in_refs\":[\"f2\",\"f1\","
        "\"gone\"],\"note\":\"n\"}}},"
        "{\"type\":\"file\",\"id\":\"f2\",\"name\":\"birch\",\"parent_ref\":\"f1\"},"
        "{\"type\":\"directory\",\"id\":\"d1\",\"path\":\"/tmp\"},"
        "{\"type\":\"file\",\"id\":\"f3\",\"name\":\"cedar\"}]}]";
    EXPECT(mail, "match", "[file:parent_ref.path = '/tmp']", "[file:parent_ref.name = 'alder']",
           "[file:parent_ref.parent_ref.path = '/tmp']", "[file:parent_ref = 'd1']",
           "[file:hashes.'X-1' = 'aa']", "[file:extensions.'zip-ext'.note = 'n']",
           "[file:extensions.'zip-ext'.in_refs[0].name = 'birch']",
           "[file:extensions.'zip-ext'.in_refs[*].name = 'alder']",
           "[file:extensions.'zip-ext'.in_refs[*].parent_ref.name = 'alder']",
           "[NOT EXISTS file:hashes]", "[EXISTS file:extensions.'zip-ext'.in_refs[2]]");
    EXPECT(mail, "no-match", "[directory:path = '/tmp']", "[file:name = 'cedar']",
           "[file:extensions.'zip-ext'.in_refs[2].name = 'alder']",
           "[file:extensions.'zip-ext'.in_refs.name = 'alder']", "[file:name.path = '/tmp']",
           "[bundle:id = 'b']", "[observed-data:number_observed = 1]");
}

static void test_addresses(void)
{
    static const char addresses[] =
        "[{\"type\":\"observed-data\"," TIMES ",\"objects\":{"
        "\"0\":{\"type\":\"ipv4-addr\",\"value\":\"198.51.100.7\"},"
        "\"1\":{\"type\":\"ipv6-addr\",\"value\":\"2001:DB8:0::1\"},"
        "\"2\":{\"type\":\"note\",\"value\":\"192.0.2.1\"},"
        "\"3\":{\"type\":\"network-traffic\",\"dst_ref\":\"0\",\"dst_port\":443}}}]";
    EXPECT(addresses, "match", "[ipv4-addr:value = '198.51.100.7']",
           "[ipv4-addr:value = '198.51.100.7/32']", "[ipv6-addr:value = '2001:db8::1']",
           "[ipv6-addr:value = '2001:db8::1/128']", "[ipv4-addr:value IN ('198.51.100.7/32')]",
           "[network-traffic:dst_ref.value = '198.51.100.7/32' AND network-traffic:dst_port=443]",
           "[note:value = '192.0.2.1']");
    EXPECT(addresses, "no-match", "[ipv4-addr:value = '198.51.100.7/31']",
           "[ipv4-addr:value != '198.51.100.7/32']", "[note:value = '192.0.2.1/32']",
           "[ipv4-addr:value = '198.51.100.0/24']");
}

/* Observations of objects {type: p, n: name}, at seconds, as "name:first-last*count". */
static yyjson_doc *sightings(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GString) json = g_string_new("[");
    for (guint i = 0; words[i]; i++) {
        g_auto(GStrv) parts = g_strsplit_set(words[i], ":-*", -1);
        char first[TIMESTAMP_MAX], last[TIMESTAMP_MAX];
        gboolean lasts = strchr(words[i], '-') != NULL, often = strchr(words[i], '*') != NULL;
        double begin = g_ascii_strtod(parts[1], NULL);
        double end = lasts ? g_ascii_strtod(parts[2], NULL) : begin;
        timestamp_format(first, (gint64)(begin * G_USEC_PER_SEC), 6);
        timestamp_format(last, (gint64)(end * G_USEC_PER_SEC), 6);
        g_string_append_printf(json,
                               "%s{\"type\":\"observed-data\",\"id\":\"%s%s\",\"first_observed\":"
                               "\"%s\",\"last_observed\":\"%s\",\"number_observed\":%s,"
                               "\"objects\":{\"0\":{\"type\":\"p\",\"n\":\"%s\"}}}",
                               i > 0 ? "," : "", parts[0], parts[1], first, last,
                               often ? parts[lasts ? 3 : 2] : "1", parts[0]);
    }
    g_string_append_c(json, ']');
    yyjson_doc *doc = yyjson_read(json->str, json->len, 0);
    g_assert_nonnull(doc);
    return doc;
}

/* The pattern's text with [a] for [p:n = 'a']. */
static char *spell_out(const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new("\\[([a-z])\\]", 0, 0, NULL);
    return g_regex_replace(regex, text, -1, 0, "[p:n = '\\1']", 0, NULL);
}

/* What the last hit of @pattern over @seen names; "" when there is none. Each order of the
 * observations must come to the same answer. */
static void bound(const char *pattern, const char *seen, const char *expected)
{
    Result result = {.ids = g_string_new(NULL)};
    yyjson_doc *doc = sightings(seen);
    g_autofree char *text = spell_out(pattern);
    const char *got = outcome(text, FALSE, yyjson_doc_get_root(doc), &result);
    if (strcmp(got, *expected ? "match" : "no-match") != 0 ||
        strcmp(result.ids->str, expected) != 0)
        g_error("%s over %s: %s %s instead of %s", pattern, seen, got, result.ids->str, expected);
    yyjson_doc_free(doc);
    g_string_free(result.ids, TRUE);
}

static void test_and(void)
{
    bound("[a] AND [b]", "a:1 b:2", "a1 b2");
    bound("[a] AND [b]", "b:1 a:2", "b1 a2");
    bound("[a] AND [b]", "a:1 a:2", "");
    bound("[a] AND [a]", "a:1", "");
    bound("[a] AND [a]", "a:1*2", "a1");
    bound("[a] AND [a]", "a:1 b:3 a:2", "a1 a2");
    bound("[a] AND [p:n IN ('a','b')]", "a:1 b:2", "a1 b2");
    bound("[p:n IN ('a','b')] AND [a]", "a:1 b:2", "a1 b2");
    bound("[p:n IN ('a','b')] AND [a]", "b:1 b:2", "");
    bound("[p:n IN ('a','b')] AND [p:n IN ('b','c')] AND [p:n IN ('a','c')]", "a:1 b:2", "");
    bound("[p:n IN ('a','b')] AND [p:n IN ('b','c')] AND [p:n IN ('a','c')]", "a:1 b:2 c:3",
          "a1 b2 c3");
    bound("([a] AND [b]) AND ([b] AND [a])", "a:1 b:2 a:3", "");
    bound("([a] AND [b]) AND ([b] AND [a])", "a:1 b:2 a:3 b:4", "a1 b2 a3 b4");
}

static void test_or(void)
{
    bound("[a] OR [b]", "c:1 b:2", "b2");
    bound("[a] OR [b]", "c:1", "");
    bound("[a] AND ([b] OR [c])", "a:1 c:2", "a1 c2");
    bound("[a] OR [b] AND [c]", "b:1 c:2", "b1 c2");
    bound("([a] OR [b] AND [c]) REPEATS 2 TIMES", "b:1 a:2", "");
    bound("([a] OR [b] AND [c]) REPEATS 2 TIMES", "b:1 a:2 c:3", "b1 a2 c3");
    bound("([a] OR [b] AND [c]) REPEATS 2 TIMES", "a:1*2", "a1");
}

static void test_followedby(void)
{
    bound("[a] FOLLOWEDBY [b]", "a:1 b:2", "a1 b2");
    bound("[a] FOLLOWEDBY [b]", "b:2 a:1", "a1 b2");
    bound("[a] FOLLOWEDBY [b]", "b:1 a:2", "");
    bound("[a] FOLLOWEDBY [b]", "a:2 b:2", "a2 b2");
    /* What lasted may have been in time. */
    bound("[a] FOLLOWEDBY [b]", "a:1-9 b:3", "a1 b3");
    bound("[a] FOLLOWEDBY [b]", "a:3 b:1-9", "b1 a3");
    bound("[a] FOLLOWEDBY [b]", "a:3-9 b:1-2", "");
    bound("[a] FOLLOWEDBY [b] FOLLOWEDBY [c]", "a:1 c:2 b:3", "");
    bound("[a] FOLLOWEDBY [b] FOLLOWEDBY [c]", "a:1 c:2 b:3 c:4", "a1 b3 c4");
    bound("[a] FOLLOWEDBY [b] FOLLOWEDBY [c]", "c:6 b:5 a:1", "a1 b5 c6");
    /* Each against each, not only neighbours: b lasts over both. */
    bound("[a] FOLLOWEDBY [b] FOLLOWEDBY [c]", "a:5 b:1-9 c:2", "");
    bound("([a] AND [b]) FOLLOWEDBY [c]", "a:1 c:2 b:3", "");
    bound("([a] AND [b]) FOLLOWEDBY [c]", "a:1 b:2 c:3", "a1 b2 c3");
    bound("[c] FOLLOWEDBY ([a] AND [b])", "a:1 c:2 b:3 a:4", "c2 b3 a4");
    bound("[a] FOLLOWEDBY [a]", "a:1", "");
    bound("[a] FOLLOWEDBY [a]", "a:1*2", "a1");
    bound("([a] OR [b]) FOLLOWEDBY [c]", "b:1 c:2 a:3", "b1 c2");
    bound("[a] FOLLOWEDBY [b] AND [c]", "c:1 a:2 b:3", "");
    bound("([a] FOLLOWEDBY [b]) AND [c]", "c:1 a:2 b:3", "c1 a2 b3");
    bound("([a] FOLLOWEDBY [b]) REPEATS 2 TIMES", "a:1 a:2 b:3", "");
    bound("([a] FOLLOWEDBY [b]) REPEATS 2 TIMES", "a:1 b:2 a:3 b:4", "a1 b2 a3 b4");
    /* The first b is of use to the second a only if the first a leaves it. */
    bound("([a] FOLLOWEDBY [b]) REPEATS 2 TIMES", "a:1 a:2 b:3 b:2", "a1 b2 a2 b3");
}

static void test_within(void)
{
    bound("([a] AND [b]) WITHIN 5 SECONDS", "a:1 b:6", "a1 b6");
    bound("([a] AND [b]) WITHIN 5 SECONDS", "a:1 b:7", "");
    bound("([a] AND [b]) WITHIN 4.9999 SECONDS", "a:1 b:6", "");
    bound("([a] AND [b]) WITHIN 5 SECONDS", "a:1 b:7 a:8", "b7 a8");
    bound("([a] AND [b]) WITHIN 5 SECONDS", "a:20 b:7 b:24", "a20 b24");
    bound("[a] WITHIN .001 SECONDS", "a:1-50", "a1");
    bound("[a] AND [b] WITHIN 1 SECONDS", "a:1 b:50", "a1 b50");
    bound("([a] AND [b]) WITHIN 2 SECONDS", "a:1-3 b:5-9", "a1 b5");
    bound("([a] AND [b]) WITHIN 2 SECONDS", "a:1-3 b:6-9", "");
    bound("([a] AND [b] AND [c]) WITHIN 2 SECONDS", "a:1 b:3 c:5", "");
    bound("([a] AND [b] AND [c]) WITHIN 2 SECONDS", "a:1 b:3 c:5 a:4", "b3 a4 c5");
    bound("([a] FOLLOWEDBY [b]) WITHIN 2 SECONDS", "b:3 a:4 a:2", "a2 b3");
    bound("([a] FOLLOWEDBY [b]) WITHIN 2 SECONDS", "b:3 a:4 a:0", "");
    bound("([a] AND [b]) WITHIN 2 SECONDS FOLLOWEDBY [c]", "a:1 b:2 c:99", "a1 b2 c99");
    bound("([a] FOLLOWEDBY [b]) WITHIN 1 SECONDS OR [c] AND [d]", "c:1 a:3 d:50", "c1 d50");
    bound("(([a] AND [b]) WITHIN 2 SECONDS AND [c]) WITHIN 5 SECONDS", "a:1 b:4 c:5", "");
    bound("(([a] AND [b]) WITHIN 2 SECONDS AND [c]) WITHIN 5 SECONDS", "a:1 b:4 c:5 a:3",
          "a3 b4 c5");
}

static void test_repeats(void)
{
    bound("[a] REPEATS 3 TIMES", "a:1 a:2", "");
    bound("[a] REPEATS 3 TIMES", "a:1 a:2 a:3", "a1 a2 a3");
    bound("[a] REPEATS 3 TIMES", "a:1 b:2 a:3*2", "a1 a3");
    bound("[a] REPEATS 3 TIMES", "a:1*1000000", "a1");
    bound("[a] REPEATS 3 TIMES WITHIN 5 SECONDS", "a:1 a:3 a:7", "");
    bound("[a] REPEATS 3 TIMES WITHIN 5 SECONDS", "a:1 a:3 a:7 a:8", "a3 a7 a8");
    bound("[a] REPEATS 3 TIMES WITHIN 5 SECONDS", "a:8 a:1 a:7 a:3", "a3 a7 a8");
    bound("[a] REPEATS 2 TIMES AND [a]", "a:1 a:2", "");
    bound("[a] REPEATS 2 TIMES AND [a]", "a:1 a:2 a:3", "a1 a2 a3");
    bound("[a] REPEATS 2 TIMES FOLLOWEDBY [b]", "a:1 b:2 a:3", "");
    bound("[a] REPEATS 2 TIMES FOLLOWEDBY [b]", "a:1 b:2 a:3 b:4", "a1 a3 b4");
    bound("([a] REPEATS 2 TIMES) REPEATS 2 TIMES", "a:1 a:2 a:3", "");
    bound("([a] REPEATS 2 TIMES) REPEATS 2 TIMES", "a:1 a:2 a:3 a:4", "a1 a2 a3 a4");
    bound("([a] REPEATS 2 TIMES WITHIN 1 SECONDS) REPEATS 2 TIMES", "a:1 a:2 a:5 a:7", "");
    bound("([a] REPEATS 2 TIMES WITHIN 1 SECONDS) REPEATS 2 TIMES", "a:1 a:2 a:5 a:6",
          "a1 a2 a5 a6");
    bound("([a] AND [b]) REPEATS 2 TIMES", "a:1 b:2 b:3 a:4", "a1 b2 b3 a4");
}

static void test_start_stop(void)
{
#define BETWEEN " START t'1970-01-01T00:00:05Z' STOP t'1970-01-01T00:00:10Z'"
    bound("[a]" BETWEEN, "a:4 a:10", "");
    bound("[a]" BETWEEN, "a:5", "a5");
    bound("[a]" BETWEEN, "a:9.999", "a9.999");
    bound("[a]" BETWEEN, "a:1-5", "a1");
    bound("[a]" BETWEEN, "a:10-20", "");
    bound("[a]" BETWEEN, "a:1-20", "a1");
    bound("([a] AND [b])" BETWEEN, "a:6 b:4", "");
    bound("[a] AND [b]" BETWEEN, "a:4 b:6", "a4 b6");
    bound("[a] REPEATS 2 TIMES" BETWEEN, "a:4 a:6", "");
    bound("[a] REPEATS 2 TIMES" BETWEEN, "a:4 a:6 a:7", "a6 a7");
    bound("[a] START t'1970-01-01T00:00:05Z' STOP t'1970-01-01T00:00:05Z'", "a:5", "");
    bound("[a] START t'1970-01-01T00:00:09Z' STOP t'1970-01-01T00:00:05Z'", "a:1-20", "");
#undef BETWEEN
}

static void check_refused(const char *text, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *spelt = spell_out(text);
    Pattern *pattern = pattern_parse(spelt, strlen(spelt), &error);
    g_assert_no_error(error);
    g_autoptr(Evaluate) evaluate = new_patient();
    g_assert_false(evaluate_add(evaluate, pattern, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, code);
    g_assert_nonnull(strstr(error->message, message));
    g_assert_cmpuint(evaluate_size(evaluate), ==, 0);
}

static void test_refused(void)
{
    check_refused("([a] AND [b]) WITHIN 0 SECONDS", CONCERT_ERROR_INPUT, "WITHIN");
    check_refused("[a] WITHIN 0 SECONDS", CONCERT_ERROR_INPUT, "WITHIN");
    check_refused("[a] REPEATS 0 TIMES", CONCERT_ERROR_INPUT, "REPEATS");
    check_refused("([a] AND [b]) REPEATS 501 TIMES", CONCERT_ERROR_LIMIT, "1000");
    check_refused("[x:y IN (1, 'a')]", CONCERT_ERROR_INPUT, "several types: a");
    check_refused("[x:y MATCHES '(']", CONCERT_ERROR_INPUT, "regular expression");
    check_refused("[x:y ISSUBSET 'alder']", CONCERT_ERROR_INPUT, "alder");
}

/* Feeds the sightings to one pattern and gives what was counted. */
static EvaluateCounts stream(const char *pattern_text, const EvaluateOptions *options,
                             const char *seen, guint *ret_hits)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = spell_out(pattern_text);
    g_autoptr(Evaluate) evaluate = evaluate_new(options);
    Result result = {.ids = g_string_new(NULL)};
    g_assert_true(evaluate_add(evaluate, pattern_parse(text, strlen(text), &error), NULL, &error));
    yyjson_doc *doc = sightings(seen);
    yyjson_val *value;
    size_t i, n;
    yyjson_arr_foreach (yyjson_doc_get_root(doc), i, n, value)
        feed(evaluate, value, &result);
    yyjson_doc_free(doc);
    g_string_free(result.ids, TRUE);
    *ret_hits = result.hits;
    return *evaluate_counts(evaluate);
}

static char *many(const char *name, guint from, guint to)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = from; i < to; i++)
        g_string_append_printf(text, "%s%s:%u", i > from ? " " : "", name, i);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_memory(void)
{
    EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    guint hits;
    g_autofree char *as = many("a", 1, 2001);
    g_autofree char *as_then_b = g_strconcat(as, " b:2001", NULL);

    /* Only so many as can matter. */
    EvaluateCounts counts = stream("[a] FOLLOWEDBY [b]", &options, as_then_b, &hits);
    g_assert_cmpuint(hits, ==, 1);
    g_assert_cmpuint(counts.kept, <=, 4);
    g_assert_cmpuint(counts.forgotten, ==, 0);

    /* Only what the window and the lateness hold. */
    options.lateness = 10 * G_USEC_PER_SEC;
    counts = stream("([a] AND [b]) WITHIN 20 SECONDS", &options, as_then_b, &hits);
    g_assert_cmpuint(hits, ==, 1);
    g_assert_cmpuint(counts.kept, <=, 33);
    g_assert_cmpuint(counts.forgotten, ==, 0);

    /* One that is later than that is counted, for its counterpart may have gone; one that is not
     * so late is not. */
    counts = stream("([a] AND [b]) WITHIN 2 SECONDS", &options, "a:1 a:50 b:2", &hits);
    g_assert_cmpuint(hits, ==, 0);
    g_assert_cmpuint(counts.forgotten, ==, 1);
    counts = stream("([a] AND [b]) WITHIN 2 SECONDS", &options, "a:41 a:50 b:42", &hits);
    g_assert_cmpuint(hits, ==, 1);
    g_assert_cmpuint(counts.forgotten, ==, 0);
    /* Branches have their own windows. */
    counts = stream("([a] AND [b]) WITHIN 2 SECONDS OR ([c] AND [d]) WITHIN 1000 SECONDS", &options,
                    "a:1 a:500 a:502 c:503 d:504", &hits);
    g_assert_cmpuint(hits, ==, 1);
    g_assert_cmpuint(counts.forgotten, ==, 0);

    /* The bound itself. */
    options.most = 100;
    counts = stream("([a] AND [b]) WITHIN 3000 SECONDS", &options, as, &hits);
    g_assert_cmpuint(counts.kept, <=, 100);
    g_assert_cmpuint(counts.forgotten, >, 0);
    options.most = 1000;
    options.most_altogether = 50;
    counts = stream("([a] AND [b]) WITHIN 3000 SECONDS", &options, as, &hits);
    g_assert_cmpuint(counts.kept, <=, 51);
    g_assert_cmpuint(counts.forgotten, >, 0);

    /* Patterns of one observation keep nothing. */
    counts = stream("[a] OR [b]", &options, as_then_b, &hits);
    g_assert_cmpuint(hits, ==, 2001);
    g_assert_cmpuint(counts.kept, ==, 0);
}

/* Whatever is asked for, an answer comes soon, or its lack is counted. */
static void test_bounded(void)
{
    EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    guint hits;
    g_autofree char *as = many("a", 1, 301);
    gint64 before = g_get_monotonic_time();

    EvaluateCounts counts =
        stream("([p:n IN ('a','b')] FOLLOWEDBY [p:n IN ('a','c')] FOLLOWEDBY [p:n IN ('a','d')] "
               "FOLLOWEDBY [p:n = 'z']) REPEATS 3 TIMES WITHIN 100 SECONDS",
               &options, as, &hits);
    g_assert_cmpuint(hits, ==, 0);
    counts = stream("[a] REPEATS 150 TIMES WITHIN 200 SECONDS", &options, as, &hits);
    g_assert_cmpuint(hits, ==, 151);
    g_assert_cmpuint(counts.given_up, ==, 0);
    /* 30 are asked of 25: which take which is tried in vain, but not to the end. */
    g_autofree char *few = many("a", 1, 26);
    g_autofree char *then_c = g_strconcat(few, " c:100 c:101 c:102 c:103 c:104 c:105", NULL);
    counts = stream("[p:n IN ('a', 'x')] REPEATS 15 TIMES AND [p:n IN ('a', 'y')] REPEATS 15 TIMES "
                    "AND [c]",
                    &options, then_c, &hits);
    g_assert_cmpuint(hits, ==, 0);
    g_assert_cmpuint(counts.given_up, >, 0);
    g_assert_cmpint(g_get_monotonic_time() - before, <, 10 * G_USEC_PER_SEC);
}

static void test_catastrophic_regex(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Evaluate) evaluate = new_patient();
    Result result = {.ids = g_string_new(NULL)};
    static const char text[] = "[x:s MATCHES '^(a+)+$']";
    g_assert_true(evaluate_add(evaluate, pattern_parse(text, strlen(text), &error), NULL, &error));
    g_autofree char *as = g_strnfill(2000, 'a');
    g_autofree char *json = g_strconcat("{\"type\":\"observed-data\"," TIMES
                                        ",\"objects\":{\"0\":{\"type\":\"x\",\"s\":\"",
                                        as, "!\"}}}", NULL);
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    gint64 before = g_get_monotonic_time();
    for (guint i = 0; i < 50; i++)
        feed(evaluate, yyjson_doc_get_root(doc), &result);
    yyjson_doc_free(doc);
    g_assert_cmpuint(result.hits, ==, 0);
    g_assert_cmpuint(evaluate_counts(evaluate)->problems, ==, 50);
    g_assert_nonnull(strstr(evaluate_counts(evaluate)->problem, "switched off"));
    g_assert_cmpint(g_get_monotonic_time() - before, <, 5 * G_USEC_PER_SEC);
    g_string_free(result.ids, TRUE);
}

/* References that lead in circles. */
static void test_circles(void)
{
    EXPECT("[{\"type\":\"observed-data\"," TIMES ",\"objects\":{\"0\":{\"type\":\"x\",\"r_refs\":"
           "[\"0\",\"0\",\"0\",\"0\"],\"r_ref\":\"0\",\"n\":1}}}]",
           "match-error",
           "[x:r_refs[*].r_refs[*].r_refs[*].r_refs[*].r_refs[*].r_refs[*].r_refs[*].r_refs[*]"
           ".n = 2]");
    EXPECT("[{\"type\":\"observed-data\"," TIMES ",\"objects\":{\"0\":{\"type\":\"x\",\"r_ref\":"
           "\"0\",\"n\":1}}}]",
           "match", "[x:r_ref.r_ref.r_ref.r_ref.r_ref.n = 1]");
}

static void test_observed(void)
{
    static const struct {
        const char *json, *error;
    } wrong[] = {
        {"{}", "$.first_observed: it is missing"},
        {"{\"first_observed\":\"now\"}", "$.first_observed: this is no timestamp"},
        {"{\"first_observed\":\"2024-01-02T00:00:00Z\",\"last_observed\":\"2024-01-01T00:00:00Z\"}",
         "$.last_observed: it is before"},
        {"{\"first_observed\":\"2024-01-02T00:00:00Z\",\"number_observed\":0}",
         "$.number_observed"},
        {"{\"first_observed\":\"2024-01-02T00:00:00Z\",\"number_observed\":1e9}",
         "$.number_observed"},
        {"{\"first_observed\":\"2024-01-02T00:00:00Z\",\"number_observed\":-1}",
         "$.number_observed"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        yyjson_doc *doc = yyjson_read(wrong[i].json, strlen(wrong[i].json), 0);
        g_assert_null(observed_read(yyjson_doc_get_root(doc), NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_true(g_str_has_prefix(error->message, wrong[i].error));
        yyjson_doc_free(doc);
    }
}

/* What the index leaves out could not have matched: the same hits as of each pattern alone. */
static void test_index(void)
{
    static const char *const patterns[] = {
        "[p:n = 'a']",
        "[p:n IN ('a', 'b')]",
        "[p:n = 'a' OR p:n > 'x']",
        "[p:n > 'b' AND p:n = 'c']",
        "[p:n != 'a']",
        "[q:n = 'a' OR p:n = 'b']",
        "[q:n = 'a' AND p:n = 'b']",
        "[NOT EXISTS p:m]",
        "[p:n NOT IN ('a')]",
        "([p:n = 'a'] FOLLOWEDBY [p:n = 'b']) WITHIN 3 SECONDS",
        "[p:n IN ()]",
        "[p:n = h'61']",
        "[p:n = 'a' AND (p:n = 'a' OR p:n LIKE 'b%')]",
    };
    yyjson_doc *doc = sightings("a:1 b:2 c:3 b:4 z:5 a:6 b:30 a:31");
    g_autoptr(Evaluate) all = new_patient();
    Result together = {.ids = g_string_new(NULL)}, alone = {.ids = g_string_new(NULL)};
    yyjson_val *value;
    size_t i, n;

    for (gsize p = 0; p < G_N_ELEMENTS(patterns); p++) {
        g_autoptr(GError) error = NULL;
        outcome(patterns[p], FALSE, yyjson_doc_get_root(doc), &alone);
        g_assert_true(evaluate_add(all, pattern_parse(patterns[p], strlen(patterns[p]), &error),
                                   NULL, &error));
    }
    yyjson_arr_foreach (yyjson_doc_get_root(doc), i, n, value)
        feed(all, value, &together);
    g_assert_cmpuint(together.hits, ==, alone.hits);
    g_assert_cmpuint(alone.hits, ==, 43);
    /* 8 observations and 14 brackets. */
    g_assert_cmpuint(evaluate_counts(all)->asked, <, 8 * 14 * 2 / 3);
    yyjson_doc_free(doc);
    g_string_free(together.ids, TRUE);
    g_string_free(alone.ids, TRUE);
}

/* Cases of cases.json where Concert answers otherwise than they say, and why. */
static const struct {
    const char *id, *answer, *why;
} exceptions[] = {
    {"sp-0679", "parse-error",
     "REPEATS twice on one expression: section 9.4 forbids it in 2.1, and the OASIS validator "
     "refuses it; only the matcher takes it"},
};

static const char *expected_answer(const char *id, const char *expected)
{
    for (gsize i = 0; i < G_N_ELEMENTS(exceptions); i++)
        if (strcmp(exceptions[i].id, id) == 0)
            return exceptions[i].answer;
    return expected;
}

static gboolean same_answer(const char *got, const char *expected)
{
    /* Whether a mistake is found when reading or when asking is not told apart. */
    if (g_str_has_suffix(expected, "-error"))
        return g_str_has_suffix(got, "-error");
    return strcmp(got, expected) == 0;
}

static void check_match_case(yyjson_val *item, guint *failures)
{
    const char *id = yyjson_get_str(yyjson_obj_get(item, "id"));
    const char *text = yyjson_get_str(yyjson_obj_get(item, "pattern"));
    const char *expected = expected_answer(id, yyjson_get_str(yyjson_obj_get(item, "expect")));
    gboolean stix20 = yyjson_equals_str(yyjson_obj_get(item, "stix_version"), "2.0");
    yyjson_val *ids = yyjson_obj_get(item, "expect_observed_data_ids");
    yyjson_val *count = yyjson_obj_get(item, "expect_observed_data_count");
    Result result = {.ids = g_string_new(NULL)};

    const char *got = outcome(text, stix20, yyjson_obj_get(item, "observed_data"), &result);
    gboolean right = same_answer(got, expected);
    if (count && result.n != yyjson_get_uint(count))
        right = FALSE;
    /* Some expect an id that no observation of theirs has. */
    const char *first = yyjson_get_str(yyjson_arr_get_first(ids));
    if (first && !g_str_has_prefix(result.ids->str, "-") && strcmp(result.ids->str, first) != 0)
        right = FALSE;
    if (!right) {
        g_test_message("%s: %s: %s (%s) instead of %s", id, text, got, result.ids->str, expected);
        ++*failures;
    }
    g_string_free(result.ids, TRUE);
}

/* Whether intervals lie within a duration, asked as an AND of as many observations. */
static void check_interval_case(yyjson_val *item, guint *failures)
{
    g_autoptr(GString) pattern = g_string_new("(");
    g_autoptr(GString) seen = g_string_new(NULL);
    yyjson_val *interval;
    size_t i, n;
    yyjson_arr_foreach (yyjson_obj_get(item, "intervals"), i, n, interval) {
        g_string_append_printf(pattern, "%s[%c]", i > 0 ? " AND " : "", (char)('a' + i));
        g_string_append_printf(seen, "%s%c:%d-%d", i > 0 ? " " : "", (char)('a' + i),
                               yyjson_get_int(yyjson_arr_get(interval, 0)),
                               yyjson_get_int(yyjson_arr_get(interval, 1)));
    }
    int duration = yyjson_get_int(yyjson_obj_get(item, "duration"));
    /* The language knows no 0; less than a microsecond is. */
    g_string_append_printf(pattern, ") WITHIN %d%s SECONDS", duration,
                           duration == 0 ? ".0000001" : "");
    Result result = {.ids = g_string_new(NULL)};
    yyjson_doc *doc = sightings(seen->str);
    g_autofree char *text = spell_out(pattern->str);
    const char *got = outcome(text, FALSE, yyjson_doc_get_root(doc), &result);
    if (!yyjson_equals_str(yyjson_obj_get(item, "expect"), got)) {
        g_test_message("%s: %s: %s", yyjson_get_str(yyjson_obj_get(item, "id")), text, got);
        ++*failures;
    }
    yyjson_doc_free(doc);
    g_string_free(result.ids, TRUE);
}

static void test_corpus(void)
{
    const char *data = getenv("CONCERT_DATA");
    g_autofree char *path = data ? g_build_filename(data, "patterns", "cases.json", NULL) : NULL;
    yyjson_doc *doc = path ? yyjson_read_file(path, 0, NULL, NULL) : NULL;
    if (!doc) {
        g_print("# SKIP the OASIS matcher's cases: no CONCERT_DATA/patterns/cases.json\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    guint failures = 0, matches = 0, intervals = 0;
    yyjson_val *item;
    size_t i, n;
    yyjson_arr_foreach (yyjson_obj_get(yyjson_doc_get_root(doc), "cases"), i, n, item) {
        const char *kind = yyjson_get_str(yyjson_obj_get(item, "kind"));
        if (strcmp(kind, "match") == 0) {
            check_match_case(item, &failures);
            matches++;
        } else if (strcmp(kind, "interval-within") == 0) {
            check_interval_case(item, &failures);
            intervals++;
        }
    }
    yyjson_doc_free(doc);
    g_test_message("%u match cases, %u interval cases, %u failures", matches, intervals, failures);
    g_assert_cmpuint(failures, ==, 0);
    g_assert_cmpuint(matches, >, 500);
    g_assert_cmpuint(intervals, >, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluate/equality", test_equality);
    g_test_add_func("/evaluate/order", test_order);
    g_test_add_func("/evaluate/octets", test_octets);
    g_test_add_func("/evaluate/times", test_times);
    g_test_add_func("/evaluate/sets", test_sets);
    g_test_add_func("/evaluate/like", test_like);
    g_test_add_func("/evaluate/matches", test_matches);
    g_test_add_func("/evaluate/ranges", test_ranges);
    g_test_add_func("/evaluate/exists", test_exists);
    g_test_add_func("/evaluate/paths", test_paths);
    g_test_add_func("/evaluate/objects", test_objects);
    g_test_add_func("/evaluate/references", test_references);
    g_test_add_func("/evaluate/addresses", test_addresses);
    g_test_add_func("/evaluate/and", test_and);
    g_test_add_func("/evaluate/or", test_or);
    g_test_add_func("/evaluate/followedby", test_followedby);
    g_test_add_func("/evaluate/within", test_within);
    g_test_add_func("/evaluate/repeats", test_repeats);
    g_test_add_func("/evaluate/start-stop", test_start_stop);
    g_test_add_func("/evaluate/refused", test_refused);
    g_test_add_func("/evaluate/memory", test_memory);
    g_test_add_func("/evaluate/bounded", test_bounded);
    g_test_add_func("/evaluate/catastrophic-regex", test_catastrophic_regex);
    g_test_add_func("/evaluate/circles", test_circles);
    g_test_add_func("/evaluate/observed", test_observed);
    g_test_add_func("/evaluate/index", test_index);
    g_test_add_func("/evaluate/corpus", test_corpus);
    return g_test_run();
}
