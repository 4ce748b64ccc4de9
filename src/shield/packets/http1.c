#include "shield/packets/http1.h"

#include <string.h>

typedef struct {
    const char *at;
    gsize length;
} Text;

/* Methods of HTTP, WebDAV and its like, and of what speaks the same language: UPnP, Outlook
 * Anywhere, BITS, SSTP, Configuration Manager. */
static const char *const methods[] = {
    "GET ",         "POST ",         "HEAD ",
    "PUT ",         "DELETE ",       "OPTIONS ",
    "CONNECT ",     "PATCH ",        "TRACE ",
    "QUERY ",       "PROPFIND ",     "PROPPATCH ",
    "COPY ",        "MOVE ",         "MKCOL ",
    "MKCALENDAR ",  "LOCK ",         "UNLOCK ",
    "REPORT ",      "SEARCH ",       "ACL ",
    "MERGE ",       "CHECKIN ",      "CHECKOUT ",
    "MKACTIVITY ",  "PURGE ",        "NOTIFY ",
    "M-SEARCH ",    "SUBSCRIBE ",    "UNSUBSCRIBE ",
    "POLL ",        "BCOPY ",        "BDELETE ",
    "BMOVE ",       "BPROPFIND ",    "BPROPPATCH ",
    "RPC_IN_DATA ", "RPC_OUT_DATA ", "RPC_CONNECT ",
    "BITS_POST ",   "CCM_POST ",     "SSTP_DUPLEX_POST ",
};

Http1Kind http1_detect(const guint8 *data, gsize length)
{
    static const char response[] = "HTTP/1.";
    gsize size = sizeof(response) - 1;

    if (memcmp(data, response, MIN(length, size)) == 0)
        return length < size ? HTTP1_MAYBE : HTTP1_RESPONSE;
    if (!g_ascii_isupper(data[0]))
        return HTTP1_NO;
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
        size = strlen(methods[i]);
        if (memcmp(data, methods[i], MIN(length, size)) == 0)
            return length < size ? HTTP1_MAYBE : HTTP1_REQUEST;
    }
    return HTTP1_NO;
}

gsize http1_head_length(const guint8 *data, gsize length)
{
    const guint8 *at = data, *end = data + length;

    while ((at = memchr(at, '\n', (gsize)(end - at)))) {
        at++;
        if (at < end && *at == '\n')
            return (gsize)(at - data) + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return (gsize)(at - data) + 2;
        if (at >= end)
            break;
    }
    return 0;
}

static Text trim(const char *start, const char *end)
{
    while (start < end && g_ascii_isspace(*start))
        start++;
    while (end > start && g_ascii_isspace(end[-1]))
        end--;
    return (Text){start, (gsize)(end - start)};
}

/* The end of the line at @at, its line feed not included. */
static const char *line_end(const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (gsize)(end - at));
    return feed ? feed : end;
}

/* The fields that are looked at. Those without a name are this file's own business. */
typedef enum {
    FIELD_TEXT,
    FIELD_PRODUCT,
    FIELD_HOST,
    FIELD_LENGTH,
    FIELD_CODING,
    FIELD_UPGRADE
} Use;

static const struct {
    const char *name;
    Use use;
    const char *field;
    const char *path;
} fields[] = {
    {"host", FIELD_HOST, "http.host", "domain-name:value"},
    {"user-agent", FIELD_PRODUCT, "http.user_agent",
     "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"},
    {"referer", FIELD_TEXT, "http.referer",
     "network-traffic:extensions.'http-request-ext'.request_header.'Referer'"},
    {"origin", FIELD_TEXT, "http.origin", NULL},
    {"location", FIELD_TEXT, "http.location", NULL},
    {"content-location", FIELD_TEXT, "http.location", NULL},
    {"refresh", FIELD_TEXT, "http.location", NULL},
    {"destination", FIELD_TEXT, "http.destination", NULL},
    {"from", FIELD_TEXT, "http.from", NULL},
    {"forwarded", FIELD_TEXT, "http.forwarded", NULL},
    {"x-forwarded-for", FIELD_TEXT, "http.x_forwarded_for", NULL},
    {"x-forwarded-host", FIELD_TEXT, "http.x_forwarded_host", NULL},
    {"x-real-ip", FIELD_TEXT, "http.x_real_ip", NULL},
    {"true-client-ip", FIELD_TEXT, "http.true_client_ip", NULL},
    {"via", FIELD_PRODUCT, "http.via", NULL},
    {"server", FIELD_PRODUCT, "http.server", NULL},
    {"content-length", FIELD_LENGTH, NULL, NULL},
    {"transfer-encoding", FIELD_CODING, NULL, NULL},
    {"upgrade", FIELD_UPGRADE, NULL, NULL},
};

typedef struct {
    Draft *draft;
    Text host;
    Http1Rest rest;
} Head;

/* The host without its port. */
static Text without_port(Text host)
{
    const char *colon = memrchr(host.at, ':', host.length);

    if (!colon || memchr(colon, ']', host.length - (gsize)(colon - host.at)))
        return host;
    if (host.at[0] != '[' && memchr(host.at, ':', (gsize)(colon - host.at)))
        return host; /* an IPv6 address without the brackets it should have */
    return (Text){host.at, (gsize)(colon - host.at)};
}

static void add_host(Draft *draft, Text host)
{
    Text name = without_port(host);
    draft_add(draft, OBSERVABLE_DOMAIN, name.at, name.length, "http.host", "domain-name:value");
}

