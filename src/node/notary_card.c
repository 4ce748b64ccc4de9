/* notary_card.c - the keys that the node's card announces: message and parcel. */
#include <string.h>

#include "identity/keyring_card.h"
#include "node/notary_core.h"

/* The keys may be made while others ask for them. */
static Keyring *get_keyring(Notary *notary, GError **error)
{
    g_mutex_lock(&notary->lock);
    Keyring *keyring = notary->keyring;
    g_mutex_unlock(&notary->lock);
    if (!keyring)
        notary_core_no_keys(error);
    return keyring;
}

const NoteSigner *notary_messenger(Notary *notary, GError **error)
{
    Keyring *keyring = get_keyring(notary, error);
    return keyring ? keyring_card_signer(keyring, KEYRING_MESSAGE, error) : NULL;
}

char *notary_message_key(Notary *notary, GError **error)
{
    Keyring *keyring = get_keyring(notary, error);
    g_autoptr(NoteVerifier) key =
        keyring ? keyring_card_verifier(keyring, KEYRING_MESSAGE, error) : NULL;
    return key ? note_verifier_format(key) : NULL;
}

gboolean notary_parcel_public(Notary *notary, guint8 ret_public[NOTE_X25519_SIZE], GError **error)
{
    Keyring *keyring = get_keyring(notary, error);
    g_autoptr(NoteVerifier) key =
        keyring ? keyring_card_verifier(keyring, KEYRING_PARCEL, error) : NULL;
    return key && note_verifier_x25519(key, ret_public, error);
}

gboolean notary_parcel_secret(Notary *notary, guint which, guint8 ret_secret[NOTE_X25519_SIZE],
                              GError **error)
{
    Keyring *keyring = get_keyring(notary, error);
    if (!keyring)
        return FALSE;
    const NoteSigner *signer = which == 0 ? keyring_card_signer(keyring, KEYRING_PARCEL, error)
                                          : keyring_card_previous(keyring, error);
    return signer && note_signer_x25519(signer, ret_secret, error);
}

static char *format_key(KeyringRole role, const NoteVerifier *key, GError **error)
{
    guint8 x25519[NOTE_X25519_SIZE];
    if (role != KEYRING_PARCEL)
        return note_verifier_format(key);
    return note_verifier_x25519(key, x25519, error) ? g_base64_encode(x25519, sizeof x25519) : NULL;
}

gboolean notary_renew(Notary *notary, KeyringRole role, char **ret_key, GError **error)
{
    Keyring *keyring = get_keyring(notary, error);
    if (!keyring)
        return FALSE;
    g_mutex_lock(&notary->changing);
    const NoteSigner *signer = keyring_card_replace(keyring, role, error);
    g_mutex_unlock(&notary->changing);
    char *key = signer ? format_key(role, note_signer_verifier(signer), error) : NULL;
    if (key)
        *ret_key = key;
    return key != NULL;
}
