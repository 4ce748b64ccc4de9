/* Exports over HTTP: made once for all who ask at once, with the options that the query names. What
 * they hold is tests/e2e/test_shield_export.py's subject; the threads are the sanitizers'. */
#include "server/shield_http.h"

#include <curl/curl.h>
#include <string.h>

#include "exchange_nodes.h"
#include "identity/token.h"
#include "node/importer.h"
#include "server/once.h"
#include "server/server.h"
#include "server/shield_query.h"
#include "store/consumers.h"

/* --- made once ---------------------------------------------------------------------------------
 */

#define ASKERS 8
#define ROUNDS 200

/* What is made: a number that grows; kept as a cache would. */
typedef struct {
    Once *once;
    GMutex lock;
    GCond changed;
    gboolean open; /* who makes "slow" may end */
    guint made[2], told[2], kept[2], failed;
} Kitchen;

static Kitchen kitchen;
static const char *const dishes[] = {"slow", "quick"};

static void tell(gpointer waiter, gpointer made, const GError *error)
{
    guint which = GPOINTER_TO_UINT(waiter) - 1;
    g_mutex_lock(&kitchen.lock);
    g_assert_true(made ? made == &kitchen && !error : error != NULL);
    kitchen.told[which]++;
    kitchen.failed += error != NULL;
    g_cond_broadcast(&kitchen.changed);
    g_mutex_unlock(&kitchen.lock);
}

static gboolean is_kept(guint which)
{
    g_mutex_lock(&kitchen.lock);
    gboolean kept = kitchen.kept[which] > 0;
    g_mutex_unlock(&kitchen.lock);
    return kept;
}

static void make(guint which)
{
    g_mutex_lock(&kitchen.lock);
    kitchen.made[which]++;
    g_cond_broadcast(&kitchen.changed);
    while (which == 0 && !kitchen.open)
        g_cond_wait(&kitchen.changed, &kitchen.lock);
    kitchen.kept[which] = 1;
    g_mutex_unlock(&kitchen.lock);
}

/* As server/shield_http.c asks. Nobody holds a thread who only waits. */
static void ask(guint which)
{
    if (is_kept(which) || !once_begin(kitchen.once, dishes[which], GUINT_TO_POINTER(which + 1)))
        return;
    if (!is_kept(which))
        make(which);
    once_end(kitchen.once, dishes[which], &kitchen, NULL);
}

static gpointer ask_slow(gpointer unused)
{
    ask(0);
    return NULL;
}

static gpointer ask_quick(gpointer unused)
{
    for (guint i = 0; i < ROUNDS; i++)
        ask(1);
    return NULL;
}

static void test_once(void)
{
    GThread *threads[ASKERS];
    kitchen = (Kitchen){.once = once_new(tell)};
    g_assert_cmpint(once_waiting(kitchen.once, "slow"), ==, -1);
    threads[0] = g_thread_new("slow", ask_slow, NULL);
    g_mutex_lock(&kitchen.lock);
    while (kitchen.made[0] == 0)
        g_cond_wait(&kitchen.changed, &kitchen.lock);
    g_mutex_unlock(&kitchen.lock);

    /* Who asks for the same returns at once, and is told later. */
    for (guint i = 1; i < ASKERS; i++)
        ask(0);
    g_assert_cmpint(once_waiting(kitchen.once, "slow"), ==, ASKERS - 1);
    /* Who asks for something else waits for nobody. */
    GThread *quick[ASKERS];
    for (guint i = 0; i < ASKERS; i++)
        quick[i] = g_thread_new("quick", ask_quick, NULL);
    for (guint i = 0; i < ASKERS; i++)
        g_thread_join(quick[i]);
    g_assert_cmpuint(kitchen.made[1], ==, 1);
    g_assert_cmpuint(kitchen.made[0], ==, 1);
    g_assert_cmpuint(kitchen.told[0], ==, 0);

    g_mutex_lock(&kitchen.lock);
    kitchen.open = TRUE;
    g_cond_broadcast(&kitchen.changed);
    g_mutex_unlock(&kitchen.lock);
    g_thread_join(threads[0]);
    g_assert_cmpuint(kitchen.told[0], ==, ASKERS - 1);
    g_assert_cmpint(once_waiting(kitchen.once, "slow"), ==, -1);

    /* That it could not be made is told, too; then it is made anew. */
    g_autoptr(GError) error = g_error_new(CONCERT_ERROR, CONCERT_ERROR_IO, "no");
    g_assert_true(once_begin(kitchen.once, "bad", NULL));
    g_assert_false(once_begin(kitchen.once, "bad", GUINT_TO_POINTER(1)));
    once_end(kitchen.once, "bad", NULL, error);
    g_assert_cmpuint(kitchen.failed, ==, 1);
    g_assert_true(once_begin(kitchen.once, "bad", NULL));
    once_end(kitchen.once, "bad", &kitchen, NULL);
    once_free(kitchen.once);
}

