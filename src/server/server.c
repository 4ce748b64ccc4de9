#include "server/server.h"

#include <string.h>

#include "node/policy_file.h"
#include "node/tls.h"
#include "server/exchange_auth.h"
#include "server/exchange_follow.h"
#include "server/shield_http.h"

/* Bodies of all requests together, in multiples of the largest one. */
#define BUFFERED_BODIES 4

/* Bytes of one that is refused: twice the largest one, or this much. */
#define DISCARDED_BYTES (G_GUINT64_CONSTANT(64) * 1024 * 1024)

enum { TLS_AUTO, TLS_ON, TLS_OFF }; /* as SETTING_SERVER_TLS */

struct Server {
    Api *api;
    Http *http;
    GPtrArray *urls; /* char *, and a NULL at the end */
    char *key, *certificate;
    char *fingerprint;
    Quorum *policy;
    guint grace_seconds;
};

static ApiOptions api_options(const Config *config)
{
    return (ApiOptions){
        .title = config_string(config, SETTING_TAXII_TITLE),
        .description = config_string(config, SETTING_TAXII_DESCRIPTION),
        .contact = config_string(config, SETTING_TAXII_CONTACT),
        .page_limit = (guint)config_int(config, SETTING_TAXII_PAGE_LIMIT),
        .max_page_bytes = config_size(config, SETTING_TAXII_MAX_PAGE_BYTES),
        .max_request_bytes = config_size(config, SETTING_SERVER_MAX_REQUEST_BYTES),
        .level = (ObjectLevel)config_enum(config, SETTING_TAXII_LEVEL),
        .cache_bytes = config_size(config, SETTING_SERVER_CACHE_BYTES),
        .requests_per_second = (guint)config_int(config, SETTING_SERVER_REQUESTS_PER_SECOND),
        .account_requests_per_second =
            (guint)config_int(config, SETTING_SERVER_ACCOUNT_REQUESTS_PER_SECOND),
        .directory = config_bool(config, SETTING_CARD_DIRECTORY),
        .ledger_public = config_bool(config, SETTING_LEDGER_PUBLIC),
        .cosign_interval = config_duration(config, SETTING_LEDGER_COSIGN_INTERVAL),
    };
}

static HttpOptions http_options(const Config *config)
{
    guint64 largest = config_size(config, SETTING_SERVER_MAX_REQUEST_BYTES);
    return (HttpOptions){
        .threads = (guint)config_int(config, SETTING_SERVER_THREADS),
        .workers = (guint)config_int(config, SETTING_SERVER_THREADS),
        .max_connections = (guint)config_int(config, SETTING_SERVER_MAX_CONNECTIONS),
        .max_connections_per_address =
            (guint)config_int(config, SETTING_SERVER_MAX_CONNECTIONS_PER_ADDRESS),
        .deadline_seconds = config_duration(config, SETTING_SERVER_REQUEST_DEADLINE),
        .max_buffered = BUFFERED_BODIES * largest,
        .max_discarded = MAX(2 * largest, DISCARDED_BYTES),
    };
}

static gboolean load_certificate(Server *server, const Config *config, GError **error)
{
    if (server->key)
        return TRUE;
    if (!tls_load(config_path(config, SETTING_SERVER_TLS_KEY),
                  config_path(config, SETTING_SERVER_TLS_CERTIFICATE),
                  config_string(config, SETTING_NODE_NAME), &server->key, &server->certificate,
                  error)) {
        g_prefix_error(error, "[server] tls_certificate, tls_key: ");
        return FALSE;
    }
    server->fingerprint = tls_fingerprint(server->certificate, error);
    return server->fingerprint != NULL;
}

static gboolean listen_on(Server *server, const Config *config, const ConfigAddress *address,
                          GError **error)
{
    guint tls = config_enum(config, SETTING_SERVER_TLS);
    if (tls == TLS_OFF && !address->loopback) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "[server] tls = off is only for loopback addresses, and %s is none: passwords "
                    "and restricted content would cross the network in the clear",
                    address->host);
        return FALSE;
    }
    gboolean plain = tls == TLS_OFF || (tls == TLS_AUTO && address->loopback);
    guint16 port;
    if ((!plain && !load_certificate(server, config, error)) ||
        !http_listen(server->http, address->host, address->port, plain ? NULL : server->key,
                     plain ? NULL : server->certificate, &port, error))
        return FALSE;
    g_ptr_array_add(server->urls, g_strdup_printf(address->ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
                                                  plain ? "http" : "https", address->host, port));
    return TRUE;
}

static const NoteSigner *cosigner(gpointer notary)
{
    return notary_cosigner(notary, NULL);
}

Server *server_start(const Config *config, Store *store, Writer *writer, Notary *notary,
                     Exchanger *exchanger, GError **error)
{
    Quorum *policy;
    if (!policy_file_load(config, &policy, error))
        return NULL;
    g_autoptr(Server) server = g_new0(Server, 1);
    ApiOptions options = api_options(config);
    options.ledger_policy = server->policy = policy;
    options.cosigner = notary ? cosigner : NULL;
    options.cosigner_user = options.notary = notary;
    options.exchanger = exchanger;
    server->urls = g_ptr_array_new_with_free_func(g_free);
    server->grace_seconds = config_duration(config, SETTING_SERVER_SHUTDOWN_GRACE);
    server->api = api_new(store, writer, &options);
    HttpOptions http = http_options(config);
    HttpApp app = api_http_app(server->api);
    server->http = server->api->http = http_new(&http, &app);
    guint count;
    const ConfigAddress *addresses = config_addresses(config, SETTING_SERVER_LISTEN, &count);
    for (guint i = 0; i < count; i++)
        if (!listen_on(server, config, &addresses[i], error))
            return NULL;
    g_ptr_array_add(server->urls, NULL);
    return g_steal_pointer(&server);
}

const char *const *server_urls(const Server *server)
{
    return (const char *const *)server->urls->pdata;
}

const char *server_fingerprint(const Server *server)
{
    return server->fingerprint;
}

void server_set_endpoints(Server *server, const char *const *urls)
{
    exchange_auth_set_endpoints(server->api->exchange_auth, urls);
}

void server_set_node(Server *server, Node *node)
{
    shield_http_set_node(server->api->shield, node);
}

void server_stop(Server *server)
{
    exchange_follow_stop(server->api->exchange_follow);
    http_stop(server->http, server->grace_seconds);
    http_free(server->http);
    api_free(server->api);
    g_ptr_array_unref(server->urls);
    if (server->key)
        memset(server->key, 0, strlen(server->key));
    g_free(server->key);
    g_free(server->certificate);
    g_free(server->fingerprint);
    g_clear_pointer(&server->policy, quorum_free);
    g_free(server);
}
