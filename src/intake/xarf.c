#include "intake/xarf.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/finding_readers.h"
#include "intake/incident.h"
#include "intake/json_series.h"
#include "intake/rsit.h"
#include "intake/xarf_types.h"

#define FIELDS_DEPTH 4

typedef struct {
    FindingMaker *maker;
    const char *where;  /* of the report */
    const char *inside; /* of what holds source and type: ".Report" or "" */
    yyjson_val *root;
    yyjson_val *report;
} Report;

gboolean xarf_is_report(yyjson_val *root)
{
    return yyjson_obj_get(root, "xarf_version") || yyjson_obj_get(root, "Report") ||
           yyjson_obj_get(root, "ReporterInfo");
}

/* Refuses the report because of its member @name. */
static gboolean refuse(const Report *report, const char *name, const char *why)
{
    g_autofree char *where = g_strdup_printf("%s%s%s%s", report->where, report->inside,
                                             name ? "." : "", name ? name : "");
    finding_maker_refuse(report->maker, where, "%s", why);
    return FALSE;
}

/* The first of the members, NULL-terminated, that is there. */
static yyjson_val *member(yyjson_val *object, const char *const *names, const char **ret_name)
{
    for (; *names; names++) {
        yyjson_val *value = yyjson_obj_get(object, *names);
        if (value && !yyjson_is_null(value)) {
            *ret_name = *names;
            return value;
        }
    }
    return NULL;
}

/* --- Values ---------------------------------------------------------------------------------- */

/* Takes the first of the members as a value. FALSE, refused, when it is there but nothing of the
 * kind. */
static gboolean take_value(const Report *report, yyjson_val *object, const char *const *names,
                           ObservableKind kind)
{
    const char *name = NULL;
    yyjson_val *value = member(object, names, &name);
    if (!value)
        return TRUE;
    if (yyjson_is_str(value) && finding_maker_value(report->maker, name, yyjson_get_str(value),
                                                    yyjson_get_len(value), kind))
        return TRUE;
    return refuse(report, name, report->maker->wrong ? report->maker->wrong : "not a text");
}

static gboolean take_port(const Report *report, yyjson_val *object, const char *const *names)
{
    const char *name = NULL;
    yyjson_val *value = member(object, names, &name);
    if (!value)
        return TRUE;
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > 65535)
        return refuse(report, name, "not a port");
    if (report->maker->finding.port == 0)
        report->maker->finding.port = (guint)yyjson_get_uint(value);
    return TRUE;
}

static gboolean take_time(const Report *report, yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!value)
        return TRUE;
    if (yyjson_is_str(value) &&
        finding_maker_time(report->maker, yyjson_get_str(value), yyjson_get_len(value)))
        return TRUE;
    return refuse(report, name, "not a time");
}

static const char *take_text(const Report *report, yyjson_val *object, const char *const *names)
{
    const char *name;
    yyjson_val *value = member(object, names, &name);
    return yyjson_is_str(value)
               ? finding_maker_text(report->maker, yyjson_get_str(value), yyjson_get_len(value))
               : NULL;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- Fields ---------------------------------------------------------------------------------- */

/* The report's scalars as fields, "Report.SourceIp"; what is evidence stays with the report. */
static void add_fields(FindingMaker *maker, const char *path, yyjson_val *object, guint depth)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter))) {
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        const char *name = yyjson_get_str(key);
        if (strcmp(name, "evidence") == 0 || strcmp(name, "Samples") == 0 ||
            strcmp(name, "Attachment") == 0)
            continue;
        g_autofree char *full = g_strdup_printf("%s%s%s", path, *path ? "." : "", name);
        if (yyjson_is_obj(value) && depth < FIELDS_DEPTH) {
            add_fields(maker, full, value, depth + 1);
        } else if (yyjson_is_str(value)) {
            finding_maker_field(maker, full, yyjson_get_str(value), yyjson_get_len(value));
        } else if (!yyjson_is_null(value)) {
            gsize length = 0;
            char *text = yyjson_val_write(value, 0, &length);
            if (text)
                finding_maker_field(maker, full, text, length);
            free(text);
        }
    }
}

/* --- Reporters ------------------------------------------------------------------------------- */

static const char *text_of(yyjson_val *object, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(object, name));
}

static const char *address_of(yyjson_val *object, const char *first, const char *second)
{
    const char *text = text_of(object, first);
    return text ? text : text_of(object, second);
}

