/* docket_files.h - the files that an event names in its fields of PROCEDURE_FILES: its attachments
 * (store/attachments.h). */
#pragma once

#include "dossier/procedure.h"
#include "store/store.h"

/* All borrowed from the event. */
typedef struct {
    const char *name, *type;
    guint8 sha256[SHA256_SIZE];
    guint64 size;
    gboolean is_malicious;
} DocketFile;

/* In the order of the fields. What is malformed, or of a procedure that is not known here, is left
 * out. Caller unrefs. */
GArray *docket_files_list(const Event *event);

/* Notes them among what is known of attachments: who asks for a file by its SHA-256 is told what
 * events call it, and that it is malicious if one says so, void ones included. */
gboolean docket_files_mention(StoreTx *tx, const Event *event, GError **error);
