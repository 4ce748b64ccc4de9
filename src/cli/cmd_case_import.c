/* cmd_case_import.c - `concert case import`: opens a case from a report of an incident. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/attachment_file.h"
#include "cli/cmd_case.h"
#include "cli/dossier_command.h"
#include "cli/incident_file.h"
#include "cli/output.h"
#include "dossier/case.h"
#include "intake/rsit.h"

#define SUBJECT_MAX   256         /* bytes, as the table of cases has it */
#define TEXT_MAX      (30 * 1024) /* of 32 KiB */
#define FINDINGS_TOLD 200         /* that the text lists; all are in the file */

static void put(DossierAct *act, const char *name, const char *text)
{
    if (text && *text)
        yyjson_mut_obj_put(act->payload, yyjson_mut_strcpy(act->params, name),
                           yyjson_mut_strcpy(act->params, text));
}

static void put_time(DossierAct *act, const char *name, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != 0)
        put(act, name, timestamp_format(text, time, 0));
}

/* At most @max bytes of @text, not cut inside a character. Caller frees. */
static char *at_most(const char *text, gsize max)
{
    gsize length = MIN(strlen(text), max);
    while (length > 0 && ((guchar)text[length] & 0xc0) == 0x80)
        length--;
    return g_strndup(text, length);
}

/* What happened, who says so, and what was found. Caller frees. */
static char *make_text(const Incident *incident)
{
    GString *text = g_string_new(incident->description);
    const IncidentContact *creator = incident_contact(incident, "creator");
    if (creator)
        g_string_append_printf(text, "%sReported by %s%s%s", text->len > 0 ? "\n\n" : "",
                               creator->name ? creator->name : "",
                               creator->name && creator->email ? ", " : "",
                               creator->email ? creator->email : "");
    if (incident->findings->len > 0)
        g_string_append_printf(text, "%sFindings: %u", text->len > 0 ? "\n" : "",
                               incident->findings->len);
    for (guint i = 0; i < MIN(incident->findings->len, FINDINGS_TOLD); i++) {
        const Finding *finding = g_ptr_array_index(incident->findings, i);
        char time[TIMESTAMP_MAX] = "";
        if (finding->time != 0)
            timestamp_format(time, finding->time, 0);
        g_string_append_printf(text, "\n%s  %s  %s", finding_value(finding, NULL),
                               finding->classification, time);
        if (text->len > TEXT_MAX)
            break;
    }
    g_autofree char *all = g_string_free(text, FALSE);
    return at_most(all, TEXT_MAX);
}

/* What the case is called: a mere list has no title of its own, but its file has a name. Caller
 * frees. */
static char *make_subject(const CommandCall *call, const Incident *incident)
{
    const char *given = command_text(call, "subject"), *path = call->arguments[0];
    if (given || incident->id || strcmp(path, "-") == 0)
        return at_most(given ? given : incident->title, SUBJECT_MAX);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *whole = g_strdup_printf("%s (%s)", name, incident->title);
    return at_most(whole, SUBJECT_MAX);
}

static void fill(const CommandCall *call, const Incident *incident, DossierAct *act)
{
    static const char *const severities[] = {"critical", "high", "medium", "low", NULL};
    const char *severity = command_text(call, "severity");
    const char *tlp = command_text(call, "tlp");
    if (!severity)
        severity = !incident->severity                               ? "medium"
                   : g_strv_contains(severities, incident->severity) ? incident->severity
                                                                     : "low";
    g_autofree char *subject = make_subject(call, incident);
    g_autofree char *text = make_text(incident);
    g_autofree char *reference = incident->id_source
                                     ? g_strdup_printf("%s (%s)", incident->id, incident->id_source)
                                     : g_strdup(incident->id);
    put(act, "subject", subject);
    put(act, "severity", severity);
    if (strcmp(incident->classification, RSIT_UNDETERMINED) != 0)
        put(act, "class", incident->classification);
    put(act, "text", text);
    put_time(act, "started", incident->started);
    put_time(act, "detected", incident->detected);
    put_time(act, "ended", incident->ended);
    if (reference) {
        g_autofree char *short_reference = at_most(reference, 256);
        put(act, "reference", short_reference);
    }
    yyjson_mut_val *root = yyjson_mut_doc_get_root(act->params);
    if (!tlp)
        tlp = incident->tlp;
    jsontext_add(act->params, root, "tlp", tlp);
    if (command_flag(call, "exercise"))
        yyjson_mut_obj_add_bool(act->params, root, "exercise", TRUE);
}

/* The incident that the file holds, or the one that --number names. */
static const Incident *choose(const CommandCall *call, const GPtrArray *incidents, GError **error)
{
    gint64 number = command_int(call, "number", 0);
    if (number == 0 && incidents->len > 1) {
        command_usage(call, error, "there are %u incidents: say which with --number",
                      incidents->len);
        return NULL;
    }
    if (number > incidents->len) {
        command_usage(call, error, "there are only %u incidents", incidents->len);
        return NULL;
    }
    return g_ptr_array_index(incidents, number == 0 ? 0 : (guint)number - 1);
}

static int run_import(const CommandCall *call, GError **error)
{
    const char *path = call->arguments[0];
    g_autoptr(GPtrArray) incidents = incident_file_read(call, path, NULL, error);
    const Incident *incident = incidents ? choose(call, incidents, error) : NULL;
    g_autoptr(Node) node = incident ? command_node_open(call, NODE_WRITE, error) : NULL;
    if (!node)
        return COMMAND_ERROR;
    g_auto(DossierAct) act = dossier_command_act(&case_procedure, "opened", NULL);
    fill(call, incident, &act);
    /* The whole of it goes along: a case has room for words, not for 100,000 findings. */
    if (strcmp(path, "-") != 0) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(act.params, act.payload, "files");
        if (!attachment_file_add(node, path, FALSE, act.params, list, error))
            return COMMAND_ERROR;
    }
    return dossier_command_do(call, node, &act, error);
}

const Command cmd_case_import = {
    .name = "import",
    .summary = "open a case from a report of an incident",
    .arguments = "FILE|-",
    .description =
        "Reads what `concert incident show` reads: IODEF, X-ARF, STIX, Shadowserver's and other "
        "tables, logs, text. Subject, class, severity and times are those of the incident; the "
        "text lists the first findings, and the file itself is attached. As with `case open`, "
        "nobody else sees it before it is shared.",
    .options =
        (const CommandOption[]){
            {"number", 'n', COMMAND_INT, "N", .min = 1, .max = INCIDENT_MAX,
             .help = "which incident of the file, from 1, where there are several"},
            {"subject", 0, COMMAND_TEXT, "TEXT", .help = "one line, if not as the file says"},
            {"severity", 0, COMMAND_CHOICE, "WORD", .choices = "critical|high|medium|low",
             .help = "how bad it is, if not as the file says"},
            {"tlp", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|amber+strict|red",
             .help = "marking, if not that of the file"},
            {"exercise", 0, COMMAND_FLAG, .help = "it is an exercise"},
            DOSSIER_COMMAND_OPTION_AS,
            INCIDENT_FILE_READ_OPTIONS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert case import report.xml", "IODEF"},
            {"concert case import -n 2 reports.jsonl", "the second of several X-ARF reports"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_import,
};