static void set(char **place, yyjson_val *value, gboolean line)
{
    if (yyjson_is_str(value))
        incident_set(place, yyjson_get_str(value), yyjson_get_len(value), line);
}

/* Tells what is known of the incident beside its finding. */
static void take_incident(const Report *report, yyjson_val *reporter, gboolean v4)
{
    Incident *incident = finding_readers_incident(report->maker);
    const Finding *finding = &report->maker->finding;
    if (!incident)
        return;
    const RsitClass *class = rsit_find(finding->classification);
    incident->classification = g_strdup(finding->classification);
    if (class && finding->report_type)
        incident->title = g_strdup_printf("%s (%s)", class->title, finding->report_type);
    set(&incident->id,
        yyjson_obj_get(v4 ? report->root : report->report, v4 ? "report_id" : "ReporterCaseID"),
        TRUE);
    set(&incident->description,
        yyjson_obj_get(report->report, v4 ? "description" : "ReporterNotes"), FALSE);
    incident->purpose = g_strdup("reporting");
    incident->reported = finding->time;
    if (v4) {
        yyjson_val *sender = yyjson_obj_get(report->root, "sender");
        set(&incident->id_source, yyjson_obj_get(reporter, "domain"), TRUE);
        incident_add_contact(incident, "creator", FALSE, text_of(reporter, "org"),
                             text_of(reporter, "contact"), NULL);
        if (g_strcmp0(text_of(sender, "contact"), text_of(reporter, "contact")) != 0)
            incident_add_contact(incident, "reporter", FALSE, text_of(sender, "org"),
                                 text_of(sender, "contact"), NULL);
    } else {
        set(&incident->id_source, yyjson_obj_get(reporter, "ReporterOrgDomain"), TRUE);
        incident_add_contact(incident, "creator", FALSE,
                             address_of(reporter, "ReporterOrg", "ReporterContactName"),
                             address_of(reporter, "ReporterContactEmail", "ReporterOrgEmail"),
                             text_of(reporter, "ReporterContactPhone"));
    }
}

/* --- Versions -------------------------------------------------------------------------------- */

static gboolean take_type(const Report *report, const char *category_name, const char *type_name)
{
    Finding *finding = &report->maker->finding;
    const char *category = text_of(report->report, category_name);
    const char *type = text_of(report->report, type_name);
    if (!category || !*category)
        return refuse(report, category_name, "there is none");
    if (!type || !*type)
        return refuse(report, type_name, "there is none");
    finding->classification = xarf_types_class(category, type);
    if (!finding->classification)
        return refuse(report, type_name, "X-ARF has no such type");
    finding->report_type = finding_maker_text(report->maker, type, strlen(type));
    return TRUE;
}

static gboolean read_v4(Report *report)
{
    FindingMaker *maker = report->maker;
    Finding *finding = &maker->finding;
    yyjson_val *root = report->root, *reporter = yyjson_obj_get(root, "reporter");
    report->report = root;
    report->inside = "";
    gboolean vulnerable = g_strcmp0(text_of(root, "category"), "vulnerability") == 0;
    if (!take_type(report, "category", "type"))
        return FALSE;
    if (!yyjson_is_obj(reporter))
        return refuse(report, "reporter", "there is none");
    if (!yyjson_obj_get(root, "source_identifier"))
        return refuse(report, "source_identifier", "there is none");
    if (!take_value(report, root, NAMES("source_identifier"), OBSERVABLE_NONE) ||
        !take_value(report, root, NAMES("url", "infringing_url"), OBSERVABLE_URL) ||
        (vulnerable && !take_port(report, root, NAMES("service_port", "port"))) ||
        !take_port(report, root, NAMES("source_port")) || !take_time(report, root, "timestamp"))
        return FALSE;
    yyjson_val *protocol = yyjson_obj_get(root, "protocol");
    if (yyjson_is_str(protocol))
        finding_maker_protocol(maker, yyjson_get_str(protocol), yyjson_get_len(protocol));
    const char *severity = text_of(root, vulnerable ? "risk_level" : "severity");
    if (severity)
        finding_maker_severity(maker, severity, strlen(severity));
    finding->report_id = take_text(report, root, NAMES("report_id"));
    finding->reporter = take_text(report, reporter, NAMES("org", "domain"));
    finding->description = take_text(
        report, root, NAMES("description", "malware_family", "cve_id", "service", "subject"));
    take_incident(report, reporter, TRUE);
    return TRUE;
}

