/* docket_held.h - events that claim a time far ahead of this node's clock.
 *
 * The state of a dossier follows from its set of events and their times alone, so what somebody
 * dates ahead would end periods that are still running, stop clocks that nobody has looked at, and
 * come last in the order for as long as it pleases. Such an event is not put into the set: it is
 * held until its time is no more than DOCKET_HELD_AHEAD_US ahead, and is then taken as if it came
 * in that moment. A node's clock so decides when it takes an event, never what follows from it. */
#pragma once

#include "dossier/docket.h"

#define DOCKET_HELD_AHEAD_US (24 * 3600 * (gint64)G_USEC_PER_SEC)

/* Whether an event that came to @place is to be held. */
gboolean docket_held_is_due(const Event *event, const DocketPlace *place);

/* Holds it. CONCERT_ERROR_LIMIT: its source has too many here. */
gboolean docket_held_put(StoreTx *tx, GBytes *bytes, const Event *event, const DocketPlace *place,
                         GError **error);

/* What the sender is told. Caller frees. */
char *docket_held_reason(const Event *event);

/* Takes those whose time is near, at most @max: as docket_receive() does, from where each came.
 * Of @place the source is not read. *ret_count: how many there were, refused ones included. */
gboolean docket_held_release(StoreTx *tx, const DocketPlace *place, guint max, guint *ret_count,
                             GError **error);
