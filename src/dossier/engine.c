#include "dossier/engine.h"

#include <string.h>

#include "dossier/engine_clock.h"
#include "dossier/engine_order.h"

const char *engine_verdict_name(EngineVerdict verdict)
{
    static const char *const names[] = {"valid", "void", "pending", "unknown"};
    return names[verdict];
}

static EngineResult *result_new(const Procedure *procedure, const char *dossier)
{
    EngineResult *result = g_new0(EngineResult, 1);
    result->procedure = procedure;
    result->dossier = dossier;
    result->state = -1;
    result->participants = g_array_new(FALSE, FALSE, sizeof(EngineParticipant));
    result->events = g_array_new(FALSE, FALSE, sizeof(EngineEvent));
    result->clocks = g_array_new(FALSE, FALSE, sizeof(EngineClock));
    return result;
}

void engine_result_free(EngineResult *result)
{
    if (!result)
        return;
    for (guint i = 0; i < result->events->len; i++)
        g_free(g_array_index(result->events, EngineEvent, i).reason);
    g_array_unref(result->participants);
    g_array_unref(result->events);
    g_array_unref(result->clocks);
    g_free(result);
}

const ProcedureState *engine_state(const EngineResult *result)
{
    return result->state >= 0 ? &result->procedure->states[result->state] : NULL;
}

static EngineParticipant *find_participant(const EngineResult *result, const char *node)
{
    for (guint i = 0; i < result->participants->len; i++) {
        EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        if (strcmp(one->node, node) == 0)
            return one;
    }
    return NULL;
}

static gboolean is_gone(const EngineResult *result, guint roles)
{
    for (guint i = 0; result->procedure->roles[i].name; i++)
        if ((roles & PROCEDURE_BIT(i)) && result->procedure->roles[i].is_gone)
            return TRUE;
    return FALSE;
}

gboolean engine_is_gone(const EngineResult *result, const char *node)
{
    return is_gone(result, engine_roles(result, node));
}

guint engine_roles(const EngineResult *result, const char *node)
{
    const EngineParticipant *one = find_participant(result, node);
    return one ? one->roles : 0;
}

/* --- judging one event -------------------------------------------------------------------------
 */

/* Whether who made the event may: by role, and as a person or machine. */
static gboolean judge_author(const EngineResult *dossier, const Event *event,
                             const ProcedureTransition *row, GError **error)
{
    guint roles = row->from == 0 ? row->who : engine_roles(dossier, event->node);
    if ((roles & row->who) == 0 && error) {
        g_autofree char *wanted = procedure_roles(dossier->procedure, row->who);
        g_autofree char *own = procedure_roles(dossier->procedure, roles);
        return error_set(error, CONCERT_ERROR_DENIED, "%s%s cannot %s the %s: only its %s can",
                         roles ? "its " : "", roles ? own : "who is no participant", row->verb,
                         dossier->procedure->name, wanted);
    }
    if ((roles & row->who) == 0)
        return FALSE;
    if (row->maker == PROCEDURE_PERSON && !event->signatory)
        return error_set(error, CONCERT_ERROR_DENIED, "only a person can %s the %s: it names none",
                         row->verb, dossier->procedure->name);
    if (row->maker == PROCEDURE_MACHINE && event->signatory)
        return error_set(error, CONCERT_ERROR_DENIED,
                         "no person can %s the %s: the node itself does", row->verb,
                         dossier->procedure->name);
    return TRUE;
}

static gboolean judge_state(const EngineResult *dossier, const ProcedureTransition *row,
                            GError **error)
{
    const ProcedureState *state = engine_state(dossier);
    if (row->from == 0)
        return !state || error_set(error, CONCERT_ERROR_CONFLICT, "the %s is open already",
                                   dossier->procedure->name);
    if (!state)
        return error_set(error, CONCERT_ERROR_CONFLICT, "the %s is not open",
                         dossier->procedure->name);
    return (row->from & PROCEDURE_BIT(dossier->state)) != 0 ||
           error_set(error, CONCERT_ERROR_CONFLICT, "one cannot %s a %s that is %s", row->verb,
                     dossier->procedure->name, state->name);
}

