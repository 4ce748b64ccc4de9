#include "node/silence_teller.h"

#include <string.h>

#include "dossier/silence.h"
#include "node/dispatcher.h"
#include "store/silences.h"
#include "store/writer.h"

#define OPEN_MAX 4096

/* --- telling -----------------------------------------------------------------------------------
 */

typedef struct {
    Silence silence; /* borrowed */
    gboolean is_exercise, is_told;
    const char *to[2];
    GBytes *bytes;
    GArray *items;
} Telling;

static void telling_clear(Telling *telling)
{
    g_clear_pointer(&telling->bytes, g_bytes_unref);
    g_clear_pointer(&telling->items, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Telling, telling_clear)

static gboolean make(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GArray **ret_items,
                     GError **error)
{
    Telling *telling = user;
    const Silence *silence = &telling->silence;
    if (!silences_is_told(tx, silence->dossier, silence->clock, silence->started, &telling->is_told,
                          error))
        return FALSE;
    if (telling->is_told) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "it was told");
        return FALSE;
    }
    *ret_spec = (DispatcherSpec){.title = SILENCE_TITLE,
                                 .tlp = MARKING_TLP_AMBER_STRICT,
                                 .is_exercise = telling->is_exercise,
                                 .to = telling->to,
                                 .expires = G_MAXINT64};
    *ret_items = telling->items;
    return TRUE;
}

static gboolean sent(StoreTx *tx, guint64 index, gpointer user, GError **error)
{
    Telling *telling = user;
    telling->silence.entry = index;
    return silences_add(tx, &telling->silence, error);
}

static gboolean tell(Notary *notary, const Docket *docket, const EngineClock *clock,
                     const char *coordinator, GError **error)
{
    char *text = silence_write(docket->dossier->id, clock->started_us);
    g_auto(Telling) telling = {.silence = {.dossier = docket->dossier->id,
                                           .clock = (char *)clock->clock->name,
                                           .started = clock->started_us,
                                           .coordinator = (char *)coordinator},
                               .is_exercise = docket->dossier->is_exercise,
                               .to = {coordinator},
                               .bytes = g_bytes_new_take(text, strlen(text)),
                               .items = g_array_new(FALSE, FALSE, sizeof(OpeningItemSpec))};
    const OpeningItemSpec item = {telling.bytes, SILENCE_MEDIA_TYPE};
    const DispatcherItem dispatch = {.make = make, .sent = sent, .user = &telling};
    g_autoptr(GError) failure = NULL;
    guint64 index;
    g_array_append_val(telling.items, item);
    if (dispatcher_send_item(notary, &dispatch, &index, &failure) || telling.is_told)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "%s cannot be told of silence: ", coordinator);
    return FALSE;
}

gboolean silence_teller_tell(Notary *notary, const Docket *docket, const char *self, gint64 now_us,
                             GError **error)
{
    const EngineResult *result = docket->result;
    for (guint i = 0; i < result->clocks->len; i++) {
        const EngineClock *clock = &g_array_index(result->clocks, EngineClock, i);
        const char *coordinator = silence_whom(result, clock, self, now_us);
        if (coordinator && !tell(notary, docket, clock, coordinator, error))
            return FALSE;
    }
    return TRUE;
}

/* --- taking back -------------------------------------------------------------------------------
 */

static gboolean end(StoreTx *tx, gpointer user, GError **error)
{
    return silences_end(tx, *(const guint64 *)user, error);
}

static gboolean is_over(const Docket *docket, const Silence *silence, const char *self,
                        gint64 now_us)
{
    const EngineResult *result = docket->result;
    for (guint i = 0; i < result->clocks->len; i++) {
        const EngineClock *clock = &g_array_index(result->clocks, EngineClock, i);
        if (clock->started_us == silence->started &&
            strcmp(clock->clock->name, silence->clock) == 0)
            return g_strcmp0(silence_whom(result, clock, self, now_us), silence->coordinator) != 0;
    }
    return TRUE;
}

static gboolean take_back(Notary *notary, const Silence *silence, GError **error)
{
    g_autoptr(GError) failure = NULL;
    guint64 index, entry = silence->entry;
    /* What a person withdrew already is only to be remembered. */
    if (!dispatcher_retract(notary, entry, FALSE, NULL, 0, "it is over", &index, &failure) &&
        !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_CONFLICT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return writer_run(notary_writer(notary), 1, end, &entry, error);
}

gboolean silence_teller_settle(Notary *notary, const char *self, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) open = silences_open(notary_store(notary), OPEN_MAX, error);
    for (guint i = 0; open && i < open->len; i++) {
        const Silence *silence = open->pdata[i];
        g_autoptr(Docket) docket = docket_load(notary_store(notary), silence->dossier, error);
        if (!docket ||
            (is_over(docket, silence, self, now_us) && !take_back(notary, silence, error)))
            return FALSE;
    }
    return open != NULL;
}
