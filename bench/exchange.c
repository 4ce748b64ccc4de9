/* exchange.c - how fast nodes follow each other, seen from a peer.
 *
 *   bench-exchange follow NODE PEER      NODE, that nobody serves, follows PEER over a connection
 *                                        that is there already. Prints "ready", waits for a line on
 *                                        stdin, follows until there is nothing new; then asks the
 *                                        same again, to count its bytes, and asks for nothing new
 *   bench-exchange publish AUTHOR READER objects whose ids are on stdin are sent one by one from
 *                                        AUTHOR to READER, both served, and looked for there
 *   bench-exchange make NODE COUNT       makes COUNT peers of NODE, that nobody serves
 *   bench-exchange peers NODE COUNT SECONDS   these peers follow NODE, that is served, while
 *                                        objects whose ids are on stdin are sent to them
 *
 * Prints lines of "name value"; times are milliseconds, bytes those of HTTP, headers included. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exchange_bench.h"
#include "node/exchange_pull.h"
#include "node/node.h"
#include "store/ledger_read.h"
#include "store/peers.h"
#include "store/records.h"

#define IDLE_QUESTIONS  200
#define POLL_US         300
#define ARRIVE_MAX_US   (30 * G_USEC_PER_SEC)
#define PAUSE_US        (30 * 1000) /* between two that are published, and up to as much again */
#define QUESTION_BYTES  (8 * 1024 * 1024)
#define REQUEST_SECONDS 60

static int compare(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double exchange_bench_quantile(GArray *values, double share)
{
    if (values->len == 0)
        return 0;
    g_array_sort(values, compare);
    return g_array_index(values, double, (guint)((values->len - 1) * share));
}

GPtrArray *exchange_bench_lines(void)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    char line[256];
    while (fgets(line, sizeof line, stdin))
        g_ptr_array_add(lines, g_strdup(g_strstrip(line)));
    return lines;
}

gboolean exchange_bench_send(Node *node, const char *const *to, const char *id, guint64 *ret_entry,
                             GError **error)
{
    g_autoptr(GString) params = g_string_new("{\"title\":\"bench\",\"to\":[");
    for (guint i = 0; to[i]; i++)
        g_string_append_printf(params, "%s\"%s\"", i > 0 ? "," : "", to[i]);
    g_string_append_printf(params, "],\"ids\":[\"%s\"]}", id);
    g_autofree char *result = NULL;
    if (!node_call(node, "dispatch.send", params->str, &result, error))
        return FALSE;
    yyjson_doc *doc = yyjson_read(result, strlen(result), 0);
    yyjson_val *entry = yyjson_arr_get_first(yyjson_obj_get(yyjson_doc_get_root(doc), "entries"));
    gboolean good = yyjson_is_uint(entry);
    if (good)
        *ret_entry = yyjson_get_uint(entry);
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "dispatch.send: %s", result);
    yyjson_doc_free(doc);
    return good;
}

static double ms_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / 1e3;
}

/* --- following ---------------------------------------------------------------------------------
 */

/* One question over the line of @post, whose answer nobody accepts. */
static gboolean ask(ExchangePost *post, const NoteSigner *messenger, const Peer *peer,
                    ExchangePostResult *ret_result, GError **error)
{
    g_autofree char *body = g_strdup_printf("{\"from\":%" G_GUINT64_FORMAT
                                            ",\"size\":%" G_GUINT64_FORMAT ",\"max\":%d}",
                                            peer->cursor, peer->size, QUESTION_BYTES);
    const ExchangePostRequest request = {
        .path = "/exchange/v1/follow", .body = body, .length = strlen(body)};
    g_auto(ExchangePostResult) result = {0};
    if (!exchange_post(post, messenger, peer, &request, &result, error))
        return FALSE;
    if (result.http.status != 200 && result.http.status != 204) {
        g_autofree char *reason = exchange_post_reason(&result);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: %s", peer->node, reason);
        return FALSE;
    }
    *ret_result = result;
    result = (ExchangePostResult){0};
    return TRUE;
}

static gboolean measure_idle(ExchangePost *post, const NoteSigner *messenger, const Peer *peer,
                             GError **error)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    guint64 sent = 0, received = 0;
    for (guint i = 0; i < IDLE_QUESTIONS; i++) {
        g_auto(ExchangePostResult) result = {0};
        gint64 start = g_get_monotonic_time();
        if (!ask(post, messenger, peer, &result, error))
            return FALSE;
        double ms = ms_since(start);
        if (result.http.status != 204 || result.http.connected) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: status %u%s", peer->node,
                        result.http.status,
                        result.http.connected ? ": the connection did not last" : "");
            return FALSE;
        }
        g_array_append_val(times, ms);
        sent = MAX(sent, result.http.sent);
        received = MAX(received, result.http.received);
    }
    printf("idle_p50 %.3f\nidle_p95 %.3f\n", exchange_bench_quantile(times, 0.5),
           exchange_bench_quantile(times, 0.95));
    printf("idle_sent %" G_GUINT64_FORMAT "\nidle_received %" G_GUINT64_FORMAT "\n", sent,
           received);
    return TRUE;
}

