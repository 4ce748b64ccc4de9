#include "base/fetch_target.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "base/late_curl.h"

/* Names in other scripts are resolved and pinned in the form libcurl connects to. */
#ifdef CURLU_PUNYCODE
#define FETCH_PUNYCODE CURLU_PUNYCODE
#else
#define FETCH_PUNYCODE 0
#endif

/* --- Addresses ------------------------------------------------------------------------------- */

/* Blocks of the IANA special-purpose registries (RFC 6890 and its successors) that are not globally
 * reachable, and multicast. */
static const struct {
    guint8 network[4];
    guint bits;
} local_networks[] = {
    {{0, 0, 0, 0}, 8},       /* this network */
    {{10, 0, 0, 0}, 8},      /* private */
    {{100, 64, 0, 0}, 10},   /* carrier-grade NAT */
    {{127, 0, 0, 0}, 8},     /* loopback */
    {{169, 254, 0, 0}, 16},  /* link-local, metadata services */
    {{172, 16, 0, 0}, 12},   /* private */
    {{192, 0, 0, 0}, 24},    /* IETF protocol assignments */
    {{192, 0, 2, 0}, 24},    /* documentation */
    {{192, 88, 99, 0}, 24},  /* 6to4 relays, gone */
    {{192, 168, 0, 0}, 16},  /* private */
    {{198, 18, 0, 0}, 15},   /* benchmarks */
    {{198, 51, 100, 0}, 24}, /* documentation */
    {{203, 0, 113, 0}, 24},  /* documentation */
    {{224, 0, 0, 0}, 4},     /* multicast */
    {{240, 0, 0, 0}, 4},     /* reserved, broadcast */
};

/* The same for IPv6: what is globally reachable is in 2000::/3, but for these. */
static const struct {
    guint8 network[4];
    guint bits;
} local_networks6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* IETF protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static gboolean is_within(const guint8 *address, const guint8 *network, guint bits)
{
    for (guint i = 0; i < bits; i++)
        if ((address[i / 8] ^ network[i / 8]) & (0x80 >> i % 8))
            return FALSE;
    return TRUE;
}

static gboolean is_public4(const guint8 address[4])
{
    for (gsize i = 0; i < G_N_ELEMENTS(local_networks); i++)
        if (is_within(address, local_networks[i].network, local_networks[i].bits))
            return FALSE;
    return TRUE;
}

static gboolean is_public6(const guint8 address[16])
{
    static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const guint8 translated[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 */
    static const guint8 six_to_four[2] = {0x20, 0x02};
    static const guint8 global[1] = {0x20};
    if (is_within(address, mapped, 96) || is_within(address, translated, 96))
        return is_public4(address + 12);
    if (is_within(address, six_to_four, 16))
        return is_public4(address + 2);
    if (!is_within(address, global, 3))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(local_networks6); i++)
        if (is_within(address, local_networks6[i].network, local_networks6[i].bits))
            return FALSE;
    return TRUE;
}

static gboolean is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        return is_public4((const guint8 *)&v4->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        return is_public6(v6->sin6_addr.s6_addr);
    }
    return FALSE;
}

/* --- URLs and where they lead --------------------------------------------------------------------
 */

gboolean fetch_target_fail(GError **error, ConcertError code, const char *url, const char *format,
                           ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CONCERT_ERROR, code, "%s: %s", url, what);
    return FALSE;
}

void fetch_target_clear(FetchTarget *target)
{
    g_clear_pointer(&target->url, g_free);
    g_clear_pointer(&target->scheme, g_free);
    g_clear_pointer(&target->host, g_free);
    g_clear_pointer(&target->port, g_free);
    target->n_addresses = 0;
}