/* --- the query ---------------------------------------------------------------------------------
 */

static void test_query(void)
{
    static const struct {
        const char *format, *query, *text; /* NULL: refused */
        const char *named;                 /* in the error */
    } cases[] = {
        {"rpz", NULL, "", NULL},
        {"rpz", "", "", NULL},
        {"rpz", "&&", "", NULL},
        {"rpz", "exact", "exact ", NULL},
        {"rpz", "action=nodata&exact", "exact action 1 ", NULL},
        {"rpz", "exact&action=nodata", "exact action 1 ", NULL},
        {"rpz", "redirect=192.0.2.9", "redirect 192.0.2.9", NULL},
        {"rpz", "redirect=garden%2eexample", "redirect garden.example", NULL},
        {"plain", "kind=url&kind=domain", "kinds 30 ", NULL},
        {"plain", "kind=domain&kind=url&kind=url&suppressed", "kinds 30 suppressed ", NULL},
        {"rpz", "zone=x", NULL, "\"zone\""},
        {"rpz", "Exact", NULL, "\"Exact\""},
        {"rpz", "unmarked=clear", NULL, "\"unmarked\""}, /* releases, and nothing else, over HTTP */
        {"rpz", "from-store", NULL, "\"from-store\""},
        {"rpz", "output=/tmp/x", NULL, "\"output\""},
        {"plain", "action=nodata", NULL, "\"action\""}, /* it does not block */
        {"rpz", "exact&exact", NULL, "exact: given twice"},
        {"rpz", "exact=1", NULL, "exact: takes no value"},
        {"rpz", "action", NULL, "action: no value"},
        {"rpz", "action=", NULL, "action: no value"},
        {"rpz", "action=sing", NULL, "action: \"sing\" is none of nxdomain"},
        {"rpz", "action=redirect", NULL, "needs a place"},
        {"rpz", "redirect=a%20b", NULL, "cannot redirect"},
        {"rpz", "redirect=%zz", NULL, "redirect: not percent-encoded"},
        {"rpz", "%ff=1", NULL, "not percent-encoded"},
        {"plain", "kind=dog", NULL, "kind: \"dog\" is none of ipv4"},
        {"plain", "kind=other", NULL, "kind: "},
        {"dnsmasq", "exact", NULL, "dnsmasq"},
        {"dnsmasq", "action=nodata", NULL, "dnsmasq"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) texts = NULL;
        ExportOptions options = {.action = -1};
        const ExportFormat *format = export_format_find(cases[i].format, &error);
        gboolean good = shield_query_read(cases[i].query, format, &options, &texts, &error);
        g_autofree char *text = export_options_text(&options);
        g_test_message("%s?%s", cases[i].format, cases[i].query ? cases[i].query : "");
        if (cases[i].text) {
            g_assert_no_error(error);
            g_assert_true(good);
            g_assert_cmpstr(text, ==, cases[i].text);
            continue;
        }
        g_assert_false(good);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, cases[i].named));
        g_assert_cmpstr(text, ==, "");
    }
    g_autoptr(GString) many = g_string_new(NULL);
    for (guint i = 0; i <= SHIELD_QUERY_MAX; i++)
        g_string_append(many, "kind=url&");
    g_autoptr(GPtrArray) texts = NULL;
    ExportOptions options = {.action = -1};
    g_assert_false(
        shield_query_read(many->str, export_format_find("plain", NULL), &options, &texts, NULL));
}

/* --- many at once ------------------------------------------------------------------------------
 */

#define CLIENTS 6

typedef struct {
    ExchangeNode alder;
    Server *server;
    char *token;
    GMutex lock;
    GHashTable *seen; /* ETag and coding -> digest of the body; the first tells */
    guint odd;
} Fixture;

static gboolean add_consumer(StoreTx *tx, gpointer token, GError **error)
{
    guint8 digest[SHA256_SIZE];
    token_digest(token, digest);
    return consumers_add(tx, "sensor", "plain csv rpz", digest, 0, error);
}

static void give(Fixture *fixture, guint first, guint count)
{
    g_autoptr(GError) error = NULL;
    const ImporterOptions options = {.source = "birch", .level = OBJECT_LENIENT};
    ImporterCounts counts;
    Importer *importer = importer_new(fixture->alder.node, &options, &error);
    g_assert_no_error(error);
    const IntakeSink *sink = importer_sink(importer);
    for (guint i = first; i < first + count; i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--0a000000-0000-"
            "4000-8000-%012u\",\"created\":\"2024-01-01T00:00:00.000Z\",\"modified\":"
            "\"2024-01-01T00:00:00.000Z\",\"pattern\":\"[domain-name:value = '%u.example']\","
            "\"pattern_type\":\"stix\",\"valid_from\":\"2024-01-01T00:00:00Z\"}",
            i, i);
        g_assert_true(sink->object(sink->user, text, strlen(text), OBJECT_SPEC_21, "test", &error));
    }
    g_assert_true(importer_finish(importer, &counts, &error));
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    Node *node = fixture->alder.node;
    g_autofree char *path = g_build_filename(fixture->alder.directory, "concert.conf", NULL);
    g_assert_true(g_file_set_contents(path,
                                      "[node]\nname = cert.alder.example\n[server]\n"
                                      "listen = 127.0.0.1:0\nthreads = 2\n",
                                      -1, NULL));
    g_autoptr(Config) config = config_load(path, &error);
    g_assert_no_error(error);
    fixture->token = token_generate();
    g_assert_true(writer_run(node_writer(node), 1, add_consumer, fixture->token, &error));
    fixture->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    fixture->server =
        server_start(config, node_store(node), node_writer(node), node_notary(node), NULL, &error);
    g_assert_no_error(error);
    server_set_node(fixture->server, node);
    give(fixture, 0, 300);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    server_stop(fixture->server);
    exchange_nodes_close(&fixture->alder);
    g_hash_table_unref(fixture->seen);
    g_free(fixture->token);
}

