/* cmd_case_export.c - `concert case export`: a case in a format that others read. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_case.h"
#include "cli/dossier_command.h"
#include "cli/incident_file.h"
#include "dossier/case.h"
#include "intake/mime.h"
#include "intake/rsit.h"
#include "node/settings.h"
#include "policy/marking.h"
#include "store/attachments.h"
#include "store/objects.h"

typedef struct {
    Store *store;
    const Docket *docket;
    Incident *incident;
    GHashTable *seen;   /* char *: keys of findings */
    gboolean all_files; /* those of others too */
} Export;

/* --- Findings -------------------------------------------------------------------------------- */

static void take_finding(Export *export, const Finding *finding, gint64 otherwise)
{
    Finding *copy = finding_copy(finding);
    if (copy->time == 0)
        copy->time = otherwise;
    g_autofree char *key = finding_key(copy);
    char *whole = g_strdup_printf("%s %" G_GINT64_FORMAT, key, copy->time);
    if (g_hash_table_add(export->seen, whole))
        g_ptr_array_add(export->incident->findings, copy);
    else
        finding_free(copy);
}

/* The findings of @text; what cannot be read has none. */
static void take_text(Export *export, const char *text, gsize length, const FindingOptions *options,
                      gint64 otherwise, gboolean plain)
{
    g_auto(FindingSummary) summary = {0};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_autoptr(GPtrArray) incidents = incident_read(stream, options, &summary, NULL);
    if (!incidents || (summary.format == FINDING_FORMAT_TEXT && !plain))
        return;
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        for (guint k = 0; k < incident->findings->len; k++)
            take_finding(export, g_ptr_array_index(incident->findings, k), otherwise);
    }
}

static const char *class_of_target(const char *what)
{
    static const char *const classes[][2] = {
        {"counterfeit-page", "fraud.phishing"},
        {"malware-host", "malicious-code.malware-distribution"},
        {"command-and-control", "malicious-code.c2-server"},
        {"stolen-data", "information-content-security.data-leak"},
    };
    for (guint i = 0; what && i < G_N_ELEMENTS(classes); i++)
        if (strcmp(classes[i][0], what) == 0)
            return classes[i][1];
    return RSIT_UNDETERMINED;
}

static void take_takedowns(Export *export)
{
    g_autoptr(GArray) list = case_takedowns(export->docket->result);
    for (guint i = 0; i < list->len; i++) {
        const CaseTakedown *one = &g_array_index(list, CaseTakedown, i);
        FindingOptions options = {.format = FINDING_FORMAT_TEXT,
                                  .classification = class_of_target(one->what)};
        if (one->target)
            take_text(export, one->target, strlen(one->target), &options, one->asked_us, TRUE);
    }
}

static gboolean take_bytes(const void *bytes, gsize length, gpointer user, GError **error)
{
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

/* An attachment that is here and that nobody calls malicious. Those that others sent are looked
 * into only when asked to; texts only where the case was opened with them: any other may speak of
 * anything. */
static gboolean take_file(Export *export, yyjson_val *file, gboolean opened, gint64 time,
                          GError **error)
{
    const char *hex = yyjson_get_str(yyjson_obj_get(file, "sha256"));
    const char *name = yyjson_get_str(yyjson_obj_get(file, "name"));
    guint8 sha256[SHA256_SIZE];
    if (!hex || yyjson_is_true(yyjson_obj_get(file, "malicious")) ||
        !attachments_resolve(export->store, hex, sha256, NULL))
        return TRUE;
    g_autoptr(GPtrArray) copies = attachments_find(export->store, sha256, error);
    if (!copies)
        return FALSE;
    const Attachment *copy = copies->len > 0 ? g_ptr_array_index(copies, 0) : NULL;
    if (!copy || copy->is_malicious || copy->size > MIME_MAX_SIZE ||
        (copy->origin && !export->all_files) || copy->here != chunk_count(copy->size))
        return TRUE;
    g_autoptr(GString) text = g_string_new(NULL);
    FindingOptions options = {.name = name};
    if (attachments_read(export->store, copy, take_bytes, text, NULL))
        take_text(export, text->str, text->len, &options, time, opened);
    return TRUE;
}

static gboolean append_object(const ObjectsRow *row, gpointer user)
{
    GString *list = user;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_string_append(list, list->len > 1 ? "," : "");
    g_string_append_len(list, bytes, (gssize)length);
    return TRUE;
}

/* The STIX objects that the event names, as far as they are here. */
static gboolean take_objects(Export *export, yyjson_val *ids, gint64 time, GError **error)
{
    g_autoptr(GString) list = g_string_new("[");
    size_t at, count;
    yyjson_val *id;
    yyjson_arr_foreach (ids, at, count, id) {
        ObjectsQuery query = OBJECTS_QUERY_INIT;
        query.id = yyjson_get_str(id);
        if (query.id && !objects_find(export->store, &query, append_object, list, NULL, error))
            return FALSE;
    }
    g_string_append(list, "]");
    FindingOptions options = {.format = FINDING_FORMAT_STIX};
    if (list->len > 2)
        take_text(export, list->str, list->len, &options, time, FALSE);
    return TRUE;
}

static gboolean take_events(Export *export, GError **error)
{
    const EngineResult *result = export->docket->result;
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        const Event *event = one->event;
        size_t at, count;
        yyjson_val *file;
        if (one->verdict != ENGINE_VALID)
            continue;
        gboolean opened = strcmp(event->type, "opened") == 0;
        yyjson_arr_foreach (yyjson_obj_get(event->payload, "files"), at, count, file)
            if (!take_file(export, file, opened, event->time_us, error))
                return FALSE;
        if (!take_objects(export, yyjson_obj_get(event->payload, "objects"), event->time_us, error))
            return FALSE;
    }
    take_takedowns(export);
    return TRUE;
}

