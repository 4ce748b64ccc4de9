#include "base/fetch_session.h"

#include <poll.h>
#include <string.h>

#include "base/fetch_target.h"
#include "base/late_curl.h"

#define MAX_BYTES         ((gsize)16 * 1024 * 1024)
#define MAX_HEADER_BYTES  (64 * 1024) /* of an answer, all of them together */
#define MAX_HEADERS       32          /* of a request, and bytes of each */
#define MAX_HEADER_LENGTH 8192
#define TIMEOUT           300 /* seconds */
#define CONNECT_TIMEOUT   30
#define LOW_SPEED_BYTES   1000
#define LOW_SPEED_SECONDS 30
#define MAX_WAIT          (24 * 3600) /* seconds, of Retry-After */
#define LOOK_MS           1000        /* how often it is looked whether it goes too slowly */

/* What becomes of one attempt at a request. */
typedef struct {
    gboolean fresh;   /* a new connection is made, to a name resolved for it */
    gboolean stale;   /* a connection was wanted though it is not fresh */
    gboolean started; /* bytes of the request may have been sent */
    gboolean connected;
    gboolean too_large, too_slow;
    GByteArray *body;
    guint64 header_bytes;
    gint64 window_start; /* of the present period of low_speed_seconds; monotonic */
    guint64 window_bytes;
    gint64 took_us;
    char message[CURL_ERROR_SIZE];
} Attempt;

typedef struct {
    const void *body;
    gsize length;
    struct curl_slist *headers;
    gint64 deadline; /* monotonic, microseconds */
} Request;

struct FetchSession {
    FetchSessionOptions options; /* with defaults filled in */
    char *pin;
    CURLM *multi;
    CURL *curl;
    FetchTarget target;
    curl_socket_t kept; /* of the connection to the target, which is libcurl's */
    gint cancelled;
    gboolean broke_off; /* the last request, amid its answer */
    Attempt now;
};

/* --- What libcurl calls ---------------------------------------------------------------------- */

/* A kept connection that ended is found out here: the name has to be resolved and checked again
 * first. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    FetchSession *session = user;
    if (!session->now.fresh) {
        session->now.stale = TRUE;
        return CURL_SOCKET_BAD;
    }
    session->now.connected = TRUE;
    return fetch_target_open_socket(&session->target, purpose, address);
}

static int note_start(void *user, char *remote, char *local, int remote_port, int local_port)
{
    FetchSession *session = user;
    session->now.started = TRUE;
    return CURL_PREREQFUNC_OK;
}

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
    FetchSession *session = user;
    session->now.header_bytes += size * count;
    if (session->now.header_bytes > MAX_HEADER_BYTES) {
        session->now.too_large = TRUE;
        return 0;
    }
    return size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    FetchSession *session = user;
    gsize length = size * count;
    if (length > session->options.max_bytes - session->now.body->len) {
        session->now.too_large = TRUE;
        return 0;
    }
    g_byte_array_append(session->now.body, (const guint8 *)data, (guint)length);
    return length;
}

/* --- One attempt ----------------------------------------------------------------------------- */

static void set_tls(FetchSession *session)
{
    CURL *curl = session->curl;
    late_curl()->easy_setopt(curl, CURLOPT_SSLVERSION,
                             (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
    if (!session->pin)
        return;
    late_curl()->easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, session->pin);
    late_curl()->easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    late_curl()->easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    /* Else the system's authorities are read all the same, for each connection: 8 MB. */
    late_curl()->easy_setopt(curl, CURLOPT_CAINFO, NULL);
    late_curl()->easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

static void set_options(FetchSession *session, const Request *request, struct curl_slist *pins)
{
    const FetchSessionOptions *options = &session->options;
    CURL *curl = session->curl;
    gint64 left = MAX((request->deadline - g_get_monotonic_time()) / 1000, 1);
    fetch_target_set_options(&session->target, curl);
    set_tls(session);
    late_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    late_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETDATA, session);
    late_curl()->easy_setopt(curl, CURLOPT_RESOLVE, pins);
    late_curl()->easy_setopt(curl, CURLOPT_FRESH_CONNECT, session->now.fresh ? 1L : 0L);
    late_curl()->easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    late_curl()->easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    late_curl()->easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left);
    late_curl()->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)options->connect_timeout_seconds);
    /* What cannot be compressed becomes a little longer; take_body() counts what it unpacks to. */
    guint64 max =
        options->max_bytes + (options->accept_compressed ? options->max_bytes / 8 + 1024 : 0);
    late_curl()->easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
    if (options->accept_compressed)
        late_curl()->easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    late_curl()->easy_setopt(curl, CURLOPT_HTTPHEADER, request->headers);
    late_curl()->easy_setopt(curl, CURLOPT_POST, 1L);
    late_curl()->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
    late_curl()->easy_setopt(curl, CURLOPT_POSTFIELDS, request->length > 0 ? request->body : "");
    late_curl()->easy_setopt(curl, CURLOPT_PREREQFUNCTION, note_start);
    late_curl()->easy_setopt(curl, CURLOPT_PREREQDATA, session);
    late_curl()->easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    late_curl()->easy_setopt(curl, CURLOPT_HEADERDATA, session);
    late_curl()->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    late_curl()->easy_setopt(curl, CURLOPT_WRITEDATA, session);
    late_curl()->easy_setopt(curl, CURLOPT_ERRORBUFFER, session->now.message);
}

