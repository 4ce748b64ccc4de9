/* mirror.h - the ledger as static files that any web server can serve (c2sp.org/tlog-tiles) and
 * anybody can verify: tiles, the openings that are meant for all, keys, checkpoint.
 *
 * At every instant, and after a crash, the checkpoint that is there has all that it needs: it is
 * replaced last. */
#pragma once

#include "ledger/quorum.h"
#include "store/ledger_read.h"

/* The opening of entry @index as it is served and mirrored, JSON text. CONCERT_ERROR_NOT_FOUND
 * unless there is such an entry, its opening was not erased and is meant for everybody: which of
 * these it is, is not told. Caller frees. */
char *mirror_opening(Store *store, guint64 index, GError **error);

typedef struct {
    guint64 size;                     /* of the tree that the checkpoint is of */
    guint64 tiles, openings, removed; /* files written, and openings taken away */
} MirrorReport;

/* Makes or updates the mirror in @directory, beside a running writer. Of the checkpoint's
 * cosignatures those of @policy (NULL: none) come first. CONCERT_ERROR_NOT_FOUND when
 * there is no ledger or nothing in it, CONCERT_ERROR_CONFLICT when @directory mirrors another log
 * or one that has come further, CONCERT_ERROR_BUSY while another process updates it. */
gboolean mirror_update(Store *store, const char *directory, const Quorum *policy,
                       MirrorReport *ret_report, GError **error);
