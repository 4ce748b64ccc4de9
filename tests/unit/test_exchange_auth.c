/* Signed requests between real nodes: who is let in, who is not, and what each is told; and the
 * line that they are posted over. */
#include "served_nodes.h"

#include <microhttpd.h>

#include "base/timestamp.h"
#include "identity/httpsig.h"
#include "patience.h"

#define WAKE "/exchange/v1/wake"
#define BODY "{\"size\":1}"

/* What a request may take, and so add to a difference of clocks. */
#define LATE_US (60 * G_USEC_PER_SEC)

typedef struct {
    ServedNode *alder, *birch; /* Alder asks */
    Peer *peer;                /* Birch, as Alder knows it */
    ExchangePost *post;
} Fixture;

/* Made once. Each test leaves the peering active. */
static ServedNode nodes[2];

static void set_up(Fixture *fixture, gconstpointer data)
{
    const ExchangePostOptions options = {.allow_private = TRUE, .timeout_seconds = 10};
    fixture->alder = &nodes[0];
    fixture->birch = &nodes[1];
    fixture->peer = served_node_peer(fixture->alder, fixture->birch);
    fixture->post = exchange_post_new(&options);
    g_clear_pointer(&fixture->birch->api->exchange_auth, exchange_auth_free);
    fixture->birch->api->exchange_auth =
        exchange_auth_new(fixture->birch->store, fixture->birch->writer, data);
    exchange_auth_set_endpoints(fixture->birch->api->exchange_auth,
                                (const char *[]){fixture->birch->url, NULL});
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_post_free(fixture->post);
    peer_free(fixture->peer);
}

static const NoteSigner *signer_of(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = notary_messenger(fixture->alder->notary, &error);
    g_assert_no_error(error);
    return signer;
}

/* Alder's request by exchange_post(); the status. */
static guint ask_with(Fixture *fixture, const NoteSigner *signer, const char *path)
{
    const ExchangePostRequest request = {.path = path, .body = BODY, .length = strlen(BODY)};
    g_autoptr(GError) error = NULL;
    g_auto(ExchangePostResult) result = {0};
    exchange_post(fixture->post, signer, fixture->peer, &request, &result, &error);
    g_assert_no_error(error);
    g_assert_true(result.has_skew);
    g_assert_cmpint(ABS(result.skew_us), <, LATE_US);
    return result.http.status;
}

static guint ask(Fixture *fixture)
{
    return ask_with(fixture, signer_of(fixture), WAKE);
}

/* What is sent, byte by byte. */
typedef struct {
    const char *target; /* that is signed; NULL: Birch's endpoint and the path */
    const char *path;
    const char *body; /* that is sent; the signed one is BODY */
    gint64 age_us;
    const guint8 *nonce;
    const char *extra; /* a further header; NULL: none */
    guint drop;        /* which of the three headers is left out, from 1 */
    gboolean spoil;    /* a character of the signature is another */
} Raw;

static guint ask_raw(Fixture *fixture, const Raw *raw, char **ret_reason)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strconcat(fixture->birch->url, raw->path ? raw->path : WAKE, NULL);
    const HttpsigRequest request = {.method = "POST",
                                    .target_uri = raw->target ? raw->target : url,
                                    .body = BODY,
                                    .length = strlen(BODY)};
    g_auto(HttpsigHeaders) headers = {NULL};
    httpsig_sign(&request, signer_of(fixture), timestamp_now() - raw->age_us, raw->nonce, &headers,
                 &error);
    g_assert_no_error(error);
    if (raw->spoil)
        headers.signature[20] = headers.signature[20] == 'A' ? 'B' : 'A';
    g_auto(GStrv) lines = httpsig_headers_lines(&headers);
    g_autoptr(GPtrArray) sent = g_ptr_array_new();
    for (guint i = 0; i < 3; i++)
        if (raw->drop != i + 1)
            g_ptr_array_add(sent, lines[i]);
    if (raw->extra)
        g_ptr_array_add(sent, (gpointer)raw->extra);
    g_ptr_array_add(sent, NULL);
    const FetchSessionOptions options = {.allow_private = TRUE, .timeout_seconds = 10};
    g_autoptr(FetchSession) session = fetch_session_new(&options, &error);
    const char *body = raw->body ? raw->body : BODY;
    g_auto(FetchSessionResult) result = {0};
    fetch_session_post(session, url, body, strlen(body), "application/json",
                       (const char *const *)sent->pdata, &result, &error);
    g_assert_no_error(error);
    if (ret_reason) {
        ExchangePostResult answer = {.http = result};
        *ret_reason = exchange_post_reason(&answer);
    }
    return result.status;
}

