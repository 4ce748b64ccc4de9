/* Requests over a connection that is kept, against the real server with TLS, and against one that
 * misbehaves. */
#include "base/fetch_session.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/tls.h"
#include "server/http.h"

/* --- The real server, with a little app ------------------------------------------------------ */

typedef struct {
    char *directory;
    char *key[2], *certificate[2], *pin[2]; /* of two servers */
    Http *http;
    guint16 port;
    GMutex lock;
    GHashTable *clients; /* ports that requests came from */
    gint requests, release;
} Site;

static Reply *reply_text(guint status, NegotiateCoding coding, const char *text, gsize length)
{
    return reply_new(status, "text/plain", coding, NULL, g_memdup2(text, length), length);
}

static Reply *app_begin(gpointer user, HttpRequest *request)
{
    Site *site = user;
    const struct sockaddr_in *address = (const struct sockaddr_in *)request->address;
    g_mutex_lock(&site->lock);
    g_hash_table_add(site->clients, GUINT_TO_POINTER(ntohs(address->sin_port)));
    g_mutex_unlock(&site->lock);
    g_atomic_int_inc(&site->requests);
    request->max_body = 4 * 1024 * 1024;
    request->data = site;
    return NULL;
}

static void wait_for_release(HttpRequest *request)
{
    Site *site = request->data;
    while (!g_atomic_int_get(&site->release))
        g_usleep(2000);
    http_resume(request, reply_text(200, NEGOTIATE_IDENTITY, "late", 4));
}

static Reply *app_finish(gpointer user, HttpRequest *request)
{
    const char *body = request->body ? request->body->str : "";
    gsize length = request->body ? request->body->len : 0;
    if (g_str_equal(request->uri, "/wait") && http_defer(request, HTTP_WORK, wait_for_release))
        return NULL;
    if (g_str_equal(request->uri, "/zeros")) {
        char *zeros = g_malloc0(100000);
        const char *accepted = http_header(request, "Accept-Encoding");
        return reply_new(200, "application/octet-stream",
                         accepted ? NEGOTIATE_GZIP : NEGOTIATE_IDENTITY, NULL, zeros, 100000);
    }
    if (g_str_equal(request->uri, "/header")) {
        const char *value = http_header(request, "X-Test");
        return reply_text(200, NEGOTIATE_IDENTITY, value ? value : "", value ? strlen(value) : 0);
    }
    Reply *reply = reply_text(g_str_equal(request->uri, "/busy")    ? 503
                              : g_str_equal(request->uri, "/moved") ? 307
                                                                    : 200,
                              NEGOTIATE_IDENTITY, body, length);
    if (g_str_equal(request->uri, "/busy"))
        reply_header(reply, "Retry-After", "45");
    if (g_str_equal(request->uri, "/moved"))
        reply_header(reply, "Location", "/echo");
    return reply;
}

static Reply *app_refuse(gpointer user, HttpRequest *request, guint status, const char *why)
{
    return reply_text(status, NEGOTIATE_IDENTITY, "", 0);
}

static void app_ended(gpointer user, HttpRequest *request, guint status, gsize bytes)
{
}

static void site_listen(Site *site, guint which, guint16 port)
{
    static const HttpOptions options = {.threads = 2,
                                        .workers = 2,
                                        .max_connections = 100,
                                        .max_connections_per_address = 100,
                                        .deadline_seconds = 20,
                                        .max_buffered = 16 * 1024 * 1024,
                                        .max_discarded = 1024 * 1024};
    const HttpApp app = {app_begin, app_finish, app_refuse, app_ended, site};
    g_autoptr(GError) error = NULL;
    site->http = http_new(&options, &app);
    http_listen(site->http, "127.0.0.1", port, site->key[which], site->certificate[which],
                &site->port, &error);
    g_assert_no_error(error);
}

static void site_stop(Site *site)
{
    g_atomic_int_set(&site->release, TRUE);
    http_stop(site->http, 1);
    g_clear_pointer(&site->http, http_free);
}

