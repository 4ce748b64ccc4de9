/* keyring_card.h - the keys of a keyring that the node's card announces, not its ledger: message
 * and parcel.
 *
 * No ledger has to agree, so the files say which key is the present one: a new one is written, and
 * from then on it is it; what is left is to publish a card that names it. The keys are made with a
 * keyring, or when they are first wanted in one that is older than they are. One that was made and
 * is missing or damaged is never made anew unasked.
 *
 * The parcel key is an Ed25519 key that signs nothing: its X25519 form (note.h) opens parcels. The
 * one before the present one is kept, for parcels under way. */
#pragma once

#include "identity/keyring.h"

/* The secret key of @role, KEYRING_MESSAGE or KEYRING_PARCEL; made when it never was. The
 * keyring's, valid until that is freed even if another takes over. CONCERT_ERROR_DENIED while it is
 * locked, or another key is and this one is to be made; CONCERT_ERROR_NOT_FOUND or _INPUT if its
 * file is missing or damaged. */
const NoteSigner *keyring_card_signer(Keyring *keyring, KeyringRole role, GError **error);

/* The same of the public key, which can be had while it is locked. Caller frees. */
NoteVerifier *keyring_card_verifier(Keyring *keyring, KeyringRole role, GError **error);

/* Makes a new key of @role, which is the present one when this returns, whatever was there; and
 * returns it as keyring_card_signer() does. CONCERT_ERROR_DENIED while any key is locked. */
const NoteSigner *keyring_card_replace(Keyring *keyring, KeyringRole role, GError **error);

/* The parcel key before the present one. CONCERT_ERROR_NOT_FOUND if there was none, other errors as
 * of keyring_card_signer(). */
const NoteSigner *keyring_card_previous(Keyring *keyring, GError **error);
