#include "identity/keyring.h"

#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "identity/keyring_bundle.h"
#include "identity/keyring_core.h"

/* --- opening -----------------------------------------------------------------------------------
 */

static gboolean read_public(Keyring *keyring, GError **error)
{
    gsize length;
    g_autofree char *text = keyfile_read(keyring->public_path, &length, error);
    if (!text)
        return FALSE;
    keyring->public = keyring_public_parse(text, length, error);
    if (!keyring->public)
        g_prefix_error(error, "%s: ", keyring->public_path);
    return keyring->public != NULL;
}

/* Reads a key file. What is wrong with its content goes to its fault, only that it cannot be
 * trusted or read to @error. */
static gboolean load(const Keyring *keyring, KeyringRole role, KeyringSlot *slot, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize length;
    g_auto(SealSecret) text = keyfile_read(slot->path, &length, &local);
    g_autoptr(KeyFile) file = text ? keyfile_parse(text, length, &local) : NULL;
    if (file && keyring_public_check(keyring->public->node, role, file->verifier, &local)) {
        slot->file = g_steal_pointer(&file);
        return TRUE;
    }
    if (text)
        g_prefix_error(&local, "%s: ", slot->path);
    GError **ret = g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) ||
                           g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_INPUT) ||
                           g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_LIMIT)
                       ? &slot->fault
                       : error;
    g_propagate_error(ret, g_steal_pointer(&local));
    return ret != error;
}

static gboolean open_slot(Keyring *keyring, KeyringPlace place, const char *directory,
                          GError **error)
{
    KeyringSlot *slot = &keyring->slots[place];
    KeyringRole role = keyring_public_place_role(place);
    slot->path = g_build_filename(directory, keyring_public_file(place), NULL);
    if (!load(keyring, role, slot, error))
        return FALSE;
    /* A present key must be there once it is known which it is. */
    gboolean is_wanted = place == keyring_public_place(role) && keyring->public->keys[role];
    if (!g_error_matches(slot->fault, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_clear_error(&slot->fault);
    if (is_wanted)
        g_set_error(&slot->fault, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "%s is missing: `concert key %s %s` makes another", slot->path,
                    role < KEYRING_SETTLED ? "recover" : "rotate", keyring_role_name(role));
    return TRUE;
}

Keyring *keyring_open(const char *directory, GError **error)
{
    if (!keyfile_check_directory(directory, error))
        return NULL;
    g_autoptr(Keyring) keyring = g_new0(Keyring, 1);
    g_mutex_init(&keyring->lock);
    keyring->retired = g_ptr_array_new_with_free_func((GDestroyNotify)keyfile_free);
    keyring->public_path = g_build_filename(directory, KEYRING_PUBLIC_FILE, NULL);
    if (!read_public(keyring, error))
        return NULL;
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++)
        if (!open_slot(keyring, place, directory, error))
            return NULL;
    return g_steal_pointer(&keyring);
}

void keyring_free(Keyring *keyring)
{
    if (!keyring)
        return;
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        g_free(keyring->slots[place].path);
        keyfile_free(keyring->slots[place].file);
        g_clear_error(&keyring->slots[place].fault);
    }
    keyring_public_free(keyring->public);
    seal_free(keyring->seal);
    g_ptr_array_unref(keyring->retired);
    g_mutex_clear(&keyring->lock);
    g_free(keyring->public_path);
    g_free(keyring);
}

const char *keyring_node(Keyring *keyring)
{
    return keyring->public->node;
}

KeyringSlot *keyring_core_slot(Keyring *keyring, KeyringRole role)
{
    return &keyring->slots[keyring_public_place(role)];
}

NoteVerifier *keyring_verifier(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyFile *file = role != KEYRING_RECOVERY ? keyring_core_slot(keyring, role)->file : NULL;
    const NoteVerifier *key = file ? file->verifier : keyring->public->keys[role];
    return key ? note_verifier_copy(key) : NULL;
}

gboolean keyring_has(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return role != KEYRING_RECOVERY && keyring_core_slot(keyring, role)->file;
}

NoteVerifier *keyring_staged(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyFile *file = role < KEYRING_SETTLED ? keyring_core_slot(keyring, role)[1].file : NULL;
    return file ? note_verifier_copy(file->verifier) : NULL;
}

/* --- writing -----------------------------------------------------------------------------------
 */

