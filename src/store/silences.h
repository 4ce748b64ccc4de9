/* silences.h - of which clocks a coordinator was told that nobody answers (node/silence_teller.h).
 */
#pragma once

#include "store/store.h"

typedef struct {
    char *dossier, *clock;
    gint64 started;
    char *coordinator; /* name of its node */
    guint64 entry;     /* of the own ledger, which told it */
} Silence;

void silences_free(Silence *silence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Silence, silences_free)

/* @coordinator was told by the entry; once for a clock. */
gboolean silences_add(StoreTx *tx, const Silence *silence, GError **error);

/* Whether somebody was told of the clock that began at @started. */
gboolean silences_is_told(StoreTx *tx, const char *dossier, const char *clock, gint64 started,
                          gboolean *ret_told, GError **error);

/* It was taken back. */
gboolean silences_end(StoreTx *tx, guint64 entry, GError **error);

/* Those that were not taken back, at most @max. Elements: Silence *. */
GPtrArray *silences_open(Store *store, guint max, GError **error);
