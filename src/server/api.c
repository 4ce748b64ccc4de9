#include "server/api.h"

#include <microhttpd.h>
#include <string.h>

#include "exchange/event_post.h"
#include "exchange/message.h"
#include "exchange/peering.h"
#include "identity/role.h"
#include "ledger/witness.h"
#include "server/exchange_auth.h"
#include "server/exchange_event.h"
#include "server/exchange_follow.h"
#include "server/exchange_message.h"
#include "server/exchange_peering.h"
#include "server/ledger_http.h"
#include "server/ledger_witness.h"
#include "server/monitor.h"
#include "server/problem.h"
#include "server/shield_http.h"
#include "server/taxii_info.h"
#include "server/taxii_page.h"
#include "server/taxii_write.h"
#include "server/well_known.h"

enum {
    API_PLAIN = 1 << 0,      /* not TAXII: any Accept will do */
    API_CACHED = 1 << 1,     /* the reply depends on the store, the account and the URI alone */
    API_WORKER = 1 << 2,     /* may take long, or waits for the writer */
    API_COLLECTION = 1 << 3, /* {root} and {id} name a collection the account must see */
    API_READ = 1 << 4,       /* ... and must be able to read */
    API_ADD = 1 << 5,        /* ... to write */
    API_REMOVE = 1 << 6,     /* ... to read and write, with a role that may remove */
    API_NOTE = 1 << 7,   /* takes a small body of any type, from anybody, at a rate of its own */
    API_SIGNED = 1 << 8, /* takes a body of any type; the handler calls exchange_auth_check() */
    API_STEP = 1 << 9,   /* as API_NOTE, and larger: a step of a peering */
};

#define COLLECTION "/{root}/collections/{id}/"
#define OBJECT     COLLECTION "objects/{object-id}/"
#define MATCH_ALL                                                                                  \
    (TAXII_FILTER_PAGE | TAXII_FILTER_ID | TAXII_FILTER_TYPE | TAXII_FILTER_VERSION |              \
     TAXII_FILTER_SPEC_VERSION)
#define NOTE_BODY_MAX   (256 * 1024)
#define SIGNED_BODY_MAX (1024 * 1024)
#define STEP_BODY_MAX   PEERING_BYTES_MAX
#define NOTE_RATE       2 /* a second, from one address */
#define NOTE_BURST      120
#define MESSAGE_RATE    1 /* a second, of one peer */
#define MESSAGE_BURST   120
#define MATCH_VERSIONS  (TAXII_FILTER_VERSION | TAXII_FILTER_SPEC_VERSION)

