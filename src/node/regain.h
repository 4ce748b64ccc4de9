/* regain.h - getting back what a restored ledger had signed after its backup, from whoever has its
 * files: a mirror, or a peer that serves it.
 *
 * Nothing is believed of them. The entries must lead from those that are here to a checkpoint that
 * the ledger's own key has signed, openings must open their entries, and which key that is follows
 * from the ledger's own key changes and those among the entries. */
#pragma once

#include "ledger/checkpoint.h"
#include "node/log_source.h"
#include "store/ledger_read.h"
#include "store/writer.h"

#define REGAIN_ENTRIES_MAX (4 * 1024 * 1024) /* at once: they are held in memory */

typedef struct {
    guint64 before, size; /* entries: that were here; that are now */
    guint64 openings;     /* that came back with them; the others are lost */
} RegainReport;

/* Brings the held ledger of @store to where the log in @source is. Openings are those for
 * everybody, which mirrors have; what was erased is erased again. Nothing happens, and that is
 * fine, when the source has exactly what is here. CONCERT_ERROR_CONFLICT when it has less or
 * another tree, or the ledger is not held; CONCERT_ERROR_DENIED when its checkpoint is not signed
 * by the ledger's key. */
gboolean regain_ledger(Store *store, Writer *writer, const LogSource *source,
                       RegainReport *ret_report, GError **error);

/* The source's checkpoint, when it is signed by a key of the ledger as it is known here and of no
 * smaller tree than the ledger's: a signed note with that signature alone. Caller frees. */
char *regain_checkpoint(Store *store, const LogSource *source, GError **error);