static gboolean measure_follow(Node *node, const char *name, ExchangePost *post, GError **error)
{
    const ExchangePull pull = {
        .config = node_config(node), .notary = node_notary(node), .post = post};
    const NoteSigner *messenger = notary_messenger(node_notary(node), error);
    ExchangePullCounts counts;
    char line[16];
    if (!messenger || !exchange_pull(&pull, name, &counts, error))
        return FALSE;
    g_autoptr(Peer) before = peers_get(node_store(node), name, error);
    if (!before)
        return FALSE;
    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        return TRUE;
    gint64 start = g_get_monotonic_time();
    if (!exchange_pull(&pull, name, &counts, error))
        return FALSE;
    double ms = ms_since(start);
    g_auto(ExchangePostResult) again = {0};
    g_autoptr(Peer) after = peers_get(node_store(node), name, error);
    if (!after || !ask(post, messenger, before, &again, error))
        return FALSE;
    printf("changes_ms %.3f\nchanges_stored %" G_GUINT64_FORMAT "\nchanges_wire %" G_GUINT64_FORMAT
           "\n",
           ms, counts.stored, again.http.sent + again.http.received);
    return measure_idle(post, messenger, after, error);
}

static gboolean run_follow(char **arguments, GError **error)
{
    const ExchangePostOptions options = {.allow_private = TRUE,
                                         .timeout_seconds = REQUEST_SECONDS,
                                         .max_bytes = FOLLOWER_ANSWER_MAX};
    g_autoptr(Node) node = node_open(arguments[0], NODE_SERVE, error);
    g_autoptr(ExchangePost) post = exchange_post_new(&options);
    return node && measure_follow(node, arguments[1], post, error);
}

/* --- publishing --------------------------------------------------------------------------------
 */

/* Until the reader has committed it. */
static gboolean wait_arrival(Store *store, const char *origin, guint64 entry, GError **error)
{
    gint64 end = g_get_monotonic_time() + ARRIVE_MAX_US;
    while (g_get_monotonic_time() < end) {
        g_autoptr(GError) local = NULL;
        g_autoptr(Record) record = records_get(store, origin, entry, &local);
        if (record)
            return TRUE;
        if (!g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        g_usleep(POLL_US);
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "entry %" G_GUINT64_FORMAT " of %s did not arrive", entry, origin);
    return FALSE;
}

static gboolean run_publish(char **arguments, GError **error)
{
    g_autoptr(Node) author = node_open(arguments[0], NODE_WRITE, error);
    g_autoptr(Node) reader = author ? node_open(arguments[1], NODE_READ, error) : NULL;
    g_auto(LedgerReadState) from = {0}, to = {0};
    if (!reader || !ledger_read_state(node_store(author), &from, error) ||
        !ledger_read_state(node_store(reader), &to, error))
        return FALSE;
    const char *names[] = {to.origin, NULL};
    g_autoptr(GPtrArray) ids = exchange_bench_lines();
    g_autoptr(GArray) arrived = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) sent = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i < ids->len; i++) {
        guint64 entry;
        gint64 start = g_get_monotonic_time();
        if (!exchange_bench_send(author, names, ids->pdata[i], &entry, error))
            return FALSE;
        double sent_ms = ms_since(start);
        if (!wait_arrival(node_store(reader), from.origin, entry, error))
            return FALSE;
        double arrived_ms = ms_since(start);
        g_array_append_val(sent, sent_ms);
        g_array_append_val(arrived, arrived_ms);
        g_usleep(PAUSE_US + (gulong)g_random_int_range(0, PAUSE_US));
    }
    printf("publish_p50 %.3f\npublish_p95 %.3f\nsend_p50 %.3f\n",
           exchange_bench_quantile(arrived, 0.5), exchange_bench_quantile(arrived, 0.95),
           exchange_bench_quantile(sent, 0.5));
    return TRUE;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        gboolean (*run)(char **arguments, GError **error);
    } commands[] = {
        {"follow", 2, run_follow},
        {"publish", 2, run_publish},
        {"make", 2, exchange_bench_make},
        {"peers", 3, exchange_bench_peers},
    };
    for (guint i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(GError) error = NULL;
        if (!g_str_equal(argv[1], commands[i].name) || argc - 2 != commands[i].arguments)
            continue;
        if (commands[i].run(argv + 2, &error))
            return 0;
        g_printerr("bench-exchange %s: %s\n", argv[1], error->message);
        return 2;
    }
    g_printerr("usage: bench-exchange follow NODE PEER | publish AUTHOR READER | make NODE COUNT | "
               "peers NODE COUNT SECONDS\n");
    return 2;
}
