#include "server/http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/background.h"
#include "server/listen.h"

/* The read buffer, headers and written header of a connection live in this much memory: a request
 * line and headers that do not fit are answered with 414 or 431 by libmicrohttpd. It clears all of
 * it for every request, so more of it costs the cheap ones. */
#define CONNECTION_MEMORY (16 * 1024)

/* Room for a body before any of it came. */
#define BODY_ROOM (1024 * 1024)

/* Work that may wait for a worker. */
#define MAX_WAITING 256

/* What a modern client and server agree on: TLS 1.3, and of TLS 1.2 only forward-secret AEAD, which
 * leaves nothing of RFC 7540 appendix A (TAXII 2.1 section 8.2.2). GnuTLS does no 0-RTT unless
 * asked. */
#define TLS_PRIORITIES                                                                             \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:+AEAD:"           \
    "+ECDHE-ECDSA:+ECDHE-RSA:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+SIGN-ALL:"           \
    "-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:+CTYPE-X509:%SERVER_PRECEDENCE"

enum {
    STAGE_NEW,      /* request line read */
    STAGE_WAITING,  /* begin() deferred */
    STAGE_BEGUN,    /* headers read; the body comes */
    STAGE_FINISHED, /* the app has it all */
};

struct Http {
    HttpOptions options;
    HttpApp app;
    Guard *guard;
    GPtrArray *daemons; /* struct MHD_Daemon * */
    GThreadPool *pools[HTTP_POOLS];
    gint active;     /* requests between begin and end; atomic */
    gint suspended;  /* of these, with a worker; atomic */
    gint64 buffered; /* bytes of bodies; atomic */
    gint stopping;   /* atomic */
};

/* The path and query of a request's target, which may be a whole URL (RFC 9112 section 3.2.2). */
static char *path_of(const char *target)
{
    const char *path = target;
    if (g_ascii_strncasecmp(target, "http://", 7) == 0)
        path += 7;
    else if (g_ascii_strncasecmp(target, "https://", 8) == 0)
        path += 8;
    else
        return g_strdup(target);
    path += strcspn(path, "/?");
    return *path == '/' ? g_strdup(path) : g_strconcat("/", path, NULL);
}

static void *on_uri(void *user, const char *uri, struct MHD_Connection *connection)
{
    HttpRequest *request = g_new0(HttpRequest, 1);
    request->http = user;
    request->connection = connection;
    request->uri = path_of(uri);
    return request;
}

static void request_free(HttpRequest *request)
{
    if (request->body)
        g_string_free(request->body, TRUE);
    if (request->buffered)
        __atomic_sub_fetch(&request->http->buffered, (gint64)request->buffered, __ATOMIC_RELAXED);
    if (request->reply)
        reply_unref(request->reply);
    g_free(request->uri);
    g_free(request);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    HttpRequest *request = *slot;
    if (!request)
        return;
    Http *http = user;
    if (request->stage != STAGE_NEW) {
        gboolean sent = code == MHD_REQUEST_TERMINATED_COMPLETED_OK && request->reply;
        http->app.ended(http->app.user, request, sent ? reply_status(request->reply) : 0,
                        sent ? reply_length(request->reply) : 0);
        guard_expect(http->guard, request->guard, 0);
        g_atomic_int_add(&http->active, -1);
    }
    request_free(request);
    *slot = NULL;
}

static HttpMethod method_of(const char *name)
{
    if (g_str_equal(name, MHD_HTTP_METHOD_GET) || g_str_equal(name, MHD_HTTP_METHOD_HEAD))
        return HTTP_GET;
    if (g_str_equal(name, MHD_HTTP_METHOD_POST))
        return HTTP_POST;
    return g_str_equal(name, MHD_HTTP_METHOD_DELETE) ? HTTP_DELETE : HTTP_OTHER;
}

static enum MHD_Result send_reply(HttpRequest *request)
{
    guard_expect(request->http->guard, request->guard, reply_length(request->reply));
    request->stage = STAGE_FINISHED;
    return reply_send(request->reply, request->connection) ? MHD_YES : MHD_NO;
}

/* A reply before the body. libmicrohttpd closes the connection of who gets it now; so the body
 * comes first, unless it is too long or the client waits for our leave to send it. */