/* Whether the last coding is the one that says where the body ends (RFC 9112 section 6.1). */
static gboolean ends_in_chunks(Text codings)
{
    static const char chunked[] = "chunked";
    gsize length = sizeof(chunked) - 1;
    return codings.length >= length &&
           g_ascii_strncasecmp(codings.at + codings.length - length, chunked, length) == 0;
}

static void read_field(Head *head, guint row, Text value)
{
    char digits[21] = "";

    switch (fields[row].use) {
    case FIELD_TEXT:
        draft_add(head->draft, OBSERVABLE_NONE, value.at, value.length, fields[row].field,
                  fields[row].path);
        break;
    case FIELD_PRODUCT:
        draft_add(head->draft, OBSERVABLE_OTHER, value.at, value.length, fields[row].field,
                  fields[row].path);
        break;
    case FIELD_HOST:
        if (head->host.length == 0)
            head->host = value;
        add_host(head->draft, value);
        break;
    case FIELD_LENGTH:
        memcpy(digits, value.at, MIN(value.length, sizeof(digits) - 1));
        if (head->rest.body == HTTP1_BODY_LENGTH && g_ascii_isdigit(digits[0]))
            head->rest.length = g_ascii_strtoull(digits, NULL, 10);
        break;
    case FIELD_CODING:
        if (head->rest.body != HTTP1_BODY_UNKNOWN)
            head->rest.body = ends_in_chunks(value) ? HTTP1_BODY_CHUNKS : HTTP1_BODY_UNKNOWN;
        break;
    case FIELD_UPGRADE:
        /* Only the answer says whether it becomes another protocol: looked for both. */
        head->rest.body = HTTP1_BODY_UNKNOWN;
        break;
    }
}

/* Reads the fields behind the first line. A line that begins with a blank goes on with the one
 * before (RFC 9112 section 5.2). */
static void read_fields(Head *head, const char *at, const char *end)
{
    while (at < end) {
        const char *stop = line_end(at, end);
        while (stop + 1 < end && (stop[1] == ' ' || stop[1] == '\t'))
            stop = line_end(stop + 1, end);
        const char *colon = memchr(at, ':', (gsize)(stop - at));
        gsize length = colon ? (gsize)(colon - at) : 0;
        for (guint i = 0; length > 0 && i < G_N_ELEMENTS(fields); i++)
            if (strlen(fields[i].name) == length &&
                g_ascii_strncasecmp(fields[i].name, at, length) == 0)
                read_field(head, i, trim(colon + 1, stop));
        at = stop + 1;
    }
}

/* The authority of an absolute URL: "user@alder.example:80". */
static Text authority_of(Text target)
{
    const char *end = target.at + target.length, *at = memmem(target.at, target.length, "://", 3);

    if (!at || memchr(target.at, '/', (gsize)(at - target.at)) ||
        memchr(target.at, '?', (gsize)(at - target.at)))
        return (Text){NULL, 0};
    at += 3;
    const char *stop = at;
    while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
        stop++;
    const char *user = memrchr(at, '@', (gsize)(stop - at));
    if (user)
        at = user + 1;
    return (Text){at, (gsize)(stop - at)};
}

/* The URL of a request for a path: the host it names, else the address it goes to. */
static void add_joined(Head *head, Text target)
{
    static const char scheme[] = "http://";
    char address[OBSERVABLE_ADDRESS_MAX];
    const ObservationEnd *end = &head->draft->observation.destination;
    g_autoptr(GString) url = g_string_new(scheme);

    if (head->host.length > 0) {
        g_string_append_len(url, head->host.at, (gssize)head->host.length);
    } else if (end->known) {
        observable_address_format(&end->address, address);
        g_string_append_printf(url, end->address.v6 ? "[%s]" : "%s", address);
        if (end->port != 80 && end->port != 0)
            g_string_append_printf(url, ":%u", end->port);
    } else {
        return;
    }
    g_string_append_len(url, target.at, (gssize)target.length);
    draft_add_copy(head->draft, OBSERVABLE_URL, url->str, url->len, "http.url", "url:value");
}

Http1Rest http1_read_request(const guint8 *data, gsize length, Draft *draft)
{
    const char *start = (const char *)data, *end = start + length;
    Head head = {.draft = draft};
    const char *stop = line_end(start, end);
    const char *blank = memchr(start, ' ', (gsize)(stop - start));

    if (!blank)
        return head.rest;
    Text method = {start, (gsize)(blank - start)}, line = trim(blank, stop);
    const char *last = memrchr(line.at, ' ', line.length);
    gboolean version =
        last && line.length - (gsize)(last - line.at) >= 5 && memcmp(last + 1, "HTTP", 4) == 0;
    Text target = version ? trim(line.at, last) : line;
    gboolean connect = method.length == 7 && memcmp(method.at, "CONNECT", 7) == 0;
    Text authority = connect ? target : authority_of(target);
    if (authority.length > 0)
        add_host(draft, authority);
    read_fields(&head, MIN(stop + 1, end), end);
    if (connect)
        head.rest.body = HTTP1_BODY_TUNNEL;
    else if (authority.length > 0)
        draft_add(draft, OBSERVABLE_URL, target.at, target.length, "http.url", "url:value");
    else if (target.length > 0 && target.at[0] == '/')
        add_joined(&head, target);
    return head.rest;
}

Http1Rest http1_read_response(const guint8 *data, gsize length, Draft *draft)
{
    const char *start = (const char *)data, *end = start + length;
    Head head = {.draft = draft};

    read_fields(&head, MIN(line_end(start, end) + 1, end), end);
    /* What has a length by its fields has none as the answer to HEAD: messages are found again by
     * how they begin. */
    head.rest.body = HTTP1_BODY_UNKNOWN;
    return head.rest;
}
