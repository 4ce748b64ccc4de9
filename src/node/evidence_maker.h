/* evidence_maker.h - an evidence bundle (exchange/evidence_bundle.h) out of what a node keeps. */
#pragma once

#include "dossier/docket.h"
#include "exchange/evidence_bundle.h"

typedef struct {
    Store *store;
    const Docket *docket;
    gboolean without_files;
    EvidenceBundlePut put; /* takes the bundle */
    /* Signs the body as EVIDENCE_BUNDLE_TYPE with the node's message key. Caller frees. */
    char *(*sign)(const char *body, gpointer user, GError **error);
    gpointer user; /* of both */
} EvidenceMaker;

/* What went into it. */
typedef struct {
    guint parties, steps, proofs, files;
    guint files_missing;   /* that are not here whole */
    guint files_malicious; /* that are left out: they are handed over wrapped, apart */
    guint64 bytes;
} EvidenceMakerCounts;

gboolean evidence_maker_write(const EvidenceMaker *maker, EvidenceMakerCounts *ret_counts,
                              GError **error);
