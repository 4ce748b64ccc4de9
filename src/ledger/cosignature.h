/* cosignature.h - cosignature/v1 (c2sp.org/tlog-cosignature): an Ed25519 signature that says until
 * when a witness has seen a log to be consistent.
 *
 * Of the two kinds in the specification ML-DSA-44 is missing, for want of a library: such lines
 * are kept and relayed, and count for nothing. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/note.h"

#define COSIGNATURE_SIZE     (8 + 64)              /* time, big-endian, and Ed25519 signature */
#define COSIGNATURE_TIME_MAX ((guint64)G_MAXINT64) /* POSIX seconds */

/* Signs the text of a checkpoint with an Ed25519 secret key (64 bytes, as libsodium has them), or
 * verifies that of a public key. Time in POSIX seconds, at most COSIGNATURE_TIME_MAX. */
void cosignature_create(const char *text, gsize length, guint64 time_s, const guint8 secret_key[64],
                        guint8 ret_signature[COSIGNATURE_SIZE]);
gboolean cosignature_check(const char *text, gsize length, const guint8 *signature,
                           gsize signature_length, const guint8 public_key[32]);

/* The line by which @signer, of algorithm NOTE_COSIGNATURE, cosigns a note whose text is a
 * checkpoint. CONCERT_ERROR_INPUT for any other signer or text. */
char *cosignature_line(const Note *checkpoint, const NoteSigner *signer, guint64 time_s,
                       GError **error);

/* Whether @verifier, of algorithm NOTE_COSIGNATURE, has cosigned the note; @ret_time (may be NULL)
 * is the latest time at which. CONCERT_ERROR_NOT_FOUND if not, CONCERT_ERROR_DENIED if a signature
 * under its name is wrong. */
gboolean cosignature_verify(const Note *checkpoint, const NoteVerifier *verifier, guint64 *ret_time,
                            GError **error);

/* The time that a signature of cosignature/v1 states, unverified. FALSE if it has not that form. */
gboolean cosignature_time(const NoteSignature *signature, guint64 *ret_time);
