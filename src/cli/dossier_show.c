/* dossier_show.c - `concert PROCEDURE show`: a dossier with all that was said, and what can be done
 * next. */
#include <stdlib.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/dispatch_view.h"
#include "cli/dossier_command.h"
#include "cli/dossier_core.h"
#include "cli/dossier_held.h"
#include "cli/dossier_view.h"
#include "cli/output.h"
#include "dossier/clock_hours.h"
#include "ledger/origin.h"
#include "store/introductions.h"
#include "store/ledger_read.h"

/* What is shown. */
typedef struct {
    Docket *docket;
    Store *store;
    GPtrArray *held;  /* HeldEvent: of the dossier, and not in it yet */
    const char *self; /* the own node */
    gint64 now;
} View;

/* The peer that introduced a participant; NULL: nobody had to. Caller frees. */
static char *introducer(const View *view, const char *node)
{
    g_autofree char *vkey = NULL;
    char *by = NULL;
    introductions_get(view->store, node, &vkey, &by, NULL);
    return by;
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static void add_participants(yyjson_mut_doc *doc, yyjson_mut_val *root, const View *view)
{
    const EngineResult *result = view->docket->result;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "participants");
    for (guint i = 0; i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        g_autofree char *roles = procedure_roles(result->procedure, one->roles);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "node", one->node);
        yyjson_mut_obj_add_strcpy(doc, object, "roles", roles);
        g_autofree char *by = introducer(view, one->node);
        jsontext_add(doc, object, "introduced_by", by);
        jsontext_add(doc, object, "peering", dossier_view_silence(view->store, one->node));
    }
}

static void add_event(yyjson_mut_doc *doc, yyjson_mut_val *list, const View *view,
                      const EngineEvent *judged)
{
    const Event *event = judged->event;
    const DossierEvent *stored = docket_stored(view->docket, event);
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strcpy(doc, object, "event", event_hash_format(&event->hash, hex));
    yyjson_mut_obj_add_str(doc, object, "type", event->type);
    yyjson_mut_obj_add_str(doc, object, "by", event->node);
    dispatch_view_add_text(doc, object, "signatory", event->signatory);
    dispatch_view_add_time(doc, object, "time", event->time_us);
    yyjson_mut_obj_add_str(doc, object, "verdict", engine_verdict_name(judged->verdict));
    dispatch_view_add_text(doc, object, "reason", judged->reason);
    dispatch_view_add_text(doc, object, "from", stored ? stored->source : NULL);
    if (stored && stored->entry != DOSSIERS_NO_ENTRY)
        yyjson_mut_obj_add_uint(doc, object, "entry", stored->entry);
    yyjson_mut_obj_add_val(doc, object, "payload", yyjson_val_mut_copy(doc, event->payload));
}

static void add_clocks(yyjson_mut_doc *doc, yyjson_mut_val *root, const View *view)
{
    const GArray *clocks = view->docket->result->clocks;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "clocks");
    for (guint i = 0; i < clocks->len; i++) {
        const EngineClock *clock = &g_array_index(clocks, EngineClock, i);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "clock", clock->clock->name);
        yyjson_mut_obj_add_bool(doc, object, "runs", clock->is_running);
        dispatch_view_add_time(doc, object, "started", clock->started_us);
        dispatch_view_add_time(doc, object, "due", clock->due_us);
        dispatch_view_add_time(doc, object, "stopped", clock->stopped_us);
        gint64 end = clock->is_running ? view->now : clock->stopped_us;
        yyjson_mut_obj_add_bool(doc, object, "overdue", end > clock->due_us);
        dispatch_view_add_text(doc, object, "hours", clock->hours ? clock->hours->text : NULL);
        dispatch_view_add_text(doc, object, "hours_of", clock->hours ? clock->hours->nodes : NULL);
        yyjson_mut_obj_add_str(doc, object, "hours_why", clock_hours_name(clock->hours));
    }
}

/* The transitions that are open to this node's people. */
static GPtrArray *next_steps(const View *view)
{
    const EngineResult *result = view->docket->result;
    GPtrArray *open = engine_open(result, engine_roles(result, view->self));
    for (guint i = open->len; i-- > 0;)
        if (((const ProcedureTransition *)open->pdata[i])->maker != PROCEDURE_PERSON)
            g_ptr_array_remove_index(open, i);
    return open;
}

/* What has to be typed: with the options that are required. */
static char *step_command(const View *view, const ProcedureTransition *row)
{
    const ProcedureField *argument = dossier_core_argument(row);
    g_autofree char *id = dossier_command_short(view->docket->dossier->id);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "concert %s %s %s",
                           procedure_command(view->docket->result->procedure->name),
                           row->command ? row->command : row->verb, id);
    for (const ProcedureField *field = row->fields; field && field->name; field++) {
        g_autofree char *option = dossier_core_option(field);
        if (field->is_required && !field->otherwise && !field->filled && field != argument)
            g_string_append_printf(text, " --%s ...", option);
    }
    if (argument && argument->is_required)
        g_string_append(text, " TEXT");
    return g_string_free(text, FALSE);
}