/* --- The incident ---------------------------------------------------------------------------- */

static void set_latest(char **place, const EngineResult *result, const char *member, gboolean line)
{
    const char *text = yyjson_get_str(case_latest(result, member));
    if (text)
        incident_set(place, text, strlen(text), line);
}

static gint64 time_latest(const EngineResult *result, const char *member)
{
    const char *text = yyjson_get_str(case_latest(result, member));
    gint64 us = 0;
    if (text)
        timestamp_parse_lenient(text, strlen(text), &us);
    return us;
}

static void take_head(Export *export, const char *node_name)
{
    const EngineResult *result = export->docket->result;
    const Dossier *dossier = export->docket->dossier;
    Incident *incident = export->incident;
    const char *state = dossier->state ? dossier->state : "";
    incident->id = g_strdup(dossier->id);
    incident->id_source = g_strdup(dossier->opener ? dossier->opener : node_name);
    set_latest(&incident->title, result, "subject", TRUE);
    set_latest(&incident->description, result, "text", FALSE);
    set_latest(&incident->classification, result, "class", TRUE);
    set_latest(&incident->severity, result, "severity", TRUE);
    incident->status =
        g_strdup(strcmp(state, "draft") == 0 || strcmp(state, "shared") == 0      ? "new"
                 : strcmp(state, "resolved") == 0 || strcmp(state, "closed") == 0 ? "resolved"
                                                                                  : "in-progress");
    incident->purpose = g_strdup("mitigation");
    incident->tlp = g_strdup(marking_tlp_name((MarkingTlp)dossier->tlp));
    incident->started = time_latest(result, "started");
    incident->detected = time_latest(result, "detected");
    incident->ended = time_latest(result, "ended");
    incident->created = incident->reported = dossier->opened;
}

static int run_export(const CommandCall *call, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) incidents = g_ptr_array_new_with_free_func((GDestroyNotify)incident_free);
    if (command_choice(call, "to", -1) < 0)
        return command_usage(call, error, "say with --to what to write");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id = dossier_command_id(call, &case_procedure);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    const Config *config = node_config(node);
    const char *name = config_string(config, SETTING_NODE_NAME);
    const char *organisation = config_string(config, SETTING_NODE_ORGANISATION);
    Export export = {node_store(node), docket, incident_new(), seen,
                     command_flag(call, "attachments")};
    g_ptr_array_add(incidents, export.incident);
    take_head(&export, name);
    if (!take_events(&export, error))
        return COMMAND_ERROR;
    incident_complete(export.incident, NULL);
    return incident_file_write(call, incidents, organisation ? organisation : name, NULL, error)
               ? COMMAND_OK
               : COMMAND_ERROR;
}

const Command cmd_case_export = {
    .name = "export",
    .summary = "write a case as IODEF, X-ARF, CSV or STIX",
    .arguments = "ID",
    .description =
        "Writes what the case says now, and as its findings what was to be taken down, what "
        "reports attached here hold, and the values of STIX objects that it names. Files that are "
        "called malicious are not looked into. It is for people without a node: who has one takes "
        "part in the case. The marking goes along; whether a recipient may have it is for you to "
        "say.",
    .options = (const CommandOption[]){{"attachments", 0, COMMAND_FLAG,
                                        .help = "look for findings in reports that others "
                                                "attached, too"},
                                       INCIDENT_FILE_WRITE_OPTIONS,
                                       COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert case export 72ad55eb --to iodef -o case.xml", "for a team without a node"},
            {"concert case export 72ad55eb --to csv", "for a spreadsheet"},
            {NULL},
        },
    .nothing = "there is no such case",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_export,
};