/* The nodes that a field names: fills @names (room for PROCEDURE_LIST_MAX). */
static guint named_nodes(const ProcedureField *field, const Event *event, const char **names)
{
    yyjson_val *value = yyjson_obj_get(event->payload, field->name), *one;
    size_t at, size;
    guint count = 0;
    if (field->type == PROCEDURE_NODE && value)
        names[count++] = yyjson_get_str(value);
    yyjson_arr_foreach (value, at, size, one)
        if (count < PROCEDURE_LIST_MAX)
            names[count++] = yyjson_get_str(one);
    return count;
}

/* What becomes of the participants by the event. A node has one part in a dossier: who has one is
 * given no other, but for those who are gone, who may be asked in again. */
static gboolean join(EngineResult *dossier, const char *node, guint roles, GError **error)
{
    EngineParticipant *one = find_participant(dossier, node);
    if (one && is_gone(dossier, one->roles))
        *one = (EngineParticipant){node, roles, dossier->events->len};
    if (one && one->roles != roles) {
        g_autofree char *own = error ? procedure_roles(dossier->procedure, one->roles) : NULL;
        return error_set(error, CONCERT_ERROR_INPUT, "%s is the %s already", node, own);
    }
    if (!one && dossier->participants->len >= ENGINE_PARTICIPANTS_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "more than %d participants",
                         ENGINE_PARTICIPANTS_MAX);
    if (!one)
        g_array_append_val(dossier->participants,
                           ((EngineParticipant){node, roles, dossier->events->len}));
    return TRUE;
}

static gboolean gives(const ProcedureTransition *row)
{
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (field->gives)
            return TRUE;
    return FALSE;
}

static gboolean join_all(EngineResult *dossier, const Event *event, const ProcedureTransition *row,
                         GError **error)
{
    const char *names[PROCEDURE_LIST_MAX];
    g_autoptr(GArray) before = gives(row) ? g_array_copy(dossier->participants) : NULL;
    gboolean is_good = row->from != 0 || join(dossier, event->node, row->who, error);
    for (const ProcedureField *field = row->fields; is_good && field && field->name; field++) {
        guint count = field->gives ? named_nodes(field, event, names) : 0;
        for (guint i = 0; is_good && i < count; i++)
            is_good = join(dossier, names[i], field->gives, error);
    }
    if (!is_good && before) {
        g_array_unref(dossier->participants);
        dossier->participants = g_steal_pointer(&before);
    }
    return is_good;
}

static gboolean judge_rules(const EngineResult *dossier, const Event *event,
                            const ProcedureTransition *row, GError **error)
{
    for (guint i = 0; row->rules && row->rules[i]; i++) {
        const ProcedureGuard *guard = row->rules[i];
        g_autoptr(GError) missing = NULL;
        if (guard->holds ? guard->holds(dossier, event)
                         : guard->check(dossier, event, error ? &missing : NULL))
            continue;
        return error_set(error, CONCERT_ERROR_DENIED, "refused, as it must hold that %s%s%s",
                         guard->rule, missing ? ": " : "", missing ? missing->message : "");
    }
    return TRUE;
}

/* Events that the payload names are there, and valid. */
static gboolean judge_named(const EngineResult *dossier, const Event *event,
                            const ProcedureTransition *row, GError **error)
{
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (field->type == PROCEDURE_EVENT && event_text(event, field->name) &&
            !engine_named(dossier, event, field->name))
            return error_set(error, CONCERT_ERROR_INPUT,
                             "\"%s\" is no valid event of this dossier that came before",
                             field->name);
    return TRUE;
}

/* --- what a valid event does -------------------------------------------------------------------
 */

static void change_part(EngineResult *dossier, const char *node, const ProcedureTransition *row)
{
    EngineParticipant *author = find_participant(dossier, node);
    for (guint i = 0; row->swaps && i < dossier->participants->len; i++) {
        EngineParticipant *one = &g_array_index(dossier->participants, EngineParticipant, i);
        if (one != author && (one->roles & row->becomes))
            one->roles = author->roles;
    }
    if (row->becomes)
        author->roles = row->becomes;
}

static void take_effect(EngineResult *dossier, const Event *event, const ProcedureTransition *row)
{
    if (row->from == 0) {
        dossier->opening = event;
        dossier->opened_us = event->time_us;
    }
    dossier->last_us = MAX(dossier->last_us, event->time_us);
    change_part(dossier, event->node, row);
}

