/* keyring.h - a node's secret keys on disk.
 *
 * They lie in a directory of their own (NODE/keys), mode 0700, its files 0600:
 *   ledger.key, cosign.key            the present keys, one each (identity/keyfile.h)
 *   ledger.key.next, cosign.key.next  a key that is to follow
 *   message.key, parcel.key           the keys that the node's card announces (keyring_card.h)
 *   parcel.key.previous               the parcel key before the present one
 *   public.json                       the node's name, its recovery key as pinned, the present keys
 * What others may read is refused, and nothing secret is ever read from a command line. A key is
 * text in the clear, or sealed under a passphrase (identity/seal.h); one passphrase seals them all.
 * The recovery key is not here: its owner keeps it offline.
 *
 * Which ledger or cosign key is the present one is said by the ledger, whose entries are durable in
 * one step; the files only follow. A key that is to take over is durable beside the old one before
 * the entry that announces it is committed (keyring_stage(), keyring_replace()), and takes its
 * place afterwards, or after a crash when the node starts (keyring_settle()). No key signs before
 * that is settled, and a staged key is never thrown away on the word of a ledger that does not know
 * it: the ledger may be a restored one that has yet to learn of it.
 *
 * One process changes a keyring at a time: the holder of the node's lock. Within it, all threads
 * may use it. */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "ledger/note.h"

typedef enum {
    KEYRING_LEDGER,   /* NODE/ledger: signs checkpoints and key changes */
    KEYRING_COSIGN,   /* NODE/witness: cosigns others' checkpoints */
    KEYRING_RECOVERY, /* NODE/recovery: public key only */
    KEYRING_MESSAGE,  /* NODE/message: signs signed JSON and HTTP messages */
    KEYRING_PARCEL,   /* NODE/parcel: signs nothing; its X25519 form opens parcels */
} KeyringRole;

#define KEYRING_ROLES   5
#define KEYRING_PINNED  3 /* the first ones: a ledger's first entry names them */
#define KEYRING_SETTLED 2 /* the first ones: the ledger says which key is the present one */

typedef struct Keyring Keyring;

/* "ledger", "cosign", "recovery", "message", "parcel". */
const char *keyring_role_name(KeyringRole role);

/* Makes new keys for the node called @node in @directory, which must not be there or be empty; all
 * of it is there afterwards or nothing. They are sealed under @passphrase unless it is NULL.
 * *ret_recovery is the secret recovery key's text, which is nowhere else: the caller writes it with
 * keyring_write_recovery() and frees it with seal_secret_free(). CONCERT_ERROR_CONFLICT if
 * @directory has something in it, CONCERT_ERROR_INPUT for a name or passphrase that will not do. */
gboolean keyring_create(const char *directory, const char *node, const char *passphrase,
                        char **ret_recovery, GError **error);

/* Reads what is there. Sealed keys stay so until keyring_unlock(). A key whose file is missing or
 * damaged is no failure here: keyring_signer() tells of it, and it can be replaced.
 * CONCERT_ERROR_NOT_FOUND if there is no keyring, CONCERT_ERROR_DENIED if others than the owner can
 * get at the directory or a file, CONCERT_ERROR_INPUT if public.json is damaged. */
Keyring *keyring_open(const char *directory, GError **error);
void keyring_free(Keyring *keyring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keyring, keyring_free)

/* Whether the secret key is there, sealed or not; the recovery key never is. */
gboolean keyring_has(Keyring *keyring, KeyringRole role);

/* Whether a key is sealed on disk; whether a sealed key has yet to be unlocked. */
gboolean keyring_is_sealed(Keyring *keyring);
gboolean keyring_is_locked(Keyring *keyring);

/* Unseals all keys that @passphrase unseals: all of them, unless keyring_seal() was broken off by a
 * crash; then some remain locked, for another call with the other passphrase. Does nothing when
 * nothing is locked. CONCERT_ERROR_DENIED if it unseals none. Takes a fifth of a second. */
gboolean keyring_unlock(Keyring *keyring, const char *passphrase, GError **error);

/* The passphrase in the first line of the file @path, which nobody but its owner may read, or when
 * @path is NULL that in the environment's CONCERT_PASSPHRASE. *ret_passphrase is NULL when neither
 * is there; free with seal_secret_free(). */
gboolean keyring_read_passphrase(const char *path, char **ret_passphrase, GError **error);

const char *keyring_node(Keyring *keyring); /* the node's name */

/* The present public key as the files have it, NULL for a message or parcel key that was never
 * made; and that of the staged key or NULL if none is staged. Caller frees. */
NoteVerifier *keyring_verifier(Keyring *keyring, KeyringRole role);
NoteVerifier *keyring_staged(Keyring *keyring, KeyringRole role);

