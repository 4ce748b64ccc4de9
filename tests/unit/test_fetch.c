#include "base/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOW_SECONDS 60

/* --- A server on the loopback that answers a few paths --------------------------------------- */

typedef struct {
    int fd;
    guint port;
    GThread *thread;
    guint requests;
    GString *last; /* the last request's head */
} Server;

static void send_text(int fd, const char *text, gsize length)
{
    while (length > 0) {
        gssize sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        length -= (gsize)sent;
    }
}

static void send_redirect(int fd, const char *to)
{
    g_autofree char *text =
        g_strdup_printf("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved", to);
    send_text(fd, text, strlen(text));
}

/* Longer than any test's patience with it: until who asked has gone. */
static void keep_waiting(int fd)
{
    struct pollfd gone = {.fd = fd, .events = POLLRDHUP};
    poll(&gone, 1, SLOW_SECONDS * 1000);
}

static void answer(Server *server, int fd, const char *request)
{
    g_autofree char *path = NULL;
    const char *space = strchr(request, ' ');
    if (space)
        path = g_strndup(space + 1, strcspn(space + 1, " \r\n"));
    if (g_strcmp0(path, "/plain") == 0) {
        const char *text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"one\"\r\n"
                           "Content-Length: 6\r\n\r\nvalue\n";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/tagged") == 0) {
        const char *text = strstr(request, "If-None-Match: \"one\"")
                               ? "HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n"
                               : "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/empty") == 0) {
        const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/conflict") == 0) {
        const char *text = "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\n"
                           "Content-Length: 3\r\n\r\n17\n";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/later") == 0) {
        const char *text = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 45\r\n"
                           "Content-Length: 0\r\n\r\n";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/same") == 0) {
        send_redirect(fd, "/plain");
    } else if (g_strcmp0(path, "/loop") == 0) {
        send_redirect(fd, "/loop");
    } else if (g_strcmp0(path, "/elsewhere") == 0) {
        send_redirect(fd, "http://localhost:1/plain");
    } else if (g_strcmp0(path, "/port") == 0) {
        send_redirect(fd, "http://127.0.0.1:1/plain");
    } else if (g_strcmp0(path, "/file") == 0) {
        send_redirect(fd, "file:///etc/hostname");
    } else if (g_strcmp0(path, "/declared") == 0) {
        const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nx";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/endless") == 0) {
        const char *text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        send_text(fd, text, strlen(text));
        for (guint i = 0; i < 100; i++)
            send_text(fd, "0000a\r\n0123456789\r\n", 19);
    } else if (g_strcmp0(path, "/short") == 0) {
        const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
        send_text(fd, text, strlen(text));
    } else if (g_strcmp0(path, "/slow") == 0) {
        keep_waiting(fd);
    } else {
        const char *text = g_strcmp0(path, "/denied") == 0
                               ? "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
                               : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        send_text(fd, text, strlen(text));
    }
}

static gboolean is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *announced = strstr(request, "Content-Length: ");
    gsize body = announced ? strtoul(announced + 16, NULL, 10) : 0;
    return end && strlen(end + 4) >= body;
}

static gpointer serve(gpointer data)
{
    Server *server = data;
    int fd;
    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        char request[8192];
        gsize length = 0;
        gssize got = 1;
        while (got > 0 && length < sizeof request - 1) {
            got = recv(fd, request + length, sizeof request - 1 - length, 0);
            length += (gsize)MAX(got, 0);
            request[length] = '\0';
            if (is_whole(request))
                break;
        }
        server->requests++;
        g_string_assign(server->last, request);
        answer(server, fd, request);
        shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, 0) > 0)
            ; /* so that what was sent arrives before the connection is reset */
        close(fd);
    }
    return NULL;
}

static void server_start(Server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *server = (Server){.last = g_string_new(NULL)};
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(server->fd, 8), ==, 0);
    g_assert_cmpint(getsockname(server->fd, (struct sockaddr *)&address, &length), ==, 0);
    server->port = ntohs(address.sin_port);
    server->thread = g_thread_new("server", serve, server);
}