static void set_up(Site *site, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    site->directory = g_dir_make_tmp("concert-test-XXXXXX", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *key = g_strdup_printf("%s/%u.key", site->directory, i);
        g_autofree char *certificate = g_strdup_printf("%s/%u.crt", site->directory, i);
        /* A name that is not the one it is called by: only the pin counts. */
        g_assert_true(tls_load(key, certificate, "cert.birch.example", &site->key[i],
                               &site->certificate[i], &error));
        site->pin[i] = tls_pin(site->certificate[i], &error);
        g_assert_no_error(error);
        g_unlink(key);
        g_unlink(certificate);
    }
    g_mutex_init(&site->lock);
    site->clients = g_hash_table_new(NULL, NULL);
    site_listen(site, 0, 0);
}

static void tear_down(Site *site, gconstpointer data)
{
    if (site->http)
        site_stop(site);
    for (guint i = 0; i < 2; i++) {
        g_free(site->key[i]);
        g_free(site->certificate[i]);
        g_free(site->pin[i]);
    }
    g_hash_table_unref(site->clients);
    g_mutex_clear(&site->lock);
    g_rmdir(site->directory);
    g_free(site->directory);
}

static guint count_connections(Site *site)
{
    g_mutex_lock(&site->lock);
    guint count = g_hash_table_size(site->clients);
    g_mutex_unlock(&site->lock);
    return count;
}

static FetchSession *open_session(FetchSessionOptions options)
{
    g_autoptr(GError) error = NULL;
    options.allow_private = TRUE;
    FetchSession *session = fetch_session_new(&options, &error);
    g_assert_no_error(error);
    return session;
}

static gboolean post_port(FetchSession *session, guint16 port, const char *path, const char *body,
                          FetchSessionResult *result, GError **error)
{
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u%s", port, path);
    return fetch_session_post(session, url, body, strlen(body), "text/plain", NULL, result, error);
}

