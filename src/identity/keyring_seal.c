/* keyring_seal.c - the passphrase of a keyring: sealing, unlocking, giving up. */
#include <string.h>

#include "identity/keyring_core.h"

const char *keyring_core_find_locked(Keyring *keyring)
{
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const KeyringSlot *slot = &keyring->slots[place];
        if (slot->file && !slot->file->signer)
            return slot->path;
    }
    return NULL;
}

static gboolean is_sealed(Keyring *keyring)
{
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const KeyFile *file = keyring->slots[place].file;
        if (file && file->sealed)
            return TRUE;
    }
    return FALSE;
}

gboolean keyring_core_deny_locked(const char *path, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s is sealed, and its passphrase was not given: [ledger] key_passphrase_file, "
                "CONCERT_PASSPHRASE or `concert key unlock` gives it",
                path);
    return FALSE;
}

gboolean keyring_core_may_make(Keyring *keyring, GError **error)
{
    const char *locked = keyring->is_abandoned ? NULL : keyring_core_find_locked(keyring);
    return !locked || keyring_core_deny_locked(locked, error);
}

gboolean keyring_is_sealed(Keyring *keyring)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return is_sealed(keyring);
}

gboolean keyring_is_locked(Keyring *keyring)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return !keyring->is_abandoned && keyring_core_find_locked(keyring);
}

/* The seal of @passphrase that fits; one is made only for a salt that none before had. */
static Seal *find_seal(GPtrArray *seals, const SealText *text, const char *passphrase,
                       GError **error)
{
    for (guint i = 0; i < seals->len; i++)
        if (seal_fits(seals->pdata[i], text))
            return seals->pdata[i];
    Seal *seal = seal_new_for(text, passphrase, error);
    if (seal)
        g_ptr_array_add(seals, seal);
    return seal;
}

gboolean keyring_unlock(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    g_autoptr(GPtrArray) seals = g_ptr_array_new_with_free_func((GDestroyNotify)seal_free);
    Seal *good = NULL;
    const char *wrong = NULL;
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const KeyringSlot *slot = &keyring->slots[place];
        if (!slot->file || slot->file->signer)
            continue;
        Seal *seal = find_seal(seals, slot->file->sealed, passphrase, error);
        g_autoptr(GError) local = NULL;
        if (!seal)
            return FALSE;
        if (keyfile_open(slot->file, seal, &local))
            good = seal;
        else
            wrong = slot->path;
    }
    if (good) {
        g_ptr_array_set_free_func(seals, NULL);
        for (guint i = 0; i < seals->len; i++)
            if (seals->pdata[i] != good)
                seal_free(seals->pdata[i]);
        seal_free(keyring->seal);
        keyring->seal = good;
    }
    if (!wrong || good)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s: the passphrase is wrong, or the file was changed", wrong);
    return FALSE;
}

gboolean keyring_core_make_seal(const char *passphrase, Seal **ret_seal, GError **error)
{
    Seal *seal = passphrase ? seal_new(passphrase, error) : NULL;
    if (passphrase && !seal)
        return FALSE;
    *ret_seal = seal;
    return TRUE;
}

gboolean keyring_abandon(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    if (!keyring_core_make_seal(passphrase, &seal, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    if (!keyring_core_find_locked(keyring)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "no key is locked, so none need be given up");
        return FALSE;
    }
    seal_free(keyring->seal);
    keyring->seal = g_steal_pointer(&seal);
    keyring->is_abandoned = TRUE;
    return TRUE;
}

gboolean keyring_seal(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    if (!keyring_core_make_seal(passphrase, &seal, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const char *locked = keyring_core_find_locked(keyring);
    if (locked)
        return keyring_core_deny_locked(locked, error);
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const KeyringSlot *slot = &keyring->slots[place];
        SealText *sealed;
        if (!slot->file)
            continue;
        if (!keyring_core_write(slot->path, slot->file->signer, seal, &sealed, error))
            return FALSE;
        seal_text_free(slot->file->sealed);
        slot->file->sealed = sealed;
    }
    seal_free(keyring->seal);
    keyring->seal = g_steal_pointer(&seal);
    return TRUE;
}

gboolean keyring_read_passphrase(const char *path, char **ret_passphrase, GError **error)
{
    const char *given = g_getenv("CONCERT_PASSPHRASE");
    if (!path) {
        *ret_passphrase = given && *given ? g_strdup(given) : NULL;
        return TRUE;
    }
    g_auto(SealSecret) text = keyfile_read(path, NULL, error);
    if (!text)
        return FALSE;
    gsize length = strcspn(text, "\r\n");
    if (length == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: its first line should be a passphrase", path);
        return FALSE;
    }
    *ret_passphrase = g_strndup(text, length);
    return TRUE;
}
