/* onward.h - what this node sent on and what does not hold any more: its author withdrew or
 * recalled it, so whoever got it from here is to be told too (docs/policy.md). */
#pragma once

#include "store/records.h"

/* An item of an own dispatch, a peer's object that no live dispatch of that peer carries any more.
 */
typedef struct {
    guint64 entry; /* of the own ledger */
    guint place;
    RecordState state; /* RECORD_WITHDRAWN or RECORD_RECALLED */
    char *origin;      /* of who took it back */
} Onward;

void onward_free(Onward *onward);

/* By entry and place; at most @max. Elements: Onward *. */
GPtrArray *onward_retracted(Store *store, guint max, GError **error);
