#include "dossier/group.h"

#include <string.h>

#include "base/timestamp.h"

enum { CONVENER, MEMBER, OBSERVER, FORMER };
enum { OPEN, CALLED, MINUTED, CLOSED };

#define ROLE(name)   PROCEDURE_BIT(name)
#define STATE(name)  PROCEDURE_BIT(name)
#define SIDES        (ROLE(CONVENER) | ROLE(MEMBER))
#define ALL          (SIDES | ROLE(OBSERVER))
#define LIVE         (STATE(OPEN) | STATE(CALLED) | STATE(MINUTED))
#define TEXT_SIZE    (32 * 1024)
#define OBJECTION_US (G_GINT64_CONSTANT(7) * 24 * 3600 * G_USEC_PER_SEC)

static const ProcedureRole roles[] = {
    [CONVENER] = {"convener", "the node that calls the meetings and keeps the minutes"},
    [MEMBER] = {"member", "a node that takes part"},
    [OBSERVER] = {"observer", "a node that may read along"},
    [FORMER] = {"former", "a node that has left; it may be invited again", .is_gone = TRUE},
    {NULL},
};

static const ProcedureState states[] = {
    [OPEN] = {.name = "open", .help = "no meeting is called", .is_rest = TRUE},
    [CALLED] = {.name = "meeting-called",
                .help = "a meeting is called, with its agenda",
                .waits_for = ROLE(CONVENER),
                .waits_what = "hold the meeting and write its minutes"},
    [MINUTED] = {.name = "minutes-written",
                 .help = "the minutes are there; the members confirm them or object",
                 .waits_for = SIDES,
                 .waits_what = "confirm the minutes, and settle them"},
    [CLOSED] = {.name = "closed", .help = "the group has ended", .is_final = TRUE},
};

