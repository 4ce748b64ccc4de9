/* cmd_incident.c - `concert incident`: reports of incidents, looked at and converted. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/incident_file.h"
#include "cli/output.h"
#include "intake/rsit.h"

/* --- Show ------------------------------------------------------------------------------------ */

static void put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, const char *text)
{
    yyjson_mut_obj_add_strcpy(doc, object, name, text ? text : "");
    if (!text)
        yyjson_mut_obj_put(object, yyjson_mut_str(doc, name), yyjson_mut_null(doc));
}

static void put_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, gint64 time)
{
    char text[TIMESTAMP_MAX];
    put(doc, object, name, time != 0 ? timestamp_format(text, time, 0) : NULL);
}

static yyjson_mut_val *finding_json(yyjson_mut_doc *doc, const Finding *finding)
{
    static const char *const roles[] = {
        [FINDING_SUBJECT] = "subject", [FINDING_TARGET] = "target", [FINDING_OTHER] = "other"};
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    put_time(doc, object, "time", finding->time);
    put(doc, object, "role", roles[finding->role]);
    put(doc, object, "class", finding->classification);
    put(doc, object, "severity", finding->severity);
    put(doc, object, "address", finding->address);
    put(doc, object, "prefix", finding->prefix);
    put(doc, object, "domain", finding->domain);
    put(doc, object, "url", finding->url);
    put(doc, object, "email", finding->email);
    put(doc, object, "hash", finding->hash);
    yyjson_mut_obj_add_uint(doc, object, "port", finding->port);
    put(doc, object, "protocol", finding->protocol);
    yyjson_mut_obj_add_uint(doc, object, "asn", finding->asn);
    put(doc, object, "description", finding->description);
    put(doc, object, "report_id", finding->report_id);
    put(doc, object, "report_type", finding->report_type);
    put(doc, object, "reporter", finding->reporter);
    yyjson_mut_val *fields = yyjson_mut_obj_add_obj(doc, object, "fields");
    for (guint i = 0; i < finding->field_count; i++)
        yyjson_mut_obj_add_str(doc, fields, finding->fields[i].name, finding->fields[i].value);
    return object;
}

static void print_json(const Incident *incident)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    put(doc, root, "id", incident->id);
    put(doc, root, "id_source", incident->id_source);
    put(doc, root, "title", incident->title);
    put(doc, root, "description", incident->description);
    put(doc, root, "class", incident->classification);
    put(doc, root, "severity", incident->severity);
    put(doc, root, "status", incident->status);
    put(doc, root, "purpose", incident->purpose);
    put(doc, root, "tlp", incident->tlp);
    put_time(doc, root, "created", incident->created);
    put_time(doc, root, "detected", incident->detected);
    put_time(doc, root, "started", incident->started);
    put_time(doc, root, "ended", incident->ended);
    put_time(doc, root, "reported", incident->reported);
    yyjson_mut_val *contacts = yyjson_mut_obj_add_arr(doc, root, "contacts");
    for (guint i = 0; i < incident->contacts->len; i++) {
        const IncidentContact *contact = g_ptr_array_index(incident->contacts, i);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, contacts);
        put(doc, object, "role", contact->role);
        put(doc, object, "name", contact->name);
        put(doc, object, "email", contact->email);
        put(doc, object, "phone", contact->phone);
    }
    yyjson_mut_val *findings = yyjson_mut_obj_add_arr(doc, root, "findings");
    for (guint i = 0; i < incident->findings->len; i++)
        yyjson_mut_arr_append(findings,
                              finding_json(doc, g_ptr_array_index(incident->findings, i)));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_line(const char *name, const char *text)
{
    if (text)
        output_line("%-12s %s", name, text);
}

static void print_time(const char *name, gint64 time)
{
    char text[OUTPUT_NUMBER_MAX];
    if (time != 0)
        print_line(name, output_time(text, time));
}

static void print_findings(const Incident *incident)
{
    OutputTable *table =
        output_table_new("SEEN", "WHAT", ">PORT", "CLASS", "SEVERITY", "DESCRIPTION", NULL);
    for (guint i = 0; i < incident->findings->len; i++) {
        const Finding *finding = g_ptr_array_index(incident->findings, i);
        char time[OUTPUT_NUMBER_MAX] = "", port[16] = "";
        if (finding->time != 0)
            output_time(time, finding->time);
        if (finding->port != 0)
            g_snprintf(port, sizeof port, "%u", finding->port);
        output_table_row(table, (const char *[]){time, finding_value(finding, NULL), port,
                                                 finding->classification, finding->severity,
                                                 finding->description});
    }
    output_table_print(table);
}

