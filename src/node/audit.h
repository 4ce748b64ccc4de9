/* audit.h - whether the node's own ledger is what it should be, openings included: what `concert
 * ledger verify` shows to outsiders, and what only the owner can check. */
#pragma once

#include "store/ledger_read.h"

typedef struct {
    guint64 entries, opened, erased; /* entries; with an opening; with an erased one */
    guint64 lost;                    /* whose opening did not come back with a restore */
    guint64 items, items_erased;
    guint key_changes;
    GPtrArray *problems; /* char *: what is wrong and where */
    gboolean gave_up;    /* there are more than AUDIT_PROBLEMS_MAX */
} AuditReport;

#define AUDIT_PROBLEMS_MAX 1000

void audit_report_clear(AuditReport *report);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AuditReport, audit_report_clear)

/* Called now and then with the number of entries done. */
typedef void (*AuditProgress)(guint64 done, guint64 size, gpointer user);

/* Reads every entry, opening, item and tile. Problems are no failure: FALSE only when the ledger
 * cannot be read (CONCERT_ERROR_NOT_FOUND: there is none). The ledger may grow meanwhile. */
gboolean audit_ledger(Store *store, AuditProgress progress, gpointer user, AuditReport *ret_report,
                      GError **error);