static const ProcedureField convened_fields[] = {
    {"to", "its members", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX, .gives = ROLE(MEMBER)},
    {"observers", "nodes that may read along", PROCEDURE_NODES, .max = 16, .gives = ROLE(OBSERVER)},
    {"subject", "what the group is called, one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "what it is for", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField invited_fields[] = {
    {"members", "nodes that take part from now on", PROCEDURE_NODES, TRUE,
     .max = PROCEDURE_LIST_MAX, .gives = ROLE(MEMBER)},
    {"text", "a word to the group", PROCEDURE_TEXT, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField called_fields[] = {
    {"meeting", "when it is", PROCEDURE_TIME, TRUE},
    {"place", "where it is, or how one takes part", PROCEDURE_LINE, TRUE, .max = 512},
    {"agenda", "its items", PROCEDURE_LINES, TRUE, .max = PROCEDURE_LIST_MAX},
    {"text", "more about it", PROCEDURE_TEXT, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField text_fields[] = {
    {"name", "what the text is called, one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"replaces", "the version that it is to replace", PROCEDURE_EVENT},
    {"text", "the text", PROCEDURE_TEXT, TRUE, .max = PROCEDURE_TEXT_MAX},
    {NULL},
};

static const ProcedureField minutes_fields[] = {
    {"present", "nodes that took part", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX},
    {"text", "the minutes", PROCEDURE_TEXT, TRUE, .max = PROCEDURE_TEXT_MAX},
    {NULL},
};

static const ProcedureField word_fields[] = {
    {"text", "a word to the group", PROCEDURE_TEXT, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField said_fields[] = {
    {"text", "what is said", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField action_fields[] = {
    {"owner", "the node that does it", PROCEDURE_NODE, TRUE},
    {"due", "until when", PROCEDURE_TIME, TRUE},
    {"text", "what is to be done", PROCEDURE_TEXT, TRUE, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField done_fields[] = {
    {"action", "the action", PROCEDURE_EVENT, TRUE},
    {"text", "what came of it", PROCEDURE_TEXT, .max = TEXT_SIZE},
    {NULL},
};

/* --- rules -------------------------------------------------------------------------------------
 */

static gboolean is_later(const Event *event, const char *member)
{
    const char *text = event_text(event, member);
    gint64 time;
    return text && timestamp_parse(text, strlen(text), &time, NULL) && time > event->time_us;
}

static gboolean meets_later(const EngineResult *dossier, const Event *event)
{
    return is_later(event, "meeting");
}

static gboolean replaces_text(const EngineResult *dossier, const Event *event)
{
    const Event *replaced = engine_named(dossier, event, "replaces");
    return !event_text(event, "replaces") ||
           (replaced && strcmp(replaced->type, "text") == 0 &&
            g_strcmp0(event_text(replaced, "name"), event_text(event, "name")) == 0);
}

static gboolean were_there(const EngineResult *dossier, const Event *event)
{
    size_t at, count;
    yyjson_val *node;
    yyjson_arr_foreach (yyjson_obj_get(event->payload, "present"), at, count, node) {
        if (!engine_roles(dossier, yyjson_get_str(node)))
            return FALSE;
    }
    return TRUE;
}

/* Whether @node said something of @type since the last minutes. */
static gboolean has_said(const EngineResult *dossier, const char *node, const char *type)
{
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict != ENGINE_VALID)
            continue;
        if (strcmp(one->event->type, "minutes") == 0)
            return FALSE;
        if (strcmp(one->event->type, type) == 0 && strcmp(one->event->node, node) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean was_silent(const EngineResult *dossier, const Event *event)
{
    return !has_said(dossier, event->node, "confirmed") &&
           !has_said(dossier, event->node, "objected");
}

/* Every member has said something to the minutes, or the time for it is over. */
static gboolean are_settled(const EngineResult *dossier, const Event *event, GError **error)
{
    const Event *minutes = engine_last(dossier, "minutes");
    if (minutes && event->time_us >= minutes->time_us + OBJECTION_US)
        return TRUE;
    for (guint i = 0; i < dossier->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(dossier->participants, EngineParticipant, i);
        if (one->roles != ROLE(MEMBER) || has_said(dossier, one->node, "confirmed") ||
            has_said(dossier, one->node, "objected"))
            continue;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "%s has said nothing to them yet",
                    one->node);
        return FALSE;
    }
    return TRUE;
}

static gboolean can_be_done(const EngineResult *dossier, const Event *event)
{
    const char *owner = event_text(event, "owner");
    return is_later(event, "due") && (engine_roles(dossier, owner) & SIDES) != 0;
}

/* The next valid event of @type from place *at on, or NULL; moves *at behind it. */
static const Event *next_of(const EngineResult *dossier, const char *type, guint *at)
{
    while (*at < dossier->events->len) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, *at);
        ++*at;
        if (one->verdict == ENGINE_VALID && strcmp(one->event->type, type) == 0)
            return one->event;
    }
    return NULL;
}

static const Event *find_done(const EngineResult *dossier, const Event *action)
{
    char hex[2 * SHA256_SIZE + 1];
    const Event *one;
    event_hash_format(&action->hash, hex);
    for (guint at = 0; (one = next_of(dossier, "action-done", &at));)
        if (g_strcmp0(event_text(one, "action"), hex) == 0)
            return one;
    return NULL;
}

static gboolean is_own_action(const EngineResult *dossier, const Event *event)
{
    const Event *action = engine_named(dossier, event, "action");
    return action && strcmp(action->type, "action") == 0 &&
           g_strcmp0(event_text(action, "owner"), event->node) == 0 && !find_done(dossier, action);
}

static const ProcedureGuard meeting_guard = {.rule = "\"meeting\" is later than the event itself",
                                             .holds = meets_later};
static const ProcedureGuard text_guard = {.rule = "\"replaces\" is a text of the same name",
                                          .holds = replaces_text};
static const ProcedureGuard present_guard = {.rule = "who was \"present\" is in the group",
                                             .holds = were_there};
static const ProcedureGuard once_guard = {
    .rule = "a member confirms the minutes or objects to them, once", .holds = was_silent};
static const ProcedureGuard settled_guard = {
    .rule = "every member has confirmed the minutes or objected, or seven days are over",
    .check = are_settled};
static const ProcedureGuard action_guard = {
    .rule = "\"owner\" is a member or the convener, and \"due\" is later than the event itself",
    .holds = can_be_done};
static const ProcedureGuard own_guard = {
    .rule = "\"action\" is one that this node owns and that is not done yet",
    .holds = is_own_action};

/* --- the table ---------------------------------------------------------------------------------
 */

static const ProcedureTransition transitions[] = {
    {.type = "convened",
     .verb = "convene",
     .help = "begins the group",
     .to = OPEN,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = convened_fields},
    {.type = "invited",
     .verb = "invite into",
     .command = "invite",
     .help = "takes further nodes in",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = invited_fields},
    {.type = "left",
     .verb = "leave",
     .help = "leaves the group",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER) | ROLE(OBSERVER),
     .tells = ALL,
     .becomes = ROLE(FORMER),
     .fields = word_fields},
    {.type = "meeting-called",
     .verb = "call a meeting of",
     .command = "call",
     .help = "calls a meeting, with its agenda; or changes it",
     .from = STATE(OPEN) | STATE(CALLED),
     .to = CALLED,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = called_fields,
     .rules = PROCEDURE_RULES(&meeting_guard)},
    {.type = "meeting-cancelled",
     .verb = "cancel the meeting of",
     .command = "cancel",
     .help = "cancels the meeting",
     .from = STATE(CALLED),
     .to = OPEN,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = word_fields},
    {.type = "minutes",
     .verb = "write minutes of",
     .command = "minute",
     .help = "writes the minutes of the meeting; or writes them anew",
     .from = STATE(CALLED) | STATE(MINUTED),
     .to = MINUTED,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = minutes_fields,
     .rules = PROCEDURE_RULES(&present_guard)},
    {.type = "confirmed",
     .verb = "confirm the minutes of",
     .command = "confirm",
     .help = "confirms the minutes",
     .from = STATE(MINUTED),
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = word_fields,
     .rules = PROCEDURE_RULES(&once_guard)},
    {.type = "objected",
     .verb = "object to the minutes of",
     .command = "object",
     .help = "objects to the minutes; the objection stays with them",
     .from = STATE(MINUTED),
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = said_fields,
     .rules = PROCEDURE_RULES(&once_guard)},
    {.type = "settled",
     .verb = "settle the minutes of",
     .command = "settle",
     .help = "ends the time for objections",
     .from = STATE(MINUTED),
     .to = OPEN,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = word_fields,
     .rules = PROCEDURE_RULES(&settled_guard)},
    {.type = "text",
     .verb = "put a text before",
     .command = "put-text",
     .help = "puts a text, or a new version of one, before the group",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = text_fields,
     .rules = PROCEDURE_RULES(&text_guard)},
    {.type = "action",
     .verb = "set an action in",
     .command = "add-action",
     .help = "writes down who does what until when",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = action_fields,
     .rules = PROCEDURE_RULES(&action_guard)},
    {.type = "action-done",
     .verb = "do an action of",
     .command = "done",
     .help = "says that an own action is done",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = done_fields,
     .rules = PROCEDURE_RULES(&own_guard)},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "says something to the group",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = said_fields},
    {.type = "closed",
     .verb = "close",
     .help = "ends the group",
     .from = LIVE,
     .to = CLOSED,
     .who = ROLE(CONVENER),
     .tells = ALL,
     .fields = word_fields},
    {NULL},
};

static const ProcedureClock clocks[] = {
    {.name = "meeting",
     .help = "until the meeting",
     .runs_in = STATE(CALLED),
     .event = "meeting-called",
     .field = "meeting",
     .reminders = procedure_reminders},
    {.name = "minutes",
     .help = "until the minutes count as they are",
     .runs_in = STATE(MINUTED),
     .seconds = OBJECTION_US / G_USEC_PER_SEC,
     .reminders = procedure_reminders},
};

const Procedure group_procedure = {
    .name = "group",
    .title = "Working group",
    .help = "Some nodes work on something together: meetings with an agenda, texts in versions, "
            "minutes that each member confirms or objects to, and actions with an owner and a due "
            "date.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};

GArray *group_actions(const EngineResult *dossier)
{
    GArray *actions = g_array_new(FALSE, FALSE, sizeof(GroupAction));
    const Event *one;
    for (guint at = 0; (one = next_of(dossier, "action", &at));) {
        GroupAction action = {.event = one, .done = find_done(dossier, one)};
        const char *due = event_text(one, "due");
        timestamp_parse(due, strlen(due), &action.due_us, NULL);
        g_array_append_val(actions, action);
    }
    return actions;
}
