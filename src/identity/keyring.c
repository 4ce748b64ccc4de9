#include "identity/keyring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "identity/keyfile.h"
#include "identity/keyring_bundle.h"
#include "identity/keyring_public.h"
#include "ledger/origin.h"

/* The key files of a role. */
typedef struct {
    char *path;      /* of the present key */
    char *next_path; /* of the staged one */
    KeyFile *present;
    GError *fault; /* why there is no present */
    KeyFile *next; /* NULL: none is staged */
    GError *next_fault;
    gboolean is_settled;
} Slot;

struct Keyring {
    GMutex lock;
    char *public_path;
    KeyringPublic *public;
    Slot slots[KEYRING_SECRETS];
    Seal *seal;            /* of sealed keys and of those to come; NULL: none, or not known yet */
    gboolean is_abandoned; /* what is locked stays so */
    GPtrArray *retired;    /* KeyFile: their signers may still be in use */
};

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

/* Reads a key file. What is wrong with its content goes to *ret_fault, only that it cannot be
 * trusted or read to @error. */
static gboolean load(const Keyring *keyring, KeyringRole role, const char *path, KeyFile **ret_file,
                     GError **ret_fault, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize length;
    g_auto(SealSecret) text = keyfile_read(path, &length, &local);
    g_autoptr(KeyFile) file = text ? keyfile_parse(text, length, &local) : NULL;
    if (file && keyring_public_check(keyring->public->node, role, file->verifier, &local)) {
        *ret_file = g_steal_pointer(&file);
        return TRUE;
    }
    if (text)
        g_prefix_error(&local, "%s: ", path);
    GError **ret = g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) ||
                           g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_INPUT) ||
                           g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_LIMIT)
                       ? ret_fault
                       : error;
    g_propagate_error(ret, g_steal_pointer(&local));
    return ret == ret_fault;
}