static gboolean was_heard_of(const Fixture *fixture)
{
    g_autoptr(Peer) alder = served_node_peer(fixture->birch, fixture->alder);
    return alder->contacted > 0;
}

static void test_peer(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(ask(fixture), ==, 204);
    g_assert_cmpuint(ask_with(fixture, signer_of(fixture), WAKE "?a=%20b"), ==, 204);
    g_assert_cmpuint(ask_raw(fixture, &(Raw){0}, NULL), ==, 204);
    /* That Alder was heard of is known. */
    for (gint64 end = patience_begin(); !was_heard_of(fixture);)
        patience_wait(end);
    g_autoptr(Peer) alder = served_node_peer(fixture->birch, fixture->alder);
    g_assert_cmpint(ABS(alder->skew_us), <, LATE_US);
}

static void test_stranger(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NoteSigner) cedar =
        note_signer_generate("cert.cedar.example/message", NOTE_ED25519, NULL);
    g_autoptr(NoteSigner) liar =
        note_signer_generate("cert.alder.example/message", NOTE_ED25519, NULL);
    g_assert_cmpuint(ask_with(fixture, cedar, WAKE), ==, 401);
    g_assert_cmpuint(ask_with(fixture, liar, WAKE), ==, 401);
    g_assert_cmpuint(ask_with(fixture, notary_messenger(fixture->birch->notary, NULL), WAKE), ==,
                     401);
    g_assert_cmpuint(ask(fixture), ==, 204);
}

/* Who is known and who is not cannot be told from what a stranger is answered. */
static void test_stranger_learns_nothing(Fixture *fixture, gconstpointer data)
{
    ServedNode cedar; /* knows nobody */
    g_autofree char *known = NULL;
    g_autofree char *unknown = NULL;
    g_assert_cmpuint(ask_raw(fixture, &(Raw){.spoil = TRUE}, &known), ==, 401);
    served_node_set_up(&cedar, "cert.cedar.example");
    fixture->birch = &cedar;
    g_assert_cmpuint(ask_raw(fixture, &(Raw){.spoil = TRUE}, &unknown), ==, 401);
    served_node_tear_down(&cedar);
    g_assert_cmpstr(known, ==, unknown);
}

static void test_wrong(Fixture *fixture, gconstpointer data)
{
    g_autofree char *other = g_strconcat(fixture->alder->url, WAKE, NULL);
    g_autofree char *path = g_strconcat(fixture->birch->url, "/exchange/v1/follow", NULL);
    g_autofree char *tls = g_strconcat("https", fixture->birch->url + strlen("http"), WAKE, NULL);
    const Raw raws[] = {
        {.target = other}, /* for another node */
        {.target = path},  /* for another path */
        {.target = tls},   /* for another scheme */
        {.path = WAKE "?x", .target = other},
        {.body = "{\"size\":2}"}, /* another content */
        {.body = ""},
        {.spoil = TRUE},
        {.drop = 1},
        {.drop = 2},
        {.drop = 3},
        {.extra = "Signature: concert=:AAAA:"}, /* two of them */
        {.extra = "Content-Digest: sha-256=:AAAA:"},
        {.age_us = EXCHANGE_AUTH_SKEW_MAX_US + 2 * G_USEC_PER_SEC},
        {.age_us = -EXCHANGE_AUTH_SKEW_MAX_US - LATE_US},
    };
    for (guint i = 0; i < G_N_ELEMENTS(raws); i++) {
        g_autofree char *reason = NULL;
        g_test_message("case %u", i);
        g_assert_cmpuint(ask_raw(fixture, &raws[i], &reason), ==, 401);
        g_assert_nonnull(strstr(reason, "401: "));
    }
    g_assert_cmpuint(ask(fixture), ==, 204);
}