static void check_echo(FetchSession *session, const Site *site, const char *text,
                       gboolean connected)
{
    g_autoptr(GError) error = NULL;
    g_auto(FetchSessionResult) result = {0};
    post_port(session, site->port, "/echo", text, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(result.status, ==, 200);
    g_assert_cmpstr(result.content_type, ==, "text/plain");
    g_assert_cmpmem(g_bytes_get_data(result.body, NULL), g_bytes_get_size(result.body), text,
                    strlen(text));
    g_assert_cmpint(result.connected, ==, connected);
}

static void check_fails(FetchSession *session, guint16 port, const char *path, ConcertError code,
                        const char *words)
{
    g_autoptr(GError) error = NULL;
    FetchSessionResult untouched = {.status = 7};
    g_assert_false(post_port(session, port, path, "x", &untouched, &error));
    g_test_message("%s", error->message);
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_cmpuint(untouched.status, ==, 7);
}

/* --- Over TLS -------------------------------------------------------------------------------- */

static void test_kept(Site *site, gconstpointer data)
{
    g_autoptr(FetchSession) session = open_session((FetchSessionOptions){.pin = site->pin[0]});
    for (guint i = 0; i < 20; i++)
        check_echo(session, site, i % 2 ? "one" : "", i == 0);
    g_assert_cmpuint(count_connections(site), ==, 1);
    g_assert_cmpint(g_atomic_int_get(&site->requests), ==, 20);
    /* An answer that is no success is a result, too, and the connection is kept. */
    g_autoptr(GError) error = NULL;
    g_auto(FetchSessionResult) busy = {0};
    post_port(session, site->port, "/busy", "x", &busy, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(busy.status, ==, 503);
    g_assert_cmpuint(busy.retry_after, ==, 45);
    g_assert_cmpint(ABS(busy.date_us - g_get_real_time()), <, 30 * G_USEC_PER_SEC);
    g_assert_cmpuint(busy.sent, <, 500);
    g_assert_cmpuint(busy.received, <, 500);
    check_fails(session, site->port, "/moved", CONCERT_ERROR_DENIED, "/echo");
    check_echo(session, site, "still", FALSE);
    g_assert_cmpuint(count_connections(site), ==, 1);
}

static void test_pins(Site *site, gconstpointer data)
{
    g_autofree char *both = g_strjoin(";", site->pin[1], site->pin[0], NULL);
    g_autoptr(FetchSession) right = open_session((FetchSessionOptions){.pin = both});
    check_echo(right, site, "one of two", TRUE);
    g_autoptr(FetchSession) wrong = open_session((FetchSessionOptions){.pin = site->pin[1]});
    check_fails(wrong, site->port, "/echo", CONCERT_ERROR_DENIED, "is pinned");
    check_fails(wrong, site->port, "/echo", CONCERT_ERROR_DENIED, "is pinned");
    g_autoptr(FetchSession) nonsense = open_session((FetchSessionOptions){.pin = "sha256//AAAA"});
    check_fails(nonsense, site->port, "/echo", CONCERT_ERROR_DENIED, "is pinned");
    /* Without a pin the system's CAs decide, and know nothing of it. */
    g_autoptr(FetchSession) none = open_session((FetchSessionOptions){0});
    check_fails(none, site->port, "/echo", CONCERT_ERROR_IO, "certificate");
    g_assert_cmpint(g_atomic_int_get(&site->requests), ==, 1);

    g_autoptr(GError) error = NULL;
    g_auto(FetchSessionResult) result = {0};
    g_assert_false(fetch_session_post(right, "http://127.0.0.1:1/", "x", 1, "text/plain", NULL,
                                      &result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_null(tls_pin("nothing", &error));
    g_assert_nonnull(error);
    g_assert_cmpuint(strlen(site->pin[0]), ==, strlen("sha256//") + 44);
    g_assert_cmpstr(site->pin[0], !=, site->pin[1]);
}

static void test_restarted(Site *site, gconstpointer data)
{
    g_autoptr(FetchSession) session = open_session((FetchSessionOptions){.pin = site->pin[0]});
    check_echo(session, site, "before", TRUE);
    guint16 port = site->port;
    site_stop(site);
    check_fails(session, port, "/echo", CONCERT_ERROR_IO, "Failed to connect");
    site_listen(site, 0, port);
    check_echo(session, site, "after", TRUE);
    check_echo(session, site, "after that", FALSE);
    /* Stopped and started between two requests: nobody notices. */
    site_stop(site);
    site_listen(site, 0, port);
    check_echo(session, site, "again", TRUE);
    /* Another server in its place has another key. */
    site_stop(site);
    site_listen(site, 1, port);
    check_fails(session, port, "/echo", CONCERT_ERROR_DENIED, "is pinned");
    g_assert_cmpint(g_atomic_int_get(&site->requests), ==, 4);
}

typedef struct {
    FetchSession *session;
    const Site *site;
    gint requests;    /* once so many came */
    gint64 cancelled; /* then */
} Canceller;

static gpointer cancel_soon(gpointer data)
{
    Canceller *canceller = data;
    while (g_atomic_int_get(&canceller->site->requests) < canceller->requests)
        g_usleep(1000);
    g_usleep(50000);
    canceller->cancelled = g_get_monotonic_time();
    fetch_session_cancel(canceller->session);
    return NULL;
}

/* How long a request that waits goes on after it was cancelled, in microseconds. */
static gint64 cancel_one(FetchSession *session, Site *site)
{
    gint before = g_atomic_int_get(&site->requests);
    Canceller canceller = {session, site, before + 1, 0};
    GThread *thread = g_thread_new("cancel", cancel_soon, &canceller);
    check_fails(session, site->port, "/wait", CONCERT_ERROR_BUSY, "asked to stop");
    gint64 end = g_get_monotonic_time();
    g_thread_join(thread);
    check_fails(session, site->port, "/echo", CONCERT_ERROR_BUSY, "asked to stop");
    g_assert_cmpint(g_atomic_int_get(&site->requests), ==, before + 1);
    fetch_session_allow(session);
    check_echo(session, site, "and on", TRUE);
    return end - canceller.cancelled;
}

/* It is woken: it does not end only when it next looks, which it does once a second. A machine that
 * is busy may leave it waiting a few times. */
static void test_cancelled(Site *site, gconstpointer data)
{
    g_autoptr(FetchSession) session = open_session((FetchSessionOptions){.pin = site->pin[0]});
    check_echo(session, site, "first", TRUE);
    guint tries = 1;
    while (cancel_one(session, site) >= G_USEC_PER_SEC / 2)
        g_assert_cmpuint(tries++, <, 10);
}

static void test_bounds(Site *site, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FetchSession) exact = open_session(
        (FetchSessionOptions){.pin = site->pin[0], .max_bytes = 100000, .accept_compressed = TRUE});
    g_autoptr(FetchSession) less = open_session(
        (FetchSessionOptions){.pin = site->pin[0], .max_bytes = 99999, .accept_compressed = TRUE});
    g_autoptr(FetchSession) plain =
        open_session((FetchSessionOptions){.pin = site->pin[0], .max_bytes = 99999});
    g_auto(FetchSessionResult) result = {0};
    post_port(exact, site->port, "/zeros", "x", &result, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(result.body), ==, 100000);
    g_assert_cmpuint(result.received, <, 2000); /* it came compressed */
    check_fails(less, site->port, "/zeros", CONCERT_ERROR_LIMIT, "larger than 99999");
    check_fails(plain, site->port, "/zeros", CONCERT_ERROR_LIMIT, "larger than 99999");

    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/wait", site->port);
    gint64 start = g_get_monotonic_time();
    g_assert_false(
        fetch_session_post_within(exact, 200, url, "x", 1, "text/plain", NULL, &result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC); /* not 300 */
    g_atomic_int_set(&site->release, TRUE);
}

static void test_headers(Site *site, gconstpointer data)
{
    static const char *const good[] = {"X-Test: some value", "X-Other: x", NULL};
    static const char *const wrong[][2] = {
        {"X-Test", NULL}, {"X-Test:", NULL}, {"X-Test: ", NULL}, {": x", NULL}, {"A: b\r\nC: d"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(FetchSession) session = open_session((FetchSessionOptions){.pin = site->pin[0]});
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/header", site->port);
    g_auto(FetchSessionResult) result = {0};
    fetch_session_post(session, url, NULL, 0, "text/plain", good, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(result.body, NULL), g_bytes_get_size(result.body),
                    "some value", 10);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(
            fetch_session_post(session, url, NULL, 0, "text/plain", wrong[i], &result, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
    /* The rules about addresses hold here, too. */
    g_autoptr(FetchSession) strict =
        fetch_session_new(&(FetchSessionOptions){.pin = site->pin[0]}, NULL);
    g_assert_false(fetch_session_post(strict, url, NULL, 0, "text/plain", NULL, &result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_cmpint(g_atomic_int_get(&site->requests), ==, 1);
}

/* --- A server that misbehaves ---------------------------------------------------------------- */

typedef struct {
    int fd;
    guint16 port;
    GThread *thread;
    const char *first;  /* the answer to the first request of a connection, at once */
    const char *drip;   /* then this, over and over, slowly */
    gboolean one_reply; /* then closes when the second request is there, without a word */
    gboolean cuts;      /* closes behind the first answer */
    gint connections, requests;
} Rogue;

static gboolean read_request(int fd)
{
    char request[8192];
    gsize length = 0;
    for (;;) {
        gssize got = recv(fd, request + length, sizeof request - 1 - length, 0);
        if (got <= 0)
            return FALSE;
        length += (gsize)got;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        if (end && strlen(end + 4) >= 1) /* all bodies are "x" */
            return TRUE;
    }
}

static gpointer misbehave(gpointer data)
{
    Rogue *rogue = data;
    int fd;
    while ((fd = accept(rogue->fd, NULL, NULL)) >= 0) {
        g_atomic_int_inc(&rogue->connections);
        while (read_request(fd)) {
            gint before = g_atomic_int_add(&rogue->requests, 1);
            if (rogue->one_reply && before == 1)
                break;
            send(fd, rogue->first, strlen(rogue->first), MSG_NOSIGNAL);
            if (rogue->cuts)
                break;
            while (rogue->drip && send(fd, rogue->drip, strlen(rogue->drip), MSG_NOSIGNAL) > 0)
                g_usleep(20000);
        }
        close(fd);
    }
    return NULL;
}

static void rogue_start(Rogue *rogue)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    rogue->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(rogue->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(rogue->fd, 8), ==, 0);
    g_assert_cmpint(getsockname(rogue->fd, (struct sockaddr *)&address, &length), ==, 0);
    rogue->port = ntohs(address.sin_port);
    rogue->thread = g_thread_new("rogue", misbehave, rogue);
}

static void rogue_stop(Rogue *rogue)
{
    shutdown(rogue->fd, SHUT_RDWR);
    g_thread_join(rogue->thread);
    close(rogue->fd);
}

/* What becomes of a request to it. */
static GError *try_rogue(FetchSession *session, const Rogue *rogue)
{
    GError *error = NULL;
    g_auto(FetchSessionResult) result = {0};
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", rogue->port);
    fetch_session_post(session, url, "x", 1, "text/plain", NULL, &result, &error);
    if (error)
        g_test_message("%s", error->message);
    return error;
}

/* The request may have been got: it is not made a second time in silence. */
static void test_ended_before_answer(void)
{
    Rogue rogue = {.first = "HTTP/1.1 204 No Content\r\n\r\n", .one_reply = TRUE};
    rogue_start(&rogue);
    {
        g_autoptr(FetchSession) session = open_session((FetchSessionOptions){0});
        g_assert_no_error(try_rogue(session, &rogue));
        g_autoptr(GError) error = try_rogue(session, &rogue);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
        g_assert_nonnull(strstr(error->message, "ended before"));
        g_assert_false(fetch_session_broke_off(session));
        g_assert_cmpint(g_atomic_int_get(&rogue.requests), ==, 2);
        g_assert_no_error(try_rogue(session, &rogue));
    }
    rogue_stop(&rogue);
    g_assert_cmpint(rogue.connections, ==, 2);
    g_assert_cmpint(g_atomic_int_get(&rogue.requests), ==, 3);
}

/* Only what came in part is worth asking for less; what came whole is not. */
static void test_broke_off(void)
{
    static const struct {
        const char *answer;
        gboolean good, broke_off;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwhole one", TRUE, FALSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nand then", FALSE, TRUE},
        {"", FALSE, FALSE},
        {"HTTP/1.1 307 Elsewhere\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", FALSE, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rogue rogue = {.first = cases[i].answer, .cuts = TRUE};
        rogue_start(&rogue);
        {
            g_autoptr(FetchSession) session = open_session((FetchSessionOptions){0});
            g_autoptr(GError) error = try_rogue(session, &rogue);
            g_assert_true((error == NULL) == cases[i].good);
            g_assert_true(fetch_session_broke_off(session) == cases[i].broke_off);
        }
        rogue_stop(&rogue);
    }
}

typedef struct {
    const char *first, *drip, *words;
    FetchSessionOptions options;
} RogueCase;

static gpointer run_rogue(gpointer data)
{
    const RogueCase *rogue_case = data;
    Rogue rogue = {.first = rogue_case->first, .drip = rogue_case->drip};
    rogue_start(&rogue);
    {
        g_autoptr(FetchSession) session = open_session(rogue_case->options);
        g_autoptr(GError) error = try_rogue(session, &rogue);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
        g_assert_nonnull(strstr(error->message, rogue_case->words));
    }
    rogue_stop(&rogue);
    return NULL;
}

/* All at once, since slowness takes time. */
static void test_rogues(void)
{
    g_autofree char *filler = g_strnfill(8000, 'y');
    g_autofree char *header = g_strdup_printf("X: %s\r\n", filler);
    g_autofree char *chunk = g_strdup_printf("1f40\r\n%s\r\n", filler);
    RogueCase cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
         "x",
         "too slowly",
         {.low_speed_seconds = 1}},
        {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "too slowly", {.low_speed_seconds = 1}},
        {"HTTP/1.1 200 ", "O", "too long", {.timeout_seconds = 1}},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
         "0123456789",
         "too long",
         {.timeout_seconds = 1, .low_speed_bytes = 1}},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
         NULL,
         "larger than 1000",
         {.max_bytes = 1000}},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         chunk,
         "larger than 10000",
         {.max_bytes = 10000}},
        {"HTTP/1.1 200 OK\r\n", header, "headers than 65536", {0}}, /* without an end */
        {"HTTP/1.1 100 Continue\r\n\r\n",
         "HTTP/1.1 100 Continue\r\n\r\n",
         "too long",
         {.timeout_seconds = 1}},
    };
    GThread *threads[G_N_ELEMENTS(cases)];
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        threads[i] = g_thread_new("case", run_rogue, &cases[i]);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Site *, gconstpointer);
    } tests[] = {
        {"/fetch_session/kept", test_kept},           {"/fetch_session/pins", test_pins},
        {"/fetch_session/restarted", test_restarted}, {"/fetch_session/cancelled", test_cancelled},
        {"/fetch_session/bounds", test_bounds},       {"/fetch_session/headers", test_headers},
    };
    g_setenv("https_proxy", "http://127.0.0.1:1/", TRUE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Site, NULL, set_up, tests[i].run, tear_down);
    g_test_add_func("/fetch_session/ended-before-answer", test_ended_before_answer);
    g_test_add_func("/fetch_session/broke-off", test_broke_off);
    g_test_add_func("/fetch_session/rogues", test_rogues);
    return g_test_run();
}