static size_t collect(char *data, size_t size, size_t count, void *into)
{
    g_string_append_len(into, data, (gssize)(size * count));
    return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *etag)
{
    if (size * count > 5 && g_ascii_strncasecmp(data, "etag:", 5) == 0)
        g_string_append_len(g_string_truncate(etag, 0), data, (gssize)(size * count));
    return size * count;
}

/* Gets @path; returns the status. */
static long get(const Fixture *fixture, CURL *curl, const char *path, GString *body, GString *etag)
{
    long status = 0;
    g_autofree char *url = g_strconcat(server_urls(fixture->server)[0], path, NULL);
    g_autofree char *login = g_strconcat("Authorization: Bearer ", fixture->token, NULL);
    struct curl_slist *headers = curl_slist_append(NULL, login);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, g_string_truncate(body, 0));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, g_string_truncate(etag, 0));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status;
}

/* One ETag is one body. */
static void compare(Fixture *fixture, const GString *body, const GString *etag)
{
    g_autofree char *digest =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, body->str, (gssize)body->len);
    g_mutex_lock(&fixture->lock);
    const char *first = g_hash_table_lookup(fixture->seen, etag->str);
    if (!first)
        g_hash_table_insert(fixture->seen, g_strdup(etag->str), g_steal_pointer(&digest));
    else if (!g_str_equal(first, digest))
        fixture->odd++;
    g_mutex_unlock(&fixture->lock);
}

static gpointer run_client(gpointer data)
{
    static const char *const paths[] = {"plain", "plain?kind=domain", "csv",
                                        "rpz",   "rpz?exact",         "plain?kind=url"};
    Fixture *fixture = data;
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(GString) etag = g_string_new(NULL);
    CURL *curl = curl_easy_init();
    for (guint i = 0; i < 12; i++) {
        g_autofree char *path =
            g_strconcat("/shield/export/", paths[i % G_N_ELEMENTS(paths)], NULL);
        if (get(fixture, curl, path, body, etag) == 200 && etag->len > 0)
            compare(fixture, body, etag);
        else
            g_atomic_int_inc(&fixture->odd);
    }
    curl_easy_cleanup(curl);
    return NULL;
}

static void test_many(Fixture *fixture, gconstpointer data)
{
    GThread *threads[CLIENTS];
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(GString) etag = g_string_new(NULL);
    CURL *curl = curl_easy_init();

    for (guint i = 0; i < CLIENTS; i++)
        threads[i] = g_thread_new("client", run_client, fixture);
    for (guint i = 0; i < 4; i++) {
        give(fixture, 1000 + i, 1);
        /* What was stored before it was asked for is there, whoever else asks. */
        g_autofree char *name = g_strdup_printf("%u.example\n", 1000 + i);
        g_assert_cmpint(get(fixture, curl, "/shield/export/plain", body, etag), ==, 200);
        g_assert_nonnull(strstr(body->str, name));
    }
    for (guint i = 0; i < CLIENTS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpuint(fixture->odd, ==, 0);

    /* Options make another export, and another ETag. */
    g_autoptr(GString) other = g_string_new(NULL);
    g_assert_cmpint(get(fixture, curl, "/shield/export/plain", body, etag), ==, 200);
    g_assert_cmpint(get(fixture, curl, "/shield/export/plain?kind=url", body, other), ==, 200);
    g_assert_cmpuint(body->len, ==, 0);
    g_assert_cmpstr(etag->str, !=, other->str);
    g_assert_cmpint(get(fixture, curl, "/shield/export/plain?dog", body, other), ==, 400);
    g_assert_nonnull(strstr(body->str, "dog"));
    g_assert_cmpint(get(fixture, curl, "/shield/export/zeek?dog", body, other), ==, 403);
    curl_easy_cleanup(curl);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_test_add_func("/shield-http/once", test_once);
    g_test_add_func("/shield-http/query", test_query);
    g_test_add("/shield-http/many", Fixture, NULL, set_up, test_many, tear_down);
    return g_test_run();
}