/* The state that the event makes, and its clocks, once it stands among the valid ones: a clock may
 * take its time from it. */
static void turn_state(EngineResult *dossier, const Event *event, const ProcedureTransition *row)
{
    int from = dossier->state;
    if (row->to != PROCEDURE_STAY && !(from >= 0 && (row->stays & PROCEDURE_BIT(from))))
        dossier->state = row->to;
    engine_clock_turn(dossier, from, dossier->state, event);
}

/* --- a run -------------------------------------------------------------------------------------
 */

typedef struct {
    EngineOrder order;
    const Procedure *procedure;
    const ProcedureTransition **rows; /* of each event; NULL: unknown */
    GError **faults; /* of each event what is wrong with it whatever the others are, or NULL */
    GArray *ends;    /* guint: places of valid events that end the dossier, in
                        order */
} Run;

static void run_clear(Run *run)
{
    g_free(run->rows);
    for (guint i = 0; run->faults && i < run->order.n_events; i++)
        g_clear_error(&run->faults[i]);
    g_free(run->faults);
    g_clear_pointer(&run->ends, g_array_unref);
    engine_order_clear(&run->order);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* Whether an end lists exactly what it follows. Its list is ascending, so nothing is in it twice.
 */
static gboolean check_decides(Run *run, guint place, GError **error)
{
    yyjson_val *list = yyjson_obj_get(run->order.events[place]->payload, procedure_decides()->name);
    const guint64 *ancestors = engine_order_ancestors(&run->order, place);
    size_t at, size, wanted = 0;
    yyjson_val *value;
    gboolean is_exact = TRUE;
    for (guint w = 0; w < run->order.words; w++)
        wanted += (size_t)__builtin_popcountll(ancestors[w]);
    yyjson_arr_foreach (list, at, size, value) {
        EventHash hash;
        guint listed;
        is_exact = is_exact &&
                   event_hash_parse(yyjson_get_str(value), yyjson_get_len(value), &hash) &&
                   engine_order_find(&run->order, &hash, &listed) && listed < run->order.n_placed &&
                   engine_order_has(ancestors, listed);
    }
    return (is_exact && yyjson_arr_size(list) == wanted) ||
           error_set(error, CONCERT_ERROR_INPUT,
                     "\"%s\" is not the list of the events that it follows",
                     procedure_decides()->name);
}

/* What can be said of an event without the others' verdicts. */
static gboolean check_event(Run *run, guint place, GError **error)
{
    const Event *event = run->order.events[place];
    const ProcedureTransition *row = run->rows[place];
    if ((row->from == 0) != (event->n_parents == 0))
        return error_set(error, CONCERT_ERROR_INPUT,
                         row->from == 0 ? "it does not open the dossier: it has parents"
                                        : "it cannot open a dossier: it has no parents");
    return procedure_check_payload(run->procedure, row, event->payload, error) &&
           (!procedure_closes(run->procedure, row) || check_decides(run, place, error));
}

/* Whether the event at @place would be made without knowing of the end at @end. */
static gboolean is_apart(Run *run, guint place, guint end)
{
    return place != end && !engine_order_has(engine_order_ancestors(&run->order, end), place) &&
           !engine_order_has(engine_order_ancestors(&run->order, place), end);
}

/* The first of @ends apart from which @place stands; FALSE if there is none. */
static gboolean find_apart(Run *run, const GArray *ends, guint place, guint *ret_end)
{
    for (guint i = 0; i < ends->len; i++)
        if (is_apart(run, place, g_array_index(ends, guint, i))) {
            *ret_end = g_array_index(ends, guint, i);
            return TRUE;
        }
    return FALSE;
}

/* The ends that count among the events of @set: those that are not apart from one before. */
static GArray *ends_within(Run *run, const guint64 *set)
{
    GArray *counting = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < run->ends->len; i++) {
        guint end = g_array_index(run->ends, guint, i), other;
        if ((!set || engine_order_has(set, end)) && !find_apart(run, counting, end, &other))
            g_array_append_val(counting, end);
    }
    return counting;
}

