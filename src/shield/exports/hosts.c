/* hosts.c - hosts(5): names and nothing under them, led to an address where nobody answers. */
#include "shield/exports/format.h"

static void begin(Export *export)
{
    format_head(export, "#");
}

static ExportReason add(Export *export, const ExportValue *value)
{
    if (export->redirect)
        g_string_append_printf(export->out, "%s %s\n", export->redirect, value->text);
    else /* both: with one, the other would be asked of the DNS */
        g_string_append_printf(export->out, "0.0.0.0 %s\n:: %s\n", value->text, value->text);
    return export->options.exact ? EXPORT_DONE : EXPORT_NARROWED;
}

const ExportFormat format_hosts = {
    .name = "hosts",
    .summary = "a hosts file, which knows names but not what is under them",
    .media_type = "text/plain; charset=utf-8",
    .blocks = TRUE,
    .kinds = FORMAT_KIND(DOMAIN),
    .actions = FORMAT_ACTION(REDIRECT),
    .redirects = FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6),
    .names = FORMAT_EXACT,
    .begin = begin,
    .value = add,
};
