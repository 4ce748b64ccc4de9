/* retention.h - how long copies of what peers sent are kept, and how they are erased.
 *
 * Of a copy that is erased stay its place in the author's ledger, the commitment, its times,
 * marking and state; nonces, header, title and items are destroyed and overwritten in the files. An
 * object of it goes when nothing else here carries it: no other dispatch, no source but peers'
 * ledgers, no collection that people put it into.
 *
 * A legal hold keeps a record from being erased, whatever the terms say. Never erased by terms are
 * own dispatches; what an own dispatch that stands sent on, for a recall has to be passed on; and
 * what is not made of STIX objects alone, as events of dossiers, which are kept as long as the
 * dossier is. */
#pragma once

#include "store/records.h"

#define RETENTION_REASON_MAX 1000

typedef struct {
    gint64 now;
    gint64 expired_us; /* how long after its expiry a copy is kept */
    gint64 kept_us;    /* how long after it came; G_MAXINT64: for ever */
    guint max;         /* records at once */
} RetentionTerms;

/* Erases what is due of records; *ret_count is how many. *ret_versions gets the versions that they
 * carried (gint64; caller unrefs): once these have left the collections that they were in because
 * of the record, retention_erase() is to follow in the same transaction. */
gboolean retention_take(StoreTx *tx, const RetentionTerms *terms, guint *ret_count,
                        GArray **ret_versions, GError **error);

/* Erases those of @versions that nothing carries any more. */
gboolean retention_erase(StoreTx *tx, const GArray *versions, GError **error);

/* Puts a record (@origin NULL: an own dispatch) under a legal hold, or (@reason NULL) ends it.
 * CONCERT_ERROR_NOT_FOUND when there is no such record, CONCERT_ERROR_CONFLICT when it is erased,
 * is held already, or is not held; _INPUT when the reason is empty or too long. */
gboolean retention_hold(StoreTx *tx, const char *origin, guint64 entry, const char *reason,
                        GError **error);

/* CONCERT_ERROR_DENIED when own entry @entry is under a legal hold. */
gboolean retention_check(StoreTx *tx, guint64 entry, GError **error);