/* Between the end of the request and the begin of its answer only the time limit counts: that is
 * where a long poll waits. */
static gboolean is_too_slow(FetchSession *session, const Request *request)
{
    Attempt *now = &session->now;
    curl_off_t sent = 0, received = 0;
    late_curl()->easy_getinfo(session->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    late_curl()->easy_getinfo(session->curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
    guint64 moved = (guint64)sent + (guint64)received + now->header_bytes;
    gint64 time = g_get_monotonic_time();
    gboolean waiting =
        !now->started || ((guint64)sent >= request->length && now->header_bytes == 0);
    gboolean over =
        time - now->window_start >= (gint64)session->options.low_speed_seconds * G_USEC_PER_SEC;
    if (!waiting && over && moved - now->window_bytes < session->options.low_speed_bytes)
        return TRUE;
    if (waiting || over) {
        now->window_start = time;
        now->window_bytes = moved;
    }
    return FALSE;
}

static CURLcode transfer(FetchSession *session, const Request *request)
{
    int running = 0, left;
    CURLMsg *message;
    for (;;) {
        if (late_curl()->multi_perform(session->multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        while ((message = late_curl()->multi_info_read(session->multi, &left)))
            if (message->msg == CURLMSG_DONE)
                return message->data.result;
        if (g_atomic_int_get(&session->cancelled))
            return CURLE_ABORTED_BY_CALLBACK;
        session->now.too_slow = is_too_slow(session, request);
        if (session->now.too_slow)
            return CURLE_OPERATION_TIMEDOUT;
        if (late_curl()->multi_poll(session->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
            return CURLE_FAILED_INIT;
    }
}

static CURLcode attempt(FetchSession *session, const Request *request, gboolean fresh)
{
    g_autofree char *pin = fresh ? fetch_target_pin(&session->target) : NULL;
    struct curl_slist *pins = pin ? late_curl()->slist_append(NULL, pin) : NULL;
    GByteArray *body = session->now.body;
    g_byte_array_set_size(body, 0);
    session->now = (Attempt){.fresh = fresh, .body = body, .window_start = g_get_monotonic_time()};
    session->target.refused = FALSE;
    set_options(session, request, pins);
    CURLcode code = CURLE_FAILED_INIT;
    if (late_curl()->multi_add_handle(session->multi, session->curl) == CURLM_OK) {
        code = transfer(session, request);
        session->kept = CURL_SOCKET_BAD;
        if (code == CURLE_OK)
            late_curl()->easy_getinfo(session->curl, CURLINFO_ACTIVESOCKET, &session->kept);
        late_curl()->multi_remove_handle(session->multi, session->curl);
    }
    session->now.took_us = g_get_monotonic_time() - session->now.window_start;
    late_curl()->easy_setopt(session->curl, CURLOPT_RESOLVE, NULL);
    late_curl()->slist_free_all(pins);
    return code;
}

/* --- One request ----------------------------------------------------------------------------- */

static gboolean fail_transfer(const FetchSession *session, CURLcode code, GError **error)
{
    const char *url = session->target.url, *message = session->now.message;
    if (!*message)
        message = late_curl()->easy_strerror(code);
    if (g_atomic_int_get(&session->cancelled))
        return fetch_target_fail(error, CONCERT_ERROR_BUSY, url,
                                 "broken off, since it was asked to stop");
    if (session->now.too_large || code == CURLE_FILESIZE_EXCEEDED)
        return fetch_target_fail(error, CONCERT_ERROR_LIMIT, url,
                                 "the answer is larger than %" G_GSIZE_FORMAT
                                 " bytes, or its headers than %d",
                                 session->options.max_bytes, MAX_HEADER_BYTES);
    if (session->now.too_slow)
        return fetch_target_fail(
            error, CONCERT_ERROR_LIMIT, url, "it goes too slowly: less than %u bytes in %u seconds",
            session->options.low_speed_bytes, session->options.low_speed_seconds);
    if (session->target.refused)
        return fetch_target_fail(error, CONCERT_ERROR_DENIED, url,
                                 "leads to an address that was not checked");
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return fetch_target_fail(error, CONCERT_ERROR_DENIED, url,
                                 "the server's key is not the one that is pinned");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fetch_target_fail(error, CONCERT_ERROR_LIMIT, url, "it takes too long (%s)",
                                 message);
    if (session->now.stale)
        return fetch_target_fail(error, CONCERT_ERROR_IO, url,
                                 "the connection ended before there was an answer");
    return fetch_target_fail(error, CONCERT_ERROR_IO, url, "%s", message);
}

/* Makes the target that of @url. A connection to another one is of no use then. */
static gboolean set_target(FetchSession *session, const char *url, GError **error)
{
    FetchTarget next = {0}, *target = &session->target;
    if (!fetch_target_parse(url, &next, error))
        return FALSE;
    if (session->pin && strcmp(next.scheme, "https") != 0) {
        fetch_target_clear(&next);
        return fetch_target_fail(error, CONCERT_ERROR_DENIED, url,
                                 "a key is pinned, and only https has one");
    }
    if (target->url && strcmp(target->scheme, next.scheme) == 0 &&
        strcmp(target->host, next.host) == 0 && strcmp(target->port, next.port) == 0) {
        memcpy(next.addresses, target->addresses, sizeof next.addresses);
        next.n_addresses = target->n_addresses;
    } else {
        session->kept = CURL_SOCKET_BAD;
    }
    fetch_target_clear(target);
    *target = next;
    return TRUE;
}

/* Whether the peer has not ended the kept connection. libcurl takes the farewell of TLS that lies
 * before the end for an answer to come. */
static gboolean is_kept(const FetchSession *session)
{
    struct pollfd state = {.fd = session->kept, .events = POLLRDHUP};
    if (session->kept == CURL_SOCKET_BAD)
        return FALSE;
    return poll(&state, 1, 0) == 0;
}

static gboolean perform(FetchSession *session, const Request *request, GError **error)
{
    for (gboolean fresh = !is_kept(session);; fresh = TRUE) {
        if (fresh && !fetch_target_resolve(&session->target, session->options.allow_private, error))
            return FALSE;
        CURLcode code = attempt(session, request, fresh);
        if (code == CURLE_OK)
            return TRUE;
        if (fresh || !session->now.stale || session->now.started)
            return fail_transfer(session, code, error);
    }
}

static gboolean read_result(FetchSession *session, FetchSessionResult *ret_result, GError **error)
{
    CURL *curl = session->curl;
    long status = 0, asked = 0, head = 0;
    char *redirect = NULL;
    curl_off_t wait = 0, sent = 0, received = 0;
    late_curl()->easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect)
        return fetch_target_fail(error, CONCERT_ERROR_DENIED, session->target.url,
                                 "redirected to %s; what is sent there is not sent elsewhere",
                                 redirect);
    late_curl()->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    late_curl()->easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
    late_curl()->easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &asked);
    late_curl()->easy_getinfo(curl, CURLINFO_HEADER_SIZE, &head);
    late_curl()->easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    late_curl()->easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
    g_autofree char *date = fetch_target_header(curl, "Date");
    time_t date_s = date ? late_curl()->getdate(date, NULL) : -1;
    *ret_result = (FetchSessionResult){
        .status = (guint)status,
        .body = g_byte_array_free_to_bytes(g_steal_pointer(&session->now.body)),
        .content_type = fetch_target_header(curl, "Content-Type"),
        .retry_after = (guint)CLAMP(wait, 0, MAX_WAIT),
        .date_us = date_s > 0 ? (gint64)date_s * G_USEC_PER_SEC : 0,
        .sent = (guint64)asked + (guint64)sent,
        .received = (guint64)head + (guint64)received,
        .took_us = session->now.took_us,
        .connected = session->now.connected,
    };
    return TRUE;
}

/* The headers of a request. FALSE, with CONCERT_ERROR_INPUT, if one is none. */
static gboolean make_headers(const char *url, const char *type, const char *const *lines,
                             struct curl_slist **ret_headers, GError **error)
{
    g_autofree char *content_type = g_strconcat("Content-Type: ", type, NULL);
    guint n_lines = lines ? g_strv_length((char **)lines) : 0;
    gboolean good = n_lines <= MAX_HEADERS && !strpbrk(type, "\r\n");
    for (guint i = 0; i < n_lines && good; i++) {
        const char *colon = strstr(lines[i], ": ");
        good = colon && colon != lines[i] && colon[2] != '\0' && !strpbrk(lines[i], "\r\n") &&
               strlen(lines[i]) <= MAX_HEADER_LENGTH;
    }
    if (!good)
        return fetch_target_fail(error, CONCERT_ERROR_INPUT, url,
                                 "headers are lines \"Name: value\", at most %d of %d bytes",
                                 MAX_HEADERS, MAX_HEADER_LENGTH);
    /* A server that was asked to say whether it wants the body may take its time. */
    struct curl_slist *headers = late_curl()->slist_append(NULL, "Expect:");
    headers = late_curl()->slist_append(headers, content_type);
    for (guint i = 0; i < n_lines; i++)
        headers = late_curl()->slist_append(headers, lines[i]);
    *ret_headers = headers;
    return TRUE;
}

gboolean fetch_session_post_within(FetchSession *session, guint timeout_ms, const char *url,
                                   const void *body, gsize length, const char *type,
                                   const char *const *headers, FetchSessionResult *ret_result,
                                   GError **error)
{
    gint64 limit_us = timeout_ms ? (gint64)timeout_ms * 1000
                                 : (gint64)session->options.timeout_seconds * G_USEC_PER_SEC;
    Request request = {
        .body = body, .length = length, .deadline = g_get_monotonic_time() + limit_us};
    session->broke_off = FALSE;
    if (g_atomic_int_get(&session->cancelled))
        return fetch_target_fail(error, CONCERT_ERROR_BUSY, url,
                                 "not begun, since it was asked to stop");
    if (!set_target(session, url, error) ||
        !make_headers(url, type, headers, &request.headers, error))
        return FALSE;
    session->now = (Attempt){.body = g_byte_array_new()};
    gboolean good = perform(session, &request, error);
    session->broke_off = !good && session->now.header_bytes > 0;
    good = good && read_result(session, ret_result, error);
    late_curl()->easy_setopt(session->curl, CURLOPT_HTTPHEADER, NULL);
    late_curl()->slist_free_all(request.headers);
    g_clear_pointer(&session->now.body, g_byte_array_unref);
    return good;
}

gboolean fetch_session_post(FetchSession *session, const char *url, const void *body, gsize length,
                            const char *type, const char *const *headers,
                            FetchSessionResult *ret_result, GError **error)
{
    return fetch_session_post_within(session, 0, url, body, length, type, headers, ret_result,
                                     error);
}

gboolean fetch_session_broke_off(const FetchSession *session)
{
    return session->broke_off;
}

void fetch_session_result_clear(FetchSessionResult *result)
{
    g_clear_pointer(&result->body, g_bytes_unref);
    g_clear_pointer(&result->content_type, g_free);
    *result = (FetchSessionResult){0};
}

/* --- The session ----------------------------------------------------------------------------- */

FetchSession *fetch_session_new(const FetchSessionOptions *options, GError **error)
{
    static const FetchSessionOptions defaults;
    if (!fetch_target_start("https", error))
        return NULL;
    g_autoptr(FetchSession) session = g_new0(FetchSession, 1);
    FetchSessionOptions *own = &session->options;
    *own = options ? *options : defaults;
    session->pin = g_strdup(own->pin);
    own->pin = session->pin;
    own->max_bytes = MIN(own->max_bytes ? own->max_bytes : MAX_BYTES, G_MAXUINT32 / 2);
    own->timeout_seconds = own->timeout_seconds ? own->timeout_seconds : TIMEOUT;
    own->connect_timeout_seconds =
        own->connect_timeout_seconds ? own->connect_timeout_seconds : CONNECT_TIMEOUT;
    own->low_speed_bytes = own->low_speed_bytes ? own->low_speed_bytes : LOW_SPEED_BYTES;
    own->low_speed_seconds = own->low_speed_seconds ? own->low_speed_seconds : LOW_SPEED_SECONDS;
    session->multi = late_curl()->multi_init();
    session->curl = late_curl()->easy_init();
    session->kept = CURL_SOCKET_BAD;
    if (!session->multi || !session->curl) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "no memory for a connection");
        return NULL;
    }
    late_curl()->multi_setopt(session->multi, CURLMOPT_MAXCONNECTS, 1L);
    return g_steal_pointer(&session);
}

void fetch_session_free(FetchSession *session)
{
    if (!session)
        return;
    late_curl()->easy_cleanup(session->curl);
    late_curl()->multi_cleanup(session->multi);
    fetch_target_clear(&session->target);
    g_free(session->pin);
    g_free(session);
}

void fetch_session_cancel(FetchSession *session)
{
    g_atomic_int_set(&session->cancelled, TRUE);
    late_curl()->multi_wakeup(session->multi);
}

void fetch_session_allow(FetchSession *session)
{
    g_atomic_int_set(&session->cancelled, FALSE);
}
