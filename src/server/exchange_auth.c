#include "server/exchange_auth.h"

#include <microhttpd.h>
#include <string.h>

#include "base/timestamp.h"
#include "identity/httpsig.h"
#include "identity/replay.h"
#include "server/problem.h"

#define ENDPOINTS_MAX 16
#define ENDPOINT_MAX  1024 /* bytes */
#define RATE          50   /* requests of one peer a second */
#define BURST_SECONDS 10
#define BODY_UNIT     (64 * 1024) /* bytes that cost as much as a request */
#define WRONG_RATE    2           /* requests a second of one address that are nobody's */
#define WRONG_BURST   60
#define PEERS_NOTED   4096

/* A peer's clock and when it was heard of are written down again after this long, or when the clock
 * differs by this much from what was written. */
#define NOTE_EVERY_US (G_GINT64_CONSTANT(300) * G_USEC_PER_SEC)
#define NOTE_SKEW_US  (G_GINT64_CONSTANT(5) * G_USEC_PER_SEC)

struct ExchangeAuth {
    Store *store;
    Writer *writer;
    Replay *replay;
    RateLimit *peers, *wrong;
    GMutex lock; /* guards what follows */
    char **endpoints;
    GHashTable *noted; /* number of a peer -> Noted */
};

/* What was written of a peer last. */
typedef struct {
    gint64 peer; /* the key */
    gint64 when, skew_us;
} Noted;

ExchangeAuth *exchange_auth_new(Store *store, Writer *writer, const ExchangeAuthOptions *options)
{
    guint rate = options && options->requests_per_second ? options->requests_per_second : RATE;
    ExchangeAuth *auth = g_new0(ExchangeAuth, 1);
    auth->store = store;
    auth->writer = writer;
    const ReplayOptions replay = {.window_us = EXCHANGE_AUTH_SKEW_MAX_US};
    auth->replay = replay_new(&replay);
    auth->peers = ratelimit_new(rate, (double)rate * BURST_SECONDS);
    auth->wrong = ratelimit_new(WRONG_RATE, WRONG_BURST);
    g_mutex_init(&auth->lock);
    auth->noted = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    return auth;
}

void exchange_auth_free(ExchangeAuth *auth)
{
    replay_free(auth->replay);
    ratelimit_free(auth->peers);
    ratelimit_free(auth->wrong);
    g_mutex_clear(&auth->lock);
    g_strfreev(auth->endpoints);
    g_hash_table_unref(auth->noted);
    g_free(auth);
}

void exchange_auth_set_endpoints(ExchangeAuth *auth, const char *const *urls)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; urls[i] && kept->len < ENDPOINTS_MAX; i++)
        if (strlen(urls[i]) <= ENDPOINT_MAX)
            g_ptr_array_add(kept, g_strdup(urls[i]));
    g_ptr_array_add(kept, NULL);
    g_mutex_lock(&auth->lock);
    g_auto(GStrv) old G_GNUC_UNUSED = auth->endpoints;
    auth->endpoints = (char **)g_ptr_array_steal(kept, NULL);
    g_mutex_unlock(&auth->lock);
}

/* --- Refusing -------------------------------------------------------------------------------- */

static Reply *refuse(guint status, const char *description)
{
    Reply *reply = problem_reply(status, description);
    if (status == 401) /* RFC 9110 section 15.5.2: a challenge has to be there */
        reply_header(reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Signature realm=\"Concert\"");
    return reply;
}

/* One answer for what is nobody's: whom this node knows is not for everybody to find out. */
static Reply *refuse_stranger(void)
{
    return refuse(401, "the signature is not that of a peer on a request to an endpoint of this "
                       "node's card");
}

/* An address that sent much that was wrong waits. Behind a proxy on this machine the address says
 * nothing about the client. */
static Reply *check_address(const ExchangeAuth *auth, HttpRequest *request, double cost)
{
    GuardKey client = guard_key(request->address);
    guint wait = 0;
    if (http_is_loopback(request) ||
        ratelimit_take(auth->wrong, &client, sizeof client, cost, &wait))
        return NULL;
    return problem_later(429, "too many requests from this address that are not a peer's", wait);
}

