/* X-ARF 4: a finding a report, a report a line. */
#include <string.h>

#include "base/jsontext.h"
#include "base/sha256.h"
#include "intake/incident_writers.h"
#include "intake/xarf_types.h"
#include "stix/identifier.h"

#define VERSION "4.2.0"

/* The first of the original fields that is there. */
static const char *original(const Finding *finding, const char *const *names)
{
    for (; *names; names++) {
        const char *value = finding_field(finding, *names);
        if (value)
            return value;
    }
    return NULL;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static gboolean is_transport(const char *protocol)
{
    static const char *const transports[] = {"tcp", "udp", "icmp", "sctp", NULL};
    return protocol && g_strv_contains(transports, protocol);
}

/* The type whose demands the finding can meet: what the class says, else intelligence, whose only
 * demand is that it says what the threat is. */
static const XarfType *type_of(const Finding *finding)
{
    static const XarfType fallback = {"reputation", "threat_intelligence", NULL, TRUE};
    const XarfType *type = xarf_types_for(finding->classification);
    if (strcmp(type->category, "connection") == 0 &&
        (!is_transport(finding->protocol) || finding->time == 0 || !finding->address ||
         finding->role != FINDING_SUBJECT || strcmp(type->type, "infected_host") == 0))
        return &fallback;
    if (strcmp(type->category, "content") == 0 && !finding->url)
        return &fallback;
    if (strcmp(type->category, "vulnerability") == 0 && finding->port == 0 &&
        !original(finding, NAMES("service", "ServiceName", "application")))
        return &fallback;
    if (strcmp(type->type, "compromised_server") == 0 || strcmp(type->type, "blocklist") == 0)
        return &fallback;
    return type;
}

/* What the type demands beside what all reports have. */
static void put_demands(yyjson_mut_doc *doc, yyjson_mut_val *root, const Finding *finding,
                        const XarfType *type)
{
    char time[TIMESTAMP_MAX];
    if (strcmp(type->category, "connection") == 0) {
        jsontext_add(doc, root, "protocol", finding->protocol);
        jsontext_add(doc, root, "first_seen", timestamp_format(time, finding->time, 0));
    } else if (strcmp(type->category, "vulnerability") == 0) {
        const char *service = original(finding, NAMES("service", "ServiceName", "application"));
        g_autofree char *port =
            g_strdup_printf("%s/%u", finding->protocol ? finding->protocol : "port", finding->port);
        jsontext_add(doc, root, "service", service ? service : port);
        if (finding->port != 0)
            yyjson_mut_obj_add_uint(doc, root, "service_port", finding->port);
    } else if (strcmp(type->category, "reputation") == 0) {
        jsontext_add(doc, root, "threat_type", finding->classification);
    } else if (strcmp(type->category, "messaging") == 0) {
        gboolean smtp = finding->email && finding->port != 0;
        jsontext_add(doc, root, "protocol", smtp ? "smtp" : "other");
        if (smtp)
            jsontext_add(doc, root, "smtp_from", finding->email);
    } else if (strcmp(type->type, "fraud") == 0) {
        jsontext_add(doc, root, "fraud_type", "other");
    }
    jsontext_add(doc, root, "url", finding->url);
    if (finding->domain)
        jsontext_add(doc, root, "domain", finding->domain);
    if (finding->asn != 0)
        yyjson_mut_obj_add_uint(doc, root, "asn", finding->asn);
}

static void put_contact(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name,
                        const IncidentAuthor *author)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, name);
    g_autofree char *organisation = g_utf8_substring(
        author->organisation, 0, MIN(g_utf8_strlen(author->organisation, -1), 200));
    jsontext_add(doc, object, "org", organisation);
    jsontext_add(doc, object, "contact", author->email);
    jsontext_add(doc, object, "domain", author->domain);
}

