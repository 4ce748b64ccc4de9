/* api.h - what the server serves: one table of routes, and what every request goes through before
 * the handler of its row: rate, log-in, media type, rights, filter, cache. */
#pragma once

#include "ledger/note.h"
#include "ledger/quorum.h"
#include "node/exchanger.h"
#include "node/notary.h"
#include "server/cache.h"
#include "server/http.h"
#include "server/login.h"
#include "server/ratelimit.h"
#include "server/readahead.h"
#include "server/router.h"
#include "server/taxii_filter.h"
#include "store/collections.h"
#include "store/writer.h"

typedef struct {
    const char *title, *description, *contact; /* of discovery; the last two may be NULL */
    guint page_limit;                          /* objects */
    gsize max_page_bytes;
    gsize max_request_bytes;
    ObjectLevel level; /* for objects that clients add */
    gsize cache_bytes;
    guint requests_per_second;         /* from one address; 0: unbounded */
    guint account_requests_per_second; /* of one account, likewise */
    gboolean directory;                /* publishes a directory of cards */
    gboolean ledger_public;            /* everybody may read the ledger as it is now */
    const Quorum *ledger_policy;       /* who has to cosign it; NULL: nobody in particular */
    /* The key that cosigns others' checkpoints, NULL while it is not there; on any thread. */
    const NoteSigner *(*cosigner)(gpointer user); /* NULL: nothing is cosigned */
    gpointer cosigner_user;
    Notary *notary; /* whose keys answer peers, and open what they send; NULL: neither is done */
    Exchanger *exchanger;  /* is told of peers that have something new; NULL: nobody is */
    guint cosign_interval; /* seconds between two cosignatures of one log; 0: no bound */
} ApiOptions;

/* Counts since the start; atomic. */
typedef struct {
    guint64 requests, bytes;
    guint64 by_class[6]; /* by the first digit of the status; 0: no answer */
    guint64 objects_added, objects_rejected;
    guint64 over_address_rate, over_account_rate; /* requests refused for it */
    guint64 cosigned, cosign_refused;             /* checkpoints of others */
} ApiCounts;

typedef struct ExchangeAuth ExchangeAuth;
typedef struct ExchangeFollow ExchangeFollow;
typedef struct ShieldHttp ShieldHttp;

typedef struct {
    Store *store;
    Writer *writer;
    Http *http; /* set when it was made */
    ApiOptions options;
    Login *login;
    Cache *cache;
    ReadAhead *ahead;
    RateLimit *address_rate, *account_rate; /* NULL: unbounded */
    RateLimit *note_rate;                   /* of what anybody may send, per address */
    ExchangeFollow *exchange_follow;        /* server/exchange_follow.h */
    RateLimit *message_rate;                /* of messages that came, per peer */
    ExchangeAuth *exchange_auth;            /* server/exchange_auth.h */
    ShieldHttp *shield;                     /* server/shield_http.h */
    gint64 started;                         /* microseconds since 1970 */
    ApiCounts counts;
} Api;

typedef struct ApiRoute ApiRoute;

/* One request on its way. */
typedef struct {
    Api *api;
    HttpRequest *request;
    const ApiRoute *route;
    LoginPrincipal *principal;
    NegotiateCoding coding;
    RouterMatch match;      /* values of the path: {root}, {id}, {object-id} */
    Collection *collection; /* of routes with {id} */
    gboolean can_read, can_write;
    TaxiiFilter filter;
    guint64 generation; /* of the store, before anything was read from it */
    char *key;          /* for the cache; NULL: not to be kept */
    gpointer work;      /* the handler's own, freed when the request is over */
    GDestroyNotify work_free;
} ApiCall;

/* Returns the reply, or NULL with @error; NULL without only on a worker, when http_resume() will
 * follow. */
typedef Reply *(*ApiHandler)(ApiCall *call, GError **error);

struct ApiRoute {
    const char *template;
    HttpMethod method;
    ApiHandler handler;
    guint flags;
    guint filter; /* TaxiiFilterParts the handler knows */
};

/* @options' texts must outlive it. */
Api *api_new(Store *store, Writer *writer, const ApiOptions *options);
void api_free(Api *api);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_free)

/* The callbacks for http_new(). */
HttpApp api_http_app(Api *api);

/* What @principal may do with @collection: its grants within its role. */
gboolean api_rights(Api *api, const LoginPrincipal *principal, const Collection *collection,
                    gboolean *ret_read, gboolean *ret_write, GError **error);

/* The collections of @root (NULL: of all roots) that @principal may read or write. Elements:
 * Collection *. */
GPtrArray *api_visible(Api *api, const LoginPrincipal *principal, const char *root, GError **error);

/* A TAXII reply whose body is @json (taken over). */
Reply *api_reply(ApiCall *call, guint status, GString *json);
