/* witness.h - witnessing (c2sp.org/tlog-witness): what a log asks of a witness in add-checkpoint,
 * and what the witness answers.
 *
 * Nothing here is kept or sent. A witness does, in this order: witness_request_parse(); then, in
 * one transaction, read the state of the log `request->checkpoint.origin`, witness_decide() and,
 * if the decision says so, write its new state; when that is durable, witness_cosign(); answer. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

#define WITNESS_REQUEST_MAX (256 * 1024) /* bytes of a request or an answer */
#define WITNESS_PROOF_MAX   63           /* hashes in a request, tlog-witness */
#define WITNESS_SIZE_TYPE   "text/x.tlog.size"
/* Between peers (docs/protocol.md, "Peers as witnesses"): in place of the size the checkpoint. */
#define WITNESS_CHECKPOINT_TYPE "application/vnd.concert.checkpoint"
#define WITNESS_EXCHANGE_PATH   "/exchange/v1/witness"
#define WITNESS_TEXT_TYPE       "text/plain; charset=utf-8"

typedef struct {
    guint64 old_size;
    MerkleProof proof; /* of consistency, from old_size on */
    Note *note;        /* the checkpoint as it came */
    Checkpoint checkpoint;
} WitnessRequest;

/* Reads the body of an add-checkpoint. CONCERT_ERROR_INPUT or _LIMIT: the answer is
 * witness_malformed(). */
WitnessRequest *witness_request_parse(const char *body, gsize length, GError **error);
void witness_request_free(WitnessRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessRequest, witness_request_free)

/* The body of an add-checkpoint. CONCERT_ERROR_INPUT if witness_request_parse() would refuse it. */
char *witness_request_format(guint64 old_size, const MerkleProof *proof, const Note *checkpoint,
                             GError **error);

/* What a witness has last cosigned of a log. */
typedef struct {
    gboolean is_known; /* FALSE: nothing yet, the rest is without meaning */
    guint64 size;
    MerkleHash root;
} WitnessState;

typedef enum {
    WITNESS_COSIGN = 200,
    WITNESS_MALFORMED = 400, /* or an old size above that of the checkpoint */
    WITNESS_FORBIDDEN = 403, /* not signed by the log */
    WITNESS_UNKNOWN_LOG = 404,
    WITNESS_CONFLICT = 409,     /* another old size, or another root at the same size */
    WITNESS_INCONSISTENT = 422, /* the proof does not hold */
} WitnessStatus;

typedef struct {
    WitnessStatus status;
    gboolean is_new; /* `next` differs from the state given: keep it before anything is said */
    WitnessState next;
    gboolean is_fork; /* the log has signed two trees: this checkpoint and the state's are evidence,
                         whatever the status; of two sizes together with the request's proof, which
                         leads from another root than the state's */
    const char *content_type;
    char *body; /* NULL for WITNESS_COSIGN, until witness_cosign() */
} WitnessAnswer;

void witness_answer_clear(WitnessAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WitnessAnswer, witness_answer_clear)

/* Decides on a request, given what is kept of its log and the log's keys (none: a log that is not
 * known). Reads and changes nothing but @ret_answer. */
void witness_decide(const WitnessRequest *request, const WitnessState *state,
                    const NoteVerifier *const *keys, guint n_keys, WitnessAnswer *ret_answer);

/* The answer to what witness_request_parse() refused with @reason. */
void witness_malformed(const GError *reason, WitnessAnswer *ret_answer);

/* Puts the cosignature of @signer at @time_s (POSIX seconds) into an answer of WITNESS_COSIGN. May
 * be called once for each key of the witness. */
gboolean witness_cosign(WitnessAnswer *answer, const WitnessRequest *request,
                        const NoteSigner *signer, guint64 time_s, GError **error);

/* What a log does with an answer. The size that a witness last cosigned, in an answer of
 * WITNESS_CONFLICT with WITNESS_SIZE_TYPE; FALSE if @body is none. */
gboolean witness_read_size(const char *body, gsize length, guint64 *ret_size);

/* The lines in an answer of WITNESS_COSIGN by which @witnesses have cosigned @checkpoint, for
 * note_append(); lines of other keys are left out. CONCERT_ERROR_DENIED if there are none or one
 * is wrong, CONCERT_ERROR_INPUT or _LIMIT if @body is no such answer. */
char *witness_read_cosignatures(const char *body, gsize length, const Note *checkpoint,
                                const NoteVerifier *const *witnesses, guint n_witnesses,
                                GError **error);
