/* rpz.c - a DNS Response Policy Zone (draft-vixie-dnsop-dns-rpz), which BIND, Unbound, Knot
 * Resolver and PowerDNS read.
 *
 * Names are relative, so the zone is called whatever who loads it calls it. Addresses and networks
 * become triggers on answers (rpz-ip). */
#include <string.h>

#include "shield/exports/format.h"

/* Left for the name of the zone, its dots included. */
#define ZONE_MAX 63

/* The longest owner before it: 253 without the zone and a dot. */
#define OWNER_MAX (253 - ZONE_MAX - 1)

/* Seconds an answer may be kept: so long a name stays blocked after it was taken back. */
#define TTL 60u

static void begin(Export *export)
{
    format_head(export, ";");
    g_string_append_printf(export->out,
                           "$TTL %u\n"
                           "@ IN SOA localhost. root.localhost. %u 300 60 604800 %u\n"
                           "@ IN NS localhost.\n",
                           TTL, format_serial(export), TTL);
}

static void append_answer(Export *export)
{
    static const char *const answers[] = {
        [EXPORT_NXDOMAIN] = "CNAME .",
        [EXPORT_NODATA] = "CNAME *.",
        [EXPORT_PASSTHRU] = "CNAME rpz-passthru.",
    };
    if (export->action != EXPORT_REDIRECT)
        g_string_append_printf(export->out, " %s\n", answers[export->action]);
    else if (export->redirect_kind == OBSERVABLE_DOMAIN)
        g_string_append_printf(export->out, " CNAME %s.\n", export->redirect);
    else
        g_string_append_printf(export->out, " %s %s\n",
                               export->redirect_kind == OBSERVABLE_IPV4 ? "A" : "AAAA",
                               export->redirect);
}

/* Whether a name may own an address record: BIND refuses a whole zone for one that is no host name
 * (RFC 952, check-names). */
static gboolean is_host_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        gboolean edge = c == name || c[-1] == '.' || c[1] == '.' || c[1] == '\0';
        if (*c == '_' || (*c == '-' && edge))
            return FALSE;
    }
    return TRUE;
}

static ExportReason add_name(Export *export, const char *name)
{
    /* Below a top domain "rpz-ip" and the like a name would be a trigger of another kind. */
    const char *last = strrchr(name, '.');
    if (last && g_str_has_prefix(last + 1, "rpz-"))
        return EXPORT_MALFORMED;
    if (strlen(name) + (export->options.exact ? 0 : strlen("*.")) > OWNER_MAX)
        return EXPORT_TOO_LONG;
    if (export->action == EXPORT_REDIRECT && export->redirect_kind != OBSERVABLE_DOMAIN &&
        !is_host_name(name))
        return EXPORT_NO_PLACE;
    g_string_append(export->out, name);
    append_answer(export);
    if (!export->options.exact) {
        g_string_append_printf(export->out, "*.%s", name);
        append_answer(export);
    }
    return EXPORT_DONE;
}

/* "24.0.2.0.192.rpz-ip"; "32.zz.db8.2001.rpz-ip", where zz stands for the "::" of RFC 5952. */
static void add_address(Export *export, const ObservableAddress *address)
{
    g_string_append_printf(export->out, "%u", address->prefix);
    if (!address->v6) {
        for (int i = 3; i >= 0; i--)
            g_string_append_printf(export->out, ".%u", address->bytes[i]);
    } else {
        guint first = 0, length = 1, run = 0;
        for (guint i = 0; i < 8; i++) {
            run = address->bytes[2 * i] || address->bytes[2 * i + 1] ? 0 : run + 1;
            if (run > length) {
                length = run;
                first = i + 1 - run;
            }
        }
        for (int i = 7; i >= 0; i--)
            if (length == 1 || (guint)i < first || (guint)i >= first + length)
                g_string_append_printf(export->out, ".%x",
                                       (guint)address->bytes[2 * i] << 8 |
                                           address->bytes[2 * i + 1]);
            else if ((guint)i == first)
                g_string_append(export->out, ".zz");
    }
    g_string_append(export->out, ".rpz-ip");
    append_answer(export);
}

static ExportReason add(Export *export, const ExportValue *value)
{
    if (value->kind == OBSERVABLE_DOMAIN)
        return add_name(export, value->text);
    ObservableAddress address = format_address(value);
    add_address(export, &address);
    return EXPORT_DONE;
}

const ExportFormat format_rpz = {
    .name = "rpz",
    .summary = "a DNS response policy zone for BIND, Unbound, Knot Resolver, PowerDNS",
    .media_type = "text/dns; charset=utf-8",
    .blocks = TRUE,
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_ADDRESSES,
    .actions = FORMAT_ACTION(NXDOMAIN) | FORMAT_ACTION(NODATA) | FORMAT_ACTION(REDIRECT) |
               FORMAT_ACTION(PASSTHRU),
    .redirects = FORMAT_KIND(DOMAIN) | FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6),
    .names = FORMAT_EITHER,
    .begin = begin,
    .value = add,
};