static enum MHD_Result send_early(HttpRequest *request)
{
    request->stage = STAGE_BEGUN;
    gboolean waits = http_header(request, MHD_HTTP_HEADER_EXPECT) != NULL;
    if (request->has_body &&
        (waits || request->content_length > request->http->options.max_discarded))
        return send_reply(request);
    return MHD_YES;
}

/* The longest body that is read to its end. */
static guint64 longest_body(const HttpRequest *request)
{
    return request->max_body > 0 ? request->max_body : request->http->options.max_discarded;
}

static Reply *refuse_length(Http *http, HttpRequest *request)
{
    g_autofree char *why = g_strdup_printf("a body has at most %" G_GUINT64_FORMAT " bytes here",
                                           longest_body(request));
    return http->app.refuse(http->app.user, request, MHD_HTTP_CONTENT_TOO_LARGE, why);
}

/* The app took the headers: what length was announced with them is refused before it comes. */
static enum MHD_Result await_body(HttpRequest *request)
{
    Http *http = request->http;
    request->stage = STAGE_BEGUN;
    if (request->content_length <= longest_body(request))
        return MHD_YES;
    request->reply = refuse_length(http, request);
    return send_early(request);
}

typedef struct {
    guint hosts, lengths, codings;
    gboolean chunked, odd_name;
} Framing;

