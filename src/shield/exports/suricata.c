/* suricata.c - rules for Suricata 7, some for each value. A rule's number follows from the value,
 * so that it stays the same from export to export. */
#include <string.h>

#include "base/sha256.h"
#include "shield/exports/format.h"
#include "stix/identifier.h"
#include "stix/observable_url.h"

/* Numbers of rules: far from those of the sets that are distributed. */
#define SID_FIRST 1500000000u
#define SID_COUNT 2500000000u

typedef struct {
    GHashTable *sids; /* taken already */
} State;

static void begin(Export *export)
{
    State *state = export->state;
    state->sids = g_hash_table_new(NULL, NULL);
    format_head(export, "#");
}

static void clear(Export *export)
{
    State *state = export->state;
    g_hash_table_unref(state->sids);
}

static guint32 make_sid(Export *export, const char *protocol, const char *text)
{
    State *state = export->state;
    guint8 digest[SHA256_SIZE];
    guint32 number;
    sha256_digest_pair(protocol, strlen(protocol) + 1, text, strlen(text), digest);
    memcpy(&number, digest, sizeof number);
    guint64 sid = SID_FIRST + (guint64)GUINT32_FROM_LE(number) * SID_COUNT / G_MAXUINT32;
    while (sid > G_MAXUINT32 || !g_hash_table_add(state->sids, GSIZE_TO_POINTER(sid)))
        sid = sid >= G_MAXUINT32 ? SID_FIRST : sid + 1;
    return (guint32)sid;
}

/* What content keywords take: everything but plain letters, digits and harmless marks as hex. */
static void append_content(GString *out, const char *text, gsize length)
{
    gboolean hex = FALSE;
    for (gsize i = 0; i < length; i++) {
        gboolean plain = g_ascii_isalnum(text[i]) || strchr(".-_/=&", text[i]);
        if (plain == hex)
            g_string_append_c(out, '|');
        else if (!plain)
            g_string_append_c(out, ' ');
        hex = !plain;
        if (plain)
            g_string_append_c(out, text[i]);
        else
            g_string_append_printf(out, "%02x", (guchar)text[i]);
    }
    if (hex)
        g_string_append_c(out, '|');
}

static void begin_rule(Export *export, const char *protocol, const char *where, const char *kind)
{
    g_string_append_printf(export->out, "%s %s %s (msg:\"Concert %s\"; ",
                           export->format->blocks ? "drop" : "alert", protocol, where, kind);
}

static void end_rule(Export *export, const char *protocol, const ExportValue *value)
{
    gsize length = strlen(value->id), type = identifier_type_length(value->id, length);
    gboolean id = type > 0 && strspn(value->id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
    g_autofree char *text = value->port != 0 ? g_strdup_printf("%s %u", value->text, value->port)
                                             : g_strdup(value->text);
    if (id)
        g_string_append_printf(export->out, "metadata:indicator %s; ", value->id);
    g_string_append_printf(export->out, "sid:%u; rev:1;)\n", make_sid(export, protocol, text));
}

/* From anywhere to where the value is asked for; caller frees. */
static char *make_place(guint16 port)
{
    return port != 0 ? g_strdup_printf("any any -> any %u", port) : g_strdup("any any -> any any");
}

/* A lookup says no port: where one is asked for it tells of the name's other uses as well, and to
 * drop it would block them all. What goes to the name at the port is told by TLS and HTTP. */
static ExportReason add_name(Export *export, const ExportValue *value)
{
    static const struct {
        const char *protocol, *buffer, *folds;
    } places[] = {{"dns", "dns.query", "nocase; "},
                  {"tls", "tls.sni", "nocase; "},
                  {"http", "http.host", ""}};
    gboolean widened = value->port != 0 && export->options.any_port;
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        gboolean lookup = i == 0;
        if (lookup && value->port != 0 && !widened)
            continue;
        g_autofree char *where = make_place(lookup ? 0 : value->port);
        begin_rule(export, places[i].protocol, where, "domain");
        if (export->options.exact)
            g_string_append_printf(export->out, "%s; content:\"%s\"; %sbsize:%" G_GSIZE_FORMAT "; ",
                                   places[i].buffer, value->text, places[i].folds,
                                   strlen(value->text));
        else
            g_string_append_printf(export->out, "%s; dotprefix; content:\".%s\"; %sendswith; ",
                                   places[i].buffer, value->text, places[i].folds);
        end_rule(export, places[i].protocol, value);
    }
    return widened ? EXPORT_WIDENED : EXPORT_DONE;
}

static ExportReason add_url(Export *export, const ExportValue *value)
{
    ObservableUrlParts parts;
    g_autoptr(GString) url = g_string_new(NULL);
    if (!g_str_has_prefix(value->text, "http://") ||
        !observable_url_append(value->text, strlen(value->text), url, &parts) ||
        parts.host_kind == OBSERVABLE_IPV6)
        return EXPORT_UNSEEN;
    gsize path_length = url->len - parts.path;
    const char *port = url->str + parts.host + parts.host_length;
    g_autofree char *where =
        *port == ':' ? g_strdup_printf("any any -> any %.*s",
                                       (int)(url->str + parts.path - port - 1), port + 1)
                     : make_place(value->port);
    /* One content holds at most 255 bytes. */
    if (path_length > 255)
        return EXPORT_TOO_LONG;
    begin_rule(export, "http", where, "url");
    g_string_append_printf(export->out,
                           "http.host; content:\"%.*s\"; bsize:%" G_GSIZE_FORMAT
                           "; http.uri.raw; content:\"",
                           (int)parts.host_length, url->str + parts.host, parts.host_length);
    append_content(export->out, url->str + parts.path, path_length);
    g_string_append_printf(export->out, "\"; bsize:%" G_GSIZE_FORMAT "; ", path_length);
    end_rule(export, "http", value);
    return EXPORT_DONE;
}

static ExportReason add(Export *export, const ExportValue *value)
{
    switch (value->kind) {
    case OBSERVABLE_DOMAIN:
        return add_name(export, value);
    case OBSERVABLE_URL:
        return add_url(export, value);
    case OBSERVABLE_JA3: {
        g_autofree char *where = make_place(value->port);
        begin_rule(export, "tls", where, "ja3");
        g_string_append_printf(export->out, "ja3.hash; content:\"%s\"; ", value->text);
        end_rule(export, "tls", value);
        return EXPORT_DONE;
    }
    default: {
        g_autofree char *where =
            value->port != 0 ? g_strdup_printf("[%s] %u <> any any", value->text, value->port)
                             : g_strdup_printf("[%s] any <> any any", value->text);
        begin_rule(export, "ip", where, "address");
        end_rule(export, "ip", value);
        return EXPORT_DONE;
    }
    }
}

#define RULES                                                                                      \
    .media_type = "text/plain; charset=utf-8",                                                     \
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_ADDRESSES | FORMAT_KIND(URL) | FORMAT_KIND(JA3),         \
    .ports = TRUE, .lookups = TRUE, .names = FORMAT_EITHER, .state_size = sizeof(State),           \
    .begin = begin, .value = add, .clear = clear

const ExportFormat format_suricata = {
    .name = "suricata",
    .summary = "rules for Suricata that alert, some for each value",
    RULES,
};

const ExportFormat format_suricata_drop = {
    .name = "suricata-drop",
    .summary = "the same rules, for an inline Suricata that drops",
    .blocks = TRUE,
    RULES,
};
