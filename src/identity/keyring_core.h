/* keyring_core.h - what the files of the keyring share. Private to them. All that takes a Keyring
 * wants its lock held. */
#pragma once

#include "identity/keyfile.h"
#include "identity/keyring.h"
#include "identity/keyring_public.h"

/* What lies in a place. */
typedef struct {
    char *path;
    KeyFile *file; /* NULL: none */
    GError *fault; /* why there is none; NULL also for a key that need not be there */
} KeyringSlot;

struct Keyring {
    GMutex lock;
    char *public_path;
    KeyringPublic *public;
    KeyringSlot slots[KEYRING_PLACES];
    gboolean is_settled[KEYRING_SETTLED];
    Seal *seal;            /* of sealed keys and of those to come; NULL: none, or not known yet */
    gboolean is_abandoned; /* what is locked stays so */
    GPtrArray *retired;    /* KeyFile: their signers may still be in use */
};

/* Where the present key of @role is. */
KeyringSlot *keyring_core_slot(Keyring *keyring, KeyringRole role);

/* The path of a key that is locked, or NULL. */
const char *keyring_core_find_locked(Keyring *keyring);

/* CONCERT_ERROR_DENIED unless nothing is locked, or what is was given up. */
gboolean keyring_core_may_make(Keyring *keyring, GError **error);

/* Says so of @path. Sets @error and returns FALSE. */
gboolean keyring_core_deny_locked(const char *path, GError **error);

/* That of @passphrase, NULL for none. To be made before the lock is taken, so that nobody who wants
 * to sign waits for it. */
gboolean keyring_core_make_seal(const char *passphrase, Seal **ret_seal, GError **error);

/* Writes a key durably; *ret_sealed is what was written, NULL when in the clear. */
gboolean keyring_core_write(const char *path, const NoteSigner *signer, const Seal *seal,
                            SealText **ret_sealed, GError **error);

/* Puts @signer (taken; NULL with @error set is passed on) into @slot, durably, and returns it, the
 * slot's. What was there is retired. */
const NoteSigner *keyring_core_put(Keyring *keyring, KeyringSlot *slot, NoteSigner *signer,
                                   GError **error);

/* Its signers stay usable until the keyring is freed. */
void keyring_core_retire(Keyring *keyring, KeyFile **file);

/* public.json follows the key files. */
gboolean keyring_core_update_public(Keyring *keyring, KeyringRole role, const NoteVerifier *key,
                                    GError **error);

/* Removes what crashes left of files under way. */
void keyring_core_remove_leftovers(Keyring *keyring);
