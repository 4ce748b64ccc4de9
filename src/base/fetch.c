#include "base/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FETCH_MAX_BYTES     ((gsize)256 * 1024 * 1024)
#define FETCH_TIMEOUT       300
#define FETCH_CONNECT       30 /* seconds */
#define FETCH_MAX_REDIRECTS 5
#define FETCH_MAX_ADDRESSES 16
#define FETCH_MAX_WAIT      (24 * 3600) /* seconds, of Retry-After */

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

/* --- One request ----------------------------------------------------------------------------- */

/* A URL taken apart by libcurl itself, so that what is checked is what is fetched. */
typedef struct {
    char *url, *scheme, *host, *port;
} Target;

typedef struct {
    const FetchOptions *options;
    const void *body; /* to be POSTed; NULL: this is a GET */
    gsize body_length;
    const char *body_type;
    Target target;
    struct sockaddr_storage addresses[FETCH_MAX_ADDRESSES]; /* checked */
    guint n_addresses;
    int fd;
    guint64 length, max;
    int write_errno;
    gboolean too_large, refused;
    gint64 deadline; /* monotonic, microseconds */
} Fetch;

static void target_clear(Target *target)
{
    g_clear_pointer(&target->url, g_free);
    g_clear_pointer(&target->scheme, g_free);
    g_clear_pointer(&target->host, g_free);
    g_clear_pointer(&target->port, g_free);
}

static char *url_part(CURLU *url, CURLUPart part, guint flags)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    curl_free(text);
    return copy;
}

static gboolean fail(GError **error, ConcertError code, const char *url, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean fail(GError **error, ConcertError code, const char *url, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CONCERT_ERROR, code, "%s: %s", url, what);
    return FALSE;
}

static gboolean target_parse(const char *text, Target *ret_target, GError **error)
{
    CURLU *url = curl_url();
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
    if (code != CURLUE_OK) {
        curl_url_cleanup(url);
        return fail(error, CONCERT_ERROR_INPUT, text, "not a URL (%s)", curl_url_strerror(code));
    }
    g_autofree char *user = url_part(url, CURLUPART_USER, 0);
    Target target = {
        .url = url_part(url, CURLUPART_URL, FETCH_PUNYCODE),
        .scheme = url_part(url, CURLUPART_SCHEME, 0),
        .host = url_part(url, CURLUPART_HOST, FETCH_PUNYCODE),
        .port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT),
    };
    curl_url_cleanup(url);
    gboolean good = FALSE;
    if (target.scheme && strcmp(target.scheme, "http") != 0 && strcmp(target.scheme, "https") != 0)
        fail(error, CONCERT_ERROR_DENIED, text, "only http and https are fetched");
    else if (!target.url || !target.scheme || !target.host || !target.port)
        fail(error, CONCERT_ERROR_INPUT, text, "not a URL with a host");
    else if (user)
        fail(error, CONCERT_ERROR_DENIED, text, "a URL with a user name is not fetched");
    else
        good = TRUE;
    if (!good) {
        target_clear(&target);
        return FALSE;
    }
    *ret_target = target;
    return TRUE;
}

/* Resolves the target's host and checks every address it has. One that may not be reached refuses
 * the name as a whole: an honest name has no such address. */
