/* dnsmasq.c - a piece of dnsmasq.conf: names with those under them, and addresses in answers. */
#include "shield/exports/format.h"

static void begin(Export *export)
{
    format_head(export, "#");
}

static ExportReason add(Export *export, const ExportValue *value)
{
    GString *out = export->out;
    if (value->kind != OBSERVABLE_DOMAIN) {
        /* An answer with such an address becomes NXDOMAIN, and can become nothing else. */
        if (export->action != EXPORT_NXDOMAIN)
            return EXPORT_NO_PLACE;
        g_string_append_printf(out, "bogus-nxdomain=%s\n", value->text);
    } else if (export->action == EXPORT_REDIRECT) {
        g_string_append_printf(out, "address=/%s/%s\n", value->text, export->redirect);
    } else if (export->action == EXPORT_PASSTHRU) {
        g_string_append_printf(out, "server=/%s/#\n", value->text);
    } else {
        g_string_append_printf(out, "address=/%s/\n", value->text);
    }
    return EXPORT_DONE;
}

const ExportFormat format_dnsmasq = {
    .name = "dnsmasq",
    .summary = "names and addresses for dnsmasq 2.86 and later",
    .media_type = "text/plain; charset=utf-8",
    .blocks = TRUE,
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_ADDRESSES,
    .actions = FORMAT_ACTION(NXDOMAIN) | FORMAT_ACTION(REDIRECT) | FORMAT_ACTION(PASSTHRU),
    .redirects = FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6),
    .names = FORMAT_UNDER,
    .begin = begin,
    .value = add,
};