static Reply *refuse_wrong(const ExchangeAuth *auth, HttpRequest *request, Reply *refusal)
{
    Reply *busy = check_address(auth, request, 1);
    if (!busy)
        return refusal;
    reply_unref(refusal);
    return busy;
}

/* --- The signature --------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *value;
    guint count;
} Field;

static enum MHD_Result find_field(void *user, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    Field *field = user;
    if (g_ascii_strcasecmp(name, field->name) == 0) {
        field->value = value;
        field->count++;
    }
    return MHD_YES;
}

/* FALSE when a field came more than once: joined, as RFC 9110 section 5.3 has it, it would be no
 * field of ours. */
static gboolean get_fields(HttpRequest *request, HttpsigFields *ret_fields)
{
    const struct {
        const char *name;
        const char **value;
    } wanted[] = {{HTTPSIG_CONTENT_DIGEST, &ret_fields->content_digest},
                  {HTTPSIG_SIGNATURE_INPUT, &ret_fields->signature_input},
                  {HTTPSIG_SIGNATURE, &ret_fields->signature},
                  {MHD_HTTP_HEADER_CONTENT_TYPE, &ret_fields->content_type},
                  {MHD_HTTP_HEADER_CONTENT_LENGTH, &ret_fields->content_length}};
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        Field field = {.name = wanted[i].name};
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, find_field, &field);
        if (field.count > 1)
            return FALSE;
        *wanted[i].value = field.value;
    }
    return TRUE;
}

static const char *method_name(HttpMethod method)
{
    return method == HTTP_POST ? "POST" : method == HTTP_DELETE ? "DELETE" : "GET";
}

/* Whether the signature is genuine for one of the node's endpoints, however old it is. */
static gboolean find_endpoint(ExchangeAuth *auth, const Httpsig *signature,
                              const NoteVerifier *verifier, HttpRequest *http,
                              HttpsigRequest *request, char **ret_uri)
{
    g_mutex_lock(&auth->lock);
    g_auto(GStrv) endpoints = g_strdupv(auth->endpoints);
    g_mutex_unlock(&auth->lock);
    for (guint i = 0; endpoints && endpoints[i]; i++) {
        g_autofree char *uri = g_strconcat(endpoints[i], http->uri, NULL);
        gint64 skew_us;
        request->target_uri = uri;
        if (httpsig_verify(signature, request, verifier, timestamp_now(), G_MAXINT64 / 2, &skew_us,
                           NULL)) {
            request->target_uri = *ret_uri = g_steal_pointer(&uri);
            return TRUE;
        }
    }
    request->target_uri = NULL;
    return FALSE;
}

/* The signature against @peer's key; NULL when it is good. */
static Reply *check_signature(ExchangeAuth *auth, ApiCall *call, const Httpsig *signature,
                              const Peer *peer, gint64 *ret_skew_us)
{
    HttpRequest *http = call->request;
    HttpsigRequest request = {.method = method_name(http->method),
                              .body = http->body ? http->body->str : NULL,
                              .length = http->body ? http->body->len : 0};
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(peer->message_vkey, NULL);
    g_autofree char *uri = NULL;
    if (!verifier || !find_endpoint(auth, signature, verifier, http, &request, &uri))
        return refuse_wrong(auth, http, refuse_stranger());
    /* From here on it is the peer. */
    g_autoptr(GError) reason = NULL;
    gint64 now = timestamp_now();
    gint64 age_us = now - signature->created_us;
    if ((ABS(age_us) > EXCHANGE_AUTH_SKEW_MAX_US || signature->expires_us != G_MAXINT64) &&
        !httpsig_verify(signature, &request, verifier, now, EXCHANGE_AUTH_SKEW_MAX_US, ret_skew_us,
                        &reason))
        return refuse(401, reason->message);
    if (!replay_accept(auth->replay, signature->keyid, signature->nonce, signature->created_us, now,
                       &reason))
        return g_error_matches(reason, CONCERT_ERROR, CONCERT_ERROR_BUSY)
                   ? problem_later(429, reason->message, 1)
                   : refuse(401, reason->message);
    *ret_skew_us = -age_us;
    return NULL;
}

