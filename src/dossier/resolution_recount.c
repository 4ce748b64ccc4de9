#include "dossier/resolution_recount.h"

#include <string.h>

#include "base/error.h"
#include "base/timestamp.h"
#include "dossier/resolution_count.h"

static char *name_event(const EngineEvent *one, const char *what)
{
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    return g_strdup_printf("%s of %s at %s (%.16s): %s", one->event->type, one->event->node,
                           timestamp_format(time, one->event->time_us, 0),
                           event_hash_format(&one->event->hash, hex), what);
}

static gboolean has_event(const EngineResult *dossier, yyjson_val *hex)
{
    EventHash hash;
    if (!event_hash_parse(yyjson_get_str(hex), yyjson_get_len(hex), &hash))
        return FALSE;
    for (guint i = 0; i < dossier->events->len; i++)
        if (event_hash_compare(&g_array_index(dossier->events, EngineEvent, i).event->hash,
                               &hash) == 0)
            return TRUE;
    return FALSE;
}

/* The events that @one decides on and that are not there. */
static void find_missing(const EngineResult *dossier, const EngineEvent *one, GPtrArray *faults)
{
    yyjson_val *list = yyjson_obj_get(one->event->payload, procedure_decides()->name), *hex;
    size_t at, size;
    yyjson_arr_foreach (list, at, size, hex) {
        if (!yyjson_is_str(hex) || has_event(dossier, hex))
            continue;
        g_autofree char *what =
            g_strdup_printf("it decides on %.16s, which is not here", yyjson_get_str(hex));
        g_ptr_array_add(faults, name_event(one, what));
    }
}

void resolution_recount_find(const EngineResult *dossier, GPtrArray *faults, GPtrArray *notes)
{
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        gboolean closes = yyjson_obj_get(one->event->payload, procedure_decides()->name) != NULL;
        if (closes)
            find_missing(dossier, one, faults);
        if (one->verdict == ENGINE_VALID)
            continue;
        gboolean harms = one->verdict != ENGINE_VOID || closes;
        g_ptr_array_add(harms ? faults : notes, name_event(one, one->reason));
    }
}

gboolean resolution_recount_voters(const EngineResult *dossier, const char *const *voters,
                                   const char *const *changed, GError **error)
{
    const Event *tabled = engine_last(dossier, "tabled");
    size_t at, size;
    yyjson_val *one;
    if (!tabled)
        return TRUE;
    for (guint i = 0; voters[i]; i++)
        if (!resolution_count_may_vote(dossier, voters[i]) &&
            !g_strv_contains(changed, voters[i])) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                        "%s has a vote in the community, and none here", voters[i]);
            return FALSE;
        }
    yyjson_arr_foreach (yyjson_obj_get(tabled->payload, "voters"), at, size, one) {
        const char *node = yyjson_get_str(one);
        if (g_strv_contains(voters, node) || g_strv_contains(changed, node))
            continue;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s has no vote in the community, and one here", node);
        return FALSE;
    }
    return TRUE;
}
