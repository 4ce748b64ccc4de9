/* http.h - HTTP/1.1 and TLS on top of libmicrohttpd: listeners, the life of a request, and nothing
 * about what is served; that is the HttpApp's.
 *
 * A request is begun when its headers are there and finished when its body is. Both happen on one
 * of the few threads that serve all connections, so neither may take long: what does is deferred to
 * a worker while the connection is suspended. */
#pragma once

#include "base/error.h"
#include "server/guard.h"
#include "server/reply.h"

typedef enum {
    HTTP_GET = 1 << 0, /* also HEAD: the body is then not sent */
    HTTP_POST = 1 << 1,
    HTTP_DELETE = 1 << 2,
    HTTP_OTHER = 1 << 3,
} HttpMethod;

typedef struct Http Http;
typedef struct HttpRequest HttpRequest;

/* Runs on a worker's thread. Whatever it does, http_resume() must follow, once. */
typedef void (*HttpWork)(HttpRequest *request);

struct HttpRequest {
    Http *http;
    struct MHD_Connection *connection;
    GuardEntry *guard;
    char *uri; /* path and query as they were received, percent-encoded */
    HttpMethod method;
    const struct sockaddr *address; /* of the client */
    guint64 content_length;         /* as announced; 0 when not */
    gboolean has_body;
    gint64 started; /* monotonic microseconds, when the headers were there */

    /* For the app to set in begin(): bytes of body it wants; the rest of a longer one is refused.
     * 0: whatever comes is thrown away. */
    gsize max_body;
    GString *body; /* what came; NULL when nothing was wanted. The app may take it */
    gpointer data; /* the app's own */

    /* private */
    gint stage;
    guint refusal;
    gsize buffered, discarded;
    HttpWork work;
    Reply *reply;
};

typedef enum {
    HTTP_WORK,  /* reading and storing what was sent */
    HTTP_LOGIN, /* checking a password: one at a time */
    HTTP_POOLS,
} HttpPool;

typedef struct {
    /* The headers are there. Returns a reply that refuses the request, or NULL to go on; NULL after
     * http_defer() too. */
    Reply *(*begin)(gpointer user, HttpRequest *request);
    /* The body is there. Returns the reply, or NULL after http_defer(). */
    Reply *(*finish)(gpointer user, HttpRequest *request);
    /* A reply for what this module itself refuses: 400, 413, 501, 503. @why may be NULL. */
    Reply *(*refuse)(gpointer user, HttpRequest *request, guint status, const char *why);
    /* The request is over, answered with @status and @bytes of body, or (0) not at all. */
    void (*ended)(gpointer user, HttpRequest *request, guint status, gsize bytes);
    gpointer user;
} HttpApp;

typedef struct {
    guint threads;
    guint workers;
    guint max_connections;
    guint max_connections_per_address;
    guint deadline_seconds;
    guint64 max_buffered; /* bytes of bodies of all requests together */
    /* Of a body that nobody wants, bytes that are read and thrown away, so that the client, still
     * sending, gets to see the answer; after more the connection is closed. */
    guint64 max_discarded;
} HttpOptions;

Http *http_new(const HttpOptions *options, const HttpApp *app);

/* Listens on a numeric address. @key and @certificate (PEM; NULL: plain HTTP) must outlive it. Port
 * 0 takes a free one; *ret_port (may be NULL) is the one taken. */
gboolean http_listen(Http *http, const char *host, guint16 port, const char *key,
                     const char *certificate, guint16 *ret_port, GError **error);

/* No new connections; then waits up to @grace_seconds for running requests, and stops. */
void http_stop(Http *http, guint grace_seconds);

void http_free(Http *http);

/* The value of a header, or NULL. */
const char *http_header(HttpRequest *request, const char *name);

/* "192.0.2.1" of the client. Caller frees. */
char *http_address(HttpRequest *request);
gboolean http_is_loopback(HttpRequest *request);

/* From begin() or finish(): suspends the connection and hands @work to a worker. FALSE when too
 * much waits there already; the connection is not suspended then. */
gboolean http_defer(HttpRequest *request, HttpPool pool, HttpWork work);

/* Hands a request that http_defer() suspended, and whose work has returned without resuming it, to
 * a worker once more, from any thread. */
void http_again(HttpRequest *request);

/* Ends a suspension, from any thread. From finish(), @reply (taken over) is the reply. From
 * begin(), it refuses the request; NULL goes on with it. The request must not be touched after. */
void http_resume(HttpRequest *request, Reply *reply);

void http_guard_stats(Http *http, GuardStats *ret_stats);