/* --- Noting that a peer was heard of --------------------------------------------------------- */

static gboolean apply_note(StoreTx *tx, gpointer data, GError **error)
{
    const Noted *noted = data;
    return peers_set_contact(tx, noted->peer, noted->when, NULL, noted->skew_us, error);
}

static void note_done(gpointer noted, const GError *error)
{
    g_free(noted);
}

/* That it cannot be written is no reason not to answer. */
static void note_contact(ExchangeAuth *auth, const Peer *peer, gint64 skew_us)
{
    const Noted now = {peer->number, timestamp_now(), skew_us};
    gboolean write = FALSE;
    g_mutex_lock(&auth->lock);
    Noted *noted = g_hash_table_lookup(auth->noted, &now.peer);
    if (!noted && g_hash_table_size(auth->noted) < PEERS_NOTED) {
        noted = g_memdup2(&now, sizeof now);
        g_hash_table_insert(auth->noted, &noted->peer, noted);
        write = TRUE;
    } else if (noted && (now.when - noted->when >= NOTE_EVERY_US ||
                         ABS(now.skew_us - noted->skew_us) >= NOTE_SKEW_US)) {
        *noted = now;
        write = TRUE;
    }
    g_mutex_unlock(&auth->lock);
    Noted *request = write ? g_memdup2(&now, sizeof now) : NULL;
    if (request && !writer_submit(auth->writer, 0, apply_note, note_done, request, NULL))
        g_free(request);
}

/* --- All of it ------------------------------------------------------------------------------- */

static Reply *check_peer(ExchangeAuth *auth, const ApiCall *call, guint flags, const Peer *peer)
{
    const GString *body = call->request->body;
    guint wait = 0;
    double cost = 1 + (double)(body ? body->len : 0) / BODY_UNIT;
    if (!ratelimit_take(auth->peers, &peer->number, sizeof peer->number, cost, &wait))
        return problem_later(429, "too many requests of this peer", wait);
    if (peer->state == PEER_ACTIVE || flags & EXCHANGE_AUTH_ANY_STATE ||
        (peer->state == PEER_SUSPENDED && flags & EXCHANGE_AUTH_SUSPENDED))
        return NULL;
    g_autofree char *text = g_strdup_printf("the peering is not active: %s",
                                            peer->state == PEER_INVITED || peer->state == PEER_ASKED
                                                ? "it was not agreed by both sides"
                                                : peer_state_name(peer->state));
    return refuse(403, text);
}

Reply *exchange_auth_check(ApiCall *call, guint flags, Peer **ret_peer, GError **error)
{
    ExchangeAuth *auth = call->api->exchange_auth;
    HttpRequest *request = call->request;
    HttpsigFields fields = {NULL};
    g_autoptr(GError) reason = NULL;
    Reply *refusal = check_address(auth, request, 0);
    if (refusal)
        return refusal;
    if (!get_fields(request, &fields))
        return refuse_wrong(auth, request, refuse(401, "a field of the signature is there twice"));
    g_autoptr(Httpsig) signature = httpsig_parse(&fields, &reason);
    if (!signature)
        return refuse_wrong(auth, request, refuse(401, reason->message));
    g_autoptr(Peer) peer = peers_find_key(auth->store, signature->key_name, &reason);
    if (!peer && g_error_matches(reason, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return refuse_wrong(auth, request, refuse_stranger());
    if (!peer) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return NULL;
    }
    gint64 skew_us = 0;
    refusal = check_signature(auth, call, signature, peer, &skew_us);
    if (refusal)
        return refusal;
    note_contact(auth, peer, skew_us);
    refusal = check_peer(auth, call, flags, peer);
    if (refusal)
        return refusal;
    *ret_peer = g_steal_pointer(&peer);
    return NULL;
}