/* Brings the files in line with the ledger, in which @current_vkey is the present key of @role, one
 * of the KEYRING_SETTLED, as for all up to keyring_replace(); NULL if the ledger has no entry yet.
 * If that is the staged key it takes the old one's place, durably; else a staged key stays where it
 * is. To be called when the node starts, and after each commit (or failed commit) of an entry that
 * changes a key. CONCERT_ERROR_CONFLICT if neither key is it. A key that is missing or damaged
 * gives that error. */
gboolean keyring_settle(Keyring *keyring, KeyringRole role, const char *current_vkey,
                        GError **error);

/* The present secret key; the keyring's, valid until it is freed even if another takes over.
 * CONCERT_ERROR_CONFLICT before keyring_settle(), CONCERT_ERROR_DENIED while it is locked,
 * CONCERT_ERROR_NOT_FOUND or CONCERT_ERROR_INPUT if its file is missing or damaged. */
const NoteSigner *keyring_signer(Keyring *keyring, KeyringRole role, GError **error);

/* For a rotation: makes the next key of @role, sealed as the present ones are, and returns it when
 * it is durable; the keyring's. One that was staged before and never announced is returned again.
 * The entry that announces it is to be committed next, then keyring_settle() called. Fails as
 * keyring_signer() does: rotating takes the old key too. */
const NoteSigner *keyring_stage(Keyring *keyring, KeyringRole role, GError **error);

/* For a replacement by the recovery key: as keyring_stage(), but the present key need not be there
 * nor be unlocked, and a key staged before is never used, since a thief may have it. @current_vkey
 * is as for keyring_settle(): if it is the staged one, that takes its place first.
 * CONCERT_ERROR_DENIED while the keyring is locked; see keyring_abandon(). */
const NoteSigner *keyring_replace(Keyring *keyring, KeyringRole role, const char *current_vkey,
                                  GError **error);

/* The same for the ledger that follows a lost one: the new ledger key bears the name @origin.
 * CONCERT_ERROR_INPUT if that is the name of no ledger of this node. */
const NoteSigner *keyring_replace_as(Keyring *keyring, const char *origin, const char *current_vkey,
                                     GError **error);

/* Gives up the keys that are locked, because their passphrase is lost: they count as missing, and
 * new keys are sealed under @passphrase (NULL: not at all). The files stay as they are until
 * replaced. CONCERT_ERROR_CONFLICT if nothing is locked. */
gboolean keyring_abandon(Keyring *keyring, const char *passphrase, GError **error);

/* Seals all keys anew under @passphrase; NULL: puts them in the clear. All must be unlocked. What a
 * crash leaves half done can be unlocked with both passphrases, and sealed again. */
gboolean keyring_seal(Keyring *keyring, const char *passphrase, GError **error);

/* All keys, staged ones and the public recovery key included, as one text sealed under @passphrase,
 * for a backup; NULL: under the passphrase that seals the keyring, CONCERT_ERROR_INPUT if none
 * does. All must be unlocked. To be taken after the copy of the ledger, with the keyring unchanged
 * since before that copy: then the two agree. Caller frees. */
char *keyring_export(Keyring *keyring, const char *passphrase, GError **error);

/* Makes a keyring in @directory, as keyring_create() does, of what keyring_export() gave. On disk
 * its keys are sealed under @passphrase too. CONCERT_ERROR_INPUT if @text is no such text,
 * CONCERT_ERROR_DENIED if the passphrase is wrong or the text was changed. */
gboolean keyring_import(const char *directory, const char *text, gsize length,
                        const char *passphrase, GError **error);

/* Makes a keyring without any secret key in @directory, which must not be there or be empty: the
 * public part of one that was lost, as the node's ledger has it. All can then be replaced, and
 * message and parcel key are made when they are needed. CONCERT_ERROR_INPUT if they are not the
 * keys of one node. */
gboolean keyring_adopt(const char *directory, const char *const vkeys[KEYRING_PINNED],
                       GError **error);

/* Removes what makes up a keyring in @directory, and that itself, for who made it and gives up;
 * what else is in it stays, and then the directory does too. Nothing is wiped. */
gboolean keyring_remove(const char *directory, GError **error);

/* Writes the secret recovery key's text to the new file @path, mode 0600, durably.
 * CONCERT_ERROR_CONFLICT if it is there already. */
gboolean keyring_write_recovery(const char *path, const char *recovery, GError **error);

/* Reads it, for signing a key change; nobody but its owner may read the file.
 * CONCERT_ERROR_CONFLICT if it is not the recovery key that the keyring has pinned. */
NoteSigner *keyring_read_recovery(Keyring *keyring, const char *path, GError **error);