/* The original, for whoever has to look into it. */
static void put_evidence(yyjson_mut_doc *doc, yyjson_mut_val *root, const Finding *finding)
{
    if (finding->field_count == 0)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < finding->field_count; i++)
        g_string_append_printf(text, "%s: %s\n", finding->fields[i].name, finding->fields[i].value);
    g_autofree char *payload = g_base64_encode((const guchar *)text->str, text->len);
    sha256_digest(text->str, text->len, digest);
    g_autofree char *hash = g_strconcat("sha256:", sha256_hex(digest, hex), NULL);
    yyjson_mut_val *item =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, root, "evidence"));
    jsontext_add(doc, item, "content_type", "text/plain");
    jsontext_add(doc, item, "description", "The finding as it was reported, a field a line");
    jsontext_add(doc, item, "payload", payload);
    jsontext_add(doc, item, "hash", hash);
}

/* The finding's own identifier if it is fit, else one that follows from what it says. */
static char *report_id(const Incident *incident, const Finding *finding)
{
    if (finding->report_id &&
        identifier_is_uuid(finding->report_id, strlen(finding->report_id), NULL))
        return g_strdup(finding->report_id);
    g_autofree char *key = finding_key(finding);
    g_autofree char *name = incident_writers_id(incident);
    g_autofree char *text = g_strdup_printf("%s %s %" G_GINT64_FORMAT, name, key, finding->time);
    return incident_writers_uuid(text);
}

/* The source, as exact as X-ARF has it: what its operator is known by. */
static const char *source_of(const Finding *finding)
{
    return finding->address  ? finding->address
           : finding->domain ? finding->domain
           : finding->prefix ? finding->prefix
                             : finding_value(finding, NULL);
}

static void write_report(IncidentWriter *writer, const Incident *incident, const Finding *finding,
                         const IncidentAuthor *author)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char time[TIMESTAMP_MAX];
    g_autofree char *id = report_id(incident, finding);
    const XarfType *type = type_of(finding);
    const IncidentWriteOptions *options = writer->options;
    IncidentAuthor sender = {options->organisation, options->email, options->domain};
    if (sender.email && !sender.domain)
        sender.domain = strrchr(sender.email, '@') ? strrchr(sender.email, '@') + 1 : NULL;
    yyjson_mut_doc_set_root(doc, root);
    jsontext_add(doc, root, "xarf_version", VERSION);
    jsontext_add(doc, root, "report_id", id);
    jsontext_add(
        doc, root, "timestamp",
        timestamp_format(
            time, finding->time ? finding->time : incident_writers_created(writer, incident), 0));
    put_contact(doc, root, "reporter", author);
    put_contact(doc, root, "sender",
                sender.organisation && sender.email && sender.domain ? &sender : author);
    jsontext_add(doc, root, "source_identifier", source_of(finding));
    if (finding->port != 0 && strcmp(type->category, "vulnerability") != 0)
        yyjson_mut_obj_add_uint(doc, root, "source_port", finding->port);
    jsontext_add(doc, root, "category", type->category);
    jsontext_add(doc, root, "type", type->type);
    put_demands(doc, root, finding, type);
    if (finding->description) {
        g_autofree char *text = g_utf8_substring(
            finding->description, 0, MIN(g_utf8_strlen(finding->description, -1), 1000));
        jsontext_add(doc, root, "description", text);
    }
    if (finding->severity) {
        g_autofree char *tag = g_strconcat("severity:", finding->severity, NULL);
        yyjson_mut_arr_add_strcpy(doc, yyjson_mut_obj_add_arr(doc, root, "tags"), tag);
    }
    put_evidence(doc, root, finding);
    incident_writers_json(writer, doc);
    g_string_append_c(writer->text, '\n');
}

gboolean incident_writers_xarf(IncidentWriter *writer, const GPtrArray *incidents, GError **error)
{
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        IncidentAuthor author = incident_writers_author(writer, incident);
        if (!incident_writers_check_author(&author, TRUE, "X-ARF", error))
            return FALSE;
        for (guint k = 0; k < incident->findings->len; k++) {
            write_report(writer, incident, g_ptr_array_index(incident->findings, k), &author);
            if (!incident_writers_flush(writer, FALSE, error))
                return FALSE;
        }
    }
    return TRUE;
}
