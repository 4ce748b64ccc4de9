/* resolution_maker.h - resolutions for tests: three members that vote, a chair that does not unless
 * the test says so, and what each of them does as its node sees the dossier. */
#pragma once

#include "base/timestamp.h"
#include "dossier/resolution.h"
#include "dossier_maker.h"

#define FORUM      "forum.example"
#define MAKER_HOUR (60 * MAKER_MINUTE)
#define MAKER_DAY  (24 * MAKER_HOUR)

typedef struct {
    GPtrArray *events;
    EngineResult *result;
    gint64 now_us;
    gboolean is_exercise;
} Resolution;

static inline void resolution_run(Resolution *one)
{
    g_clear_pointer(&one->result, engine_result_free);
    one->result = engine_run((const Event *const *)one->events->pdata, one->events->len);
}

static inline void resolution_clear(Resolution *one)
{
    g_clear_pointer(&one->result, engine_result_free);
    g_clear_pointer(&one->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Resolution, resolution_clear)

static inline void resolution_add(Resolution *one, Event *event)
{
    g_ptr_array_add(one->events, event);
    resolution_run(one);
}

/* The events that @node has: those that were for it. */
static inline EngineResult *resolution_view(const EngineResult *result, const char *node)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    for (guint p = 0; p < result->participants->len; p++) {
        if (strcmp(g_array_index(result->participants, EngineParticipant, p).node, node) != 0)
            continue;
        for (guint i = 0; i < result->events->len; i++) {
            const EngineEvent *event = &g_array_index(result->events, EngineEvent, i);
            if (event->verdict != ENGINE_VALID || (event->told[p / 64] >> (p % 64) & 1) != 0)
                g_ptr_array_add(seen, (gpointer)event->event);
        }
    }
    return engine_run((const Event *const *)seen->pdata, seen->len);
}

/* What @node would do at the resolution's time: the body's parents are those that its node knows.
 */
static inline char *resolution_body(const Resolution *one, const char *type, const char *node,
                                    const char *payload, GError **error)
{
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    g_autoptr(EngineResult) view =
        one->result && one->result->opening ? resolution_view(one->result, node) : NULL;
    const ProcedureTransition *row = procedure_transition(&resolution_procedure, type);
    g_autoptr(GArray) heads = view ? engine_heads(view, row) : NULL;
    g_autofree char *decides =
        view && procedure_closes(&resolution_procedure, row) ? engine_decides(view, heads) : NULL;
    g_autofree char *whole =
        decides ? g_strdup_printf("{\"decides\":%s%s%s", decides,
                                  g_str_equal(payload, "{}") ? "" : ",", payload + 1)
                : g_strdup(payload);
    const EventSpec spec = {
        .procedure = "resolution",
        .dossier = view ? one->result->dossier : NULL,
        .type = type,
        .author = origin,
        .signatory = "Delegate",
        .time_us = one->now_us,
        .parents = heads ? (const EventHash *)(gconstpointer)heads->data : NULL,
        .n_parents = heads ? heads->len : 0,
        .payload = whole,
        .tlp = MARKING_TLP_GREEN,
        .is_exercise = one->is_exercise && !view,
    };
    return event_build(&spec, NULL, error);
}

/* Signs it. */
static inline Event *resolution_sign(const char *body, const char *node)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = maker_signer(node);
    const NoteSigner *const signers[] = {signer};
    g_autofree char *text =
        signed_json_make_text(EVENT_SIGNED_TYPE, body, strlen(body), signers, 1, &error);
    g_assert_no_error(error);
    Event *event = event_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return event;
}

/* Does it, whatever comes of it. */
static inline const Event *resolution_do(Resolution *one, const char *type, const char *node,
                                         const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *body = resolution_body(one, type, node, payload, &error);
    g_assert_no_error(error);
    resolution_add(one, resolution_sign(body, node));
    return one->events->pdata[one->events->len - 1];
}

/* What is wrong with doing it now; NULL: nothing. Caller frees. */
static inline char *resolution_fault(const Resolution *one, const char *type, const char *node,
                                     const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *body = resolution_body(one, type, node, payload, &error);
    g_autoptr(Event) draft = body ? event_draft(body, strlen(body), &error) : NULL;
    g_autoptr(EngineResult) after = draft ? engine_after(one->result, draft, &error) : NULL;
    return after ? NULL : g_strdup(error->message);
}

static inline const char *resolution_state(const Resolution *one)
{
    const ProcedureState *state = engine_state(one->result);
    return state ? state->name : "none";
}

/* Does it, which has to be right and lead to @state. */
static inline const Event *resolution_well(Resolution *one, const char *type, const char *node,
                                           const char *payload, const char *state)
{
    g_autofree char *fault = resolution_fault(one, type, node, payload);
    g_assert_cmpstr(fault, ==, NULL);
    const Event *event = resolution_do(one, type, node, payload);
    g_assert_cmpstr(resolution_state(one), ==, state);
    return event;
}

/* {"until": so long from now, MEMBERS}. Caller frees. */
static inline char *resolution_until(const Resolution *one, gint64 span_us, const char *members)
{
    char time[TIMESTAMP_MAX];
    return g_strdup_printf("{\"until\":\"%s\"%s%s}",
                           timestamp_format(time, one->now_us + span_us, 0), *members ? "," : "",
                           members);
}

#define RESOLUTION_TEXT "Members answer within a day. Members warn each other."

#define RESOLUTION_TABLED                                                                          \
    "{\"chair\":\"" FORUM "\",\"community\":\"coast@" FORUM "\",\"members\":[\"" BIRCH             \
    "\",\"" CEDAR "\"],\"record\":3,\"voters\":[\"" ALDER "\",\"" BIRCH "\",\"" CEDAR "\"]}"

/* Drafted by Alder at MAKER_START. */
static inline void resolution_draft(Resolution *one, const char *kind, const char *text)
{
    g_autofree char *payload =
        g_strdup_printf("{\"kind\":\"%s\",\"text\":\"%s\",\"title\":\"Answers\"}", kind, text);
    one->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    one->now_us = MAKER_START;
    resolution_do(one, "drafted", ALDER, payload);
    g_assert_cmpstr(resolution_state(one), ==, "draft");
}

/* Tabled, and on consultation for 14 days. */
static inline void resolution_consult(Resolution *one, const char *tabled)
{
    one->now_us += MAKER_HOUR;
    resolution_well(one, "tabled", ALDER, tabled, "tabled");
    one->now_us += MAKER_HOUR;
    g_autofree char *until = resolution_until(one, 14 * MAKER_DAY, "");
    resolution_well(one, "consultation-opened", FORUM, until, "consultation");
}

/* The chair opens the vote when the consultation is over. @members: of the payload, may be empty.
 */
static inline void resolution_call(Resolution *one, const char *members)
{
    one->now_us += 18 * MAKER_DAY;
    g_autofree char *until = resolution_until(one, 3 * MAKER_DAY, members);
    resolution_well(one, "vote-opened", FORUM, until, "voting");
    one->now_us += MAKER_HOUR;
}
