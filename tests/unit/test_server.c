/* The server in the test's own process: many clients at once, starting and stopping. What it
 * answers is tests/e2e/test_taxii.py's subject; this is for the sanitizers to watch its threads. */
#include "server/server.h"

#include <curl/curl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "identity/password.h"
#include "identity/role.h"
#include "node/node.h"
#include "store/accounts.h"
#include "store/collections.h"

typedef struct {
    char *directory;
    Node *node;
    Server *server;
} Fixture;

static gboolean add_account(StoreTx *tx, gpointer hash, GError **error)
{
    return accounts_add(tx, "alder", NULL, ROLE_ANALYST, hash, error) &&
           collections_grant(tx, 1, "alder", TRUE, TRUE, error) &&
           collections_grant(tx, 1, COLLECTIONS_ANYONE, TRUE, FALSE, error);
}

static Server *start(Node *node)
{
    g_autoptr(GError) error = NULL;
    Server *server = server_start(node_config(node), node_store(node), node_writer(node),
                                  node_notary(node), NULL, &error);
    g_assert_no_error(error);
    return server;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-test-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(fixture->directory, "node", NULL);
    node_create(path, "[server]\nlisten = 127.0.0.1:0\nthreads = 4\n", NULL, &error);
    g_assert_no_error(error);
    fixture->node = node_open(path, NODE_SERVE, &error);
    g_assert_no_error(error);
    g_autofree char *hash = password_hash("correct horse", &error);
    g_assert_no_error(error);
    writer_run(node_writer(fixture->node), 1, add_account, hash, &error);
    g_assert_no_error(error);
    fixture->server = start(fixture->node);
}

static void remove_tree(const char *path)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (directory)
        g_dir_close(directory);
    g_remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->server)
        server_stop(fixture->server);
    node_close(fixture->node);
    remove_tree(fixture->directory);
    g_free(fixture->directory);
}

static size_t collect(char *data, size_t size, size_t count, void *into)
{
    g_string_append_len(into, data, (gssize)(size * count));
    return size * count;
}

/* One request on @curl; @body NULL: GET. Returns the status, 0 when there was no answer. */
static long request(CURL *curl, const char *url, const char *login, const char *body, GString *into)
{
    long status = 0;
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/taxii+json;version=2.1");
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, g_string_truncate(into, 0));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (login)
        curl_easy_setopt(curl, CURLOPT_USERPWD, login);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status;
}

static char *make_envelope(guint first, guint count)
{
    GString *json = g_string_new("{\"objects\":[");
    for (guint i = 0; i < count; i++)
        g_string_append_printf(
            json,
            "%s{\"type\":\"indicator\",\"spec_version\":\"2.1\","
            "\"id\":\"indicator--00000000-0000-4000-8000-%012x\","
            "\"created\":\"2024-01-01T00:00:00.000Z\",\"modified\":\"2024-01-01T00:00:00.000Z\","
            "\"pattern\":\"[ipv4-addr:value = '192.0.2.1']\",\"pattern_type\":\"stix\","
            "\"valid_from\":\"2024-01-01T00:00:00Z\"}",
            i > 0 ? "," : "", first + i);
    return g_string_free(g_string_append(json, "]}"), FALSE);
}

typedef struct {
    const char *base;
    guint number, rounds;
    guint posted;      /* objects that were acknowledged */
    guint odd;         /* answers that should not be */
    gboolean stopping; /* no answer, and 503, are fine */
} Client;

static gpointer run_client(gpointer data)
{
    Client *client = data;
    static const char *const paths[] = {"/taxii2/",
                                        "/main/collections/main/objects/?limit=50",
                                        "/main/collections/main/manifest/",
                                        "/metrics",
                                        "/main/collections/",
                                        "/nothing/"};
    g_autofree char *objects = g_strconcat(client->base, "/main/collections/main/objects/", NULL);
    g_autoptr(GString) answer = g_string_new(NULL);
    CURL *curl = curl_easy_init();
    for (guint round = 0; round < client->rounds; round++) {
        gboolean wrong = round % 10 == 9;
        g_autofree char *body = make_envelope((client->number + 1) * 1000000 + round * 20, 20);
        long status =
            request(curl, objects, wrong ? "alder:wrong" : "alder:correct horse", body, answer);
        if (status == 202)
            client->posted += 20;
        else if (!(wrong && (status == 401 || status == 429)) &&
                 !(client->stopping && (status == 0 || status == 503)))
            client->odd++;
        guint path = (round + client->number) % G_N_ELEMENTS(paths);
        g_autofree char *url = g_strconcat(client->base, paths[path], NULL);
        status = request(curl, url, round % 2 ? "alder:correct horse" : NULL, NULL, answer);
        if (status != 200 &&
            !(g_str_equal(paths[path], "/nothing/") && (status == 401 || status == 404)) &&
            !(client->stopping && (status == 0 || status == 503)))
            client->odd++;
    }
    curl_easy_cleanup(curl);
    return NULL;
}

