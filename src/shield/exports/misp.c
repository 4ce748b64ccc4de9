/* misp.c - one event in the MISP core format (draft-dulaunoy-misp-core-format), for the own
 * organisation only until somebody decides otherwise there. */
#include <string.h>

#include "base/canonjson.h"
#include "base/timestamp.h"
#include "shield/exports/format.h"
#include "stix/identifier.h"

typedef struct {
    gboolean some;
} State;

static const struct {
    const char *type, *category;
    const char *with_port; /* the type for the value and its port; NULL: there is none, so the
                            * comment says it and nothing is made of it by itself */
} types[OBSERVABLE_OTHER + 1] = {
    [OBSERVABLE_IPV4] = {"ip-dst", "Network activity", "ip-dst|port"},
    [OBSERVABLE_IPV6] = {"ip-dst", "Network activity", "ip-dst|port"},
    [OBSERVABLE_CIDR] = {"ip-dst", "Network activity"},
    [OBSERVABLE_DOMAIN] = {"domain", "Network activity", "hostname|port"},
    [OBSERVABLE_URL] = {"url", "Network activity"},
    [OBSERVABLE_MD5] = {"md5", "Payload delivery"},
    [OBSERVABLE_SHA1] = {"sha1", "Payload delivery"},
    [OBSERVABLE_SHA256] = {"sha256", "Payload delivery"},
    [OBSERVABLE_SHA512] = {"sha512", "Payload delivery"},
    [OBSERVABLE_EMAIL] = {"email", "Payload delivery"},
    [OBSERVABLE_JA3] = {"ja3-fingerprint-md5", "Network activity"},
};

static void append_string(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    canonjson_append_string(out, valid, strlen(valid));
}

/* The UUID of @kind and @text, which follows from them. */
static void append_uuid(GString *out, const char *kind, const char *text)
{
    g_autofree char *both = g_strconcat(kind, " ", text, NULL);
    g_autofree char *id = identifier_make_v5(kind, IDENTIFIER_NAMESPACE_STIX, both, strlen(both));
    g_string_append_printf(out, "\"%s\"", id + strlen(kind) + strlen("--"));
}

static void begin(Export *export)
{
    const char *maker = export->options.maker ? export->options.maker : "concert";
    char time[TIMESTAMP_MAX];
    format_time(export, time);
    g_string_append(export->out, "{\"Event\":{\"uuid\":");
    append_uuid(export->out, "x-concert-event", maker);
    g_string_append(export->out, ",\"Orgc\":{\"uuid\":");
    append_uuid(export->out, "x-concert-org", maker);
    g_string_append(export->out, ",\"name\":");
    append_string(export->out, maker);
    g_string_append_printf(export->out,
                           "},\"info\":\"Indicators from Concert\",\"date\":\"%.10s\","
                           "\"timestamp\":\"%u\",\"threat_level_id\":\"4\",\"analysis\":\"2\","
                           "\"distribution\":\"0\",\"published\":false,\"Attribute\":[",
                           time, format_serial(export));
}

static ExportReason add(Export *export, const ExportValue *value)
{
    State *state = export->state;
    GString *out = export->out;
    g_autofree char *claim = g_strdup_printf("%s %s %s %s", observable_kind_name(value->kind),
                                             value->text, value->id, value->source);
    gint64 version = value->version > 0 ? value->version : export->options.time;
    const char *with_port = value->port != 0 ? types[value->kind].with_port : NULL;
    gboolean wider = value->port != 0 && !with_port;
    g_autofree char *both = g_strdup_printf("%s|%u", value->text, value->port);
    g_autofree char *comment =
        wider ? g_strdup_printf("%s, given by %s, port %u", value->id, value->source, value->port)
              : g_strdup_printf("%s, given by %s", value->id, value->source);

    g_string_append_printf(out, "%s\n{\"uuid\":", state->some ? "," : "");
    state->some = TRUE;
    append_uuid(out, "x-concert-attribute", claim);
    g_string_append_printf(out, ",\"type\":\"%s\",\"category\":\"%s\",\"to_ids\":%s,\"value\":",
                           with_port ? with_port : types[value->kind].type,
                           types[value->kind].category, wider ? "false" : "true");
    append_string(out, with_port ? both : value->text);
    g_string_append(out, ",\"comment\":");
    append_string(out, comment);
    g_string_append_printf(out, ",\"distribution\":\"5\",\"timestamp\":\"%" G_GINT64_FORMAT "\"",
                           version / G_USEC_PER_SEC);
    g_string_append(out, ",\"Tag\":[");
    if (value->tlp != MARKING_TLP_NONE)
        g_string_append_printf(out, "{\"name\":\"tlp:%s\"}%s", marking_tlp_name(value->tlp),
                               value->pap != MARKING_PAP_NONE ? "," : "");
    if (value->pap != MARKING_PAP_NONE) {
        g_autofree char *pap = g_ascii_strup(marking_pap_name(value->pap), -1);
        g_string_append_printf(out, "{\"name\":\"PAP:%s\"}", pap);
    }
    g_string_append(out, "]}");
    return wider ? EXPORT_WIDENED : EXPORT_DONE;
}

static void end(Export *export)
{
    g_string_append(export->out, "\n]}}\n");
}

const ExportFormat format_misp = {
    .name = "misp",
    .summary = "a MISP event",
    .media_type = "application/json",
    .every = TRUE,
    .ports = TRUE,
    .kinds = FORMAT_ALL_KINDS & ~FORMAT_KIND(JA4),
    .names = FORMAT_EITHER,
    .state_size = sizeof(State),
    .begin = begin,
    .value = add,
    .end = end,
};