/* Judges one event where @dossier stands, and lets it take effect. */
static gboolean judge(Run *run, EngineResult *dossier, const GArray *ends, guint place,
                      GError **error)
{
    const Event *event = run->order.events[place];
    const ProcedureTransition *row = run->rows[place];
    guint end;
    if (run->faults[place]) {
        if (error)
            *error = g_error_copy(run->faults[place]);
        return FALSE;
    }
    if (find_apart(run, ends, place, &end)) {
        char hex[2 * SHA256_SIZE + 1];
        return error_set(
            error, CONCERT_ERROR_CONFLICT, "it is not among the events that %.16s (%s) decides on",
            event_hash_format(&run->order.events[end]->hash, hex), run->order.events[end]->type);
    }
    if (!judge_author(dossier, event, row, error) || !judge_state(dossier, row, error) ||
        !judge_named(dossier, event, row, error) || !judge_rules(dossier, event, row, error) ||
        !join_all(dossier, event, row, error))
        return FALSE;
    take_effect(dossier, event, row);
    return TRUE;
}

/* --- who was sent what -------------------------------------------------------------------------
 */

/* The roles that may see an event: what opens the dossier, whoever comes in. */
static guint shown_to(const ProcedureTransition *row)
{
    return !row || row->from == 0 ? G_MAXUINT : row->tells;
}

/* Whether who made @one knew that @each takes part: not if that was said meanwhile, for it would
 * have been among what the event follows. */
static gboolean knew_of(const EngineResult *dossier, Run *run, const EngineEvent *one,
                        const EngineParticipant *each)
{
    const EngineEvent *came = &g_array_index(dossier->events, EngineEvent, each->came);
    const ProcedureTransition *row = one->transition;
    return came == one || (!row->opens && (row->tells & ~came->shown) != 0) ||
           engine_order_has(engine_order_ancestors(&run->order, one->place), came->place);
}

/* The participants that the transition is for, as far as its author knew of them, and itself. */
static void set_told(const EngineResult *dossier, Run *run, EngineEvent *one)
{
    for (guint i = 0; i < dossier->participants->len; i++) {
        const EngineParticipant *each = &g_array_index(dossier->participants, EngineParticipant, i);
        if (((each->roles & one->transition->tells) && !event_is_untold(one->event, each->node) &&
             knew_of(dossier, run, one, each)) ||
            strcmp(each->node, one->event->node) == 0)
            one->told[i / 64] |= (guint64)1 << (i % 64);
    }
}

/* With the event at the end of @dossier's went what those whom it is for were not sent before. */
static void carry(EngineResult *dossier, Run *run)
{
    guint last = dossier->events->len - 1;
    const EngineEvent *next = &g_array_index(dossier->events, EngineEvent, last);
    if (!next->transition->tells)
        return;
    const guint64 *ancestors = engine_order_ancestors(&run->order, next->place);
    for (guint i = 0; i < last; i++) {
        EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict != ENGINE_VALID || !engine_order_has(ancestors, one->place))
            continue;
        if (next->transition->opens)
            one->shown |= next->transition->tells;
        if (next->transition->tells & ~one->shown)
            continue;
        for (guint w = 0; w < G_N_ELEMENTS(one->told); w++)
            one->told[w] |= next->told[w];
    }
}

static void add_event(EngineResult *dossier, Run *run, guint place, EngineVerdict verdict,
                      GError *error)
{
    const EngineEvent one = {.event = run->order.events[place],
                             .transition = run->rows[place],
                             .verdict = verdict,
                             .reason = error ? g_strdup(error->message) : NULL,
                             .code = error ? (ConcertError)error->code : CONCERT_ERROR_CONFLICT,
                             .shown = shown_to(run->rows[place]),
                             .place = place};
    guint *const counts[] = {&dossier->n_valid, &dossier->n_void, &dossier->n_pending,
                             &dossier->n_unknown};
    g_array_append_val(dossier->events, one);
    ++*counts[verdict];
    if (verdict != ENGINE_VALID)
        return;
    set_told(dossier, run, &g_array_index(dossier->events, EngineEvent, dossier->events->len - 1));
    turn_state(dossier, one.event, one.transition);
    carry(dossier, run);
}

/* Judges the placed events of @set (NULL: all) one after the other, before the place @until.
 * Reasons are told if @explain. */
