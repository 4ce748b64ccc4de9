/* keychange.h - how a node's keys follow each other (docs/protocol.md, "Key changes"): the signed
 * notes that say so, and which key is valid for which checkpoint.
 *
 * Whoever trusts a key follows the changes that lead from it, and no others. A rotation is signed
 * by the old key and the new; a recovery by the recovery key and the new, and it may void what
 * came after the size that it names. The recovery key itself never changes. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/note.h"

#define KEYCHANGE_BYTES_MAX (64 * 1024)
#define KEYCHANGE_LIST_MAX  1024 /* changes of one ledger */

typedef enum {
    KEYCHANGE_ROTATION,
    KEYCHANGE_RECOVERY,
} KeyChangeType;

typedef enum {
    KEYCHANGE_LEDGER, /* name = origin, NOTE_ED25519: signs checkpoints */
    KEYCHANGE_COSIGN, /* name = that of the node and "/witness", NOTE_COSIGNATURE */
    KEYCHANGE_ROLES
} KeyChangeRole;

typedef struct {
    KeyChangeType type;
    KeyChangeRole role; /* which the names of the keys say */
    char *origin;
    NoteVerifier *old_key;
    NoteVerifier *new_key;
    guint64 size; /* the last tree that the old key may have signed */
    Note *note;   /* as it came */
} KeyChange;

/* Reads a key change, strictly: a change has one spelling (but for its signatures). Nothing is
 * verified. CONCERT_ERROR_INPUT or _LIMIT. */
KeyChange *keychange_parse(const char *text, gsize length, GError **error);
void keychange_free(KeyChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyChange, keychange_free)

/* Makes and signs a key change of the log @origin: the note. A rotation is signed by @authority,
 * the signer of the old key, a recovery by @authority, the recovery key's, for @old_key; both by
 * @new_signer. The role is that of the keys' name; signers of NOTE_COSIGNATURE sign as Ed25519 keys
 * of the same name and seed. CONCERT_ERROR_INPUT if keychange_parse() would refuse it or the
 * signers are not those that the change needs. */
char *keychange_rotate(const char *origin, const NoteSigner *authority,
                       const NoteSigner *new_signer, guint64 size, GError **error);
char *keychange_recover(const char *origin, const NoteVerifier *old_key,
                        const NoteSigner *authority, const NoteSigner *new_signer, guint64 size,
                        GError **error);

/* Whether those have signed that must have: the old key or, for a recovery, @recovery, and the new.
 * @recovery may be NULL: then no recovery holds. CONCERT_ERROR_DENIED if not. Says nothing about
 * whether the old key is anybody's: that is what a KeyHistory is for. */
gboolean keychange_verify(const KeyChange *change, const NoteVerifier *recovery, GError **error);

/* The keys of one ledger from those on that are trusted ("pinned"). */
typedef struct KeyHistory KeyHistory;

/* Begins with pinned keys, of which copies are taken: the ledger's, whose name is the origin; the
 * cosign key and the recovery key, each of which may be NULL: a role without a key is not followed,
 * and without a recovery key no recovery is accepted. CONCERT_ERROR_INPUT if a key is not what it
 * should be by name or algorithm, or two are the same. */
KeyHistory *keychange_history_new(const NoteVerifier *ledger, const NoteVerifier *cosign,
                                  const NoteVerifier *recovery, GError **error);
void keychange_history_free(KeyHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyHistory, keychange_history_free)

/* Follows one change. Refuses, with nothing changed, one
 *   - of another origin, or not signed as it must be (CONCERT_ERROR_DENIED),
 *   - that is a rotation of another key than the present one, or a recovery of a key that was
 *     never accepted or is void altogether (CONCERT_ERROR_DENIED),
 *   - to a key that the ledger had before, in any role (CONCERT_ERROR_INPUT),
 *   - that is a rotation to a size below that at which the present key began
 *     (CONCERT_ERROR_INPUT),
 *   - beyond KEYCHANGE_LIST_MAX (CONCERT_ERROR_LIMIT).
 * A recovery of an accepted key ends it at the size that it names and voids all that followed,
 * rotations too: who stole a key can rotate it. A change that was accepted before, or of a role
 * that is not followed, is no failure and changes nothing: *ret_is_new (may be NULL) says so. */
gboolean keychange_history_add(KeyHistory *history, const KeyChange *change, gboolean *ret_is_new,
                               GError **error);

/* Follows a ledger's list of changes, oldest first, each the text of a note. The list may begin
 * before the pinned key: what leads up to it is passed over, unverified, and accepts nothing.
 * The error names the change: "key change K: ...", from 0; those before it remain accepted. */
gboolean keychange_history_add_list(KeyHistory *history, const char *const *changes,
                                    guint n_changes, GError **error);

const char *keychange_history_origin(const KeyHistory *history);

/* The key of today; NULL if the role is not followed. And the pinned recovery key or NULL. All keys
 * are the history's. */
const NoteVerifier *keychange_history_present(const KeyHistory *history, KeyChangeRole role);
const NoteVerifier *keychange_history_recovery(const KeyHistory *history);

/* A key and the trees that it may sign. */
typedef struct {
    const NoteVerifier *key;
    guint64 first, last; /* sizes; first > last: none at all */
    gboolean is_void;    /* a recovery ended it: what it signed beyond `last` counts for nothing */
} KeyHistoryKey;

/* All keys that were accepted, oldest first, those voided since included. */
guint keychange_history_n_keys(const KeyHistory *history, KeyChangeRole role);
KeyHistoryKey keychange_history_key(const KeyHistory *history, KeyChangeRole role, guint place);

/* The ledger key that signs the tree of @size entries; there is always one. */
const NoteVerifier *keychange_history_valid(const KeyHistory *history, guint64 size);

/* Whether @note is a checkpoint of the history's origin, signed by the key that is valid for its
 * size. CONCERT_ERROR_DENIED if not: it says so when another key of the history has signed.
 * CONCERT_ERROR_INPUT if it is no checkpoint. @ret_checkpoint may be NULL. */
gboolean keychange_history_verify(const KeyHistory *history, const Note *note,
                                  Checkpoint *ret_checkpoint, GError **error);