static enum MHD_Result count_framing(void *user, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    Framing *framing = user;
    /* "Content-Length : 5" is one header to some and another to others. */
    framing->odd_name |= name[strcspn(name, " \t")] != '\0';
    if (g_ascii_strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        framing->hosts++;
    } else if (g_ascii_strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
    } else if (g_ascii_strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->codings++;
        framing->chunked = value && g_ascii_strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

typedef struct {
    guint status; /* 0: none */
    const char *why;
} Refusal;

/* What keeps a request from being read in one way only: what a proxy in front of us reads in
 * another way than we do, it takes for somebody else's (RFC 9112 sections 3.2, 5.1, 6.1 and 11.2).
 */
static Refusal check_framing(struct MHD_Connection *connection, const char *version)
{
    Framing framing = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_framing, &framing);
    guint least_hosts = g_str_equal(version, MHD_HTTP_VERSION_1_1) ? 1 : 0;
    if (framing.odd_name)
        return (Refusal){MHD_HTTP_BAD_REQUEST, "a header's name has white space in it"};
    if (framing.hosts < least_hosts || framing.hosts > 1)
        return (Refusal){MHD_HTTP_BAD_REQUEST, "there must be one Host"};
    if (framing.lengths + framing.codings > 1)
        return (Refusal){MHD_HTTP_BAD_REQUEST, "there must be one Content-Length or one "
                                               "Transfer-Encoding, and not both"};
    if (framing.codings > 0 && g_str_equal(version, MHD_HTTP_VERSION_1_0))
        return (Refusal){MHD_HTTP_BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding"};
    if (framing.codings > 0 && !framing.chunked)
        return (Refusal){MHD_HTTP_NOT_IMPLEMENTED, "the only Transfer-Encoding here is chunked"};
    return (Refusal){0, NULL};
}

static void read_head(HttpRequest *request, const char *method)
{
    request->stage = STAGE_BEGUN;
    request->started = g_get_monotonic_time();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->guard = info->socket_context;
    info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    request->address = info->client_addr;
    request->method = method_of(method);
    const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    request->content_length = length ? g_ascii_strtoull(length, NULL, 10) : 0;
    request->has_body = request->content_length > 0 ||
                        http_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

static enum MHD_Result begin_request(Http *http, HttpRequest *request, const char *method,
                                     const char *version)
{
    g_atomic_int_inc(&http->active);
    read_head(request, method);
    if (request->has_body)
        guard_expect(http->guard, request->guard, request->content_length);

    Refusal refusal = check_framing(request->connection, version);
    gboolean ambiguous = refusal.status != 0;
    if (!ambiguous && g_atomic_int_get(&http->stopping))
        refusal = (Refusal){MHD_HTTP_SERVICE_UNAVAILABLE, "the node is being stopped"};
    if (refusal.status != 0) {
        request->reply = http->app.refuse(http->app.user, request, refusal.status, refusal.why);
        reply_header(request->reply, MHD_HTTP_HEADER_CONNECTION, "close");
        /* Where the body of an ambiguous request ends is not known either. */
        return ambiguous ? send_reply(request) : send_early(request);
    }
    Reply *reply = http->app.begin(http->app.user, request);
    if (reply) {
        request->reply = reply;
        return send_early(request);
    }
    /* The other case: it is suspended, and not ours any more. */
    return request->stage == STAGE_BEGUN ? await_body(request) : MHD_YES;
}

/* Keeps a piece of the body, within the request's and the server's bounds. */
static void take_body(Http *http, HttpRequest *request, const char *data, gsize length)
{
    gsize had = request->body ? request->body->len : 0;
    if (length > request->max_body - had) {
        request->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
    } else {
        gint64 all = __atomic_add_fetch(&http->buffered, (gint64)length, __ATOMIC_RELAXED);
        request->buffered += length;
        if ((guint64)all > http->options.max_buffered)
            request->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (request->refusal) {
        if (request->body)
            g_string_free(g_steal_pointer(&request->body), TRUE);
        return;
    }
    /* The announced length is a promise of the client: it gets room as it keeps it. */
    if (!request->body)
        request->body = g_string_sized_new(MIN(request->content_length, BODY_ROOM));
    g_string_append_len(request->body, data, (gssize)length);
}

static enum MHD_Result on_body(Http *http, HttpRequest *request, const char *data, gsize length)
{
    if (request->content_length == 0)
        guard_extend(request->guard, length);
    if (!request->reply && !request->refusal && request->max_body > 0) {
        take_body(http, request, data, length);
        return MHD_YES;
    }
    request->discarded += length;
    return request->discarded <= http->options.max_discarded ? MHD_YES : MHD_NO;
}

static Reply *refuse_body(Http *http, HttpRequest *request)
{
    return request->refusal == MHD_HTTP_CONTENT_TOO_LARGE
               ? refuse_length(http, request)
               : http->app.refuse(http->app.user, request, request->refusal, NULL);
}

static enum MHD_Result finish_request(Http *http, HttpRequest *request)
{
    if (!request->reply && request->refusal)
        request->reply = refuse_body(http, request);
    if (!request->reply) {
        request->stage = STAGE_FINISHED;
        guard_pause(request->guard);
        Reply *reply = http->app.finish(http->app.user, request);
        if (!reply)
            return MHD_YES; /* suspended; perhaps resumed already */
        request->reply = reply;
    }
    return send_reply(request);
}

static enum MHD_Result on_access(void *user, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **slot)
{
    Http *http = user;
    HttpRequest *request = *slot;
    switch (request->stage) {
    case STAGE_NEW:
        return begin_request(http, request, method, version);
    case STAGE_WAITING:
        /* libmicrohttpd repeats the call that was suspended. */
        return request->reply ? send_early(request) : await_body(request);
    case STAGE_BEGUN:
        if (*upload_size > 0) {
            gsize length = *upload_size;
            *upload_size = 0;
            return on_body(http, request, upload, length);
        }
        return finish_request(http, request);
    default:
        return request->reply ? send_reply(request) : MHD_NO;
    }
}

static enum MHD_Result on_accept(void *user, const struct sockaddr *address, socklen_t length)
{
    Http *http = user;
    gboolean admit = !g_atomic_int_get(&http->stopping) && guard_admits(http->guard, address);
    return admit ? MHD_YES : MHD_NO;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    Http *http = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *address = info->client_addr;
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *slot = guard_add(http->guard, address, info->connect_fd);
    } else if (*slot) {
        guard_remove(http->guard, *slot);
        *slot = NULL;
    }
}

static void run_work(gpointer data, gpointer user)
{
    HttpRequest *request = data;
    background_enter();
    request->work(request);
}

Http *http_new(const HttpOptions *options, const HttpApp *app)
{
    Http *http = g_new0(Http, 1);
    http->options = *options;
    http->app = *app;
    http->guard = guard_new(options->max_connections, options->max_connections_per_address,
                            options->deadline_seconds);
    http->daemons = g_ptr_array_new();
    for (guint i = 0; i < HTTP_POOLS; i++)
        http->pools[i] = g_thread_pool_new(
            run_work, http, i == HTTP_LOGIN ? 1 : (gint)options->workers, FALSE, NULL);
    return http;
}

gboolean http_listen(Http *http, const char *host, guint16 port, const char *key,
                     const char *certificate, guint16 *ret_port, GError **error)
{
    guint16 bound;
    int fd = listen_open(host, port, &bound, error);
    if (fd < 0)
        return FALSE;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)http->options.threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    static struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    /* The guard bounds connections over all threads; libmicrohttpd would divide its limit among
     * them, and one thread could be full while others are not. */
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO |
            (key ? MHD_USE_TLS : 0),
        0, on_accept, http, on_access, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_CONNECTION_LIMIT,
        http->options.max_connections * http->options.threads, MHD_OPTION_CONNECTION_TIMEOUT,
        http->options.deadline_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_ARRAY, http->options.threads > 1 ? pool : none,
        MHD_OPTION_ARRAY, key ? tls : none, MHD_OPTION_END);
    if (!daemon) {
        close(fd);
        g_set_error(error, CONCERT_ERROR, key ? CONCERT_ERROR_INPUT : CONCERT_ERROR_IO,
                    "cannot serve on %s port %u%s", host, bound,
                    key ? ": do the certificate and its key belong together?" : "");
        return FALSE;
    }
    g_ptr_array_add(http->daemons, daemon);
    if (ret_port)
        *ret_port = bound;
    return TRUE;
}

/* Whoever connects is refused from now on. MHD_quiesce_daemon() would do that, but it and the
 * daemon's threads may both take the listening socket out of epoll, and libmicrohttpd ends the
 * process for the second. So a socket that nobody can connect to takes the place of the listening
 * one, which ends by that, in epoll too. */
static void close_port(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
    int nowhere = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (nowhere < 0)
        return; /* on_accept() refuses */
    dup3(nowhere, info->listen_fd, O_CLOEXEC);
    close(nowhere);
}

void http_stop(Http *http, guint grace_seconds)
{
    g_atomic_int_set(&http->stopping, TRUE);
    for (guint i = 0; i < http->daemons->len; i++)
        close_port(http->daemons->pdata[i]);
    gint64 until = g_get_monotonic_time() + (gint64)grace_seconds * G_USEC_PER_SEC;
    /* What a worker has in hand always comes back: it is waited for even past the grace. */
    while (g_atomic_int_get(&http->suspended) > 0 ||
           (g_atomic_int_get(&http->active) > 0 && g_get_monotonic_time() < until))
        g_usleep(5000);
    for (guint i = 0; i < http->daemons->len; i++)
        MHD_stop_daemon(http->daemons->pdata[i]);
    g_ptr_array_set_size(http->daemons, 0);
}

void http_free(Http *http)
{
    if (http->daemons->len > 0)
        http_stop(http, 0);
    for (guint i = 0; i < HTTP_POOLS; i++)
        g_thread_pool_free(http->pools[i], FALSE, TRUE);
    g_ptr_array_unref(http->daemons);
    guard_free(http->guard);
    g_free(http);
}

const char *http_header(HttpRequest *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

char *http_address(HttpRequest *request)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (request->address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)request->address)->sin_addr, text,
                  sizeof text);
    else if (request->address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)request->address)->sin6_addr, text,
                  sizeof text);
    return g_strdup(text);
}

