/* evidence_stamp.h - the time stamps (RFC 3161) that a seal names: whether they are of what was
 * sealed, when they were made, and by whom. Pure. */
#pragma once

#include "dossier/evidence_chain.h"
#include "identity/timestamp_token.h"

#define EVIDENCE_STAMP_MAX 64 /* of one seal */

typedef struct {
    char *name; /* of its file */
    guint8 sha256[SHA256_SIZE];
    gboolean is_here;     /* its bytes are there; the rest is only known then */
    char *of;             /* name of the sealed file, or "the seal"; NULL: of nothing sealed */
    gint64 time_us;       /* when it was made */
    char *signer;         /* name of who signed it; NULL: it does not say */
    gboolean is_verified; /* an authority that the verifier trusts vouches for it */
    char *problem;        /* what is wrong with it; NULL: nothing */
} EvidenceStamp;

/* What a time stamp over the seal as a whole is of: the SHA-256 of a text with the SHA-256 of each
 * sealed file in hex, one a line, ascending and none twice. */
void evidence_stamp_seal_hash(const EvidenceChain *chain, guint8 ret_hash[SHA256_SIZE]);

/* Whether @event is a seal that names a time stamp with that hash. */
gboolean evidence_stamp_is_named(const Event *event, const guint8 sha256[SHA256_SIZE]);

/* Elements: EvidenceStamp *, as the seal of @chain names them. @files: GBytes *, among which their
 * bytes are looked for. @trusted: certificate_store(); NULL: nobody is. Caller unrefs. */
GPtrArray *evidence_stamp_judge(const EvidenceChain *chain, const GPtrArray *files,
                                struct x509_store_st *trusted);
