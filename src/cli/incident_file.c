#include "cli/incident_file.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "cli/output.h"
#include "intake/rsit.h"

#define SHOWN_MAX 10 /* refusals that are printed */

static void print_refusals(const char *path, const FindingSummary *summary)
{
    for (guint i = 0; i < MIN(summary->refusals->len, SHOWN_MAX); i++) {
        const FindingRefusal *refusal = g_ptr_array_index(summary->refusals, i);
        g_autofree char *message =
            g_strdup_printf("%s: %s: %s", path, refusal->where, refusal->why);
        output_error(message);
    }
    if (summary->refused > SHOWN_MAX)
        output_note("... and %" G_GUINT64_FORMAT " more that could not be read",
                    summary->refused - SHOWN_MAX);
}

GPtrArray *incident_file_read(const CommandCall *call, const char *path, FindingSummary *summary,
                              GError **error)
{
    const char *format = command_text(call, "format");
    const char *word = command_text(call, "class");
    const RsitClass *class = word ? rsit_find(word) : NULL;
    g_auto(FindingSummary) own = {0};
    FindingSummary *into = summary ? summary : &own;
    if (word && !class) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is no class of the RSIT taxonomy, such as fraud.phishing", word);
        return NULL;
    }
    g_autoptr(Stream) stream = stream_open(path, error);
    if (!stream) {
        command_file_error(error);
        return NULL;
    }
    FindingOptions options = {
        .format = format ? finding_format_from_name(format) : FINDING_FORMAT_NONE,
        .name = strcmp(path, "-") == 0 ? NULL : path,
        .report_type = command_text(call, "report-type"),
        .classification = class ? class->word : NULL,
        .csv_columns = command_text(call, "columns"),
    };
    GPtrArray *incidents = incident_read(stream, &options, into, error);
    if (incidents)
        print_refusals(path, into);
    else
        g_prefix_error(error, "%s: ", path);
    return incidents;
}

static gboolean write_piece(gpointer user, const char *text, gsize length, GError **error)
{
    fwrite(text, 1, length, stdout); /* a failure is found when standard output is flushed */
    return TRUE;
}

gboolean incident_file_write(const CommandCall *call, const GPtrArray *incidents,
                             const char *organisation, const char *email, GError **error)
{
    const char *output = command_text(call, "output");
    IncidentWriteOptions options = {
        .organisation =
            command_text(call, "organisation") ? command_text(call, "organisation") : organisation,
        .email = command_text(call, "email") ? command_text(call, "email") : email,
        .now = timestamp_now(),
        .tlp = command_text(call, "tlp"),
    };
    if (output && !output_to_file(output, error))
        return FALSE;
    g_autoptr(GError) failure = NULL;
    int format = command_choice(call, "to", INCIDENT_WRITE_IODEF);
    if (incident_write(incidents, (IncidentWriteFormat)format, &options, write_piece, NULL,
                       &failure))
        return TRUE;
    if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_INPUT))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s (--organisation, --email)",
                    failure->message);
    else
        g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}
