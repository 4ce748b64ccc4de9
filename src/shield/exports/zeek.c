/* zeek.c - a file for Zeek's intelligence framework (Intel::read_files). Names are looked up as
 * they are there: those under them are not found. There is no place for ports: who gets the notice
 * reads in the description which one was meant. */
#include <string.h>

#include "shield/exports/format.h"

static void begin(Export *export)
{
    g_string_append(export->out, "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n");
}

/* A field as Zeek's reader of logs takes it: what would end it, and what stands for no value, as
 * \xHH. */
static void append_field(GString *out, const char *text)
{
    if (!text || !*text) {
        g_string_append_c(out, '-');
        return;
    }
    gboolean alone = strcmp(text, "-") == 0 || strcmp(text, "(empty)") == 0;
    for (const char *c = text; *c; c++)
        if ((guchar)*c < ' ' || (guchar)*c >= 0x7f || *c == '\\' || *c == ',' ||
            (c == text && (alone || *c == '#')))
            g_string_append_printf(out, "\\x%02x", (guchar)*c);
        else
            g_string_append_c(out, *c);
}

static ExportReason add(Export *export, const ExportValue *value)
{
    static const char *const types[] = {
        [OBSERVABLE_IPV4] = "Intel::ADDR",      [OBSERVABLE_IPV6] = "Intel::ADDR",
        [OBSERVABLE_CIDR] = "Intel::SUBNET",    [OBSERVABLE_DOMAIN] = "Intel::DOMAIN",
        [OBSERVABLE_URL] = "Intel::URL",        [OBSERVABLE_MD5] = "Intel::FILE_HASH",
        [OBSERVABLE_SHA1] = "Intel::FILE_HASH", [OBSERVABLE_SHA256] = "Intel::FILE_HASH",
        [OBSERVABLE_EMAIL] = "Intel::EMAIL",
    };
    const char *text = value->text;
    if (value->kind == OBSERVABLE_URL) {
        /* Zeek sees what is not encrypted, and writes it without the scheme. */
        if (!g_str_has_prefix(text, "http://"))
            return EXPORT_UNSEEN;
        text += strlen("http://");
    }
    append_field(export->out, text);
    g_string_append_printf(export->out, "\t%s\t", types[value->kind]);
    append_field(export->out, value->source);
    g_string_append_c(export->out, '\t');
    append_field(export->out, value->id);
    if (value->port != 0)
        g_string_append_printf(export->out, " port %u", value->port);
    g_string_append_c(export->out, '\n');
    if (value->port != 0)
        return EXPORT_WIDENED;
    return value->kind == OBSERVABLE_DOMAIN && !export->options.exact ? EXPORT_NARROWED
                                                                      : EXPORT_DONE;
}

const ExportFormat format_zeek = {
    .name = "zeek",
    .summary = "a file for Zeek's intelligence framework",
    .media_type = "text/tab-separated-values; charset=utf-8",
    .every = TRUE,
    .ports = TRUE,
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_ADDRESSES | FORMAT_KIND(URL) | FORMAT_KIND(MD5) |
             FORMAT_KIND(SHA1) | FORMAT_KIND(SHA256) | FORMAT_KIND(EMAIL),
    .names = FORMAT_EXACT,
    .begin = begin,
    .value = add,
};