static gboolean is_behind(const Fixture *fixture)
{
    g_autoptr(Peer) alder = served_node_peer(fixture->birch, fixture->alder);
    return alder->skew_us <= -99 * G_USEC_PER_SEC;
}

/* The clock of a genuine peer is off: both are told by how much. */
static void test_clock(Fixture *fixture, gconstpointer data)
{
    g_autofree char *reason = NULL;
    const Raw old = {.age_us = 1000 * G_USEC_PER_SEC};
    g_assert_cmpuint(ask_raw(fixture, &old, &reason), ==, 401);
    g_assert_nonnull(strstr(reason, "too old"));
    const char *ago = strstr(reason, "it was signed ");
    g_assert_nonnull(ago);
    guint64 seconds = g_ascii_strtoull(ago + strlen("it was signed "), NULL, 10);
    g_assert_cmpuint(seconds, >=, 1000);
    g_assert_cmpuint(seconds, <=, 1001 + LATE_US / G_USEC_PER_SEC);
    const Raw behind = {.age_us = 100 * G_USEC_PER_SEC};
    g_assert_cmpuint(ask_raw(fixture, &behind, NULL), ==, 204);
    for (gint64 end = patience_begin(); !is_behind(fixture);)
        patience_wait(end);
    g_autoptr(Peer) alder = served_node_peer(fixture->birch, fixture->alder);
    g_assert_cmpint(alder->skew_us, >, -100 * G_USEC_PER_SEC - LATE_US);
}

static void test_replay(Fixture *fixture, gconstpointer data)
{
    static const guint8 nonce[HTTPSIG_NONCE_SIZE] = {1, 2, 3};
    const Raw raw = {.nonce = nonce};
    g_autofree char *reason = NULL;
    g_assert_cmpuint(ask_raw(fixture, &raw, NULL), ==, 204);
    g_assert_cmpuint(ask_raw(fixture, &raw, &reason), ==, 401);
    g_assert_cmpuint(ask_raw(fixture, &raw, NULL), ==, 401);
    g_assert_cmpuint(ask_raw(fixture, &(Raw){0}, NULL), ==, 204);
}

/* An endpoint that is not in the card any more is none. */
static void test_endpoints(Fixture *fixture, gconstpointer data)
{
    const char *const others[] = {"https://other.example", fixture->birch->url, NULL};
    ExchangeAuth *auth = fixture->birch->api->exchange_auth;
    exchange_auth_set_endpoints(auth, others);
    g_assert_cmpuint(ask(fixture), ==, 204);
    /* Behind a proxy that speaks TLS for the node. */
    g_autofree char *public = g_strconcat("https://other.example", WAKE, NULL);
    g_assert_cmpuint(ask_raw(fixture, &(Raw){.target = public}, NULL), ==, 204);
    exchange_auth_set_endpoints(auth, (const char *[]){"https://other.example", NULL});
    g_assert_cmpuint(ask(fixture), ==, 401);
    exchange_auth_set_endpoints(auth, (const char *[]){NULL});
    g_assert_cmpuint(ask(fixture), ==, 401);
}

