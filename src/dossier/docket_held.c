#include "dossier/docket_held.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/held_events.h"

gboolean docket_held_is_due(const Event *event, const DocketPlace *place)
{
    return place->source && event->time_us - DOCKET_HELD_AHEAD_US > place->now_us;
}

gboolean docket_held_put(StoreTx *tx, GBytes *bytes, const Event *event, const DocketPlace *place,
                         GError **error)
{
    HeldEvent row = {.dossier = (char *)event->dossier,
                     .type = (char *)event->type,
                     .author = event->node,
                     .source = (char *)place->source,
                     .time = event->time_us,
                     .arrived = place->now_us,
                     .until = event->time_us - DOCKET_HELD_AHEAD_US,
                     .bytes = bytes};
    memcpy(row.hash, event->hash.bytes, SHA256_SIZE);
    return held_events_put(tx, &row, error);
}

char *docket_held_reason(const Event *event)
{
    char time[TIMESTAMP_MAX];
    return g_strdup_printf(
        "held back: it claims a time ahead, %s, and counts from a day before that",
        timestamp_format(time, event->time_us, 0));
}

gboolean docket_held_release(StoreTx *tx, const DocketPlace *place, guint max, guint *ret_count,
                             GError **error)
{
    g_autoptr(GPtrArray) list = held_events_take(tx, place->now_us, max, error);
    for (guint i = 0; list && i < list->len; i++) {
        const HeldEvent *held = list->pdata[i];
        g_auto(DocketOutcome) outcome = {0};
        DocketPlace from = *place;
        from.source = held->source;
        if (!docket_receive(tx, held->bytes, &from, &outcome, error))
            return FALSE;
    }
    if (!list)
        return FALSE;
    *ret_count = list->len;
    return TRUE;
}
