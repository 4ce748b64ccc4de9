/* checkpoint.h - checkpoints (c2sp.org/tlog-checkpoint): a log's size and root as a note's text. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"
#include "ledger/note.h"

#define CHECKPOINT_ORIGIN_MAX 255 /* bytes, as the ML-DSA-44 cosignature can hold */

typedef struct {
    char *origin;
    guint64 size;
    MerkleHash root;
    char *extensions; /* further lines, each with its newline; NULL if there are none */
} Checkpoint;

void checkpoint_clear(Checkpoint *checkpoint);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Checkpoint, checkpoint_clear)

/* Reads the text of a note as a checkpoint, strictly: a number has one spelling, a hash too, and
 * an empty tree has the root of an empty tree. CONCERT_ERROR_INPUT says in which line. */
gboolean checkpoint_parse(const char *text, gsize length, Checkpoint *ret_checkpoint,
                          GError **error);

/* The text that checkpoint_parse() reads. CONCERT_ERROR_INPUT if it would not. */
char *checkpoint_format(const Checkpoint *checkpoint, GError **error);

/* Formats and signs: a note with one signature line. */
char *checkpoint_sign(const Checkpoint *checkpoint, const NoteSigner *signer, GError **error);

/* Reads a signed checkpoint of the log @origin and verifies it by note_verify() with the log's
 * @keys. @ret_note (may be NULL) keeps the note with all its signatures. CONCERT_ERROR_DENIED also
 * if the origin is another. */
gboolean checkpoint_open(const char *bytes, gsize length, const char *origin,
                         const NoteVerifier *const *keys, guint n_keys, Checkpoint *ret_checkpoint,
                         Note **ret_note, GError **error);
