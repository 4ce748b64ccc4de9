#include "node/exchange_post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "exchange/message.h"
#include "identity/httpsig.h"

#define TIMEOUT_SECONDS 60
#define ENDPOINTS_MAX   8
#define REASON_MAX      300         /* bytes of what a peer says is wrong */
#define BODY_MAX        (64 * 1024) /* bytes that are looked at for it */

struct ExchangePost {
    ExchangePostOptions options;
    char *line;   /* peer, endpoint and pins that the session is for */
    char *worked; /* the endpoint that did last; NULL: none yet */
    gint64 peer;
    gboolean broke_off; /* the last request, at one endpoint or another */
    GMutex lock;        /* guards what follows */
    FetchSession *session;
    gboolean cancelled;
};

ExchangePost *exchange_post_new(const ExchangePostOptions *options)
{
    ExchangePost *post = g_new0(ExchangePost, 1);
    if (options)
        post->options = *options;
    if (post->options.timeout_seconds == 0)
        post->options.timeout_seconds = TIMEOUT_SECONDS;
    g_mutex_init(&post->lock);
    return post;
}

void exchange_post_free(ExchangePost *post)
{
    g_clear_pointer(&post->session, fetch_session_free);
    g_mutex_clear(&post->lock);
    g_free(post->line);
    g_free(post->worked);
    g_free(post);
}

void exchange_post_result_clear(ExchangePostResult *result)
{
    fetch_session_result_clear(&result->http);
    *result = (ExchangePostResult){.has_skew = FALSE};
}

void exchange_post_cancel(ExchangePost *post)
{
    g_mutex_lock(&post->lock);
    post->cancelled = TRUE;
    if (post->session)
        fetch_session_cancel(post->session);
    g_mutex_unlock(&post->lock);
}

void exchange_post_allow(ExchangePost *post)
{
    g_mutex_lock(&post->lock);
    post->cancelled = FALSE;
    if (post->session)
        fetch_session_allow(post->session);
    g_mutex_unlock(&post->lock);
}

/* --- Endpoints ------------------------------------------------------------------------------- */

/* 127.0.0.0/8 or ::1 in numbers. */
static gboolean is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether a card's endpoint may be used: "https://HOST[:PORT]", or http on a loopback address. */
static gboolean is_usable(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    if (!uri || !g_uri_get_host(uri) || *g_uri_get_host(uri) == '\0' || g_uri_get_userinfo(uri) ||
        *g_uri_get_path(uri) != '\0' || g_uri_get_query(uri) || g_uri_get_fragment(uri))
        return FALSE;
    const char *scheme = g_uri_get_scheme(uri);
    return strcmp(scheme, "https") == 0 ||
           (strcmp(scheme, "http") == 0 && is_loopback(g_uri_get_host(uri)));
}

/* Those to be tried, in order; borrowed of @peer. */
static GPtrArray *list_endpoints(ExchangePost *post, const Peer *peer)
{
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; peer->urls[i] && list->len < ENDPOINTS_MAX; i++) {
        if (!is_usable(peer->urls[i]))
            continue;
        gboolean worked = post->worked && strcmp(post->worked, peer->urls[i]) == 0;
        g_ptr_array_insert(list, worked ? 0 : -1, peer->urls[i]);
    }
    return list;
}

/* On the same machine the way is wide, and packing costs more than it saves. */
static gboolean is_far(const char *endpoint)
{
    g_autoptr(GUri) uri = g_uri_parse(endpoint, G_URI_FLAGS_NONE, NULL);
    return !uri || !is_loopback(g_uri_get_host(uri));
}

static FetchSession *make_session(const ExchangePost *post, const Peer *peer, const char *endpoint,
                                  GError **error)
{
    g_autofree char *pins = g_strjoinv(";", peer->tls);
    gboolean pinned = *pins != '\0' && g_str_has_prefix(endpoint, "https:");
    const FetchSessionOptions options = {.pin = pinned ? pins : NULL,
                                         .allow_private = post->options.allow_private,
                                         .accept_compressed = is_far(endpoint),
                                         .max_bytes = post->options.max_bytes,
                                         .timeout_seconds = post->options.timeout_seconds};
    return fetch_session_new(&options, error);
}

