#include "intake/finding.h"

#include <string.h>

#include "base/sha256.h"

static const char *const format_names[] = {
    [FINDING_FORMAT_SHADOWSERVER] = "shadowserver",
    [FINDING_FORMAT_XARF] = "xarf",
    [FINDING_FORMAT_XARF_MAIL] = "xarf-mail",
    [FINDING_FORMAT_IODEF] = "iodef",
    [FINDING_FORMAT_IODEF_JSON] = "iodef-json",
    [FINDING_FORMAT_STIX] = "stix",
    [FINDING_FORMAT_CSV] = "csv",
    [FINDING_FORMAT_TEXT] = "text",
};

const char *finding_format_name(FindingFormat format)
{
    return (guint)format < G_N_ELEMENTS(format_names) ? format_names[format] : NULL;
}

FindingFormat finding_format_from_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(format_names); i++)
        if (format_names[i] && strcmp(format_names[i], name) == 0)
            return (FindingFormat)i;
    return FINDING_FORMAT_NONE;
}

const char *finding_value(const Finding *finding, ObservableKind *ret_kind)
{
    const struct {
        const char *text;
        ObservableKind kind;
    } values[] = {
        {finding->url, OBSERVABLE_URL},
        {finding->email, OBSERVABLE_EMAIL},
        {finding->domain, OBSERVABLE_DOMAIN},
        {finding->address,
         finding->address && strchr(finding->address, ':') ? OBSERVABLE_IPV6 : OBSERVABLE_IPV4},
        {finding->prefix, OBSERVABLE_CIDR},
        {finding->hash, finding->hash_kind},
    };
    guint i = 0;
    while (i + 1 < G_N_ELEMENTS(values) && !values[i].text)
        i++;
    if (ret_kind)
        *ret_kind = values[i].kind;
    return values[i].text;
}

const char *finding_field(const Finding *finding, const char *name)
{
    for (guint i = 0; i < finding->field_count; i++)
        if (g_ascii_strcasecmp(finding->fields[i].name, name) == 0)
            return finding->fields[i].value;
    return NULL;
}

/* --- Copies ---------------------------------------------------------------------------------- */

/* Where the texts of a finding are, so that copying is one loop. */
static const gsize texts[] = {
    G_STRUCT_OFFSET(Finding, address),   G_STRUCT_OFFSET(Finding, prefix),
    G_STRUCT_OFFSET(Finding, protocol),  G_STRUCT_OFFSET(Finding, domain),
    G_STRUCT_OFFSET(Finding, url),       G_STRUCT_OFFSET(Finding, email),
    G_STRUCT_OFFSET(Finding, hash),      G_STRUCT_OFFSET(Finding, classification),
    G_STRUCT_OFFSET(Finding, severity),  G_STRUCT_OFFSET(Finding, description),
    G_STRUCT_OFFSET(Finding, report_id), G_STRUCT_OFFSET(Finding, report_type),
    G_STRUCT_OFFSET(Finding, reporter),
};

static gsize text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *put_text(char **at, const char *text)
{
    gsize size = text_size(text);
    if (size == 0)
        return NULL;
    const char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

Finding *finding_copy(const Finding *finding)
{
    gsize size = sizeof(Finding) + finding->field_count * sizeof(FindingField);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        size += text_size(G_STRUCT_MEMBER(const char *, finding, texts[i]));
    for (guint i = 0; i < finding->field_count; i++)
        size += text_size(finding->fields[i].name) + text_size(finding->fields[i].value);

    Finding *copy = g_malloc(size);
    FindingField *fields = (FindingField *)(copy + 1);
    char *at = (char *)(fields + finding->field_count);
    *copy = *finding;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        G_STRUCT_MEMBER(const char *, copy, texts[i]) =
            put_text(&at, G_STRUCT_MEMBER(const char *, finding, texts[i]));
    for (guint i = 0; i < finding->field_count; i++) {
        fields[i].name = put_text(&at, finding->fields[i].name);
        fields[i].value = put_text(&at, finding->fields[i].value);
    }
    copy->fields = finding->field_count > 0 ? fields : NULL;
    return copy;
}

void finding_free(Finding *finding)
{
    g_free(finding);
}

/* --- Keys ------------------------------------------------------------------------------------ */

char *finding_key(const Finding *finding)
{
    const char *const parts[] = {
        finding->classification, finding->url,    finding->email, finding->domain,
        finding->address,        finding->prefix, finding->hash,  finding->protocol,
    };
    g_autoptr(GString) text = g_string_new(NULL);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_string_append_printf(text, "%s\n", parts[i] ? parts[i] : "");
    g_string_append_printf(text, "%u", finding->port);
    sha256_digest(text->str, text->len, digest);
    return g_strdup(sha256_hex(digest, hex));
}

/* --- Summaries ------------------------------------------------------------------------------- */

void finding_summary_clear(FindingSummary *summary)
{
    g_clear_pointer(&summary->what, g_free);
    g_clear_pointer(&summary->refusals, g_ptr_array_unref);
}
