/* engine_order.h - the one order of a set of events: parents before children, else by claimed time,
 * then by hash. Places are numbers in that order. */
#pragma once

#include "dossier/event.h"

typedef struct {
    const Event **events; /* in order; those that wait for a parent last */
    guint n_events;
    guint n_placed;     /* all but those that wait */
    guint *by_hash;     /* places in the order of the hashes */
    guint words;        /* of a set of places, 64 each */
    guint64 *ancestors; /* a set for each place: engine_order_ancestors() */
} EngineOrder;

/* Puts events of one dossier in order. One that is there twice counts once; those of another
 * dossier than the first, and those beyond @max, are left out. */
void engine_order_init(EngineOrder *order, const Event *const *events, guint n_events, guint max);
void engine_order_clear(EngineOrder *order);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EngineOrder, engine_order_clear)

/* The place of an event; FALSE if it is not there. */
gboolean engine_order_find(const EngineOrder *order, const EventHash *hash, guint *ret_place);

/* All that the event at @place follows, as a set of places; the order's. Only of those placed. */
const guint64 *engine_order_ancestors(EngineOrder *order, guint place);

static inline gboolean engine_order_has(const guint64 *set, guint place)
{
    return (set[place / 64] >> (place % 64) & 1) != 0;
}
