/* evidence_chain.h - the copies of an evidence, and in whose hands each is: what the valid events
 * say, in their order. Pure.
 *
 * The original comes into being with the seal, in the hands of who made it; a copy by being made of
 * one that is there. Only who holds a copy can move it: by offering it, or giving it back to who
 * had it before, and the other accepting it after hashing it again. Hashes that are not those of
 * the seal dispute that copy, and no other, until who holds it has checked it and found it equal.
 */
#pragma once

#include "dossier/engine.h"

#define EVIDENCE_CHAIN_ORIGINAL   "original"
#define EVIDENCE_CHAIN_COPIES_MAX 64

typedef enum {
    EVIDENCE_CHAIN_HELD,
    EVIDENCE_CHAIN_OFFERED, /* on its way; still in the hands of who offers it */
    EVIDENCE_CHAIN_DISPUTED,
    EVIDENCE_CHAIN_DISPOSED,
} EvidenceChainStatus;

/* "held", "offered", "disputed", "disposed of"; static. */
const char *evidence_chain_status_name(EvidenceChainStatus status);

/* A copy; all texts are the events'. */
typedef struct {
    const char *name;
    const char *of;            /* the copy that it was made of; NULL: it is the original */
    const Event *first, *last; /* events that made it, and that came last */
    const char *custodian;     /* node */
    EvidenceChainStatus status;
    const Event *offer; /* the open one: "offered" or "returned"; NULL: none */
    const char *to;     /* node that it is offered to */
    const char *place;  /* where it is stored; NULL: nobody said */
    GPtrArray *before;  /* const char *: nodes that had it before, oldest first */
} EvidenceCopy;

typedef struct {
    const Event *seal; /* NULL: it is not sealed yet */
    GArray *hashes;    /* EventHash: of the files that were sealed, ascending, none twice */
    GPtrArray *copies; /* EvidenceCopy *, as they were made */
} EvidenceChain;

/* Of the valid events of @result, which outlives it. */
EvidenceChain *evidence_chain_new(const EngineResult *result);
void evidence_chain_free(EvidenceChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvidenceChain, evidence_chain_free)

/* The copy of that name, or the one whose open offer @offer is; NULL. */
EvidenceCopy *evidence_chain_find(const EvidenceChain *chain, const char *name);
EvidenceCopy *evidence_chain_offered(const EvidenceChain *chain, const Event *offer);

/* The files that a seal names: of its members "files" and "items". */
typedef struct {
    const char *name, *type; /* type NULL: not given */
    EventHash sha256;
    guint64 size;
    gboolean is_kept; /* it is an attachment; else only its hash was given */
    gboolean is_malicious;
} EvidenceItem;

/* Elements: EvidenceItem, borrowed from the event, in the order of the seal. Caller unrefs. */
GArray *evidence_chain_items(const Event *seal);

/* Whether the member @name of @event's payload lists exactly the hashes that were sealed. */
gboolean evidence_chain_matches(const EvidenceChain *chain, const Event *event, const char *name);