static gboolean open_slot(Keyring *keyring, KeyringRole role, const char *directory, GError **error)
{
    Slot *slot = &keyring->slots[role];
    slot->path = g_build_filename(directory, keyring_public_file(role), NULL);
    slot->next_path = g_strconcat(slot->path, KEYRING_NEXT_SUFFIX, NULL);
    if (!load(keyring, role, slot->path, &slot->present, &slot->fault, error) ||
        !load(keyring, role, slot->next_path, &slot->next, &slot->next_fault, error))
        return FALSE;
    if (g_error_matches(slot->next_fault, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        g_clear_error(&slot->next_fault);
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
    for (KeyringRole role = 0; role < KEYRING_SECRETS; role++)
        if (!open_slot(keyring, role, directory, error))
            return NULL;
    return g_steal_pointer(&keyring);
}

void keyring_free(Keyring *keyring)
{
    if (!keyring)
        return;
    for (KeyringRole role = 0; role < KEYRING_SECRETS; role++) {
        Slot *slot = &keyring->slots[role];
        g_free(slot->path);
        g_free(slot->next_path);
        keyfile_free(slot->present);
        keyfile_free(slot->next);
        g_clear_error(&slot->fault);
        g_clear_error(&slot->next_fault);
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

NoteVerifier *keyring_verifier(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyFile *file = role < KEYRING_SECRETS ? keyring->slots[role].present : NULL;
    return note_verifier_copy(file ? file->verifier : keyring->public->keys[role]);
}

NoteVerifier *keyring_staged(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const KeyFile *file = role < KEYRING_SECRETS ? keyring->slots[role].next : NULL;
    return file ? note_verifier_copy(file->verifier) : NULL;
}

/* --- passphrases -------------------------------------------------------------------------------
 */

#define FILES_MAX (2 * KEYRING_SECRETS)

/* The keys that are there, and where. */
static guint list_files(Keyring *keyring, KeyFile *files[FILES_MAX], const char *paths[FILES_MAX])
{
    guint n = 0;
    for (KeyringRole role = 0; role < KEYRING_SECRETS; role++) {
        Slot *slot = &keyring->slots[role];
        if (slot->present) {
            files[n] = slot->present;
            paths[n++] = slot->path;
        }
        if (slot->next) {
            files[n] = slot->next;
            paths[n++] = slot->next_path;
        }
    }
    return n;
}

/* The path of a key that is locked, or NULL. */
static const char *find_locked(Keyring *keyring)
{
    KeyFile *files[FILES_MAX];
    const char *paths[FILES_MAX];
    guint n = list_files(keyring, files, paths);
    for (guint i = 0; i < n; i++)
        if (!files[i]->signer)
            return paths[i];
    return NULL;
}

static gboolean is_sealed(Keyring *keyring)
{
    KeyFile *files[FILES_MAX];
    const char *paths[FILES_MAX];
    guint n = list_files(keyring, files, paths);
    for (guint i = 0; i < n; i++)
        if (files[i]->sealed)
            return TRUE;
    return FALSE;
}

static gboolean deny_locked(const char *path, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s is sealed, and its passphrase was not given", path);
    return FALSE;
}

gboolean keyring_is_sealed(Keyring *keyring)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return is_sealed(keyring);
}

gboolean keyring_is_locked(Keyring *keyring)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return !keyring->is_abandoned && find_locked(keyring);
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
    KeyFile *files[FILES_MAX];
    const char *paths[FILES_MAX];
    guint n = list_files(keyring, files, paths);
    for (guint i = 0; i < n; i++) {
        if (files[i]->signer)
            continue;
        Seal *seal = find_seal(seals, files[i]->sealed, passphrase, error);
        g_autoptr(GError) local = NULL;
        if (!seal)
            return FALSE;
        if (keyfile_open(files[i], seal, &local))
            good = seal;
        else
            wrong = paths[i];
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

/* That of @passphrase, NULL for none. To be made before the lock is taken, so that nobody who wants
 * to sign waits for it. */
static gboolean make_seal(const char *passphrase, Seal **ret_seal, GError **error)
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
    if (!make_seal(passphrase, &seal, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    if (!find_locked(keyring)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "no key is locked, so none need be given up");
        return FALSE;
    }
    seal_free(keyring->seal);
    keyring->seal = g_steal_pointer(&seal);
    keyring->is_abandoned = TRUE;
    return TRUE;
}

static gboolean write_key(const char *path, const NoteSigner *signer, const Seal *seal,
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

gboolean keyring_seal(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    if (!make_seal(passphrase, &seal, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const char *locked = find_locked(keyring);
    if (locked)
        return deny_locked(locked, error);
    KeyFile *files[FILES_MAX];
    const char *paths[FILES_MAX];
    guint n = list_files(keyring, files, paths);
    for (guint i = 0; i < n; i++) {
        SealText *sealed;
        if (!write_key(paths[i], files[i]->signer, seal, &sealed, error))
            return FALSE;
        seal_text_free(files[i]->sealed);
        files[i]->sealed = sealed;
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

/* --- which key is the present one --------------------------------------------------------------
 */

static void retire(Keyring *keyring, KeyFile **file)
{
    if (*file)
        g_ptr_array_add(keyring->retired, g_steal_pointer(file));
}

/* The staged key takes the present one's place. */
static gboolean promote(Keyring *keyring, Slot *slot, GError **error)
{
    if (rename(slot->next_path, slot->path) != 0)
        return error_from_errno(error, errno, "renaming %s", slot->next_path);
    retire(keyring, &slot->present);
    slot->present = g_steal_pointer(&slot->next);
    g_clear_error(&slot->fault);
    return durable_sync_parent(slot->path, error);
}

/* The same, if it is the key that the ledger says is the present one. */
static gboolean promote_announced(Keyring *keyring, Slot *slot, const NoteVerifier *current,
                                  GError **error)
{
    return !current || !slot->next || !keyring_public_is_same(slot->next->verifier, current) ||
           promote(keyring, slot, error);
}

/* NULL stays NULL. */
static gboolean parse_current(const char *vkey, NoteVerifier **ret_current, GError **error)
{
    if (!vkey)
        return TRUE;
    *ret_current = note_verifier_parse(vkey, error);
    return *ret_current != NULL;
}

static void remove_leftovers(const Keyring *keyring, const Slot *slot)
{
    const char *const paths[] = {slot->path, slot->next_path, keyring->public_path};
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *leftover = g_strconcat(paths[i], DURABLE_SUFFIX, NULL);
        unlink(leftover);
    }
}

/* public.json follows the key files. */
static gboolean update_public(Keyring *keyring, KeyringRole role, const NoteVerifier *key,
                              GError **error)
{
    if (keyring_public_is_same(keyring->public->keys[role], key))
        return TRUE;
    NoteVerifier *old = keyring->public->keys[role];
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

static gboolean refuse_unknown(const Slot *slot, const char *vkey, GError **error)
{
    if (slot->fault) {
        g_propagate_prefixed_error(error, g_error_copy(slot->fault),
                                   "no secret key for %s: ", vkey);
        return FALSE;
    }
    g_autofree char *present = note_verifier_format(slot->present->verifier);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "the ledger's present key is %s, but %s is %s%s%s", vkey, slot->path, present,
                slot->next_fault ? "; " : "", slot->next_fault ? slot->next_fault->message : "");
    return FALSE;
}

static gboolean settle(Keyring *keyring, KeyringRole role, const NoteVerifier *current,
                       const char *current_vkey, GError **error)
{
    Slot *slot = &keyring->slots[role];
    slot->is_settled = FALSE;
    remove_leftovers(keyring, slot);
    if (!promote_announced(keyring, slot, current, error))
        return FALSE;
    if (!slot->present || (current && !keyring_public_is_same(slot->present->verifier, current)))
        return refuse_unknown(slot, current ? current_vkey : "a new ledger", error);
    slot->is_settled = update_public(keyring, role, slot->present->verifier, error);
    return slot->is_settled;
}

gboolean keyring_settle(Keyring *keyring, KeyringRole role, const char *current_vkey,
                        GError **error)
{
    g_assert(role < KEYRING_SECRETS);
    g_autoptr(NoteVerifier) current = NULL;
    if (!parse_current(current_vkey, &current, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return settle(keyring, role, current, current_vkey, error);
}

static const NoteSigner *present_signer(const Slot *slot, GError **error)
{
    if (slot->fault) {
        g_propagate_error(error, g_error_copy(slot->fault));
        return NULL;
    }
    if (!slot->present->signer) {
        deny_locked(slot->path, error);
        return NULL;
    }
    if (!slot->is_settled) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s may not sign before the ledger says that it is the present key",
                    slot->path);
        return NULL;
    }
    return slot->present->signer;
}

const NoteSigner *keyring_signer(Keyring *keyring, KeyringRole role, GError **error)
{
    g_assert(role < KEYRING_SECRETS);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return present_signer(&keyring->slots[role], error);
}

/* --- the next key ------------------------------------------------------------------------------
 */

/* A new key of that name, durable in its place beside the present one. */
static const NoteSigner *make_next(Keyring *keyring, KeyringRole role, const char *name,
                                   GError **error)
{
    Slot *slot = &keyring->slots[role];
    const NoteVerifier *old = keyring->public->keys[role];
    g_autoptr(NoteSigner) signer = note_signer_generate(name, old->algorithm, error);
    SealText *sealed;
    if (!signer || !write_key(slot->next_path, signer, keyring->seal, &sealed, error))
        return NULL;
    retire(keyring, &slot->next);
    g_clear_error(&slot->next_fault);
    slot->next = g_new0(KeyFile, 1);
    slot->next->verifier = note_verifier_copy(note_signer_verifier(signer));
    slot->next->signer = g_steal_pointer(&signer);
    slot->next->sealed = sealed;
    return slot->next->signer;
}

const NoteSigner *keyring_stage(Keyring *keyring, KeyringRole role, GError **error)
{
    g_assert(role < KEYRING_SECRETS);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    Slot *slot = &keyring->slots[role];
    if (!present_signer(slot, error))
        return NULL;
    const char *locked = find_locked(keyring);
    if (locked) {
        deny_locked(locked, error);
        return NULL;
    }
    const char *name = slot->present->verifier->name;
    return slot->next && g_str_equal(slot->next->verifier->name, name)
               ? slot->next->signer
               : make_next(keyring, role, name, error);
}

/* @name NULL: that of the present key. */
static const NoteSigner *replace(Keyring *keyring, KeyringRole role, const char *name,
                                 const char *current_vkey, GError **error)
{
    g_autoptr(NoteVerifier) current = NULL;
    if (!parse_current(current_vkey, &current, error))
        return NULL;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    const char *locked = keyring->is_abandoned ? NULL : find_locked(keyring);
    if (locked) {
        deny_locked(locked, error);
        return NULL;
    }
    /* What the ledger has announced takes its place, so as not to be overwritten. */
    if (!promote_announced(keyring, &keyring->slots[role], current, error))
        return NULL;
    if (!name)
        name = current ? current->name : keyring->public->keys[role]->name;
    return make_next(keyring, role, name, error);
}

const NoteSigner *keyring_replace(Keyring *keyring, KeyringRole role, const char *current_vkey,
                                  GError **error)
{
    g_assert(role < KEYRING_SECRETS);
    return replace(keyring, role, NULL, current_vkey, error);
}

const NoteSigner *keyring_replace_as(Keyring *keyring, const char *origin, const char *current_vkey,
                                     GError **error)
{
    g_autofree char *owner = origin_node(origin);
    if (g_strcmp0(owner, keyring->public->node) == 0)
        return replace(keyring, KEYRING_LEDGER, origin, current_vkey, error);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is no name of a ledger of %s",
                origin, keyring->public->node);
    return NULL;
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
    const char *locked = find_locked(keyring);
    if (locked)
        return deny_locked(locked, error);
    for (KeyringRole role = 0; role < KEYRING_SECRETS; role++) {
        const Slot *slot = &keyring->slots[role];
        if (slot->fault) {
            g_propagate_error(error, g_error_copy(slot->fault));
            return FALSE;
        }
        ret_bundle->present[role] = slot->present->signer;
        ret_bundle->next[role] = slot->next ? slot->next->signer : NULL;
    }
    ret_bundle->recovery = keyring->public->keys[KEYRING_RECOVERY];
    return TRUE;
}

char *keyring_export(Keyring *keyring, const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    if (!make_seal(passphrase, &seal, error))
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
