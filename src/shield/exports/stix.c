/* stix.c - a STIX 2.1 bundle of indicators: one for each claim about a value, with an id that
 * follows from both. The indicator it comes from is named in external_references. */
#include <string.h>

#include "base/canonjson.h"
#include "base/timestamp.h"
#include "shield/exports/format.h"
#include "stix/identifier.h"

typedef struct {
    guint32 levels; /* bits of MarkingTlp that were used */
    gboolean some;
} State;

static void begin(Export *export)
{
    char time[TIMESTAMP_MAX];
    format_time(export, time);
    g_autofree char *id =
        identifier_make_v5("bundle", IDENTIFIER_NAMESPACE_STIX, time, strlen(time));
    g_string_append_printf(export->out, "{\"type\":\"bundle\",\"id\":\"%s\",\"objects\":[", id);
}

static void append_string(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    canonjson_append_string(out, valid, strlen(valid));
}

/* Network traffic has ends that are addresses or names. */
static gboolean says_port(const ExportValue *value)
{
    return value->port != 0 && (FORMAT_ADDRESSES | FORMAT_KIND(DOMAIN)) & 1u << value->kind;
}

/* The pattern that says the value, in a JSON string. */
static void append_pattern(GString *out, const ExportValue *value)
{
    static const char *const properties[] = {
        [OBSERVABLE_DOMAIN] = "domain-name:value",
        [OBSERVABLE_URL] = "url:value",
        [OBSERVABLE_MD5] = "file:hashes.MD5",
        [OBSERVABLE_SHA1] = "file:hashes.'SHA-1'",
        [OBSERVABLE_SHA256] = "file:hashes.'SHA-256'",
        [OBSERVABLE_SHA512] = "file:hashes.'SHA-512'",
        [OBSERVABLE_EMAIL] = "email-addr:value",
        [OBSERVABLE_JA3] = "network-traffic:x_tls.ja3",
        [OBSERVABLE_JA4] = "network-traffic:x_tls.ja4",
    };
    g_autoptr(GString) pattern = g_string_new("[");
    const char *property;
    const char *comparison = "=";
    if (FORMAT_ADDRESSES & 1u << value->kind) {
        property = strchr(value->text, ':') ? "ipv6-addr:value" : "ipv4-addr:value";
        if (value->kind == OBSERVABLE_CIDR)
            comparison = "ISSUBSET";
    } else {
        property = properties[value->kind];
    }
    gsize type = strcspn(property, ":");
    if (says_port(value))
        g_string_append_printf(pattern,
                               "network-traffic:dst_ref.type = '%.*s' AND "
                               "network-traffic:dst_ref.%s",
                               (int)type, property, property + type + 1);
    else
        g_string_append(pattern, property);
    g_string_append_printf(pattern, " %s '", comparison);
    for (const char *c = value->text; *c; c++) {
        if (*c == '\\' || *c == '\'')
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *c);
    }
    g_string_append_c(pattern, '\'');
    if (says_port(value))
        g_string_append_printf(pattern, " AND network-traffic:dst_port = %u", value->port);
    g_string_append_c(pattern, ']');
    append_string(out, pattern->str);
}

static void append_time(GString *out, const char *name, gint64 us)
{
    char time[TIMESTAMP_MAX];
    g_string_append_printf(out, ",\"%s\":\"%s\"", name, timestamp_format(time, us, 3));
}

static void append_markings(Export *export, const ExportValue *value)
{
    State *state = export->state;
    const char *tlp = marking_tlp_id(value->tlp), *pap = marking_pap_id(value->pap);
    if (!tlp && !pap)
        return;
    g_string_append(export->out, ",\"object_marking_refs\":[");
    if (tlp)
        g_string_append_printf(export->out, "\"%s\"%s", tlp, pap ? "," : "");
    if (pap)
        g_string_append_printf(export->out, "\"%s\"", pap);
    g_string_append_c(export->out, ']');
    state->levels |= 1u << value->tlp;
}

static ExportReason add(Export *export, const ExportValue *value)
{
    State *state = export->state;
    GString *out = export->out;
    g_autofree char *claim = g_strdup_printf("%s %s %s %s", observable_kind_name(value->kind),
                                             value->text, value->id, value->source);
    g_autofree char *id =
        identifier_make_v5("indicator", IDENTIFIER_NAMESPACE_STIX, claim, strlen(claim));
    gint64 version = value->version > 0 ? value->version : export->options.time;

    g_string_append_printf(out,
                           "%s\n{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"%s\"",
                           state->some ? "," : "", id);
    state->some = TRUE;
    append_time(out, "created", version);
    append_time(out, "modified", version);
    if (value->name) {
        g_string_append(out, ",\"name\":");
        append_string(out, value->name);
    }
    g_string_append(out, ",\"pattern\":");
    append_pattern(out, value);
    g_string_append(out, ",\"pattern_type\":\"stix\"");
    append_time(out, "valid_from", value->valid_from != 0 ? value->valid_from : version);
    if (value->valid_until > MAX(value->valid_from, version))
        append_time(out, "valid_until", value->valid_until);
    if (value->confidence >= 0)
        g_string_append_printf(out, ",\"confidence\":%d", value->confidence);
    g_string_append(out, ",\"external_references\":[{\"source_name\":");
    append_string(out, value->source);
    g_string_append(out, ",\"external_id\":");
    append_string(out, value->id);
    g_string_append(out, "}]");
    append_markings(export, value);
    g_string_append_c(out, '}');
    return value->port != 0 && !says_port(value) ? EXPORT_WIDENED : EXPORT_DONE;
}

/* The definitions of the levels that were used: few programs bring those of TLP 2.0 along. */
static void end(Export *export)
{
    const State *state = export->state;
    gboolean some = state->some;
    for (int tlp = MARKING_TLP_CLEAR; tlp <= MARKING_TLP_RED; tlp++) {
        if (!(state->levels & 1u << tlp))
            continue;
        g_autofree char *upper = g_ascii_strup(marking_tlp_name((MarkingTlp)tlp), -1);
        g_string_append_printf(
            export->out,
            "%s\n{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"%s\","
            "\"created\":\"2022-10-01T00:00:00.000Z\",\"name\":\"TLP:%s\",\"extensions\":{"
            "\"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d\":{"
            "\"extension_type\":\"property-extension\",\"tlp_2_0\":\"%s\"}}}",
            some ? "," : "", marking_tlp_id((MarkingTlp)tlp), upper,
            marking_tlp_name((MarkingTlp)tlp));
        some = TRUE;
    }
    g_string_append(export->out, "\n]}\n");
}

const ExportFormat format_stix = {
    .name = "stix",
    .summary = "a STIX 2.1 bundle of indicators",
    .media_type = "application/stix+json;version=2.1",
    .every = TRUE,
    .ports = TRUE,
    .kinds = FORMAT_ALL_KINDS,
    .names = FORMAT_EITHER,
    .state_size = sizeof(State),
    .begin = begin,
    .value = add,
    .end = end,
};
