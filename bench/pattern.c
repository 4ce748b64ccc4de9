/* pattern.c - many STIX patterns over a stream of observations.
 *
 *   bench-pattern [PATTERNS [OBSERVATIONS]]     (10,000 each)
 *
 * Patterns as indicators have them: 84 in 100 test one value (address, domain, URL, hash) for
 * equality, the others several values of one object, ranges, LIKE, MATCHES, and sequences with
 * WITHIN and REPEATS. One observation in ten has a value that some pattern names. Prints how long
 * reading the patterns and looking at the observations took, and what the same takes when each
 * pattern is asked about each observation (a hundredth of the observations, multiplied). */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "stix/evaluate.h"
#include "stix/evaluate_plan.h"

#define SAMPLE 100

static char *make_pattern(guint i)
{
    guint a = i / 65536 % 256, b = i / 256 % 256, c = i % 256;
    switch (i % 25) {
    case 0:
        return g_strdup_printf("[ipv4-addr:value = '10.%u.%u.%u' AND ipv4-addr:x_seen > 3]", a, b,
                               c);
    case 1:
        return g_strdup_printf("([domain-name:value = 'c%u.alder.example'] FOLLOWEDBY "
                               "[network-traffic:dst_ref.value = '10.%u.%u.%u']) WITHIN 60 SECONDS",
                               i, a, b, c);
    case 2:
        return g_strdup_printf("[network-traffic:dst_ref.value = '10.%u.%u.%u' AND "
                               "network-traffic:dst_port = 443] REPEATS 5 TIMES WITHIN 300 SECONDS",
                               a, b, c);
    case 3:
        return i % 250 == 3 ? g_strdup_printf(
                                  "[domain-name:value MATCHES '^[a-z]{%u}\\\\.birch\\\\.example$']",
                                  10 + i % 7)
               : i % 250 == 28 ? g_strdup_printf("[url:value LIKE '%%/gate%u.php']", i)
               : i % 250 == 53 ? g_strdup_printf("[ipv4-addr:value ISSUBSET '10.%u.%u.0/28']", a, b)
                               : g_strdup_printf("[url:value = 'http://c%u.alder.example/x']", i);
    default:
        break;
    }
    switch (i % 4) {
    case 0:
        return g_strdup_printf("[ipv4-addr:value = '10.%u.%u.%u']", a, b, c);
    case 1:
        return g_strdup_printf("[domain-name:value = 'c%u.alder.example']", i);
    case 2:
        return g_strdup_printf("[url:value = 'http://c%u.alder.example/x']", i);
    default:
        return g_strdup_printf("[file:hashes.'SHA-256' = '%064x']", i);
    }
}

static yyjson_doc *make_observation(guint i, guint patterns)
{
    char time[TIMESTAMP_MAX];
    gboolean known = i % 10 == 0;
    guint n = known ? i / 10 * 7919U % patterns : i + patterns;
    timestamp_format(time, G_GINT64_CONSTANT(1714557600000000) + (gint64)i * 100000, 6);
    g_autofree char *json = g_strdup_printf(
        "{\"type\":\"observed-data\",\"id\":\"observed-data--%u\",\"first_observed\":\"%s\","
        "\"last_observed\":\"%s\",\"number_observed\":1,\"objects\":{"
        "\"0\":{\"type\":\"ipv4-addr\",\"value\":\"%u.%u.%u.%u\",\"x_seen\":%u},"
        "\"1\":{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.%u\"},"
        "\"2\":{\"type\":\"network-traffic\",\"src_ref\":\"1\",\"dst_ref\":\"0\",\"dst_port\":443,"
        "\"protocols\":[\"tcp\"]},"
        "\"3\":{\"type\":\"domain-name\",\"value\":\"c%u.%s.example\",\"resolves_to_refs\":[\"0\"]}"
        ","
        "\"4\":{\"type\":\"url\",\"value\":\"http://c%u.%s.example/x\"},"
        "\"5\":{\"type\":\"file\",\"hashes\":{\"SHA-256\":\"%064x\"}}}}",
        i, time, time, known ? 10 : 11, n / 65536 % 256, n / 256 % 256, n % 256, i % 7, i % 256, n,
        known ? "alder" : "cedar", n, known ? "alder" : "cedar", n);
    return yyjson_read(json, strlen(json), 0);
}

static void ignore_hit(gpointer user, const EvaluateHit *hit)
{
}

static double seconds_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* Each bracket of each pattern asked about @observed, without an index. */
static guint ask_all(const GPtrArray *plans, const Observed *observed)
{
    EvaluateTrouble trouble = {0};
    guint held = 0;
    for (guint i = 0; i < plans->len; i++) {
        const EvaluatePlan *plan = plans->pdata[i];
        for (guint leaf = 0; leaf < plan->leaves->len; leaf++)
            held += (guint)evaluate_test_holds(evaluate_plan_leaf(plan, leaf)->test, observed,
                                               &trouble);
    }
    return held;
}

int main(int argc, char **argv)
{
    guint patterns = argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 10000;
    guint observations = argc > 2 ? (guint)strtoul(argv[2], NULL, 10) : 10000;
    EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    g_autoptr(Evaluate) evaluate = evaluate_new(&options);
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)evaluate_plan_free);
    g_autoptr(GPtrArray) docs = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);

    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < patterns; i++) {
        g_autofree char *text = make_pattern(i);
        g_autoptr(GError) error = NULL;
        Pattern *pattern = pattern_parse(text, strlen(text), &error);
        if (!pattern || !evaluate_add(evaluate, pattern, NULL, &error))
            g_error("%s: %s", text, error->message);
        g_ptr_array_add(plans, evaluate_plan_new(pattern, NULL));
    }
    double compiled = seconds_since(start);
    for (guint i = 0; i < observations; i++)
        g_ptr_array_add(docs, make_observation(i, patterns));

    start = g_get_monotonic_time();
    for (guint i = 0; i < docs->len; i++) {
        g_autoptr(Observed) observed =
            observed_read(yyjson_doc_get_root(docs->pdata[i]), NULL, NULL);
        evaluate_feed(evaluate, observed, ignore_hit, NULL);
    }
    double fed = seconds_since(start);

    start = g_get_monotonic_time();
    guint held = 0, sampled = 0;
    for (guint i = 0; i < docs->len; i += SAMPLE, sampled++) {
        g_autoptr(Observed) observed =
            observed_read(yyjson_doc_get_root(docs->pdata[i]), NULL, NULL);
        held += ask_all(plans, observed);
    }
    double bare = seconds_since(start) * docs->len / MAX(sampled, 1);

    const EvaluateCounts *counts = evaluate_counts(evaluate);
    printf("%u patterns read and planned twice in %.2f s\n", patterns, compiled);
    printf("%u observations in %.3f s: %.0f a second, %.1f brackets asked each, %" G_GUINT64_FORMAT
           " hits, %" G_GUINT64_FORMAT " kept\n",
           docs->len, fed, docs->len / fed, (double)counts->asked / MAX(docs->len, 1), counts->hits,
           counts->kept);
    printf("without the index %.1f s (%u brackets held in the sample): %.0f times as long\n", bare,
           held, bare / fed);
    return counts->given_up + counts->forgotten + counts->problems > 0;
}
