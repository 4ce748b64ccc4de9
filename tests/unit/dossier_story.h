/* dossier_story.h - dossiers for tests: what is done in one, step after step, without a network. */
#pragma once

#include "dossier_maker.h"
#include "dossier_order.h"

#define STORY_DAY (24 * 60) /* minutes */

/* Something that somebody does. */
typedef struct {
    const char *label; /* for the tests */
    const char *type;  /* of the event; NULL: time passes */
    const char *node, *signatory;
    const char *members; /* of the payload, without the braces; "" for none */
    const char *names;   /* the label of the step, the last such one, that a member names */
    const char *member;  /* that member */
    int minutes;         /* that pass before it */
} StoryStep;

typedef struct {
    GPtrArray *events;    /* Event */
    GPtrArray *labels;    /* of each */
    GPtrArray *results;   /* EngineResult, after each */
    EngineResult *result; /* the last one */
    int minute;
    char *error; /* of the last step that was refused */
} Story;

static inline void story_clear(Story *story)
{
    g_clear_pointer(&story->results, g_ptr_array_unref);
    g_clear_pointer(&story->events, g_ptr_array_unref);
    g_clear_pointer(&story->labels, g_ptr_array_unref);
    g_clear_pointer(&story->error, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Story, story_clear)

static inline void story_init(Story *story)
{
    *story = (Story){.events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free),
                     .labels = g_ptr_array_new(),
                     .results = g_ptr_array_new_with_free_func((GDestroyNotify)engine_result_free)};
}

static inline const char *story_state(const Story *story)
{
    const ProcedureState *state = story->result ? engine_state(story->result) : NULL;
    return state ? state->name : "none";
}

/* Nobody signs here: that is another test's. */
static inline Event *story_event(const EventSpec *spec)
{
    static const guint8 nonce[EVENT_NONCE_SIZE] = {7};
    g_autoptr(GError) error = NULL;
    g_autofree char *body = event_build(spec, nonce, &error);
    g_assert_no_error(error);
    Event *event = event_draft(body, strlen(body), &error);
    g_assert_no_error(error);
    sha256_digest(body, strlen(body), event->hash.bytes);
    return event;
}

static inline char *story_payload(const Story *story, const Procedure *procedure,
                                  const ProcedureTransition *row, const StoryStep *step,
                                  const GArray *heads)
{
    GString *text = g_string_new("{");
    g_string_append(text, step->members);
    for (guint i = story->labels->len; step->names && i-- > 0;) {
        char hex[2 * SHA256_SIZE + 1];
        const Event *event = story->events->pdata[i];
        if (strcmp(story->labels->pdata[i], step->names) != 0)
            continue;
        g_string_append_printf(text, "%s\"%s\":\"%s\"", text->len > 1 ? "," : "", step->member,
                               event_hash_format(&event->hash, hex));
        break;
    }
    if (procedure_closes(procedure, row)) {
        g_autofree char *decides = engine_decides(story->result, heads);
        g_string_append_printf(text, "%s\"decides\":%s", text->len > 1 ? "," : "", decides);
    }
    return g_string_free(g_string_append_c(text, '}'), FALSE);
}

/* Takes all three. */
static inline void story_add(Story *story, Event *event, const char *label, EngineResult *result)
{
    g_ptr_array_add(story->events, event);
    g_ptr_array_add(story->labels, (gpointer)label);
    g_ptr_array_add(story->results, result);
    story->result = result;
}

/* Does the step as a node would: after all that there is. FALSE: it was refused, and nothing
 * changed but the time. */
static inline gboolean story_do(Story *story, const Procedure *procedure, const StoryStep *step)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&story->error, g_free);
    story->minute += step->minutes + 1;
    if (!step->type)
        return TRUE;
    const ProcedureTransition *row = procedure_transition(procedure, step->type);
    g_autofree char *origin = g_strconcat(step->node, "/ledger", NULL);
    g_autoptr(GArray) heads =
        story->result ? engine_heads(story->result, row) : g_array_new(FALSE, FALSE, 1);
    g_autofree char *payload = story_payload(story, procedure, row, step, heads);
    const EventSpec spec = {.procedure = procedure->name,
                            .dossier = story->result ? story->result->dossier : NULL,
                            .type = step->type,
                            .author = origin,
                            .signatory = step->signatory,
                            .time_us = MAKER_START + story->minute * MAKER_MINUTE,
                            .parents = (const EventHash *)(gconstpointer)heads->data,
                            .n_parents = heads->len,
                            .payload = payload,
                            .tlp = MARKING_TLP_AMBER};
    g_autoptr(Event) event = story_event(&spec);
    EngineResult *after = engine_after(story->result, event, &error);
    if (!after) {
        story->error = g_strdup(error->message);
        return FALSE;
    }
    story_add(story, g_steal_pointer(&event), step->label, after);
    return TRUE;
}

/* Takes the last event away again. */
static inline void story_undo(Story *story, int minute)
{
    g_ptr_array_set_size(story->results, (int)story->results->len - 1);
    g_ptr_array_set_size(story->events, (int)story->events->len - 1);
    g_ptr_array_set_size(story->labels, (int)story->labels->len - 1);
    story->result = story->results->pdata[story->results->len - 1];
    story->minute = minute;
}

/* How often a step of that label was done. */
static inline guint story_count(const Story *story, const char *label)
{
    guint count = 0;
    for (guint i = 0; i < story->labels->len; i++)
        count += strcmp(story->labels->pdata[i], label) == 0;
    return count;
}

/* In whatever order the events come, the state is the same. */
static inline void story_assert_any_order(const Story *story)
{
    order_assert_any((const Event *const *)story->events->pdata, story->events->len, story->result);
}
