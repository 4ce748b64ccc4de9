#include "server/monitor.h"

#include <stdio.h>
#include <unistd.h>

#include "identity/role.h"
#include "server/problem.h"
#include "store/witness.h"

Reply *monitor_health(ApiCall *call, GError **error)
{
    static const char body[] = "{\"status\":\"ok\",\"version\":\"" CONCERT_VERSION "\"}";
    return reply_new(200, "application/json", NEGOTIATE_IDENTITY, body, NULL, 0);
}

/* Bytes of this process in memory, or 0. */
static guint64 resident_bytes(void)
{
    guint64 size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &size, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return resident * (guint64)sysconf(_SC_PAGESIZE);
}

/* The counts as they are now: other threads go on counting. */
static ApiCounts read_counts(const Api *api)
{
    ApiCounts counts;
    G_STATIC_ASSERT(sizeof counts % sizeof(guint64) == 0);
    for (gsize i = 0; i < sizeof counts / sizeof(guint64); i++)
        ((guint64 *)&counts)[i] =
            __atomic_load_n((const guint64 *)&api->counts + i, __ATOMIC_RELAXED);
    return counts;
}

static void append_metric(GString *text, const char *name, const char *type, const char *help,
                          guint64 value)
{
    g_string_append_printf(
        text, "# HELP concert_%s %s\n# TYPE concert_%s %s\nconcert_%s %" G_GUINT64_FORMAT "\n",
        name, help, name, type, name, value);
}

Reply *monitor_metrics(ApiCall *call, GError **error)
{
    Api *api = call->api;
    if (!http_is_loopback(call->request) && !(call->principal->actions & ROLE_ACTION_MEASURE))
        return call->principal->anonymous ? problem_unauthorized(NULL)
                                          : problem_reply(403, "for auditors and administrators");
    GuardStats guard;
    CacheStats cache;
    WriterStats writer;
    http_guard_stats(api->http, &guard);
    cache_stats(api->cache, &cache);
    writer_stats(api->writer, &writer);
    const ApiCounts counts = read_counts(api);
    WitnessSummary witness = {0};
    if (!witness_summary(api->store, &witness, error))
        return NULL;
    const struct {
        const char *name, *type, *help;
        guint64 value;
    } metrics[] = {
        {"start_time_seconds", "gauge", "When the server was started.",
         (guint64)(api->started / G_USEC_PER_SEC)},
        {"resident_memory_bytes", "gauge", "Memory of the process.", resident_bytes()},
        {"connections", "gauge", "Connections open now.", guard.connections},
        {"connections_accepted_total", "counter", "Connections accepted.", guard.accepted},
        {"connections_refused_total", "counter", "Connections over a bound.", guard.refused},
        {"connections_late_total", "counter", "Connections cut at a deadline.", guard.disconnected},
        {"http_requests_total", "counter", "Requests ended.", counts.requests},
        {"http_response_bytes_total", "counter", "Bytes of bodies sent.", counts.bytes},
        {"http_aborted_total", "counter", "Requests that ended without an answer.",
         counts.by_class[0]},
        {"over_address_rate_total", "counter", "Requests refused: too many from an address.",
         counts.over_address_rate},
        {"over_account_rate_total", "counter", "Requests refused: too many of an account.",
         counts.over_account_rate},
        {"cosigned_total", "counter", "Checkpoints of others that were cosigned.", counts.cosigned},
        {"cosign_refused_total", "counter", "Checkpoints of others that were not cosigned.",
         counts.cosign_refused},
        {"witness_frozen_logs", "gauge", "Logs that have signed two trees; a person has to decide.",
         witness.frozen},
        {"witness_failing", "gauge", "Witnesses that did not cosign when last asked.",
         witness.failing},
        {"login_failures_total", "counter", "Log-ins that failed.", login_failures(api->login)},
        {"cache_hits_total", "counter", "Replies found in the cache.", cache.hits},
        {"cache_misses_total", "counter", "Replies not found in the cache.", cache.misses},
        {"cache_bytes", "gauge", "Size of the cache.", cache.bytes},
        {"writer_requests_total", "counter", "Requests to the writer.", writer.requests},
        {"writer_failures_total", "counter", "Requests the writer undid.", writer.failures},
        {"writer_commits_total", "counter", "Transactions committed.", writer.commits},
        {"writer_waiting", "gauge", "Requests waiting for the writer.", writer.waiting},
        {"taxii_objects_added_total", "counter", "Objects taken from POSTs.", counts.objects_added},
        {"taxii_objects_rejected_total", "counter", "Objects in POSTs that were no good.",
         counts.objects_rejected},
    };
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
        append_metric(text, metrics[i].name, metrics[i].type, metrics[i].help, metrics[i].value);
    g_string_append(text, "# HELP concert_http_responses_total Answers by class of status.\n"
                          "# TYPE concert_http_responses_total counter\n");
    for (guint i = 2; i < G_N_ELEMENTS(counts.by_class); i++)
        g_string_append_printf(
            text, "concert_http_responses_total{class=\"%uxx\"} %" G_GUINT64_FORMAT "\n", i,
            counts.by_class[i]);
    gsize length = text->len;
    return reply_new(200, "text/plain; version=0.0.4; charset=utf-8", call->coding, NULL,
                     g_string_free(text, FALSE), length);
}
