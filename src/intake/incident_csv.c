/* Incidents as a table, a finding a row. */
#include <string.h>

#include "intake/incident_writers.h"

/* Names of original fields that get columns of their own. */
#define ORIGINALS_MAX 200

/* A cell in quotes. One that a spreadsheet would take for a formula gets a quote in front. */
static void add_cell(GString *text, const char *cell, gboolean first)
{
    if (!first)
        g_string_append_c(text, ',');
    if (!cell || !*cell)
        return;
    g_string_append_c(text, '"');
    if (strchr("=+-@\t\r", cell[0]))
        g_string_append_c(text, '\'');
    for (; *cell; cell++) {
        if (*cell == '"')
            g_string_append_c(text, '"');
        g_string_append_c(text, *cell);
    }
    g_string_append_c(text, '"');
}

static void add_number(GString *text, guint64 number)
{
    g_string_append_c(text, ',');
    if (number != 0)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, number);
}

/* The names of the original fields, in the order they come first. */
static GPtrArray *original_names(const GPtrArray *incidents)
{
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        for (guint k = 0; k < incident->findings->len; k++) {
            const Finding *finding = g_ptr_array_index(incident->findings, k);
            for (guint f = 0; f < finding->field_count && names->len < ORIGINALS_MAX; f++)
                if (g_hash_table_add(seen, (gpointer)finding->fields[f].name))
                    g_ptr_array_add(names, (gpointer)finding->fields[f].name);
        }
    }
    return names;
}

static void add_row(GString *text, const Incident *incident, const char *id, const Finding *finding,
                    const GPtrArray *names)
{
    static const char *const roles[] = {
        [FINDING_SUBJECT] = "subject", [FINDING_TARGET] = "target", [FINDING_OTHER] = "other"};
    char time[TIMESTAMP_MAX] = "";
    if (finding->time != 0)
        timestamp_format(time, finding->time, 0);
    add_cell(text, id, TRUE);
    add_cell(text, incident->title, FALSE);
    add_cell(text, time, FALSE);
    add_cell(text, roles[finding->role], FALSE);
    add_cell(text, finding->classification, FALSE);
    add_cell(text, finding->severity, FALSE);
    add_cell(text, finding->address, FALSE);
    add_cell(text, finding->prefix, FALSE);
    add_number(text, finding->port);
    add_cell(text, finding->protocol, FALSE);
    add_number(text, finding->asn);
    add_cell(text, finding->domain, FALSE);
    add_cell(text, finding->url, FALSE);
    add_cell(text, finding->email, FALSE);
    add_cell(text, finding->hash, FALSE);
    add_cell(text, finding->description, FALSE);
    add_cell(text, finding->report_id, FALSE);
    add_cell(text, finding->report_type, FALSE);
    add_cell(text, finding->reporter, FALSE);
    for (guint i = 0; i < names->len; i++)
        add_cell(text, finding_field(finding, g_ptr_array_index(names, i)), FALSE);
    g_string_append(text, "\r\n");
}

gboolean incident_writers_csv(IncidentWriter *writer, const GPtrArray *incidents, GError **error)
{
    g_autoptr(GPtrArray) names = original_names(incidents);
    g_string_append(writer->text,
                    "incident,title,time,role,class,severity,address,prefix,port,protocol,asn,"
                    "domain,url,email,hash,description,report_id,report_type,reporter");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name =
            g_strconcat("original.", (const char *)g_ptr_array_index(names, i), NULL);
        add_cell(writer->text, name, FALSE);
    }
    g_string_append(writer->text, "\r\n");
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        g_autofree char *id = incident_writers_id(incident);
        for (guint k = 0; k < incident->findings->len; k++) {
            add_row(writer->text, incident, id, g_ptr_array_index(incident->findings, k), names);
            if (!incident_writers_flush(writer, FALSE, error))
                return FALSE;
        }
    }
    return TRUE;
}