static void print_json(const View *view)
{
    const EngineResult *result = view->docket->result;
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    dossier_view_add(doc, root, view->docket->dossier, view->now);
    dossier_view_add_silent(doc, root, view->store, view->docket->dossier);
    engine_digest(result, digest);
    yyjson_mut_obj_add_strcpy(doc, root, "digest", sha256_hex(digest, hex));
    add_participants(doc, root, view);
    add_clocks(doc, root, view);
    yyjson_mut_val *events = yyjson_mut_obj_add_arr(doc, root, "list");
    for (guint i = 0; i < result->events->len; i++)
        add_event(doc, events, view, &g_array_index(result->events, EngineEvent, i));
    dossier_held_add(doc, root, view->held);
    yyjson_mut_val *next = yyjson_mut_obj_add_arr(doc, root, "next");
    g_autoptr(GPtrArray) open = next_steps(view);
    for (guint i = 0; i < open->len; i++) {
        g_autofree char *command = step_command(view, open->pdata[i]);
        yyjson_mut_arr_add_strcpy(doc, next, command);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* --- text --------------------------------------------------------------------------------------
 */

/* What is to be known of a participant beside its name. Caller frees. */
static char *describe(const View *view, const char *node)
{
    g_autofree char *by = introducer(view, node);
    const char *silence = dossier_view_silence(view->store, node);
    if (g_str_equal(node, view->self))
        return g_strdup(" (this node)");
    return g_strconcat(by ? " (introduced by " : "", by ? by : "", by ? ")" : "",
                       silence ? " (peering " : "", silence ? silence : "", silence ? ")" : "",
                       NULL);
}

/* What becomes of what is said here while @node is not followed: whoever waits for an answer has to
 * know whether it can come. */
static void print_silence(const View *view, const char *node)
{
    const Procedure *procedure = view->docket->result->procedure;
    const char *silence = dossier_view_silence(view->store, node);
    if (!silence || g_str_equal(node, view->self))
        return;
    if (g_str_equal(silence, "ended"))
        output_line("silence      the peering with %s has ended: nothing is sent to it any more",
                    node);
    else if (procedure && procedure->goes_on)
        output_line("silence      the peering with %s is suspended: what is said here is posted to "
                    "it all the same",
                    node);
    else
        output_line("silence      the peering with %s is suspended: what is said here, and its "
                    "answer, wait until that is over; clocks run on",
                    node);
}

static void print_head(const View *view)
{
    const Dossier *dossier = view->docket->dossier;
    const EngineResult *result = view->docket->result;
    const ProcedureState *state = engine_state(result);
    const Event *opening = result->opening;
    g_autofree char *marking =
        dispatch_view_marking(dossier->tlp, opening ? opening->pap : MARKING_PAP_NONE);
    g_autofree char *waits_for = dossier_view_waits_for(view->store, dossier);
    if (dossier->is_exercise)
        output_line("EXERCISE     this is an exercise");
    output_line("%-12s %s", result->procedure ? result->procedure->name : "dossier", dossier->id);
    output_line("subject      %s", dossier->title ? dossier->title : "(not here yet)");
    if (state)
        output_line("state        %s: %s", state->name, state->help);
    else
        output_line("state        the event that opens it is not here yet");
    if (*waits_for)
        output_line("waits for    %s, to %s", waits_for, dossier->waits_what);
    output_line("marking      %s", marking);
    for (guint i = 0; i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        g_autofree char *roles = procedure_roles(result->procedure, one->roles);
        g_autofree char *how = describe(view, one->node);
        output_line("%-12s %s%s", roles, one->node, how);
    }
    for (guint i = 0; i < result->participants->len && !dossier->is_final; i++)
        print_silence(view, g_array_index(result->participants, EngineParticipant, i).node);
}

static void print_clocks(const View *view)
{
    const GArray *clocks = view->docket->result->clocks;
    for (guint i = 0; i < clocks->len; i++) {
        const EngineClock *clock = &g_array_index(clocks, EngineClock, i);
        char time[OUTPUT_NUMBER_MAX];
        g_autofree char *due = dossier_view_due(clock->due_us, view->now);
        g_autofree char *counted = clock_hours_explain(clock->hours);
        if (clock->is_running && clock->clock->in_hours)
            output_line("clock        %s: %s (counted in %s)", clock->clock->help, due, counted);
        else if (clock->is_running)
            output_line("clock        %s: %s", clock->clock->help, due);
        else
            output_line("clock        %s: stopped %s, %s", clock->clock->help,
                        output_time(time, clock->stopped_us),
                        clock->stopped_us > clock->due_us ? "LATE" : "in time");
    }
}

static void print_file(const ProcedureField *field, yyjson_val *file)
{
    char number[OUTPUT_NUMBER_MAX];
    output_line("    %s: %s, %s bytes, sha256 %.16s%s", field->name,
                yyjson_get_str(yyjson_obj_get(file, "name")),
                output_number(number, yyjson_get_uint(yyjson_obj_get(file, "size"))),
                yyjson_get_str(yyjson_obj_get(file, "sha256")),
                yyjson_get_bool(yyjson_obj_get(file, "malicious")) ? ", MALICIOUS" : "");
}

static void print_data(const ProcedureField *field, yyjson_val *value)
{
    char *json = yyjson_val_write(value, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    output_line("    %s:", field->name);
    if (json)
        output_lines("    ", json);
    free(json);
}

/* One member of the payload, or of a list there. */
static void print_value(const ProcedureField *field, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    if (field->type == PROCEDURE_FILES)
        print_file(field, value);
    else if (text && field->type == PROCEDURE_TEXT)
        output_lines("    ", text);
    else if (text && (field->type == PROCEDURE_EVENT || field->type == PROCEDURE_HASHES))
        output_line("    %s: %.8s", field->name, text);
    else if (text)
        output_line("    %s: %s", field->name, text);
    else if (yyjson_is_uint(value))
        output_line("    %s: %" G_GUINT64_FORMAT, field->name, yyjson_get_uint(value));
    else if (yyjson_is_true(value))
        output_line("    %s: yes", field->name);
}

/* What the payload says, as the table has its members. Who got a part by it stands above. */
static void print_payload(const EngineEvent *judged)
{
    const ProcedureField *field = judged->transition ? judged->transition->fields : NULL;
    for (; field && field->name; field++) {
        yyjson_val *value = yyjson_obj_get(judged->event->payload, field->name), *one;
        size_t at, size;
        if (!value || (field->gives && judged->transition->from == 0))
            continue;
        if (field->type == PROCEDURE_DATA)
            print_data(field, value);
        else if (!yyjson_is_arr(value))
            print_value(field, value);
        yyjson_arr_foreach (value, at, size, one)
            if (field->type != PROCEDURE_DATA)
                print_value(field, one);
    }
}

static void print_event(const View *view, const EngineEvent *judged)
{
    const Event *event = judged->event;
    const DossierEvent *stored = docket_stored(view->docket, event);
    char time[OUTPUT_NUMBER_MAX];
    g_autofree char *entry = stored && stored->entry != DOSSIERS_NO_ENTRY
                                 ? g_strdup_printf(", entry %" G_GUINT64_FORMAT, stored->entry)
                                 : g_strdup("");
    char hex[2 * SHA256_SIZE + 1];
    output_line("%s %.8s %s by %s, %s%s", output_time(time, event->time_us),
                event_hash_format(&event->hash, hex), event->type, event->node,
                event->signatory ? event->signatory : "by itself", entry);
    if (judged->verdict != ENGINE_VALID)
        output_line("    %s: %s", judged->verdict == ENGINE_VOID ? "VOID" : "does not count",
                    judged->reason);
    print_payload(judged);
}

static void print_text(const View *view)
{
    const EngineResult *result = view->docket->result;
    g_autoptr(GPtrArray) open = next_steps(view);
    print_head(view);
    print_clocks(view);
    for (guint i = 0; i < result->events->len; i++)
        print_event(view, &g_array_index(result->events, EngineEvent, i));
    dossier_held_print(view->held);
    for (guint i = 0; i < open->len; i++) {
        const ProcedureTransition *transition = open->pdata[i];
        g_autofree char *command = step_command(view, transition);
        output_line("%s %s   (%s)", i == 0 ? "next        " : "            ", command,
                    transition->help);
    }
}

int dossier_view_show(const CommandCall *call, const Procedure *procedure, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id =
        procedure ? dossier_command_id(call, procedure) : g_strdup(call->arguments[0]);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    g_auto(LedgerReadState) own = {0};
    if (!docket || !ledger_read_state(node_store(node), &own, error))
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) held = held_events_list(node_store(node), docket->dossier->id, error);
    if (!held)
        return COMMAND_ERROR;
    g_autofree char *self = origin_node(own.origin);
    const View view = {.docket = docket,
                       .store = node_store(node),
                       .held = held,
                       .self = self,
                       .now = timestamp_now()};
    if (command_json(call))
        print_json(&view);
    else
        print_text(&view);
    return COMMAND_OK;
}
