/* resume.h - letting a held ledger go on (docs/ledger.md, "Restoring").
 *
 * A restored ledger may have signed, after the backup was taken, what it would now sign otherwise:
 * two trees of one size, which convict it. So it is held until it is known how far it had come:
 * its witnesses say it, what is missing comes from whoever has the log's files, or, when that
 * cannot be had, a new ledger follows. Where nobody else has ever seen it, a person says it. */
#pragma once

#include "node/notary.h"
#include "node/regain.h"
#include "node/survey.h"

typedef struct {
    const char *from;            /* directory or URL of the log's files; NULL: none */
    const char *token;           /* sent to the URL; NULL: none */
    const char *recovery_path;   /* relinks, with the recovery key in this file; NULL: does not */
    gboolean nothing_was_signed; /* a person says so */
} ResumeOptions;

typedef struct {
    RegainReport regain; /* all zero without `from` */
    Survey survey;
    gboolean released;
    char *origin;       /* of the ledger as it is now */
    guint64 size;       /* its entries */
    char *archive;      /* where the ledger before it is kept; NULL: there is none */
    gboolean is_stated; /* an entry says that nothing was signed since the backup */
} ResumeReport;

void resume_report_clear(ResumeReport *report);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ResumeReport, resume_report_clear)

/* Gets back what it can, asks, and releases the ledger when nothing speaks against it; that it
 * stays held is no failure: ret_report->survey.obstacle says why. CONCERT_ERROR_CONFLICT when the
 * ledger is not held, or a new one should follow one of which nothing is missing. */
gboolean resume_ledger(Notary *notary, const ResumeOptions *options, ResumeReport *ret_report,
                       GError **error);
