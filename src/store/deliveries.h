/* deliveries.h - which entries of the own ledger are for whom, and which of them are known to have
 * arrived.
 *
 * Whom an entry is for is written when it is appended (store/ledger.h), and never widens; later
 * visibility is a grant. So what is asked here is answered by an index, without opening anything,
 * and the same at any time. What is public is for everybody. */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

#define DELIVERIES_NONE G_MAXUINT64

typedef struct {
    guint64 entry;      /* of the own ledger */
    guint64 granted_by; /* the entry that granted it later; DELIVERIES_NONE: it was for the party
                           from the beginning */
    guint64 receipt;    /* entry of the party's ledger that says it arrived; DELIVERIES_NONE */
    gboolean is_public;
} Delivery;

/* The entries from @from to before @end that are for the ledger @origin, ascending; those granted
 * later are not among them. At most @max. Elements: Delivery. Caller unrefs. */
GArray *deliveries_between(Store *store, const char *origin, guint64 from, guint64 end, guint max,
                           GError **error);

/* The origins for which entries from @from to before @end are, granted ones included; *ret_public:
 * something is for everybody. NULL-terminated; caller frees. */
char **deliveries_concerned(Store *store, guint64 from, guint64 end, gboolean *ret_public,
                            GError **error);

/* All that @origin ever got or may get from the own ledger, granted entries included, ascending.
 * Elements: Delivery. */
GArray *deliveries_all(Store *store, const char *origin, GError **error);

/* Entry @of is from now on for @origin too, as entry @grant says. */
gboolean deliveries_grant(StoreTx *tx, const char *origin, guint64 of, guint64 grant,
                          GError **error);

/* The origins to whom entry @of was granted later, sorted by their bytes; NULL-terminated. Caller
 * frees. */
char **deliveries_granted(StoreTx *tx, guint64 of, GError **error);

/* Entry @receipt of the ledger @origin says that everything from @from to before @end that is for
 * it arrived, and of earlier ones @indices (granted ones). Of public entries nothing is
 * written: the receipts themselves tell. */
gboolean deliveries_confirm(StoreTx *tx, const char *origin, const guint64 *indices,
                            guint n_indices, guint64 receipt, GError **error);

/* Is entry @entry for @origin? */
gboolean deliveries_includes(Store *store, const char *origin, guint64 entry,
                             gboolean *ret_includes, GError **error);

/* Whom the entry is for, granted ones included: origins, sorted, NULL-terminated; *ret_public (may
 * be NULL): everybody. Caller frees. */
char **deliveries_audience(Store *store, guint64 entry, gboolean *ret_public, GError **error);

/* Of each origin that entry @entry is for: whether it arrived. */
typedef struct {
    char *origin;
    guint64 granted_by, receipt; /* DELIVERIES_NONE */
} DeliveryState;

void deliveries_state_free(DeliveryState *state);

/* Elements: DeliveryState *, by origin. */
GPtrArray *deliveries_states(Store *store, guint64 entry, GError **error);

/* Count and digest (docs/protocol.md, "Kinds of the exchange") of the entries before @end that are
 * for @origin, without those granted later. */
gboolean deliveries_digest(Store *store, const char *origin, guint64 end, guint64 *ret_count,
                           guint8 ret_digest[SHA256_SIZE], GError **error);

/* How many entries that are for @origin it has not confirmed yet; what is for everybody, and
 * receipts, which nobody confirms, left out. */
gboolean deliveries_waiting(Store *store, const char *origin, guint64 *ret_count, GError **error);
