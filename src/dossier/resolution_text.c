#include "dossier/resolution_text.h"

#include <string.h>

#include "dossier/resolution.h"

static gboolean is_type(const Event *event, const char *type)
{
    return strcmp(event->type, type) == 0;
}

/* The event at a place if it counts. */
static const Event *valid_at(const EngineResult *dossier, guint i)
{
    const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
    return one->verdict == ENGINE_VALID ? one->event : NULL;
}

char *resolution_text_amend(const char *text, const Event *amendment)
{
    const char *passage = event_text(amendment, "replaces"),
               *instead = event_text(amendment, "text");
    const char *place = passage ? strstr(text, passage) : NULL;
    if (!place || strstr(place + 1, passage))
        return NULL;
    g_autofree char *before = g_strndup(text, (gsize)(place - text));
    g_autofree char *whole =
        g_strconcat(before, instead ? instead : "", place + strlen(passage), NULL);
    gsize length = strlen(whole);
    return length > 0 && length <= RESOLUTION_TEXT_MAX ? g_steal_pointer(&whole) : NULL;
}

/* What @text is after @event; takes and returns it. */
static char *follow(const EngineResult *dossier, char *text, const Event *event,
                    gboolean *ret_changed)
{
    g_autofree char *before = text;
    char *after = NULL;
    if (is_type(event, "drafted") || is_type(event, "revised")) {
        after = g_strdup(event_text(event, "text"));
    } else if (is_type(event, "amendment-accepted") && before) {
        const Event *amendment = engine_named(dossier, event, "amendment");
        after = amendment ? resolution_text_amend(before, amendment) : NULL;
    }
    *ret_changed = after != NULL;
    return after ? after : g_steal_pointer(&before);
}

static char *walk(const EngineResult *dossier, gint64 *ret_since)
{
    char *text = NULL;
    gint64 since = 0;
    for (guint i = 0; i < dossier->events->len; i++) {
        const Event *event = valid_at(dossier, i);
        gboolean changed = FALSE;
        if (event)
            text = follow(dossier, text, event, &changed);
        if (changed)
            since = event->time_us;
    }
    *ret_since = since;
    return text;
}

char *resolution_text_now(const EngineResult *dossier)
{
    gint64 since;
    return walk(dossier, &since);
}

gint64 resolution_text_since(const EngineResult *dossier)
{
    gint64 since;
    g_free(walk(dossier, &since));
    return since;
}

GPtrArray *resolution_text_standing(const EngineResult *dossier)
{
    GPtrArray *standing = g_ptr_array_new();
    for (guint i = 0; i < dossier->events->len; i++) {
        const Event *event = valid_at(dossier, i);
        if (!event)
            continue;
        if (is_type(event, "amendment"))
            g_ptr_array_add(standing, (gpointer)event);
        else if (is_type(event, "amendment-accepted") || is_type(event, "amendment-withdrawn"))
            g_ptr_array_remove(standing, (gpointer)engine_named(dossier, event, "amendment"));
    }
    return standing;
}

gboolean resolution_text_is_bracketed(const char *text)
{
    return strpbrk(text, "[]") != NULL;
}
