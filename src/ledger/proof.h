/* proof.h - proof files (c2sp.org/tlog-proof): that an entry stands in a log, in one text that is
 * verified with no network. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/quorum.h"

#define PROOF_EXTRA_MAX (64 * 1024)
#define PROOF_BYTES_MAX (NOTE_BYTES_MAX + 2 * PROOF_EXTRA_MAX)

typedef struct {
    GBytes *extra; /* of the application, authenticated by nothing; NULL if there is none */
    guint64 index;
    MerkleProof path;
    Note *note; /* the checkpoint as it came */
    Checkpoint checkpoint;
} Proof;

/* CONCERT_ERROR_INPUT or _LIMIT. Nothing is verified. */
Proof *proof_parse(const char *text, gsize length, GError **error);
void proof_free(Proof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Proof, proof_free)

/* The text of a proof; @extra may be NULL. CONCERT_ERROR_INPUT or _LIMIT if proof_parse() would
 * refuse it. */
char *proof_format(guint64 index, const MerkleProof *path, const Note *checkpoint, GBytes *extra,
                   GError **error);

/* Whether the entry of hash @leaf stands at the proof's index of a log that @quorum accepts, in a
 * tree that its witnesses have seen. Errors as of quorum_verify(); CONCERT_ERROR_INPUT if the path
 * does not lead to the root. */
gboolean proof_verify(const Proof *proof, const MerkleHash *leaf, const Quorum *quorum,
                      GError **error);
