/* verify_log.h - verifying all of a log that is served or mirrored: who has signed its checkpoint,
 * that entries and tiles are those of the tree that was signed, and openings those of the entries.
 */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "node/log_source.h"
#include "node/trust.h"
#include "node/verify_tree.h"

#define VERIFY_LOG_CHECKPOINT "checkpoint" /* below the log's URL or directory */

typedef struct {
    Note *note;            /* the checkpoint as it came; NULL if it is none */
    Checkpoint checkpoint; /* empty without a note */
    char *distrust;        /* why its signatures do not suffice; NULL if they do */
    VerifyTreeReport tree; /* its problems are those of all files, the checkpoint's first */
} VerifyLogReport;

void verify_log_report_clear(VerifyLogReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VerifyLogReport, verify_log_report_clear)

/* Verifies the log that @source holds: the checkpoint's signatures, by @trust, which follows the
 * log's key changes; the tree; the openings of a mirror. What is wrong with it stands in
 * @ret_report; FALSE only if there is no checkpoint (CONCERT_ERROR_NOT_FOUND) or nobody can tell:
 * see verify_tree(). */
gboolean verify_log(const LogSource *source, Trust *trust, const VerifyTreeOptions *options,
                    VerifyLogReport *ret_report, GError **error);