/* Versions 1 to 3: "Report", with its source in members or in an object "Source". */
static gboolean read_v3(Report *report)
{
    FindingMaker *maker = report->maker;
    Finding *finding = &maker->finding;
    yyjson_val *reporter = yyjson_obj_get(report->root, "ReporterInfo");
    report->report = yyjson_obj_get(report->root, "Report");
    report->inside = "";
    if (!yyjson_is_obj(report->report))
        return refuse(report, "Report", "there is none");
    if (!yyjson_is_obj(reporter))
        return refuse(report, "ReporterInfo", "there is none");
    report->inside = ".Report";
    yyjson_val *source = yyjson_obj_get(report->report, "Source");
    if (!yyjson_is_obj(source))
        source = report->report;
    if (!take_type(report, "ReportClass", "ReportType") ||
        !take_value(report, source, NAMES("SourceIp", "IP", "AttackerIp"), OBSERVABLE_IPV4) ||
        !take_value(report, source, NAMES("SourceUrl", "URL", "InfringingUrl"), OBSERVABLE_URL) ||
        !take_value(report, source, NAMES("RpzDomain", "Domain"), OBSERVABLE_DOMAIN) ||
        !take_port(report, source, NAMES("SourcePort", "Port", "AttackerPort")) ||
        !take_time(report, report->report, "Date"))
        return FALSE;
    if (!finding_maker_has_value(maker) &&
        (!take_value(report, yyjson_obj_get(report->report, "Account"), NAMES("AccountEmail"),
                     OBSERVABLE_EMAIL) ||
         !take_value(report, report->report, NAMES("FromAddress", "SmtpMailFromAddress"),
                     OBSERVABLE_EMAIL)))
        return FALSE;
    const char *protocol =
        take_text(report, report->report, NAMES("TransportProtocol", "Protocol"));
    if (protocol)
        finding_maker_protocol(maker, protocol, strlen(protocol));
    const char *severity = take_text(report, report->report, NAMES("ReporterSeverity"));
    if (severity)
        finding_maker_severity(maker, severity, strlen(severity));
    finding->report_id = take_text(report, report->report, NAMES("ReporterCaseID"));
    finding->reporter = take_text(report, reporter, NAMES("ReporterOrg", "ReporterContactName"));
    finding->description = take_text(report, report->report,
                                     NAMES("ReporterNotes", "MalwareName", "BotnetName",
                                           "ServiceName", "HarassmentDescription"));
    take_incident(report, reporter, FALSE);
    return TRUE;
}

static gboolean read_report(gpointer user, yyjson_val *root, guint64 number, const char *where,
                            GError **error)
{
    FindingMaker *maker = user;
    Report report = {.maker = maker, .where = where, .inside = "", .root = root};
    finding_maker_begin(maker, number, FALSE);
    yyjson_val *version = yyjson_obj_get(root, "xarf_version");
    if (!version && !xarf_is_report(root)) {
        refuse(&report, NULL, "not a report: neither \"xarf_version\" nor \"Report\"");
        return TRUE;
    }
    if (version && (!yyjson_is_str(version) || yyjson_get_str(version)[0] != '4')) {
        refuse(&report, "xarf_version", "not a version that is known");
        return TRUE;
    }
    if (!(version ? read_v4(&report) : read_v3(&report)))
        return TRUE;
    if (!finding_maker_has_value(maker)) {
        refuse(&report, NULL, "it names neither address nor name, URL or account");
        return TRUE;
    }
    add_fields(maker, "", root, 0);
    return finding_maker_give(maker, where, error);
}

static void broken(gpointer user, guint64 number, const char *where, const char *why)
{
    FindingMaker *maker = user;
    finding_maker_begin(maker, number, FALSE);
    finding_maker_refuse(maker, where, "%s", why);
}

gboolean xarf_read(Stream *stream, FindingMaker *maker, GError **error)
{
    JsonSeriesSink sink = {read_report, broken, maker};
    gboolean good = json_series_read(stream, XARF_MAX_SIZE, &sink, error);
    finding_maker_what(maker, "X-ARF, %" G_GUINT64_FORMAT " report%s", maker->summary->records,
                       maker->summary->records == 1 ? "" : "s");
    return good;
}
