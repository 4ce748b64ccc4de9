#include "identity/keyring_card.h"

#include "identity/keyring_core.h"

/* A new key in the place of the present one. */
static gboolean make(Keyring *keyring, KeyringRole role, GError **error)
{
    return keyring_core_may_make(keyring, error) &&
           keyring_core_put(keyring, keyring_core_slot(keyring, role),
                            keyring_public_generate(keyring->public->node, role, error), error);
}

/* There is a present key, and public.json says which. */
static const KeyringSlot *need(Keyring *keyring, KeyringRole role, GError **error)
{
    KeyringSlot *slot = keyring_core_slot(keyring, role);
    g_assert(role == KEYRING_MESSAGE || role == KEYRING_PARCEL);
    if (slot->fault) {
        g_propagate_error(error, g_error_copy(slot->fault));
        g_prefix_error(error,
                       "the %s key is wanted, and can be replaced: ", keyring_role_name(role));
        return NULL;
    }
    if (!slot->file && !make(keyring, role, error))
        return NULL;
    return keyring_core_update_public(keyring, role, slot->file->verifier, error) ? slot : NULL;
}

static const NoteSigner *signer_of(const KeyringSlot *slot, GError **error)
{
    if (slot->file->signer)
        return slot->file->signer;
    keyring_core_deny_locked(slot->path, error);
    return NULL;
}

const NoteSigner *keyring_card_signer(Keyring *keyring, KeyringRole role, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyringSlot *slot = need(keyring, role, error);
    return slot ? signer_of(slot, error) : NULL;
}

NoteVerifier *keyring_card_verifier(Keyring *keyring, KeyringRole role, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyringSlot *slot = need(keyring, role, error);
    return slot ? note_verifier_copy(slot->file->verifier) : NULL;
}

/* The present parcel key becomes the previous one, besides being the present one still. What cannot
 * be read cannot be kept. */
static gboolean keep_previous(Keyring *keyring, GError **error)
{
    const KeyringSlot *slot = &keyring->slots[KEYRING_PLACE_PARCEL];
    KeyringSlot *previous = &keyring->slots[KEYRING_PLACE_PARCEL_PREVIOUS];
    return !slot->file || !slot->file->signer ||
           keyring_core_put(keyring, previous,
                            note_signer_as(slot->file->signer, NOTE_ED25519, error), error);
}

const NoteSigner *keyring_card_replace(Keyring *keyring, KeyringRole role, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    g_assert(role == KEYRING_MESSAGE || role == KEYRING_PARCEL);
    keyring_core_remove_leftovers(keyring);
    if (!keyring_core_may_make(keyring, error) ||
        (role == KEYRING_PARCEL && !keep_previous(keyring, error)) || !make(keyring, role, error))
        return NULL;
    const KeyringSlot *slot = need(keyring, role, error);
    return slot ? slot->file->signer : NULL;
}

const NoteSigner *keyring_card_previous(Keyring *keyring, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyringSlot *slot = &keyring->slots[KEYRING_PLACE_PARCEL_PREVIOUS];
    if (slot->fault) {
        g_propagate_error(error, g_error_copy(slot->fault));
        return NULL;
    }
    if (slot->file)
        return signer_of(slot, error);
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the node had no parcel key before the present one");
    return NULL;
}
