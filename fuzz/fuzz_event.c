/* fuzz_event.c - events of dossiers, and what the engine makes of a dossier of them: lines of
 * text, each an event. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dossier/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(const Event *event)
{
    g_autofree char *text = signed_json_format(event->json);
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) again = event_parse(text, strlen(text), &error);
    if (!again)
        g_error("an event that was read cannot be written: %s", error->message);
    if (event_hash_compare(&event->hash, &again->hash) != 0)
        g_error("an event was no longer the same");
}

static void check_dossier(GPtrArray *events)
{
    guint8 digests[2][SHA256_SIZE];
    g_autoptr(EngineResult) result = engine_run((const Event *const *)events->pdata, events->len);
    for (guint i = 0; i < events->len / 2; i++) {
        gpointer *pair[] = {&events->pdata[i], &events->pdata[events->len - 1 - i]};
        gpointer other = *pair[0];
        /* The first says which dossier is meant. */
        if (strcmp(((const Event *)other)->dossier, ((const Event *)*pair[1])->dossier) != 0)
            return;
        *pair[0] = *pair[1];
        *pair[1] = other;
    }
    g_autoptr(EngineResult) turned = engine_run((const Event *const *)events->pdata, events->len);
    engine_digest(result, digests[0]);
    engine_digest(turned, digests[1]);
    if (memcmp(digests[0], digests[1], SHA256_SIZE) != 0)
        g_error("another order has another outcome");
    g_autoptr(GArray) heads = engine_heads(result, NULL);
    g_autofree char *decides = engine_decides(result, heads);
    if (decides[0] != '[' || decides[strlen(decides) - 1] != ']')
        g_error("no list: %s", decides);
    for (guint i = 0; i < result->clocks->len; i++)
        engine_clock_read(&g_array_index(result->clocks, EngineClock, i), G_MAXINT64, NULL, NULL,
                          NULL);
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        g_auto(GStrv) audience = engine_audience(result, one->event);
        if (g_strv_contains((const char *const *)audience, one->event->node))
            g_error("an event for its own author");
        if ((one->verdict == ENGINE_VALID) != (one->reason == NULL))
            g_error("a verdict without a reason");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (guint i = 0; lines[i]; i++) {
        Event *event = event_parse(lines[i], strlen(lines[i]), NULL);
        if (!event)
            continue;
        check_event(event);
        g_ptr_array_add(events, event);
    }
    check_dossier(events);
    return 0;
}