static void print_text(const Incident *incident)
{
    const RsitClass *class = rsit_find(incident->classification);
    print_line("incident", incident->id);
    print_line("numbered by", incident->id_source);
    print_line("title", incident->title);
    if (class)
        output_line("%-12s %s (%s)", "class", class->word, class->title);
    print_line("severity", incident->severity);
    print_line("status", incident->status);
    print_line("purpose", incident->purpose);
    print_line("marking", incident->tlp);
    print_time("detected", incident->detected);
    print_time("started", incident->started);
    print_time("ended", incident->ended);
    print_time("reported", incident->reported);
    for (guint i = 0; i < incident->contacts->len; i++) {
        const IncidentContact *contact = g_ptr_array_index(incident->contacts, i);
        output_line("%-12s %s%s%s", contact->role, contact->name ? contact->name : "",
                    contact->name && contact->email ? ", " : "",
                    contact->email ? contact->email : "");
    }
    if (incident->description && g_strcmp0(incident->description, incident->title) != 0) {
        g_auto(GStrv) lines = g_strsplit(incident->description, "\n", -1);
        for (guint i = 0; lines[i]; i++)
            output_line("%-12s %s", i == 0 ? "description" : "", lines[i]);
    }
    print_findings(incident);
}

static int run_show(const CommandCall *call, GError **error)
{
    g_auto(FindingSummary) summary = {0};
    g_autoptr(GPtrArray) incidents = incident_file_read(call, call->arguments[0], &summary, error);
    if (!incidents)
        return COMMAND_ERROR;
    if (!command_json(call))
        output_note("%s: %s, %s; %" G_GUINT64_FORMAT " finding(s), %" G_GUINT64_FORMAT
                    " record(s) could not be read",
                    call->arguments[0], finding_format_name(summary.format), summary.what,
                    summary.findings, summary.refused);
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        if (command_json(call))
            print_json(incident);
        else
            print_text(incident);
        if (!command_json(call) && i + 1 < incidents->len)
            output_line("%s", "");
    }
    return summary.refused > 0 ? COMMAND_NOTHING : COMMAND_OK;
}

static const Command incident_show = {
    .name = "show",
    .summary = "show what a report of incidents says",
    .arguments = "FILE|-",
    .description =
        "Reads Shadowserver's tables, X-ARF (versions 0.2 to 4), IODEF (XML of version 2 and 1, "
        "JSON), STIX 2.1, other tables, logs and plain text, plain or compressed with gzip, zstd "
        "or xz; what it is is told from the content. One bad record does not keep the others from "
        "being read; each is named with its place and the reason.",
    .options = (const CommandOption[]){INCIDENT_FILE_READ_OPTIONS, COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert incident show 2026-01-31-scan_telnet-alder.csv", "a report of Shadowserver"},
            {"concert incident show --json report.xml", "as JSON"},
            {NULL},
        },
    .nothing = "a record could not be read; the others were",
    .min_arguments = 1,
    .run = run_show,
};

/* --- Convert --------------------------------------------------------------------------------- */

static int run_convert(const CommandCall *call, GError **error)
{
    g_auto(FindingSummary) summary = {0};
    if (command_choice(call, "to", -1) < 0)
        return command_usage(call, error, "say with --to what to write");
    g_autoptr(GPtrArray) incidents = incident_file_read(call, call->arguments[0], &summary, error);
    if (!incidents || !incident_file_write(call, incidents, NULL, NULL, error))
        return COMMAND_ERROR;
    return summary.refused > 0 ? COMMAND_NOTHING : COMMAND_OK;
}

static const Command incident_convert = {
    .name = "convert",
    .summary = "write a report of incidents in another format",
    .arguments = "FILE|-",
    .description =
        "Reads what `concert incident show` reads and writes it as IODEF 2 (RFC 7970, valid by its "
        "schema), IODEF in JSON (RFC 8727), X-ARF 4 (a report a line), CSV (cells that a "
        "spreadsheet would take for a formula are made harmless) or STIX 2.1 with the incident "
        "core extension. What a format demands and the report does not say has to be given.",
    .options = (const CommandOption[]){INCIDENT_FILE_WRITE_OPTIONS, INCIDENT_FILE_READ_OPTIONS,
                                       COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert incident convert scan.csv --to iodef --organisation 'Alder CSIRT'",
             "a table as IODEF"},
            {"concert incident convert report.xml --to xarf -o reports.jsonl", "IODEF as X-ARF"},
            {NULL},
        },
    .nothing = "a record could not be read; the others were written",
    .min_arguments = 1,
    .run = run_convert,
};

static const Command *const subcommands[] = {&incident_show, &incident_convert, NULL};

const Command cmd_incident = {
    .name = "incident",
    .summary = "look at reports of incidents, convert them between formats",
    .subcommands = subcommands,
};
