/* held_events.h - events of dossiers that claim a time too far ahead of this node's clock: kept,
 * and no part of their dossiers until that time is near (dossier/docket_held.h). */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

#define HELD_EVENTS_MAX 64 /* that came from one source */

typedef struct {
    char *dossier; /* its id */
    guint8 hash[SHA256_SIZE];
    char *type, *author, *source; /* what happened; the node that says so; the one it came from */
    gint64 time, arrived, until;  /* claimed; by this node's clock; from when it is held no more */
    GBytes *bytes;
} HeldEvent;

void held_event_free(HeldEvent *event);

/* Nothing happens when it is held already. CONCERT_ERROR_LIMIT: its source has too many here. */
gboolean held_events_put(StoreTx *tx, const HeldEvent *event, GError **error);

/* Takes out at most @max of those that are held no more at @now, the first first. Elements:
 * HeldEvent *. */
GPtrArray *held_events_take(StoreTx *tx, gint64 now, guint max, GError **error);

/* Those of a dossier, or of all (@dossier NULL), by their times. Elements: HeldEvent *. */
GPtrArray *held_events_list(Store *store, const char *dossier, GError **error);

gboolean held_events_count(Store *store, guint64 *ret_count, GError **error);

/* When the first is held no more; G_MAXINT64: there is none. */
gboolean held_events_next(Store *store, gint64 *ret_until, GError **error);