gboolean http_is_loopback(HttpRequest *request)
{
    GuardKey key = guard_key(request->address);
    if (key.bytes[0] == 4)
        return key.bytes[1] == 127;
    return request->address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)request->address)->sin6_addr);
}

gboolean http_defer(HttpRequest *request, HttpPool pool, HttpWork work)
{
    Http *http = request->http;
    if (g_thread_pool_unprocessed(http->pools[pool]) >= MAX_WAITING)
        return FALSE;
    request->work = work;
    if (request->stage == STAGE_BEGUN)
        request->stage = STAGE_WAITING;
    g_atomic_int_inc(&http->suspended);
    guard_pause(request->guard);
    MHD_suspend_connection(request->connection);
    g_thread_pool_push(http->pools[pool], request, NULL);
    return TRUE;
}

void http_again(HttpRequest *request)
{
    g_thread_pool_push(request->http->pools[HTTP_WORK], request, NULL);
}

void http_resume(HttpRequest *request, Reply *reply)
{
    Http *http = request->http;
    struct MHD_Connection *connection = request->connection;
    request->reply = reply;
    if (!reply)
        guard_expect(http->guard, request->guard, request->content_length);
    MHD_resume_connection(connection);
    g_atomic_int_add(&http->suspended, -1);
}

void http_guard_stats(Http *http, GuardStats *ret_stats)
{
    guard_stats(http->guard, ret_stats);
}