static void server_stop(Server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    g_thread_join(server->thread);
    close(server->fd);
    g_string_free(server->last, TRUE);
}

/* --- The tests ------------------------------------------------------------------------------- */

static gboolean get(const Server *server, const char *path, FetchOptions options,
                    FetchResult *result, GError **error)
{
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", server->port, path);
    options.allow_private = TRUE;
    return fetch_get(url, &options, result, error);
}

static void check_fails(const Server *server, const char *path, FetchOptions options,
                        ConcertError code, const char *words)
{
    g_autoptr(GError) error = NULL;
    FetchResult untouched = {.status = 7, .fd = 77, .length = 777};
    g_assert_false(get(server, path, options, &untouched, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_cmpint(untouched.fd, ==, 77);
}

static void test_get(void)
{
    Server server;
    server_start(&server);
    g_autoptr(GError) error = NULL;
    FetchOptions options = {.accept = "text/csv", .bearer = "secret"};
    {
        g_auto(FetchResult) result = {0};
        char buffer[16];
        g_assert_true(get(&server, "/plain", options, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(result.status, ==, 200);
        g_assert_cmpuint(result.length, ==, 6);
        g_assert_cmpint(read(result.fd, buffer, sizeof buffer), ==, 6);
        g_assert_cmpmem(buffer, 6, "value\n", 6);
        g_assert_cmpstr(result.content_type, ==, "text/plain");
        g_assert_cmpstr(result.etag, ==, "\"one\"");
        g_assert_nonnull(strstr(server.last->str, "\r\nAccept: text/csv\r\n"));
        g_assert_nonnull(strstr(server.last->str, "\r\nAuthorization: Bearer secret\r\n"));
        g_assert_null(strstr(server.last->str, "Cookie"));
    }
    {
        g_auto(FetchResult) result = {0};
        options.etag = "\"one\"";
        g_assert_true(get(&server, "/tagged", options, &result, &error));
        g_assert_cmpuint(result.status, ==, 304);
        g_assert_cmpint(result.fd, ==, -1);
    }
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(get(&server, "/empty", options, &result, &error));
        g_assert_cmpuint(result.status, ==, 200);
        g_assert_cmpint(result.fd, ==, -1);
        g_assert_cmpuint(result.length, ==, 0);
    }
    check_fails(&server, "/nothing", options, CONCERT_ERROR_NOT_FOUND, "404");
    check_fails(&server, "/denied", options, CONCERT_ERROR_DENIED, "403");
    check_fails(&server, "/short", options, CONCERT_ERROR_IO, "/short");
    server_stop(&server);
}

static gpointer stop_soon(gpointer stop)
{
    g_usleep(G_USEC_PER_SEC / 5);
    g_atomic_int_set((gint *)stop, 1);
    return NULL;
}

static void test_particulars(void)
{
    Server server;
    server_start(&server);
    static const char *const keep[] = {"X-Nothing", "retry-after", NULL};
    gint stop = 0;
    g_autoptr(GError) error = NULL;
    FetchOptions options = {.any_status = TRUE,
                            .keep = keep,
                            .stop = &stop,
                            .user = "alder",
                            .password = "open sesame",
                            .modified = "Sun, 06 Nov 1994 08:49:37 GMT"};
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(get(&server, "/later", options, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(result.status, ==, 429);
        g_assert_cmpuint(result.retry_after, ==, 45);
        g_assert_cmpuint(result.n_kept, ==, 2);
        g_assert_null(result.kept[0]);
        g_assert_cmpstr(result.kept[1], ==, "45");
        g_assert_nonnull(
            strstr(server.last->str, "\r\nAuthorization: Basic YWxkZXI6b3BlbiBzZXNhbWU=\r\n"));
        g_assert_nonnull(
            strstr(server.last->str, "\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    }
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(get(&server, "/conflict", options, &result, &error));
        g_assert_cmpuint(result.status, ==, 409);
        g_assert_cmpuint(result.length, ==, 3);
    }
    gint64 start = g_get_monotonic_time();
    g_autoptr(GThread) thread = g_thread_new("stop", stop_soon, &stop);
    check_fails(&server, "/slow", options, CONCERT_ERROR_BUSY, "asked to stop");
    g_assert_cmpint(g_get_monotonic_time() - start, <, SLOW_SECONDS * G_USEC_PER_SEC / 2);
    g_thread_join(g_steal_pointer(&thread));
    server_stop(&server);
}

static void test_redirects(void)
{
    Server server;
    server_start(&server);
    g_autoptr(GError) error = NULL;
    FetchOptions none = {0};
    g_auto(FetchResult) result = {0};
    g_assert_true(get(&server, "/same", none, &result, &error));
    g_assert_cmpuint(result.length, ==, 6); /* and nothing of the redirect's own body */
    g_assert_cmpuint(server.requests, ==, 2);
    check_fails(&server, "/loop", none, CONCERT_ERROR_LIMIT, "more than 5 times");
    g_assert_cmpuint(server.requests, ==, 8);
    check_fails(&server, "/elsewhere", none, CONCERT_ERROR_DENIED, "localhost:1");
    check_fails(&server, "/port", none, CONCERT_ERROR_DENIED, "127.0.0.1:1");
    check_fails(&server, "/file", none, CONCERT_ERROR_DENIED, "http and https");
    g_assert_cmpuint(server.requests, ==, 11);
    server_stop(&server);
}

static void test_bounds(void)
{
    Server server;
    server_start(&server);
    FetchOptions small = {.max_bytes = 500}, exact = {.max_bytes = 6}, less = {.max_bytes = 5};
    FetchOptions quick = {.timeout_seconds = 1};
    g_autoptr(GError) error = NULL;
    g_auto(FetchResult) result = {0};
    check_fails(&server, "/declared", small, CONCERT_ERROR_LIMIT, "larger than 500");
    check_fails(&server, "/endless", small, CONCERT_ERROR_LIMIT, "larger than 500");
    check_fails(&server, "/plain", less, CONCERT_ERROR_LIMIT, "larger than 5");
    g_assert_true(get(&server, "/plain", exact, &result, &error));
    gint64 start = g_get_monotonic_time();
    check_fails(&server, "/slow", quick, CONCERT_ERROR_LIMIT, "too long");
    g_assert_cmpint(g_get_monotonic_time() - start, <, SLOW_SECONDS * G_USEC_PER_SEC / 2);
    server_stop(&server);
}

static gboolean post(const Server *server, const char *path, FetchOptions options,
                     FetchResult *result, GError **error)
{
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", server->port, path);
    options.allow_private = TRUE;
    return fetch_post(url, "old 5\n", 6, "text/plain", &options, result, error);
}

static void test_post(void)
{
    Server server;
    server_start(&server);
    g_autoptr(GError) error = NULL;
    FetchOptions options = {.etag = "\"one\""}, less = {.max_bytes = 2};
    char buffer[16];
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(post(&server, "/plain", options, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(result.status, ==, 200);
        g_assert_cmpint(read(result.fd, buffer, sizeof buffer), ==, 6);
        g_assert_true(g_str_has_prefix(server.last->str, "POST /plain HTTP/1.1\r\n"));
        g_assert_true(g_str_has_suffix(server.last->str, "\r\n\r\nold 5\n"));
        g_assert_nonnull(strstr(server.last->str, "\r\nContent-Type: text/plain\r\n"));
        g_assert_null(strstr(server.last->str, "Expect"));
        g_assert_null(strstr(server.last->str, "If-None-Match"));
    }
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(post(&server, "/conflict", options, &result, &error));
        g_assert_cmpuint(result.status, ==, 409);
        g_assert_cmpstr(result.content_type, ==, "text/x.tlog.size");
        g_assert_cmpuint(result.length, ==, 3);
        g_assert_cmpint(read(result.fd, buffer, sizeof buffer), ==, 3);
        g_assert_cmpmem(buffer, 3, "17\n", 3);
    }
    {
        g_auto(FetchResult) result = {0};
        g_assert_true(post(&server, "/later", options, &result, &error));
        g_assert_cmpuint(result.status, ==, 429);
        g_assert_cmpuint(result.retry_after, ==, 45);
        g_assert_cmpint(result.fd, ==, -1);
    }
    FetchResult untouched = {.fd = 77};
    guint before = server.requests;
    g_assert_false(post(&server, "/same", options, &untouched, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_cmpuint(server.requests, ==, before + 1);
    g_clear_error(&error);
    g_assert_false(post(&server, "/conflict", less, &untouched, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_false(fetch_post("http://127.0.0.1/", "x", 1, "text/plain", NULL, &untouched, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_cmpint(untouched.fd, ==, 77);
    server_stop(&server);
}

static void test_refusals(void)
{
    static const struct {
        const char *url;
        ConcertError code;
    } cases[] = {
        {"http://127.0.0.1/", CONCERT_ERROR_DENIED},
        {"http://127.1/", CONCERT_ERROR_DENIED},
        {"http://2130706433/", CONCERT_ERROR_DENIED},
        {"http://0x7f.0.0.1/", CONCERT_ERROR_DENIED},
        {"http://0/", CONCERT_ERROR_DENIED},
        {"http://localhost/", CONCERT_ERROR_DENIED},
        {"http://10.1.2.3/", CONCERT_ERROR_DENIED},
        {"http://100.100.100.200/", CONCERT_ERROR_DENIED},
        {"http://169.254.169.254/latest/meta-data/", CONCERT_ERROR_DENIED},
        {"http://172.31.255.255/", CONCERT_ERROR_DENIED},
        {"http://192.168.0.1:8080/", CONCERT_ERROR_DENIED},
        {"http://192.0.2.1/", CONCERT_ERROR_DENIED},
        {"http://224.0.0.1/", CONCERT_ERROR_DENIED},
        {"http://255.255.255.255/", CONCERT_ERROR_DENIED},
        {"https://[::1]/", CONCERT_ERROR_DENIED},
        {"http://[::]/", CONCERT_ERROR_DENIED},
        {"http://[::ffff:127.0.0.1]/", CONCERT_ERROR_DENIED},
        {"http://[::ffff:a00:1]/", CONCERT_ERROR_DENIED},
        {"http://[::7f00:1]/", CONCERT_ERROR_DENIED},
        {"http://[64:ff9b::a00:1]/", CONCERT_ERROR_DENIED},
        {"http://[2002:7f00:1::]/", CONCERT_ERROR_DENIED},
        {"http://[2001:db8::1]/", CONCERT_ERROR_DENIED},
        {"http://[fe80::1]/", CONCERT_ERROR_DENIED},
        {"http://[fd00:ec2::254]/", CONCERT_ERROR_DENIED},
        {"http://[ff02::1]/", CONCERT_ERROR_DENIED},
        {"file:///etc/passwd", CONCERT_ERROR_DENIED},
        {"ftp://203.0.113.1/", CONCERT_ERROR_DENIED},
        {"gopher://203.0.113.1/", CONCERT_ERROR_DENIED},
        {"http://user:word@203.0.113.1/", CONCERT_ERROR_DENIED},
        {"nonsense", CONCERT_ERROR_INPUT},
        {"http://", CONCERT_ERROR_INPUT},
        {"", CONCERT_ERROR_INPUT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(FetchResult) result = {0};
        g_test_message("%s", cases[i].url);
        g_assert_false(fetch_get(cases[i].url, NULL, &result, &error));
        g_assert_error(error, CONCERT_ERROR, (gint)cases[i].code);
    }
}

int main(int argc, char **argv)
{
    /* A proxy in the environment is not used: nothing listens there, and yet fetches succeed. */
    g_setenv("http_proxy", "http://127.0.0.1:1/", TRUE);
    g_setenv("ALL_PROXY", "http://127.0.0.1:1/", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetch/get", test_get);
    g_test_add_func("/fetch/particulars", test_particulars);
    g_test_add_func("/fetch/redirects", test_redirects);
    g_test_add_func("/fetch/bounds", test_bounds);
    g_test_add_func("/fetch/post", test_post);
    g_test_add_func("/fetch/refusals", test_refusals);
    return g_test_run();
}