/* A session for @endpoint: that of the last request, when that was to the same server. */
static gboolean take_session(ExchangePost *post, const Peer *peer, const char *endpoint,
                             GError **error)
{
    g_autofree char *pins = g_strjoinv(";", peer->tls);
    g_autofree char *line = g_strconcat(endpoint, " ", pins, NULL);
    if (g_strcmp0(line, post->line) == 0)
        return TRUE;
    FetchSession *session = make_session(post, peer, endpoint, error);
    if (!session)
        return FALSE;
    g_mutex_lock(&post->lock);
    FetchSession *old = post->session;
    post->session = session;
    if (post->cancelled)
        fetch_session_cancel(session);
    g_mutex_unlock(&post->lock);
    g_clear_pointer(&old, fetch_session_free);
    g_free(post->line);
    post->line = g_steal_pointer(&line);
    return TRUE;
}

/* --- Posting --------------------------------------------------------------------------------- */

/* The signature's lines; NULL for a request that has none. */
static gboolean sign(const char *url, const NoteSigner *signer, const ExchangePostRequest *request,
                     char ***ret_lines, GError **error)
{
    *ret_lines = NULL;
    if (strcmp(request->path, MESSAGE_PATH) == 0)
        return TRUE;
    const HttpsigRequest signed_request = {
        .method = "POST", .target_uri = url, .body = request->body, .length = request->length};
    g_auto(HttpsigHeaders) headers = {NULL};
    if (!httpsig_sign(&signed_request, signer, timestamp_now(), NULL, &headers, error))
        return FALSE;
    *ret_lines = httpsig_headers_lines(&headers);
    return TRUE;
}

static gboolean post_to(ExchangePost *post, const char *endpoint, const NoteSigner *signer,
                        const ExchangePostRequest *request, FetchSessionResult *ret_result,
                        GError **error)
{
    g_autofree char *url = g_strconcat(endpoint, request->path, NULL);
    g_auto(GStrv) lines = NULL;
    return sign(url, signer, request, &lines, error) &&
           fetch_session_post_within(post->session, request->timeout_ms, url, request->body,
                                     request->length,
                                     request->type ? request->type : "application/json",
                                     (const char *const *)lines, ret_result, error);
}

static void take_result(ExchangePost *post, const char *endpoint, FetchSessionResult *http,
                        ExchangePostResult *ret_result)
{
    if (g_strcmp0(post->worked, endpoint) != 0) {
        g_free(post->worked);
        post->worked = g_strdup(endpoint);
    }
    *ret_result = (ExchangePostResult){.http = *http, .has_skew = http->date_us > 0};
    /* The header has whole seconds, cut off. */
    if (ret_result->has_skew)
        ret_result->skew_us = http->date_us + G_USEC_PER_SEC / 2 - timestamp_now();
}

gboolean exchange_post(ExchangePost *post, const NoteSigner *signer, const Peer *peer,
                       const ExchangePostRequest *request, ExchangePostResult *ret_result,
                       GError **error)
{
    if (post->peer != peer->number)
        g_clear_pointer(&post->worked, g_free);
    post->peer = peer->number;
    post->broke_off = FALSE;
    g_autoptr(GPtrArray) endpoints = list_endpoints(post, peer);
    g_autoptr(GError) failure = NULL;
    for (guint i = 0; i < endpoints->len; i++) {
        const char *endpoint = endpoints->pdata[i];
        FetchSessionResult http = {0};
        g_clear_error(&failure);
        if (take_session(post, peer, endpoint, &failure) &&
            post_to(post, endpoint, signer, request, &http, &failure)) {
            take_result(post, endpoint, &http, ret_result);
            return TRUE;
        }
        post->broke_off |= post->session && fetch_session_broke_off(post->session);
        if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_BUSY))
            break;
    }
    if (failure)
        g_propagate_error(error, g_steal_pointer(&failure));
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the card of %s names no endpoint where it can be reached", peer->node);
    return FALSE;
}

gboolean exchange_post_broke_off(const ExchangePost *post)
{
    return post->broke_off;
}

/* --- What an answer says --------------------------------------------------------------------- */

/* "description" or "title" of an error resource (TAXII 2.1 section 3.6.1); NULL if it is none. */
static char *read_description(GBytes *body)
{
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    if (!text || length == 0 || length > BODY_MAX)
        return NULL;
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, NULL);
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL;
    const char *said = yyjson_get_str(yyjson_obj_get(root, "description"));
    if (!said)
        said = yyjson_get_str(yyjson_obj_get(root, "title"));
    if (!said)
        return NULL;
    g_autofree char *cut = g_strndup(said, REASON_MAX);
    return g_utf8_make_valid(cut, -1);
}

char *exchange_post_reason(const ExchangePostResult *result)
{
    g_autofree char *said = read_description(result->http.body);
    return said ? g_strdup_printf("it answered %u: %s", result->http.status, said)
                : g_strdup_printf("it answered %u", result->http.status);
}