static gboolean fetch_resolve(Fetch *fetch, GError **error)
{
    const Target *target = &fetch->target;
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
        return fail(error, CONCERT_ERROR_IO, target->url, "%s: %s", host, gai_strerror(code));
    gboolean good = TRUE;
    fetch->n_addresses = 0;
    for (struct addrinfo *at = found; at && good; at = at->ai_next) {
        if (at->ai_addrlen > sizeof fetch->addresses[0] ||
            fetch->n_addresses == FETCH_MAX_ADDRESSES)
            continue;
        if (!fetch->options->allow_private && !is_public(at->ai_addr)) {
            char text[NI_MAXHOST] = "?";
            getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
            good = fail(error, CONCERT_ERROR_DENIED, target->url,
                        "%s leads to %s, which is not a public address", host, text);
            break;
        }
        memcpy(&fetch->addresses[fetch->n_addresses++], at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(found);
    if (good && fetch->n_addresses == 0)
        return fail(error, CONCERT_ERROR_IO, target->url, "%s has no address", host);
    return good;
}

/* "host:port:address,address", for CURLOPT_RESOLVE. */
static char *fetch_pin(const Fetch *fetch)
{
    g_autoptr(GString) pin = g_string_new(NULL);
    g_string_append_printf(pin, "%s:%s:", fetch->target.host, fetch->target.port);
    for (guint i = 0; i < fetch->n_addresses; i++) {
        const struct sockaddr *address = (const struct sockaddr *)&fetch->addresses[i];
        char text[NI_MAXHOST];
        if (getnameinfo(address, sizeof fetch->addresses[i], text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        gboolean v6 = address->sa_family == AF_INET6;
        g_string_append_printf(pin, v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", text);
    }
    return g_string_free(g_steal_pointer(&pin), FALSE);
}

/* The last word on where a connection goes: only to an address that was checked. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    Fetch *fetch = user;
    for (guint i = 0; i < fetch->n_addresses; i++) {
        const struct sockaddr *checked = (const struct sockaddr *)&fetch->addresses[i];
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
    fetch->refused = TRUE;
    return CURL_SOCKET_BAD;
}

static size_t write_body(char *data, size_t size, size_t count, void *user)
{
    Fetch *fetch = user;
    gsize length = size * count;
    if (fetch->length + length > fetch->max) {
        fetch->too_large = TRUE;
        return 0;
    }
    for (gsize at = 0; at < length;) {
        gssize written = write(fetch->fd, data + at, length - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fetch->write_errno = errno;
            return 0;
        }
        at += (gsize)written;
    }
    fetch->length += length;
    return length;
}

static int watch_stop(void *user, curl_off_t to_come, curl_off_t came, curl_off_t to_go,
                      curl_off_t gone)
{
    const Fetch *fetch = user;
    return g_atomic_int_get(fetch->options->stop) != 0;
}

static gboolean open_body(Fetch *fetch, GError **error)
{
    const char *directory = g_get_tmp_dir();
    fetch->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fetch->fd >= 0)
        return TRUE;
    g_autofree char *path = g_build_filename(directory, "concert-fetch-XXXXXX", NULL);
    fetch->fd = mkostemp(path, O_CLOEXEC);
    if (fetch->fd < 0)
        return error_from_errno(error, errno, "%s", path);
    unlink(path);
    return TRUE;
}

static struct curl_slist *make_headers(const Fetch *fetch)
{
    const FetchOptions *options = fetch->options;
    g_autofree char *basic = NULL;
    if (options->user && options->password && !options->bearer) {
        g_autofree char *both = g_strconcat(options->user, ":", options->password, NULL);
        basic = g_base64_encode((const guchar *)both, strlen(both));
    }
    /* A server that was asked to say whether it wants the body may take its time. */
    struct curl_slist *headers = fetch->body ? curl_slist_append(NULL, "Expect:") : NULL;
    const char *const fields[][2] = {
        {"If-None-Match: ", fetch->body ? NULL : options->etag},
        {"If-Modified-Since: ", fetch->body ? NULL : options->modified},
        {"Accept: ", options->accept},
        {"Authorization: Bearer ", options->bearer},
        {"Authorization: Basic ", basic},
        {"Content-Type: ", fetch->body_type},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!fields[i][1] || strpbrk(fields[i][1], "\r\n"))
            continue;
        g_autofree char *line = g_strconcat(fields[i][0], fields[i][1], NULL);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

/* A further CA stands beside the system's, which libcurl can have as a directory. */
static void set_trust(CURL *curl, const char *ca_file)
{
    if (!ca_file)
        return;
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    g_autofree char *beside = info->cainfo ? g_path_get_dirname(info->cainfo) : NULL;
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    if (info->capath || beside)
        curl_easy_setopt(curl, CURLOPT_CAPATH, info->capath ? info->capath : beside);
}

static void set_options(CURL *curl, Fetch *fetch, struct curl_slist *headers,
                        struct curl_slist *pins, char *message)
{
    gint64 left = MAX((fetch->deadline - g_get_monotonic_time()) / 1000, 1);
    curl_easy_setopt(curl, CURLOPT_URL, fetch->target.url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT);
    /* What cannot be compressed becomes a little longer; write_body() counts what it unpacks to. */
    guint64 max = fetch->max + (fetch->options->accept_compressed ? fetch->max / 8 + 1024 : 0);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "concert/" CONCERT_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, pins);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    if (fetch->options->accept_compressed)
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (fetch->options->stop) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_stop);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
    }
    if (fetch->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body_length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fetch->body);
    }
    set_trust(curl, fetch->options->ca_file);
}

static gboolean fail_transfer(const Fetch *fetch, CURLcode code, const char *message,
                              GError **error)
{
    const char *url = fetch->target.url;
    if (fetch->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return fail(error, CONCERT_ERROR_LIMIT, url, "larger than %" G_GUINT64_FORMAT " bytes",
                    fetch->max);
    if (fetch->write_errno != 0)
        return error_from_errno(error, fetch->write_errno, "%s: keeping what was fetched", url);
    if (fetch->refused)
        return fail(error, CONCERT_ERROR_DENIED, url, "leads to an address that was not checked");
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return fail(error, CONCERT_ERROR_BUSY, url, "broken off, since it was asked to stop");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(error, CONCERT_ERROR_LIMIT, url, "it takes too long (%s)",
                    *message ? message : curl_easy_strerror(code));
    return fail(error, CONCERT_ERROR_IO, url, "%s", *message ? message : curl_easy_strerror(code));
}

static char *response_header(CURL *curl, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return g_strndup(header->value, 1024);
}

static void keep_headers(const Fetch *fetch, CURL *curl, FetchResult *result)
{
    const char *const *names = fetch->options->keep;
    result->n_kept = names ? g_strv_length((char **)names) : 0;
    result->kept = g_new0(char *, result->n_kept);
    for (guint i = 0; i < result->n_kept; i++)
        result->kept[i] = response_header(curl, names[i]);
}

/* Makes the request. *ret_redirect: where it sends us instead, or NULL. */
static gboolean fetch_once(Fetch *fetch, FetchResult *ret_result, char **ret_redirect,
                           GError **error)
{
    char message[CURL_ERROR_SIZE] = "";
    g_autofree char *pin = fetch_pin(fetch);
    struct curl_slist *pins = curl_slist_append(NULL, pin); /* of no effect for an address */
    struct curl_slist *headers = make_headers(fetch);
    CURL *curl = curl_easy_init();
    gboolean good = curl && pins;
    if (!good) {
        fail(error, CONCERT_ERROR_IO, fetch->target.url, "no memory for a request");
    } else {
        set_options(curl, fetch, headers, pins, message);
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK)
            good = fail_transfer(fetch, code, message, error);
    }
    if (good) {
        long status = 0;
        char *redirect = NULL;
        curl_off_t wait = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
        curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
        *ret_redirect = g_strdup(redirect);
        ret_result->status = (guint)status;
        ret_result->content_type = response_header(curl, "Content-Type");
        ret_result->etag = response_header(curl, "ETag");
        ret_result->retry_after = (guint)CLAMP(wait, 0, FETCH_MAX_WAIT);
        keep_headers(fetch, curl, ret_result);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_slist_free_all(pins);
    return good;
}

/* A redirect is followed on the same host and port, and from http to https on their own ports. */
static gboolean may_follow(const Target *from, const Target *to)
{
    if (g_ascii_strcasecmp(from->host, to->host) != 0)
        return FALSE;
    if (strcmp(from->scheme, to->scheme) == 0)
        return strcmp(from->port, to->port) == 0;
    return strcmp(from->scheme, "http") == 0 && strcmp(to->scheme, "https") == 0 &&
           ((strcmp(from->port, "80") == 0 && strcmp(to->port, "443") == 0) ||
            strcmp(from->port, to->port) == 0);
}

static gboolean fetch_redirect(Fetch *fetch, const char *to, GError **error)
{
    Target next = {0};
    if (!target_parse(to, &next, error)) {
        g_prefix_error(error, "%s: redirected to ", fetch->target.url);
        return FALSE;
    }
    if (!may_follow(&fetch->target, &next)) {
        fail(error, CONCERT_ERROR_DENIED, fetch->target.url,
             "redirected to %s; other hosts are not followed, give that URL itself", next.url);
        target_clear(&next);
        return FALSE;
    }
    target_clear(&fetch->target);
    fetch->target = next;
    if (ftruncate(fetch->fd, 0) < 0 || lseek(fetch->fd, 0, SEEK_SET) < 0)
        return error_from_errno(error, errno, "%s", fetch->target.url);
    fetch->length = 0;
    return fetch_resolve(fetch, error);
}

static gboolean fetch_run(Fetch *fetch, FetchResult *result, GError **error)
{
    for (guint hops = 0;; hops++) {
        g_autofree char *redirect = NULL;
        fetch_result_clear(result);
        if (!fetch_once(fetch, result, &redirect, error))
            return FALSE;
        if (!redirect)
            break;
        if (fetch->body)
            return fail(error, CONCERT_ERROR_DENIED, fetch->target.url,
                        "redirected to %s; what is sent there is not sent elsewhere", redirect);
        if (hops == FETCH_MAX_REDIRECTS)
            return fail(error, CONCERT_ERROR_LIMIT, fetch->target.url,
                        "redirected more than %d times", FETCH_MAX_REDIRECTS);
        if (!fetch_redirect(fetch, redirect, error))
            return FALSE;
    }
    if (result->status == 200 || result->status == 304 || fetch->body || fetch->options->any_status)
        return TRUE;
    ConcertError code = CONCERT_ERROR_IO;
    if (result->status == 404 || result->status == 410)
        code = CONCERT_ERROR_NOT_FOUND;
    else if (result->status == 401 || result->status == 403)
        code = CONCERT_ERROR_DENIED;
    return fail(error, code, fetch->target.url, "the server answers with status %u",
                result->status);
}

/* Most commands never fetch: libcurl is set up by the first that does. */
static gpointer start_curl(gpointer unused)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? GINT_TO_POINTER(1) : NULL;
}

/* @fetch says what is asked for; its other members are filled in here. */
static gboolean fetch_all(Fetch *fetch, const char *url, const FetchOptions *options,
                          FetchResult *ret_result, GError **error)
{
    static const FetchOptions defaults;
    static GOnce once = G_ONCE_INIT;
    if (!g_once(&once, start_curl, NULL))
        return fail(error, CONCERT_ERROR_IO, url, "libcurl cannot start");

    FetchResult result = {.fd = -1};
    fetch->options = options ? options : &defaults;
    fetch->fd = -1;
    guint timeout =
        fetch->options->timeout_seconds ? fetch->options->timeout_seconds : FETCH_TIMEOUT;
    fetch->max = fetch->options->max_bytes ? fetch->options->max_bytes : FETCH_MAX_BYTES;
    fetch->deadline = g_get_monotonic_time() + timeout * G_USEC_PER_SEC;
    gboolean good = target_parse(url, &fetch->target, error) && fetch_resolve(fetch, error) &&
                    open_body(fetch, error) && fetch_run(fetch, &result, error);
    gboolean has_body =
        fetch->length > 0 && (result.status == 200 || fetch->body || fetch->options->any_status);
    if (good && has_body && lseek(fetch->fd, 0, SEEK_SET) < 0)
        good = error_from_errno(error, errno, "%s", url);
    if (good && has_body) {
        result.fd = fetch->fd;
        result.length = fetch->length;
        fetch->fd = -1;
    }
    if (fetch->fd >= 0)
        close(fetch->fd);
    target_clear(&fetch->target);
    if (!good) {
        fetch_result_clear(&result);
        return FALSE;
    }
    *ret_result = result;
    return TRUE;
}

gboolean fetch_get(const char *url, const FetchOptions *options, FetchResult *ret_result,
                   GError **error)
{
    Fetch fetch = {0};
    return fetch_all(&fetch, url, options, ret_result, error);
}

gboolean fetch_post(const char *url, const void *body, gsize length, const char *type,
                    const FetchOptions *options, FetchResult *ret_result, GError **error)
{
    Fetch fetch = {.body = body, .body_length = length, .body_type = type};
    return fetch_all(&fetch, url, options, ret_result, error);
}

void fetch_result_clear(FetchResult *result)
{
    if (result->length > 0 && result->fd >= 0) /* so that one that is all zeros is fine, too */
        close(result->fd);
    g_clear_pointer(&result->content_type, g_free);
    g_clear_pointer(&result->etag, g_free);
    for (guint i = 0; i < result->n_kept; i++)
        g_free(result->kept[i]);
    g_free(result->kept);
    *result = (FetchResult){.fd = -1};
}