#define CLIENTS 6

static guint run_clients(Client clients[CLIENTS], const char *base, guint rounds, gboolean stopping,
                         GThread *threads[CLIENTS])
{
    for (guint i = 0; i < CLIENTS; i++) {
        clients[i] = (Client){.base = base, .number = i, .rounds = rounds, .stopping = stopping};
        threads[i] = g_thread_new("client", run_client, &clients[i]);
    }
    return CLIENTS;
}

static guint join_clients(Client clients[CLIENTS], GThread *threads[CLIENTS])
{
    guint posted = 0;
    for (guint i = 0; i < CLIENTS; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpuint(clients[i].odd, ==, 0);
        posted += clients[i].posted;
    }
    return posted;
}

static gint64 count_members(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Collection) collection =
        collections_lookup(node_store(fixture->node), "main", "main", &error);
    g_assert_no_error(error);
    return collection->members;
}

static void test_many_clients(Fixture *fixture, gconstpointer data)
{
    Client clients[CLIENTS];
    GThread *threads[CLIENTS];
    run_clients(clients, server_urls(fixture->server)[0], 20, FALSE, threads);
    guint posted = join_clients(clients, threads);
    g_assert_cmpuint(posted, >=, CLIENTS * 18 * 20);
    g_assert_cmpint(count_members(fixture), ==, posted);
}

/* Stopped in the middle: what was acknowledged is there; a new server takes over. */
static void test_stop_under_load(Fixture *fixture, gconstpointer data)
{
    Client clients[CLIENTS];
    GThread *threads[CLIENTS];
    g_autofree char *base = g_strdup(server_urls(fixture->server)[0]);
    run_clients(clients, base, 40, TRUE, threads);
    g_usleep(G_USEC_PER_SEC / 5);
    g_clear_pointer(&fixture->server, server_stop);
    guint posted = join_clients(clients, threads);
    g_assert_cmpint(count_members(fixture), >=, posted);
    fixture->server = start(fixture->node);
    run_clients(clients, server_urls(fixture->server)[0], 2, FALSE, threads);
    join_clients(clients, threads);
}

static void test_start_and_stop(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < 20; i++) {
        g_clear_pointer(&fixture->server, server_stop);
        fixture->server = start(fixture->node);
    }
}

static void test_address_in_use(Fixture *fixture, gconstpointer data)
{
    const char *port = strrchr(server_urls(fixture->server)[0], ':') + 1;
    g_autofree char *text = g_strdup_printf("[server]\nlisten = 127.0.0.1:0, 127.0.0.1:%s\n", port);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Config) config = config_parse("/", "x", text, strlen(text), problems);
    g_autoptr(GError) error = NULL;
    g_assert_null(server_start(config, node_store(fixture->node), node_writer(fixture->node), NULL,
                               NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, port));
}

static void test_plain_http_outside(Fixture *fixture, gconstpointer data)
{
    static const char text[] = "[server]\nlisten = 0.0.0.0:0\ntls = off\n";
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Config) config = config_parse("/", "x", text, strlen(text), problems);
    g_autoptr(GError) error = NULL;
    g_assert_null(server_start(config, node_store(fixture->node), node_writer(fixture->node), NULL,
                               NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    static const struct {
        const char *name;
        void (*run)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/server/many-clients", test_many_clients},
        {"/server/stop-under-load", test_stop_under_load},
        {"/server/start-and-stop", test_start_and_stop},
        {"/server/address-in-use", test_address_in_use},
        {"/server/plain-http-outside", test_plain_http_outside},
    };
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].run, tear_down);
    int status = g_test_run();
    curl_global_cleanup();
    return status;
}
