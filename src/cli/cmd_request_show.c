/* cmd_request_show.c - `concert request show`: a request with all that was said, and what can be
 * done next. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_request.h"
#include "cli/dispatch_view.h"
#include "ledger/origin.h"
#include "store/ledger_read.h"

/* What is shown. */
typedef struct {
    Docket *docket;
    const char *self; /* the own node */
    gint64 now;
} View;

/* --- JSON --------------------------------------------------------------------------------------
 */

static void add_participants(yyjson_mut_doc *doc, yyjson_mut_val *root, const EngineResult *result)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "participants");
    for (guint i = 0; i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        g_autofree char *roles = procedure_roles(result->procedure, one->roles);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "node", one->node);
        yyjson_mut_obj_add_strcpy(doc, object, "roles", roles);
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
    }
}

/* The transitions that are open to this node's people. */
static GPtrArray *next_steps(const View *view)
{
    const EngineResult *result = view->docket->result;
    GPtrArray *open = engine_open(result, engine_roles(result, view->self));
    for (guint i = open->len; i-- > 0;) {
        const ProcedureTransition *transition = open->pdata[i];
        if (transition->maker != PROCEDURE_PERSON || !cmd_request_step(transition->type))
            g_ptr_array_remove_index(open, i);
    }
    return open;
}

static char *step_command(const View *view, const ProcedureTransition *transition)
{
    const RequestStep *step = cmd_request_step(transition->type);
    g_autofree char *id = cmd_request_short(view->docket->dossier->id);
    return g_strdup_printf("concert request %s %s%s", step->command, id, step->rest);
}

static void print_json(const View *view)
{
    const EngineResult *result = view->docket->result;
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    cmd_request_add_dossier(doc, root, view->docket->dossier, view->now);
    engine_digest(result, digest);
    yyjson_mut_obj_add_strcpy(doc, root, "digest", sha256_hex(digest, hex));
    add_participants(doc, root, result);
    add_clocks(doc, root, view);
    yyjson_mut_val *events = yyjson_mut_obj_add_arr(doc, root, "list");
    for (guint i = 0; i < result->events->len; i++)
        add_event(doc, events, view, &g_array_index(result->events, EngineEvent, i));
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

static void print_head(const View *view)
{
    const Dossier *dossier = view->docket->dossier;
    const EngineResult *result = view->docket->result;
    const ProcedureState *state = engine_state(result);
    const Event *opening = result->opening;
    g_autofree char *marking =
        dispatch_view_marking(dossier->tlp, opening ? opening->pap : MARKING_PAP_NONE);
    g_autofree char *waits_for = g_strjoinv(", ", dossier->waits_for);
    if (dossier->is_exercise)
        output_line("EXERCISE     this is an exercise");
    output_line("request      %s", dossier->id);
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
        output_line("%-12s %s%s", roles, one->node,
                    g_str_equal(one->node, view->self) ? " (this node)" : "");
    }
}

static void print_clocks(const View *view)
{
    const GArray *clocks = view->docket->result->clocks;
    for (guint i = 0; i < clocks->len; i++) {
        const EngineClock *clock = &g_array_index(clocks, EngineClock, i);
        char time[OUTPUT_NUMBER_MAX];
        g_autofree char *due = cmd_request_due(clock->due_us, view->now);
        if (clock->is_running)
            output_line("clock        %s: %s", clock->clock->help, due);
        else
            output_line("clock        %s: stopped %s, %s", clock->clock->help,
                        output_time(time, clock->stopped_us),
                        clock->stopped_us > clock->due_us ? "LATE" : "in time");
    }
}

/* A text of several lines, each escaped. */
static void print_lines(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        output_line("    %s", lines[i]);
}

/* What the payload says, as the table has its members. */
static void print_payload(const EngineEvent *judged)
{
    const ProcedureField *field = judged->transition ? judged->transition->fields : NULL;
    for (; field && field->name; field++) {
        const char *text = event_text(judged->event, field->name);
        if (text && field->type == PROCEDURE_TEXT)
            print_lines(text);
        else if (text && field->gives == 0)
            output_line("    %s: %s", field->name, text);
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
    output_line("%s %s by %s, %s%s", output_time(time, event->time_us), event->type, event->node,
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
    for (guint i = 0; i < open->len; i++) {
        const ProcedureTransition *transition = open->pdata[i];
        g_autofree char *command = step_command(view, transition);
        output_line("%s %s   (%s)", i == 0 ? "next        " : "            ", command,
                    transition->help);
    }
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id = cmd_request_id(call);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    g_auto(LedgerReadState) own = {0};
    if (!docket || !ledger_read_state(node_store(node), &own, error))
        return COMMAND_ERROR;
    g_autofree char *self = origin_node(own.origin);
    const View view = {.docket = docket, .self = self, .now = timestamp_now()};
    if (command_json(call))
        print_json(&view);
    else
        print_text(&view);
    return COMMAND_OK;
}

const Command cmd_request_show = {
    .name = "show",
    .summary = "show a request with all that was said, and what can be done next",
    .arguments = "ID",
    .description =
        "The beginning of its id is enough. Events that are void are kept and shown with "
        "the reason: they change nothing.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