gboolean keyring_core_write(const char *path, const NoteSigner *signer, const Seal *seal,
                            SealText **ret_sealed, GError **error)
{
    g_auto(SealSecret) text = keyfile_format(signer, seal, error);
    if (!text || !durable_write(path, text, strlen(text), 0600, error))
        return FALSE;
    g_autoptr(KeyFile) read = keyfile_parse(text, strlen(text), error);
    if (!read)
        return FALSE;
    *ret_sealed = g_steal_pointer(&read->sealed);
    return TRUE;
}

void keyring_core_retire(Keyring *keyring, KeyFile **file)
{
    if (*file)
        g_ptr_array_add(keyring->retired, g_steal_pointer(file));
}

const NoteSigner *keyring_core_put(Keyring *keyring, KeyringSlot *slot, NoteSigner *signer,
                                   GError **error)
{
    g_autoptr(NoteSigner) owned = signer;
    SealText *sealed;
    if (!owned || !keyring_core_write(slot->path, owned, keyring->seal, &sealed, error))
        return NULL;
    keyring_core_retire(keyring, &slot->file);
    g_clear_error(&slot->fault);
    slot->file = g_new0(KeyFile, 1);
    slot->file->verifier = note_verifier_copy(note_signer_verifier(owned));
    slot->file->signer = g_steal_pointer(&owned);
    slot->file->sealed = sealed;
    return slot->file->signer;
}

gboolean keyring_core_update_public(Keyring *keyring, KeyringRole role, const NoteVerifier *key,
                                    GError **error)
{
    NoteVerifier *old = keyring->public->keys[role];
    if (old && keyring_public_is_same(old, key))
        return TRUE;
    keyring->public->keys[role] = note_verifier_copy(key);
    g_autofree char *text = keyring_public_format(keyring->public);
    if (durable_write(keyring->public_path, text, strlen(text), 0600, error)) {
        note_verifier_free(old);
        return TRUE;
    }
    note_verifier_free(keyring->public->keys[role]);
    keyring->public->keys[role] = old;
    return FALSE;
}

void keyring_core_remove_leftovers(Keyring *keyring)
{
    for (guint i = 0; i <= KEYRING_PLACES; i++) {
        const char *path = i < KEYRING_PLACES ? keyring->slots[i].path : keyring->public_path;
        g_autofree char *leftover = g_strconcat(path, DURABLE_SUFFIX, NULL);
        unlink(leftover);
    }
}

/* --- the recovery key --------------------------------------------------------------------------
 */

gboolean keyring_write_recovery(const char *path, const char *recovery, GError **error)
{
    g_auto(SealSecret) line = g_strconcat(recovery, "\n", NULL);
    return durable_create(path, line, strlen(line), 0600, error);
}

NoteSigner *keyring_read_recovery(Keyring *keyring, const char *path, GError **error)
{
    gsize length;
    g_auto(SealSecret) text = keyfile_read(path, &length, error);
    if (!text)
        return NULL;
    g_autoptr(KeyFile) file = keyfile_parse(text, length, error);
    if (!file || !file->signer) {
        if (file)
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the key is sealed");
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    if (!keyring_public_is_same(file->verifier, keyring->public->keys[KEYRING_RECOVERY])) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s is the key %s+%08x, which is not this node's recovery key", path,
                    file->verifier->name, file->verifier->id);
        return NULL;
    }
    return g_steal_pointer(&file->signer);
}

/* --- backup ------------------------------------------------------------------------------------
 */

/* The keyring's keys; they remain its own. */
static gboolean lend_keys(Keyring *keyring, KeyringBundle *ret_bundle, GError **error)
{
    const char *locked = keyring_core_find_locked(keyring);
    if (locked)
        return keyring_core_deny_locked(locked, error);
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const KeyringSlot *slot = &keyring->slots[place];
        if (slot->fault && place == keyring_public_place(keyring_public_place_role(place))) {
            g_propagate_error(error, g_error_copy(slot->fault));
            return FALSE;
        }
        ret_bundle->keys[place] = slot->file ? slot->file->signer : NULL;
    }
    ret_bundle->recovery = keyring->public->keys[KEYRING_RECOVERY];
    return TRUE;
}

char *keyring_export(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    if (!keyring_core_make_seal(passphrase, &seal, error))
        return NULL;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    KeyringBundle bundle = {NULL};
    if (!lend_keys(keyring, &bundle, error))
        return NULL;
    if (!seal && !keyring->seal) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "keys leave a node under a passphrase only, and none is set");
        return NULL;
    }
    return keyring_bundle_close(&bundle, seal ? seal : keyring->seal, error);
}