static char *url_part(CURLU *url, CURLUPart part, guint flags)
{
    char *text = NULL;
    if (late_curl()->url_get(url, part, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    late_curl()->free(text);
    return copy;
}

gboolean fetch_target_parse(const char *text, FetchTarget *ret_target, GError **error)
{
    CURLU *url = late_curl()->url();
    CURLUcode code = late_curl()->url_set(url, CURLUPART_URL, text, 0);
    if (code != CURLUE_OK) {
        late_curl()->url_cleanup(url);
        return fetch_target_fail(error, CONCERT_ERROR_INPUT, text, "not a URL (%s)",
                                 late_curl()->url_strerror(code));
    }
    g_autofree char *user = url_part(url, CURLUPART_USER, 0);
    FetchTarget target = {
        .url = url_part(url, CURLUPART_URL, FETCH_PUNYCODE),
        .scheme = url_part(url, CURLUPART_SCHEME, 0),
        .host = url_part(url, CURLUPART_HOST, FETCH_PUNYCODE),
        .port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT),
    };
    late_curl()->url_cleanup(url);
    gboolean good = FALSE;
    if (target.scheme && strcmp(target.scheme, "http") != 0 && strcmp(target.scheme, "https") != 0)
        fetch_target_fail(error, CONCERT_ERROR_DENIED, text, "only http and https are fetched");
    else if (!target.url || !target.scheme || !target.host || !target.port)
        fetch_target_fail(error, CONCERT_ERROR_INPUT, text, "not a URL with a host");
    else if (user)
        fetch_target_fail(error, CONCERT_ERROR_DENIED, text,
                          "a URL with a user name is not fetched");
    else
        good = TRUE;
    if (!good) {
        fetch_target_clear(&target);
        return FALSE;
    }
    *ret_target = target;
    return TRUE;
}

gboolean fetch_target_resolve(FetchTarget *target, gboolean allow_private, GError **error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    gsize length = strlen(target->host);
    gboolean literal = target->host[0] == '[';
    g_autofree char *host =
        literal ? g_strndup(target->host + 1, length - 2) : g_strdup(target->host);
    if (literal)
        hints.ai_flags = AI_NUMERICHOST;
    int code = getaddrinfo(host, target->port, &hints, &found);
    if (code != 0)
        return fetch_target_fail(error, CONCERT_ERROR_IO, target->url, "%s: %s", host,
                                 gai_strerror(code));
    gboolean good = TRUE;
    target->n_addresses = 0;
    for (struct addrinfo *at = found; at && good; at = at->ai_next) {
        if (at->ai_addrlen > sizeof target->addresses[0] ||
            target->n_addresses == FETCH_TARGET_ADDRESSES)
            continue;
        if (!allow_private && !is_public(at->ai_addr)) {
            char text[NI_MAXHOST] = "?";
            getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
            good = fetch_target_fail(
                error, CONCERT_ERROR_DENIED, target->url,
                "%s leads to %s, which is not a public address ([fetch] allow_private, or "
                "--allow-private of commands that have it, permits it)",
                host, text);
            break;
        }
        memcpy(&target->addresses[target->n_addresses++], at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(found);
    if (good && target->n_addresses == 0)
        return fetch_target_fail(error, CONCERT_ERROR_IO, target->url, "%s has no address", host);
    return good;
}

char *fetch_target_pin(const FetchTarget *target)
{
    g_autoptr(GString) pin = g_string_new(NULL);
    g_string_append_printf(pin, "%s:%s:", target->host, target->port);
    for (guint i = 0; i < target->n_addresses; i++) {
        const struct sockaddr *address = (const struct sockaddr *)&target->addresses[i];
        char text[NI_MAXHOST];
        if (getnameinfo(address, sizeof target->addresses[i], text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        gboolean v6 = address->sa_family == AF_INET6;
        g_string_append_printf(pin, v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", text);
    }
    return g_string_free(g_steal_pointer(&pin), FALSE);
}

curl_socket_t fetch_target_open_socket(void *user, curlsocktype purpose,
                                       struct curl_sockaddr *address)
{
    FetchTarget *target = user;
    for (guint i = 0; i < target->n_addresses; i++) {
        const struct sockaddr *checked = (const struct sockaddr *)&target->addresses[i];
        if (checked->sa_family != address->family)
            continue;
        gboolean same;
        if (address->family == AF_INET)
            same = ((const struct sockaddr_in *)checked)->sin_addr.s_addr ==
                   ((const struct sockaddr_in *)&address->addr)->sin_addr.s_addr;
        else
            same = memcmp(&((const struct sockaddr_in6 *)checked)->sin6_addr,
                          &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16) == 0;
        if (same)
            return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }
    target->refused = TRUE;
    return CURL_SOCKET_BAD;
}

void fetch_target_set_options(FetchTarget *target, CURL *curl)
{
    late_curl()->easy_setopt(curl, CURLOPT_URL, target->url);
    late_curl()->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    late_curl()->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    late_curl()->easy_setopt(curl, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    late_curl()->easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    late_curl()->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    late_curl()->easy_setopt(curl, CURLOPT_USERAGENT, "concert/" CONCERT_VERSION);
    late_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, fetch_target_open_socket);
    late_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETDATA, target);
}

char *fetch_target_header(CURL *curl, const char *name)
{
    struct curl_header *header;
    if (late_curl()->easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return g_strndup(header->value, 1024);
}

static gpointer start_curl(gpointer unused)
{
    return late_curl()->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? GINT_TO_POINTER(1) : NULL;
}

gboolean fetch_target_start(const char *url, GError **error)
{
    static GOnce once = G_ONCE_INIT;
    if (!late_curl_load(error)) {
        g_prefix_error(error, "%s: ", url);
        return FALSE;
    }
    if (g_once(&once, start_curl, NULL))
        return TRUE;
    return fetch_target_fail(error, CONCERT_ERROR_IO, url, "libcurl cannot start");
}