/* TAXII 2.1 section 3.1, what watches over the node, and its ledger. */
static const ApiRoute routes[] = {
    {"/health/", HTTP_GET, monitor_health, API_PLAIN, 0},
    {"/metrics/", HTTP_GET, monitor_metrics, API_PLAIN, 0},
    {"/ledger/checkpoint", HTTP_GET, ledger_http_checkpoint, API_PLAIN, 0},
    {"/ledger/tile/{path+}", HTTP_GET, ledger_http_tile, API_PLAIN, 0},
    {"/ledger/openings/{index}", HTTP_GET, ledger_http_opening, API_PLAIN | API_CACHED | API_WORKER,
     0},
    {"/ledger/keys", HTTP_GET, ledger_http_keys, API_PLAIN | API_CACHED, 0},
    {"/ledger/witness/add-checkpoint", HTTP_POST, ledger_witness_add_checkpoint,
     API_PLAIN | API_WORKER | API_NOTE, 0},
    {"/exchange/v1/follow", HTTP_POST, exchange_follow_ask, API_PLAIN | API_WORKER | API_SIGNED, 0},
    {"/exchange/v1/wake", HTTP_POST, exchange_follow_wake, API_PLAIN | API_WORKER | API_SIGNED, 0},
    {WITNESS_EXCHANGE_PATH, HTTP_POST, ledger_witness_add_peers,
     API_PLAIN | API_WORKER | API_SIGNED, 0},
    {EVENT_POST_PATH, HTTP_POST, exchange_event, API_PLAIN | API_WORKER | API_SIGNED, 0},
    {MESSAGE_PATH, HTTP_POST, exchange_message, API_PLAIN | API_WORKER | API_NOTE, 0},
    {"/exchange/v1/peering", HTTP_POST, exchange_peering_post, API_PLAIN | API_WORKER | API_STEP,
     0},
    {"/shield/export/{format}", HTTP_GET, shield_http_export, API_PLAIN | API_WORKER, 0},
    {"/.well-known/concert", HTTP_GET, well_known_card, API_PLAIN | API_CACHED, 0},
    {"/.well-known/concert-directory", HTTP_GET, well_known_directory,
     API_PLAIN | API_CACHED | API_WORKER, 0},
    {"/.well-known/security.txt", HTTP_GET, well_known_security, API_PLAIN, 0},
    {"/taxii2/", HTTP_GET, taxii_info_discovery, API_CACHED, 0},
    {"/{root}/", HTTP_GET, taxii_info_root, API_CACHED, 0},
    {"/{root}/status/{status-id}/", HTTP_GET, taxii_info_status, API_CACHED, 0},
    {"/{root}/collections/", HTTP_GET, taxii_info_collections, API_CACHED, 0},
    {COLLECTION, HTTP_GET, taxii_info_collection, API_CACHED | API_COLLECTION, 0},
    {COLLECTION "manifest/", HTTP_GET, taxii_page_manifest, API_CACHED | API_COLLECTION | API_READ,
     MATCH_ALL},
    {COLLECTION "objects/", HTTP_GET, taxii_page_objects, API_CACHED | API_COLLECTION | API_READ,
     MATCH_ALL},
    {COLLECTION "objects/", HTTP_POST, taxii_write_add, API_WORKER | API_COLLECTION | API_ADD, 0},
    {OBJECT, HTTP_GET, taxii_page_object, API_CACHED | API_COLLECTION | API_READ,
     TAXII_FILTER_PAGE | MATCH_VERSIONS},
    {OBJECT, HTTP_DELETE, taxii_write_remove, API_WORKER | API_COLLECTION | API_REMOVE,
     MATCH_VERSIONS},
    {OBJECT "versions/", HTTP_GET, taxii_page_versions, API_CACHED | API_COLLECTION | API_READ,
     TAXII_FILTER_PAGE | TAXII_FILTER_SPEC_VERSION},
};