static void test_states(Fixture *fixture, gconstpointer data)
{
    static const struct {
        PeerSide side;
        PeerStep step;
        guint status;
    } steps[] = {{PEER_US, PEER_STEP_SUSPEND, 403},   {PEER_US, PEER_STEP_RESUME, 204},
                 {PEER_THEM, PEER_STEP_SUSPEND, 403}, {PEER_THEM, PEER_STEP_RESUME, 204},
                 {PEER_US, PEER_STEP_END, 403},       {PEER_THEM, PEER_STEP_INVITE, 403},
                 {PEER_US, PEER_STEP_ACCEPT, 204},    {PEER_THEM, PEER_STEP_END, 403},
                 {PEER_US, PEER_STEP_INVITE, 403},    {PEER_THEM, PEER_STEP_ACCEPT, 204}};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        served_node_step(fixture->birch, fixture->alder, steps[i].side, steps[i].step);
        g_test_message("step %u", i);
        g_assert_cmpuint(ask(fixture), ==, steps[i].status);
    }
}

/* What a peer asks too often it has to ask again. */
static void test_rate(Fixture *fixture, gconstpointer data)
{
    guint status = 0;
    for (guint i = 0; i < 20 && status != 429; i++)
        status = ask(fixture);
    g_assert_cmpuint(status, ==, 429);
}

/* An endpoint that does not answer is passed over, and the one that does is tried first after. */
static void test_line(Fixture *fixture, gconstpointer data)
{
    g_strfreev(fixture->peer->urls);
    const char *const urls[] = {"http://192.0.2.1:8470",
                                "https://127.0.0.1:1",
                                "http://127.0.0.1:1",
                                "gopher://127.0.0.1",
                                "http://127.0.0.1:1/a",
                                fixture->birch->url,
                                NULL};
    fixture->peer->urls = g_strdupv((char **)urls);
    g_assert_cmpuint(ask(fixture), ==, 204);
    g_assert_cmpuint(ask(fixture), ==, 204);
}

static void assert_post_fails(Fixture *fixture, ExchangePost *post, int code)
{
    const ExchangePostRequest request = {.path = WAKE, .body = BODY, .length = strlen(BODY)};
    g_autoptr(GError) error = NULL;
    g_auto(ExchangePostResult) result = {0};
    g_assert_false(
        exchange_post(post, signer_of(fixture), fixture->peer, &request, &result, &error));
    g_assert_error(error, CONCERT_ERROR, code);
}

static void test_line_refuses(Fixture *fixture, gconstpointer data)
{
    /* A card must not lead to what is private, unless that is wanted. */
    g_autoptr(ExchangePost) strict = exchange_post_new(NULL);
    assert_post_fails(fixture, strict, CONCERT_ERROR_DENIED);
    exchange_post_cancel(fixture->post);
    assert_post_fails(fixture, fixture->post, CONCERT_ERROR_BUSY);
    exchange_post_allow(fixture->post);
    g_assert_cmpuint(ask(fixture), ==, 204);
    g_strfreev(fixture->peer->urls);
    fixture->peer->urls = g_strsplit("http://cert.birch.example http://192.0.2.1", " ", -1);
    assert_post_fails(fixture, fixture->post, CONCERT_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    served_node_set_up(&nodes[0], "cert.alder.example");
    served_node_set_up(&nodes[1], "cert.birch.example");
    served_node_meet(&nodes[0], &nodes[1], NULL);
    served_node_meet(&nodes[1], &nodes[0], NULL);
#define TEST(path, function)                                                                       \
    g_test_add("/exchange-auth/" path, Fixture, NULL, set_up, function, tear_down)
    TEST("peer", test_peer);
    TEST("stranger", test_stranger);
    TEST("stranger-learns-nothing", test_stranger_learns_nothing);
    TEST("wrong", test_wrong);
    TEST("clock", test_clock);
    TEST("replay", test_replay);
    TEST("endpoints", test_endpoints);
    TEST("states", test_states);
    static const ExchangeAuthOptions slow = {.requests_per_second = 1};
    g_test_add("/exchange-auth/rate", Fixture, &slow, set_up, test_rate, tear_down);
    TEST("line", test_line);
    TEST("line-refuses", test_line_refuses);
    int failed = g_test_run();
    served_node_tear_down(&nodes[0]);
    served_node_tear_down(&nodes[1]);
    return failed;
}