static EngineResult *replay(Run *run, const guint64 *set, guint until, gboolean explain)
{
    EngineResult *dossier = result_new(run->procedure, run->order.events[0]->dossier);
    g_autoptr(GArray) ends = ends_within(run, set);
    for (guint place = 0; place < until; place++) {
        g_autoptr(GError) error = NULL;
        if (set && !engine_order_has(set, place))
            continue;
        if (!run->rows[place]) {
            error_set(explain ? &error : NULL, CONCERT_ERROR_NEWER,
                      "this version of Concert does not know what \"%s\" is",
                      run->order.events[place]->type);
            add_event(dossier, run, place, ENGINE_UNKNOWN, error);
        } else {
            gboolean is_valid = judge(run, dossier, ends, place, explain ? &error : NULL);
            add_event(dossier, run, place, is_valid ? ENGINE_VALID : ENGINE_VOID, error);
        }
    }
    return dossier;
}

/* Judges an event that would end the dossier by what it follows. */
static gboolean judge_end(Run *run, guint place, GError **error)
{
    /* What is judged at its place takes effect only in a run that is thrown away. */
    g_autoptr(EngineResult) before =
        replay(run, engine_order_ancestors(&run->order, place), place, FALSE);
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(guint));
    return judge(run, before, none, place, error) &&
           (run->ends->len < ENGINE_ENDS_MAX ||
            error_set(error, CONCERT_ERROR_LIMIT, "the dossier was ended %d times already",
                      ENGINE_ENDS_MAX));
}

/* Finds the ends that are valid. */
static void find_ends(Run *run)
{
    run->ends = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint place = 0; place < run->order.n_placed; place++) {
        const ProcedureTransition *row = run->rows[place];
        if (!row || run->faults[place] || !procedure_closes(run->procedure, row))
            continue;
        if (judge_end(run, place, &run->faults[place]))
            g_array_append_val(run->ends, place);
    }
}

static void add_pending(EngineResult *result, Run *run)
{
    for (guint place = run->order.n_placed; place < run->order.n_events; place++) {
        g_autoptr(GError) error = NULL;
        error_set(&error, CONCERT_ERROR_NOT_FOUND, "an event that it follows is not here yet");
        add_event(result, run, place, ENGINE_PENDING, error);
    }
}

EngineResult *engine_run(const Event *const *events, guint n_events)
{
    g_auto(Run) run = {0};
    if (n_events == 0)
        return result_new(NULL, NULL);
    engine_order_init(&run.order, events, n_events, ENGINE_EVENTS_MAX);
    guint count = run.order.n_events;
    run.procedure = procedure_find(events[0]->procedure);
    run.rows = g_new0(const ProcedureTransition *, count);
    run.faults = g_new0(GError *, count);
    for (guint i = 0; i < count && run.procedure; i++)
        run.rows[i] = procedure_transition(run.procedure, run.order.events[i]->type);
    for (guint i = 0; i < run.order.n_placed; i++)
        if (run.rows[i])
            check_event(&run, i, &run.faults[i]);
    find_ends(&run);
    EngineResult *result = replay(&run, NULL, run.order.n_placed, TRUE);
    add_pending(result, &run);
    return result;
}

EngineResult *engine_after(const EngineResult *result, const Event *draft, GError **error)
{
    guint count = result ? result->events->len : 0;
    g_autofree const Event **events = g_new(const Event *, count + 1);
    for (guint i = 0; i < count; i++)
        events[i] = g_array_index(result->events, EngineEvent, i).event;
    events[count] = draft;
    if (count >= ENGINE_EVENTS_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "the dossier has %d events, and can have no more",
                  ENGINE_EVENTS_MAX);
        return NULL;
    }
    g_autoptr(EngineResult) after = engine_run(events, count + 1);
    for (guint i = 0; i < after->events->len; i++) {
        const EngineEvent *one = &g_array_index(after->events, EngineEvent, i);
        if (one->event != draft)
            continue;
        if (one->verdict == ENGINE_VALID)
            return g_steal_pointer(&after);
        error_set(error, one->code, "%s", one->reason);
        return NULL;
    }
    error_set(error, CONCERT_ERROR_INPUT, "the event is of another dossier");
    return NULL;
}
