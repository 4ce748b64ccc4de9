/* evidence_verify.h - whether an evidence bundle holds, told from the bundle alone, with no node
 * and no network: who signed each step and where it stands in the ledgers, what the rules say of
 * the steps, whether the files are what was sealed, and that nothing was changed since the bundle
 * was made. What does not hold is named. */
#pragma once

#include "base/stream.h"
#include "dossier/evidence_chain.h"
#include "exchange/evidence_party.h"
#include "exchange/evidence_stamp.h"
#include "ledger/quorum.h"

/* Whom the verifier believes; may be empty: then the keys in the bundle are believed, and it is for
 * people to compare them. */
typedef struct {
    GPtrArray *keys;      /* NoteVerifier *: ledger keys that are known otherwise; may be NULL */
    const Quorum *quorum; /* NULL: cosignatures do not count */
    GPtrArray *hashes;    /* EventHash *: of files that are there beside the bundle; may be NULL */
    GPtrArray *small;     /* GBytes *: those of them that may be time stamps; may be NULL */
    struct x509_store_st *authorities; /* of time stamps: certificate_store(); NULL: none */
} EvidenceTrust;

/* A step: an event. */
typedef struct {
    Event *event;
    guint8 bytes[SHA256_SIZE]; /* of it as it came */
    gboolean is_signed;        /* by its author */
    gboolean is_proven;        /* in a ledger: */
    char *origin;
    guint64 index, size;
    guint n_cosigned; /* witnesses of the policy */
    const EngineEvent *judged;
} EvidenceStep;

typedef struct {
    char *name; /* NULL: it was not sealed */
    guint8 sha256[SHA256_SIZE];
    guint64 size;
    gboolean is_sealed;
    gboolean is_here; /* in the bundle, or beside it, with these bytes */
} EvidenceFile;

typedef struct {
    char *dossier, *maker; /* maker: origin of its ledger */
    gint64 made_us;
    GPtrArray *parties, *steps, *files; /* EvidenceParty *, EvidenceStep *, EvidenceFile * */
    GPtrArray *stamps;                  /* EvidenceStamp *: those of the seal */
    EngineResult *result;
    EvidenceChain *chain;
    char *certificate;
    GPtrArray *problems; /* char *: empty if all holds */
} EvidenceVerifyReport;

void evidence_verify_report_free(EvidenceVerifyReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvidenceVerifyReport, evidence_verify_report_free)

/* Reads @stream to its end. NULL only if it is no bundle (CONCERT_ERROR_INPUT, _NEWER) or cannot be
 * read. */
EvidenceVerifyReport *evidence_verify(Stream *stream, const EvidenceTrust *trust, GError **error);
