/* keyring_bundle.h - all keys of a node together: what a keyring is made of at first, and what a
 * backup keeps of it, in a sealed text of kind "keyring" (identity/seal.h).
 *
 * Each line of the head is a name, a space and a public key, each line of the secret a name, a
 * space and a secret key. The names, in this order, those that are not there left out:
 *   recovery (in the head only), ledger, ledger.next, cosign, cosign.next, message, parcel,
 *   parcel.previous
 * Older bundles have neither message nor parcel. */
#pragma once

#include "identity/keyring_public.h"
#include "identity/seal.h"

typedef struct {
    NoteVerifier *recovery;
    NoteSigner *keys[KEYRING_PLACES]; /* NULL: none is there */
} KeyringBundle;

void keyring_bundle_free(KeyringBundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyringBundle, keyring_bundle_free)

char *keyring_bundle_close(const KeyringBundle *bundle, const Seal *seal, GError **error);

/* *ret_seal is that of the text. CONCERT_ERROR_INPUT if it is no such text, CONCERT_ERROR_DENIED if
 * the passphrase is wrong. */
KeyringBundle *keyring_bundle_open(const char *text, gsize length, const char *passphrase,
                                   Seal **ret_seal, GError **error);

/* Makes the directory of a keyring, all of it or nothing: it is filled beside its place and
 * renamed. The keys are sealed unless @seal is NULL. CONCERT_ERROR_CONFLICT if @directory is there
 * and not empty. */
gboolean keyring_bundle_write(const KeyringBundle *bundle, const char *directory, const Seal *seal,
                              GError **error);