static const struct {
    HttpMethod method;
    const char *names;
} methods[] = {{HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"}, {HTTP_DELETE, "DELETE"}};

/* Finds the call's route; else returns 404, or 405 when the path has other methods. */
static Reply *find_route(ApiCall *call)
{
    const HttpRequest *request = call->request;
    guint allowed = 0;
    for (guint i = 0; i < G_N_ELEMENTS(routes); i++) {
        RouterMatch match;
        if (!router_fits(routes[i].template, request->uri, &match))
            continue;
        if (routes[i].method == request->method) {
            call->route = &routes[i];
            call->match = match;
            return NULL;
        }
        router_match_clear(&match);
        allowed |= routes[i].method;
    }
    if (!allowed)
        return problem_reply(404, "there is no such path here");
    Reply *reply = problem_reply(405, NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++)
        if (allowed & methods[i].method)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", methods[i].names);
    reply_header(reply, MHD_HTTP_HEADER_ALLOW, names->str);
    return reply;
}

/* Who did not log in is asked to, whatever there is or is not: it learns nothing. */
static Reply *deny(const ApiCall *call, guint status, const char *description)
{
    return call->principal->anonymous ? problem_unauthorized(NULL)
                                      : problem_reply(status, description);
}

static Reply *reply_to_error(const ApiCall *call, const GError *error)
{
    if (call->principal->anonymous && !(call->route->flags & API_SIGNED) &&
        error->domain == CONCERT_ERROR &&
        (error->code == CONCERT_ERROR_NOT_FOUND || error->code == CONCERT_ERROR_DENIED) &&
        !call->can_read)
        return problem_unauthorized(NULL);
    return problem_from_error(error);
}

gboolean api_rights(Api *api, const LoginPrincipal *principal, const Collection *collection,
                    gboolean *ret_read, gboolean *ret_write, GError **error)
{
    gboolean read, write;
    if (!collections_rights(api->store, collection->number, principal->name, &read, &write, error))
        return FALSE;
    *ret_read = read && (principal->actions & ROLE_ACTION_READ);
    *ret_write = write && (principal->actions & ROLE_ACTION_ADD);
    return TRUE;
}

GPtrArray *api_visible(Api *api, const LoginPrincipal *principal, const char *root, GError **error)
{
    g_autoptr(GPtrArray) all = collections_list(api->store, root, error);
    if (!all)
        return NULL;
    g_autoptr(GPtrArray) visible = g_ptr_array_new_with_free_func((GDestroyNotify)collection_free);
    while (all->len > 0) {
        g_autoptr(Collection) collection = g_ptr_array_steal_index(all, 0);
        gboolean read, write;
        if (!api_rights(api, principal, collection, &read, &write, error))
            return NULL;
        if (read || write)
            g_ptr_array_add(visible, g_steal_pointer(&collection));
    }
    return g_steal_pointer(&visible);
}

/* Looks the collection up and checks what the route demands (TAXII 2.1 sections 5.2 to 5.8). */
static Reply *check_collection(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    guint flags = call->route->flags;
    call->collection =
        collections_lookup(call->api->store, call->match.values[0], call->match.values[1], &error);
    if (call->collection && !api_rights(call->api, call->principal, call->collection,
                                        &call->can_read, &call->can_write, &error))
        return reply_to_error(call, error);
    if (error && !g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return reply_to_error(call, error);
    /* A collection one may neither read nor write is not there: its name may say too much. */
    if (!call->can_read && !call->can_write)
        return deny(call, 404, "no such collection");
    if (flags & API_READ && !call->can_read)
        return deny(call, 403, "this collection may be written to, but not read");
    if (flags & API_ADD && !call->can_write)
        return deny(call, 403, "this collection may be read, but not written to");
    if (flags & API_REMOVE &&
        !(call->can_read && call->can_write && call->principal->actions & ROLE_ACTION_REMOVE))
        return deny(call, 403, "nothing may be removed from this collection");
    return NULL;
}

static Reply *refuse_rate(const char *description, guint64 *count, guint wait)
{
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    return problem_later(429, description, wait);
}

static Reply *check_address_rate(Api *api, HttpRequest *request, const GuardKey *client)
{
    guint wait = 0;
    /* Behind a proxy on this machine the address says nothing about the client. */
    if (!api->address_rate || http_is_loopback(request) ||
        ratelimit_take(api->address_rate, client, sizeof *client, 1, &wait))
        return NULL;
    return refuse_rate("too many requests from this address", &api->counts.over_address_rate, wait);
}

static Reply *check_note_rate(Api *api, HttpRequest *request)
{
    GuardKey client = guard_key(request->address);
    guint wait = 0;
    if (http_is_loopback(request) ||
        ratelimit_take(api->note_rate, &client, sizeof client, 1, &wait))
        return NULL;
    return refuse_rate("too many requests from this address", &api->counts.over_address_rate, wait);
}

/* What can be refused of a body before it comes. */
static Reply *check_body(ApiCall *call)
{
    HttpRequest *request = call->request;
    if (request->method != HTTP_POST)
        return NULL;
    guint flags = call->route->flags;
    gboolean any = flags & (API_NOTE | API_SIGNED | API_STEP);
    if (!any && !negotiate_is_taxii(http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE)))
        return problem_reply(415, NULL);
    const char *coding = http_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING);
    if (coding && g_ascii_strcasecmp(coding, "identity") != 0)
        return problem_reply(415, "send the body without Content-Encoding");
    request->max_body = call->api->options.max_request_bytes;
    if (any)
        request->max_body = MIN(request->max_body, flags & API_NOTE   ? NOTE_BODY_MAX
                                                   : flags & API_STEP ? STEP_BODY_MAX
                                                                      : SIGNED_BODY_MAX);
    return flags & (API_NOTE | API_STEP) ? check_note_rate(call->api, request) : NULL;
}

/* What a reply to a GET depends on, beside the store. */
static char *cache_key(NegotiateCoding coding, const LoginPrincipal *principal, const char *uri)
{
    const char prefix[] = {(char)('0' + coding), '\0'};
    return g_strconcat(prefix, principal->name, "\n", uri, NULL);
}

/* A page that is to be made before it is asked for. */
typedef struct {
    LoginPrincipal *principal;
    NegotiateCoding coding;
    char *uri;
} AheadPage;

static void ahead_page_free(gpointer data)
{
    AheadPage *page = data;
    login_principal_unref(page->principal);
    g_free(page->uri);
    g_free(page);
}

/* @uri with another value for its parameter `next`; NULL when it has none. */
static char *with_next(const char *uri, const char *next)
{
    static const char parameter[] = "next=";
    const char *at = strchr(uri, '?');
    while (at && strncmp(at + 1, parameter, sizeof parameter - 1) != 0)
        at = strchr(at + 1, '&');
    if (!at)
        return NULL;
    at += sizeof parameter;
    return g_strdup_printf("%.*s%s%s", (int)(at - uri), uri, next, at + strcspn(at, "&"));
}

/* A client that came to this page by `next` will ask for the next one too. */
static void look_ahead(const ApiCall *call, const Reply *reply)
{
    const char *next = reply_next(reply);
    char *uri = next && call->request->http ? with_next(call->request->uri, next) : NULL;
    if (!uri)
        return;
    g_autofree char *key = cache_key(call->coding, call->principal, uri);
    g_autoptr(Reply) there = cache_get(call->api->cache, key, call->generation);
    if (there) {
        g_free(uri);
        return;
    }
    AheadPage *page = g_new(AheadPage, 1);
    *page = (AheadPage){login_principal_ref(call->principal), call->coding, uri};
    readahead_push(call->api->ahead, key, page);
}

/* Who did not log in shares no account with others: that is for the address's rate. */
static Reply *check_account_rate(Api *api, const LoginPrincipal *principal)
{
    guint wait = 0;
    if (!api->account_rate || principal->anonymous ||
        ratelimit_take(api->account_rate, principal->name, strlen(principal->name), 1, &wait))
        return NULL;
    return refuse_rate("too many requests of this account", &api->counts.over_account_rate, wait);
}

/* Everything between knowing who it is and the body: NULL when the request may go on. */
static Reply *admit(ApiCall *call)
{
    HttpRequest *request = call->request;
    Api *api = call->api;
    Reply *refusal = check_account_rate(api, call->principal);
    if (refusal)
        return refusal;
    gboolean acceptable = negotiate_accepts_taxii(http_header(request, MHD_HTTP_HEADER_ACCEPT));
    call->coding = negotiate_coding(http_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    call->generation = writer_generation(api->writer);
    if (request->method == HTTP_GET && !request->has_body && acceptable) {
        call->key = cache_key(call->coding, call->principal, request->uri);
        Reply *cached = cache_get(api->cache, call->key, call->generation);
        if (!cached && readahead_wait(api->ahead, call->key))
            cached = cache_get(api->cache, call->key, call->generation);
        if (cached) {
            look_ahead(call, cached);
            return cached;
        }
    }
    refusal = find_route(call);
    if (refusal)
        return refusal;
    if (!(call->route->flags & API_CACHED))
        g_clear_pointer(&call->key, g_free);
    if (!acceptable && !(call->route->flags & API_PLAIN))
        return problem_reply(406, NULL);
    if (call->route->flags & API_COLLECTION)
        refusal = check_collection(call);
    return refusal ? refusal : check_body(call);
}

static Reply *admit_or_refuse(ApiCall *call, LoginResult result, guint wait)
{
    switch (result) {
    case LOGIN_KNOWN:
        return admit(call);
    case LOGIN_EXHAUSTED:
        return problem_later(429, "too many failed log-ins", wait);
    case LOGIN_WRONG:
    case LOGIN_COMPUTE:
        break;
    }
    return problem_unauthorized("wrong credentials");
}

static void compute_login(HttpRequest *request)
{
    ApiCall *call = request->data;
    GuardKey client = guard_key(request->address);
    guint wait = 0;
    LoginResult result =
        login_verify(call->api->login, http_header(request, MHD_HTTP_HEADER_AUTHORIZATION), &client,
                     sizeof client, &call->principal, &wait);
    http_resume(request, admit_or_refuse(call, result, wait));
}

static Reply *begin(gpointer user, HttpRequest *request)
{
    Api *api = user;
    ApiCall *call = request->data = g_new0(ApiCall, 1);
    call->api = api;
    call->request = request;
    GuardKey client = guard_key(request->address);
    guint wait = 0;
    Reply *refusal = check_address_rate(api, request, &client);
    if (refusal)
        return refusal;
    LoginResult result =
        login_check(api->login, http_header(request, MHD_HTTP_HEADER_AUTHORIZATION), &client,
                    sizeof client, &call->principal, &wait);
    if (result != LOGIN_COMPUTE)
        return admit_or_refuse(call, result, wait);
    if (http_defer(request, HTTP_LOGIN, compute_login))
        return NULL;
    return problem_later(503, "too many log-ins at once", 2);
}

static Reply *run_handler(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    Reply *reply = call->route->handler(call, &error);
    if (error)
        return reply_to_error(call, error);
    if (reply && call->key && reply_status(reply) == 200)
        cache_put(call->api->cache, call->key, call->generation, reply);
    if (reply)
        look_ahead(call, reply);
    return reply;
}

static void clear_call(ApiCall *call)
{
    if (call->work)
        call->work_free(call->work);
    if (call->principal)
        login_principal_unref(call->principal);
    collection_free(call->collection);
    router_match_clear(&call->match);
    taxii_filter_clear(&call->filter);
    g_free(call->key);
}

/* Goes the way of a request without one: no connection, and the reply only for the cache. */
static void make_ahead(gpointer user, gpointer data)
{
    Api *api = user;
    const AheadPage *page = data;
    HttpRequest request = {.uri = page->uri, .method = HTTP_GET};
    ApiCall call = {.api = api,
                    .request = &request,
                    .principal = login_principal_ref(page->principal),
                    .coding = page->coding,
                    .generation = writer_generation(api->writer),
                    .key = cache_key(page->coding, page->principal, page->uri)};
    g_autoptr(Reply) reply = find_route(&call);
    if (!reply && call.route->flags & API_COLLECTION)
        reply = check_collection(&call);
    if (!reply &&
        taxii_filter_parse(strchr(page->uri, '?') + 1, call.route->filter, &call.filter, NULL))
        reply = run_handler(&call);
    clear_call(&call);
}

static void work(HttpRequest *request)
{
    Reply *reply = run_handler(request->data);
    if (reply)
        http_resume(request, reply);
}

static Reply *finish(gpointer user, HttpRequest *request)
{
    ApiCall *call = request->data;
    g_autoptr(GError) error = NULL;
    const char *query = strchr(request->uri, '?');
    if (!taxii_filter_parse(query ? query + 1 : NULL, call->route->filter, &call->filter, &error))
        return problem_from_error(error);
    if (!(call->route->flags & API_WORKER))
        return run_handler(call);
    if (http_defer(request, HTTP_WORK, work))
        return NULL;
    return problem_later(503, NULL, 1);
}

static Reply *refuse(gpointer user, HttpRequest *request, guint status, const char *why)
{
    return status == 503 ? problem_later(503, why, 1) : problem_reply(status, why);
}

static void ended(gpointer user, HttpRequest *request, guint status, gsize bytes)
{
    Api *api = user;
    ApiCall *call = g_steal_pointer(&request->data);
    __atomic_add_fetch(&api->counts.requests, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&api->counts.bytes, bytes, __ATOMIC_RELAXED);
    __atomic_add_fetch(&api->counts.by_class[status / 100 % 6], 1, __ATOMIC_RELAXED);
    if (!call)
        return;
    clear_call(call);
    g_free(call);
}

/* Bursts of ten seconds' worth are let through. */
static RateLimit *make_rate(guint per_second)
{
    return per_second > 0 ? ratelimit_new(per_second, 10.0 * per_second) : NULL;
}

Api *api_new(Store *store, Writer *writer, const ApiOptions *options)
{
    Api *api = g_new0(Api, 1);
    api->store = store;
    api->writer = writer;
    api->options = *options;
    api->login = login_new(store, writer);
    api->cache = cache_new(options->cache_bytes);
    api->ahead = readahead_new(make_ahead, api, ahead_page_free);
    api->address_rate = make_rate(options->requests_per_second);
    api->account_rate = make_rate(options->account_requests_per_second);
    api->note_rate = ratelimit_new(NOTE_RATE, NOTE_BURST);
    api->message_rate = ratelimit_new(MESSAGE_RATE, MESSAGE_BURST);
    api->exchange_auth = exchange_auth_new(store, writer, NULL);
    api->exchange_follow = exchange_follow_new(api);
    api->shield = shield_http_new();
    api->started = g_get_real_time();
    return api;
}

void api_free(Api *api)
{
    exchange_follow_free(api->exchange_follow);
    readahead_free(api->ahead);
    login_free(api->login);
    cache_free(api->cache);
    g_clear_pointer(&api->address_rate, ratelimit_free);
    g_clear_pointer(&api->account_rate, ratelimit_free);
    ratelimit_free(api->note_rate);
    ratelimit_free(api->message_rate);
    exchange_auth_free(api->exchange_auth);
    shield_http_free(api->shield);
    g_free(api);
}

HttpApp api_http_app(Api *api)
{
    return (HttpApp){
        .begin = begin, .finish = finish, .refuse = refuse, .ended = ended, .user = api};
}

Reply *api_reply(ApiCall *call, guint status, GString *json)
{
    gsize length = json->len;
    return reply_new(status, NEGOTIATE_TAXII, call->coding, NULL, g_string_free(json, FALSE),
                     length);
}
