/* own_clock.h - whether this node's clock can be believed, before a time of its is signed for
 * others.
 *
 * An event that claims a time more than a day ahead is held back by every node that gets it
 * (dossier/docket_held.h), and with it all that follows; at home nothing holds it. So before one is
 * made the clock is compared with those of the peers that the exchange is with, as they were seen
 * last: in their answers, also those that refuse. */
#pragma once

#include "base/error.h"
#include "store/store.h"

/* CONCERT_ERROR_BUSY when, of two or more active peers whose clock was seen in the last day, more
 * than half say that this node's is more than a day ahead at @now (microseconds since 1970). */
gboolean own_clock_check(Store *store, gint64 now, GError **error);

/* What a person is to be told when all active peers' clocks were seen last more than a day ago, or
 * the only one that was seen says that this node's is more than a day ahead; NULL when there is
 * nothing to tell, or it cannot be read. Caller frees. */
char *own_clock_doubt(Store *store, gint64 now);
