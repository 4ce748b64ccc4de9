/* case_view.c - what a case says, put together from its events. */
#include <string.h>

#include "base/timestamp.h"
#include "dossier/case.h"

yyjson_val *case_latest(const EngineResult *result, const char *member)
{
    static const char *const types[] = {"opened", "revised", "triaged", NULL};
    for (guint i = result->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one->verdict != ENGINE_VALID || !g_strv_contains(types, one->event->type))
            continue;
        yyjson_val *value = yyjson_obj_get(one->event->payload, member);
        if (value)
            return value;
    }
    return NULL;
}

static CaseTakedown *find_takedown(GArray *list, const Event *asked)
{
    for (guint i = 0; asked && i < list->len; i++)
        if (g_array_index(list, CaseTakedown, i).asked == asked)
            return &g_array_index(list, CaseTakedown, i);
    return NULL;
}

static void end_takedown(CaseTakedown *takedown, const Event *event)
{
    const char *at = event_text(event, "at");
    takedown->ended = event;
    takedown->is_down = strcmp(event->type, "taken-down") == 0;
    if (takedown->is_down && (!at || !timestamp_parse(at, strlen(at), &takedown->down_us, NULL)))
        takedown->down_us = event->time_us;
}

GArray *case_takedowns(const EngineResult *result)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(CaseTakedown));
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        const Event *event = one->event;
        if (one->verdict != ENGINE_VALID)
            continue;
        if (strcmp(event->type, "takedown-asked") == 0) {
            g_array_append_val(list, ((CaseTakedown){.asked = event,
                                                     .target = event_text(event, "target"),
                                                     .what = event_text(event, "what"),
                                                     .asked_us = event->time_us}));
        } else if (strcmp(event->type, "taken-down") == 0 ||
                   strcmp(event->type, "takedown-failed") == 0) {
            CaseTakedown *takedown = find_takedown(list, engine_named(result, event, "asked"));
            if (takedown)
                end_takedown(takedown, event);
        }
    }
    return list;
}
