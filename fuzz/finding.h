/* finding.h - reads an input as one format of reports, looks at every finding, writes the incidents
 * in every format and reads that again. Shared by the targets of the readers of reports. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "intake/incident_write.h"
#include "intake/rsit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void finding_check_text(const char *text)
{
    g_assert(!text || (*text && g_utf8_validate(text, -1, NULL)));
}

static void finding_check(const Finding *finding)
{
    const char *texts[] = {finding->classification, finding->severity,    finding->description,
                           finding->report_id,      finding->report_type, finding->reporter,
                           finding->protocol};
    const char *value = finding_value(finding, NULL);
    g_assert(value && *value);
    g_assert(rsit_find(finding->classification));
    g_assert(finding->port <= 65535);
    g_assert(finding->field_count <= FINDING_MAX_FIELDS);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        finding_check_text(texts[i]);
    for (guint i = 0; i < finding->field_count; i++) {
        finding_check_text(finding->fields[i].name);
        finding_check_text(finding->fields[i].value);
        g_assert(finding->fields[i].name && finding->fields[i].value);
    }
}

static gboolean finding_keep(gpointer user, const char *text, gsize length, GError **error)
{
    g_string_append_len(user, text, (gssize)length);
    return TRUE;
}

static guint finding_count(const GPtrArray *incidents)
{
    guint count = 0;
    for (guint i = 0; incidents && i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        finding_check_text(incident->title);
        finding_check_text(incident->description);
        count += incident->findings->len;
        for (guint k = 0; k < incident->findings->len; k++)
            finding_check(g_ptr_array_index(incident->findings, k));
    }
    return count;
}

static int finding_fuzz(const uint8_t *data, size_t size, FindingFormat format)
{
    static const IncidentWriteOptions author = {
        .organisation = "Alder", .email = "csirt@alder.example", .now = 1};
    static const FindingOptions any = {0};
    FindingOptions options = {.format = format};
    g_auto(FindingSummary) summary = {0};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    g_autoptr(GPtrArray) incidents = incident_read(stream, &options, &summary, NULL);
    guint count = finding_count(incidents);
    g_assert(!incidents || count == summary.findings);
    for (int to = INCIDENT_WRITE_IODEF; incidents && count < 1000 && to <= INCIDENT_WRITE_STIX;
         to++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        /* A creator without an e-mail address is enough for all but X-ARF. */
        if (!incident_write(incidents, (IncidentWriteFormat)to, &author, finding_keep, text,
                            &error)) {
            g_assert(to == INCIDENT_WRITE_XARF);
            continue;
        }
        g_auto(FindingSummary) second = {0};
        g_autoptr(Stream) written = stream_from_memory(text->str, text->len);
        g_autoptr(GPtrArray) again = incident_read(written, &any, &second, NULL);
        g_assert(count == 0 || finding_count(again) > 0);
        if (to == INCIDENT_WRITE_IODEF || to == INCIDENT_WRITE_IODEF_JSON)
            g_assert(finding_count(again) >= count);
    }
    return 0;
}
