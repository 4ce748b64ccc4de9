/* keyring_change.c - the keys of which the ledger says which is the present one: the present and
 * the next of each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "identity/keyring_core.h"
#include "ledger/origin.h"

/* --- which key is the present one --------------------------------------------------------------
 */

/* The key that is to follow, beside the present one of a role. */
static KeyringSlot *next_of(KeyringSlot *slot)
{
    return slot + 1;
}

/* The staged key takes the present one's place. */
static gboolean promote(Keyring *keyring, KeyringSlot *slot, GError **error)
{
    KeyringSlot *next = next_of(slot);
    if (rename(next->path, slot->path) != 0)
        return error_from_errno(error, errno, "renaming %s", next->path);
    keyring_core_retire(keyring, &slot->file);
    slot->file = g_steal_pointer(&next->file);
    g_clear_error(&slot->fault);
    return durable_sync_parent(slot->path, error);
}

/* The same, if it is the key that the ledger says is the present one. */
static gboolean promote_announced(Keyring *keyring, KeyringSlot *slot, const NoteVerifier *current,
                                  GError **error)
{
    const KeyFile *next = next_of(slot)->file;
    return !current || !next || !keyring_public_is_same(next->verifier, current) ||
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

static gboolean refuse_unknown(KeyringSlot *slot, const char *vkey, GError **error)
{
    if (slot->fault) {
        g_propagate_prefixed_error(error, g_error_copy(slot->fault),
                                   "no secret key for %s: ", vkey);
        return FALSE;
    }
    const GError *next_fault = next_of(slot)->fault;
    g_autofree char *present = note_verifier_format(slot->file->verifier);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "the ledger's present key is %s, but %s is %s%s%s", vkey, slot->path, present,
                next_fault ? "; " : "", next_fault ? next_fault->message : "");
    return FALSE;
}

static gboolean settle(Keyring *keyring, KeyringRole role, const NoteVerifier *current,
                       const char *current_vkey, GError **error)
{
    KeyringSlot *slot = keyring_core_slot(keyring, role);
    keyring->is_settled[role] = FALSE;
    keyring_core_remove_leftovers(keyring);
    if (!promote_announced(keyring, slot, current, error))
        return FALSE;
    if (!slot->file || (current && !keyring_public_is_same(slot->file->verifier, current)))
        return refuse_unknown(slot, current ? current_vkey : "a new ledger", error);
    keyring->is_settled[role] =
        keyring_core_update_public(keyring, role, slot->file->verifier, error);
    return keyring->is_settled[role];
}

gboolean keyring_settle(Keyring *keyring, KeyringRole role, const char *current_vkey,
                        GError **error)
{
    g_assert(role < KEYRING_SETTLED);
    g_autoptr(NoteVerifier) current = NULL;
    if (!parse_current(current_vkey, &current, error))
        return FALSE;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return settle(keyring, role, current, current_vkey, error);
}

static const NoteSigner *present_signer(Keyring *keyring, KeyringRole role, GError **error)
{
    const KeyringSlot *slot = keyring_core_slot(keyring, role);
    if (slot->fault) {
        g_propagate_error(error, g_error_copy(slot->fault));
        return NULL;
    }
    if (!slot->file->signer) {
        keyring_core_deny_locked(slot->path, error);
        return NULL;
    }
    if (!keyring->is_settled[role]) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s may not sign before the ledger says that it is the present key",
                    slot->path);
        return NULL;
    }
    return slot->file->signer;
}

const NoteSigner *keyring_signer(Keyring *keyring, KeyringRole role, GError **error)
{
    g_assert(role < KEYRING_SETTLED);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    return present_signer(keyring, role, error);
}

/* --- the next key ------------------------------------------------------------------------------
 */

/* A new key of that name, durable in its place beside the present one. */
static const NoteSigner *make_next(Keyring *keyring, KeyringRole role, const char *name,
                                   GError **error)
{
    return keyring_core_put(keyring, next_of(keyring_core_slot(keyring, role)),
                            note_signer_generate(name, keyring_public_algorithm(role), error),
                            error);
}

const NoteSigner *keyring_stage(Keyring *keyring, KeyringRole role, GError **error)
{
    g_assert(role < KEYRING_SETTLED);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keyring->lock);
    KeyringSlot *slot = keyring_core_slot(keyring, role), *next = next_of(slot);
    const char *locked = keyring_core_find_locked(keyring);
    if (!present_signer(keyring, role, error))
        return NULL;
    if (locked) {
        keyring_core_deny_locked(locked, error);
        return NULL;
    }
    const char *name = slot->file->verifier->name;
    return next->file && g_str_equal(next->file->verifier->name, name)
               ? next->file->signer
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
    KeyringSlot *slot = keyring_core_slot(keyring, role);
    /* What the ledger has announced takes its place, so as not to be overwritten. */
    if (!keyring_core_may_make(keyring, error) || !promote_announced(keyring, slot, current, error))
        return NULL;
    if (!name)
        name = current ? current->name : keyring->public->keys[role]->name;
    return make_next(keyring, role, name, error);
}

const NoteSigner *keyring_replace(Keyring *keyring, KeyringRole role, const char *current_vkey,
                                  GError **error)
{
    g_assert(role < KEYRING_SETTLED);
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
