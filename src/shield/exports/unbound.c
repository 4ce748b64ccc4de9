/* unbound.c - a piece of unbound.conf(5): local-zone for names, response-ip for addresses in
 * answers. */
#include "shield/exports/format.h"

static void begin(Export *export)
{
    format_head(export, "#");
    g_string_append(export->out, "# response-ip: without \"respip\" as the first of module-config "
                                 "Unbound does not start.\n"
                                 "server:\n");
}

static ExportReason add(Export *export, const ExportValue *value)
{
    static const char *const actions[] = {
        [EXPORT_NXDOMAIN] = "always_nxdomain",
        [EXPORT_NODATA] = "always_nodata",
        [EXPORT_REDIRECT] = "redirect",
        [EXPORT_PASSTHRU] = "always_transparent",
    };
    const char *action = actions[export->action];
    const char *type = export->redirect_kind == OBSERVABLE_DOMAIN ? "CNAME"
                       : export->redirect_kind == OBSERVABLE_IPV6 ? "AAAA"
                                                                  : "A";
    const char *dot = export->redirect_kind == OBSERVABLE_DOMAIN ? "." : "";

    if (value->kind == OBSERVABLE_DOMAIN) {
        g_string_append_printf(export->out, "local-zone: \"%s.\" %s\n", value->text, action);
        if (export->action == EXPORT_REDIRECT)
            g_string_append_printf(export->out, "local-data: \"%s. 60 IN %s %s%s\"\n", value->text,
                                   type, export->redirect, dot);
        return EXPORT_DONE;
    }
    ObservableAddress address = format_address(value);
    char text[OBSERVABLE_ADDRESS_MAX];
    observable_address_format(&address, text);
    /* response-ip has no NODATA, and puts only records of the same type in their place. */
    if (export->action == EXPORT_NODATA ||
        (export->action == EXPORT_REDIRECT && export->redirect_kind != OBSERVABLE_DOMAIN &&
         address.v6 != (export->redirect_kind == OBSERVABLE_IPV6)))
        return EXPORT_NO_PLACE;
    const char *whole = value->kind == OBSERVABLE_CIDR ? "" : address.v6 ? "/128" : "/32";
    g_string_append_printf(export->out, "response-ip: %s%s %s\n", text, whole, action);
    if (export->action == EXPORT_REDIRECT)
        g_string_append_printf(export->out, "response-ip-data: %s%s \"%s %s%s\"\n", text, whole,
                               type, export->redirect, dot);
    return EXPORT_DONE;
}

const ExportFormat format_unbound = {
    .name = "unbound",
    .summary = "local zones and response addresses for Unbound",
    .media_type = "text/plain; charset=utf-8",
    .blocks = TRUE,
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_ADDRESSES,
    .actions = FORMAT_ACTION(NXDOMAIN) | FORMAT_ACTION(NODATA) | FORMAT_ACTION(REDIRECT) |
               FORMAT_ACTION(PASSTHRU),
    .redirects = FORMAT_KIND(DOMAIN) | FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6),
    .names = FORMAT_UNDER,
    .begin = begin,
    .value = add,
};
