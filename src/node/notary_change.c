/* notary_change.c - the keys that sign: rotated, replaced, taken along in a backup; and the ledger
 * that follows a lost one. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "ledger/keychange.h"
#include "ledger/origin.h"
#include "ledger/succession.h"
#include "node/notary_core.h"
#include "store/backup.h"

/* --- changing keys -----------------------------------------------------------------------------
 */

typedef struct {
    Notary *notary;
    LedgerKey key;
    const NoteSigner *authority, *next;
    gboolean is_recovery;
    guint64 trusted_size;
    NotaryAppend append;
} Change;

static char *change_note(const Change *change, const char *origin, const char *old_vkey,
                         guint64 size, GError **error)
{
    if (!change->is_recovery)
        return keychange_rotate(origin, change->authority, change->next, size, error);
    g_autoptr(NoteVerifier) old = note_verifier_parse(old_vkey, error);
    if (!old)
        return NULL;
    if (change->trusted_size != G_MAXUINT64 && change->trusted_size > size) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "the ledger has %" G_GUINT64_FORMAT " entries; it cannot be trusted up to "
                    "%" G_GUINT64_FORMAT,
                    size, change->trusted_size);
        return NULL;
    }
    return keychange_recover(origin, old, change->authority, change->next,
                             MIN(size, change->trusted_size), error);
}

static gboolean apply_change(StoreTx *tx, gpointer user, GError **error)
{
    Change *change = user;
    const char *origin;
    guint64 size;
    const char *old = ledger_key(tx, change->key, error);
    if (!old || !ledger_look(tx, &origin, &size, error))
        return FALSE;
    g_autofree char *note = change_note(change, origin, old, size, error);
    if (!note)
        return FALSE;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "change", note);
    g_autofree char *members = jsontext_take(doc);
    const OpeningSpec spec = {.kind = "key.changed",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(change->next));
    return notary_core_begin(change->notary, &spec, &change->append, error) &&
           notary_core_apply_append(tx, &change->append, error) &&
           ledger_change_key(tx, change->append.index, change->key, vkey, note, error);
}

static gboolean run_change(Notary *notary, Change *change, guint64 *ret_index, GError **error)
{
    if (change->key == LEDGER_KEY) {
        g_mutex_lock(&notary->lock);
        notary->staged = change->next;
        g_mutex_unlock(&notary->lock);
    }
    gboolean good = writer_run(notary->writer, 0, apply_change, change, error);
    notary_core_append_clear(&change->append);
    /* Also after a failure: an error of the disk says nothing certain about what is on it. */
    KeyringRole role = change->key == LEDGER_KEY ? KEYRING_LEDGER : KEYRING_COSIGN;
    if (!notary_core_settle(notary, role, good ? error : NULL))
        return FALSE;
    if (good)
        *ret_index = change->append.index;
    return good;
}

static LedgerKey key_of(KeyringRole role)
{
    return role == KEYRING_LEDGER ? LEDGER_KEY : LEDGER_COSIGN_KEY;
}

gboolean notary_rotate(Notary *notary, KeyringRole role, guint64 *ret_index, GError **error)
{
    if (!notary->keyring)
        return notary_core_no_keys(error);
    g_mutex_lock(&notary->changing);
    Change change = {.notary = notary, .key = key_of(role)};
    change.authority = keyring_signer(notary->keyring, role, error);
    change.next = change.authority ? keyring_stage(notary->keyring, role, error) : NULL;
    gboolean good = change.next && run_change(notary, &change, ret_index, error);
    g_mutex_unlock(&notary->changing);
    return good;
}

/* The public part of a keyring that is not there can be had from the ledger. */
static gboolean need_keyring(Notary *notary, const LedgerReadState *state, GError **error)
{
    if (notary->keyring)
        return TRUE;
    if (!keyring_adopt(notary->directory, (const char *const *)state->keys, error))
        return FALSE;
    Keyring *keyring = keyring_open(notary->directory, error);
    if (!keyring)
        return FALSE;
    notary_core_take_keyring(notary, keyring);
    notary_core_settle_quietly(notary);
    return TRUE;
}

/* The authority over the keys of the ledger as it is. */
static NoteSigner *read_recovery(Notary *notary, const char *path, LedgerReadState *ret_state,
                                 GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(notary->store, &state, error))
        return NULL;
    g_mutex_lock(&notary->changing);
    gboolean good = need_keyring(notary, &state, error);
    g_mutex_unlock(&notary->changing);
    NoteSigner *recovery = good ? keyring_read_recovery(notary->keyring, path, error) : NULL;
    if (recovery) {
        *ret_state = state;
        state = (LedgerReadState){0};
    }
    return recovery;
}

gboolean notary_recover(Notary *notary, KeyringRole role, const char *recovery_path,
                        guint64 trusted_size, guint64 *ret_index, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(NoteSigner) recovery = read_recovery(notary, recovery_path, &state, error);
    if (!recovery)
        return FALSE;
    g_mutex_lock(&notary->changing);
    Change change = {.notary = notary,
                     .key = key_of(role),
                     .authority = recovery,
                     .is_recovery = TRUE,
                     .trusted_size = trusted_size};
    change.next = keyring_replace(notary->keyring, role, state.keys[change.key], error);
    gboolean good = change.next && run_change(notary, &change, ret_index, error);
    g_mutex_unlock(&notary->changing);
    return good;
}

/* --- a ledger that follows ---------------------------------------------------------------------
 */

typedef struct {
    const char *origin;
    const char *vkeys[LEDGER_KEYS];
    NotaryAppend append;
} Relink;

static gboolean apply_relink(StoreTx *tx, gpointer user, GError **error)
{
    Relink *relink = user;
    return ledger_replace(tx, relink->origin, relink->vkeys, error) &&
           notary_core_apply_append(tx, &relink->append, error);
}

static char *relink_members(const Relink *relink, const char *previous, guint64 seen,
                            const char *succession)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    notary_core_add_keys(doc, root, relink->vkeys);
    yyjson_mut_obj_add_str(doc, root, "previous", previous);
    yyjson_mut_obj_add_str(doc, root, "succession", succession);
    if (seen > 0)
        yyjson_mut_obj_add_uint(doc, root, "seen", seen);
    return jsontext_take(doc);
}

/* The store as it is, in a file that nobody writes to. */
static char *archive_store(Notary *notary, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
    g_autofree char *name = g_strdup_printf("ledger-%s.db", time);
    g_autofree char *path = g_build_filename(notary->node, name, NULL);
    g_autofree char *store = g_build_filename(notary->node, "concert.db", NULL);
    return backup_write(store, path, NULL, error) ? g_steal_pointer(&path) : NULL;
}

/* Replaces the ledger by one whose key is @next. */
static gboolean run_relink(Notary *notary, Relink *relink, const NoteSigner *next,
                           const char *members, GError **error)
{
    const OpeningSpec spec = {.origin = relink->origin,
                              .kind = "ledger.opened",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    if (!notary_core_begin(notary, &spec, &relink->append, error))
        return FALSE;
    g_mutex_lock(&notary->lock);
    notary->staged = next;
    g_mutex_unlock(&notary->lock);
    gboolean good = writer_run(notary->writer, 0, apply_relink, relink, error);
    notary_core_append_clear(&relink->append);
    /* The cosign key may be missing: that is told by what needs it. */
    notary_core_settle_quietly(notary);
    return good;
}

static gboolean relink_locked(Notary *notary, const LedgerReadState *state,
                              const NoteSigner *recovery, const char *previous, guint64 seen,
                              char **ret_archive, GError **error)
{
    g_autofree char *origin = origin_next(state->origin);
    g_autoptr(Note) note = note_parse(previous, strlen(previous), error);
    g_auto(Checkpoint) checkpoint = {0};
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, error))
        return FALSE;
    const NoteSigner *next = keyring_replace_as(notary->keyring, origin ? origin : state->origin,
                                                state->keys[LEDGER_KEY], error);
    g_autofree char *succession = next ? succession_sign(&checkpoint, recovery, next, error) : NULL;
    g_autofree char *archive = succession ? archive_store(notary, error) : NULL;
    if (!archive)
        return FALSE;
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(next));
    Relink relink = {
        .origin = origin,
        .vkeys = {vkey, state->keys[LEDGER_COSIGN_KEY], state->keys[LEDGER_RECOVERY_KEY]}};
    g_autofree char *members = relink_members(&relink, previous, seen, succession);
    if (!run_relink(notary, &relink, next, members, error))
        return FALSE;
    *ret_archive = g_steal_pointer(&archive);
    return TRUE;
}

gboolean notary_relink(Notary *notary, const char *recovery_path, const char *previous,
                       guint64 seen, char **ret_archive, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(NoteSigner) recovery = read_recovery(notary, recovery_path, &state, error);
    if (!recovery)
        return FALSE;
    if (!state.held) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the ledger is not held: it goes on from what is here");
        return FALSE;
    }
    g_mutex_lock(&notary->changing);
    gboolean good = relink_locked(notary, &state, recovery, previous, seen, ret_archive, error);
    g_mutex_unlock(&notary->changing);
    return good;
}

/* --- files -------------------------------------------------------------------------------------
 */

gboolean notary_seal(Notary *notary, const char *passphrase, GError **error)
{
    return notary->keyring ? keyring_seal(notary->keyring, passphrase, error)
                           : notary_core_no_keys(error);
}

/* A present key, unless the ledger is held. */
static const NoteSigner *present_signer(Notary *notary, KeyringRole role, GError **error)
{
    /* The keys may be made while others ask for them. */
    g_mutex_lock(&notary->lock);
    Keyring *keyring = notary->keyring;
    g_mutex_unlock(&notary->lock);
    if (!keyring) {
        notary_core_no_keys(error);
        return NULL;
    }
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(notary->store, &state, error))
        return NULL;
    if (state.held) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the ledger is held after a restore");
        return NULL;
    }
    return keyring_signer(keyring, role, error);
}

const NoteSigner *notary_cosigner(Notary *notary, GError **error)
{
    return present_signer(notary, KEYRING_COSIGN, error);
}

const NoteSigner *notary_ledger_signer(Notary *notary, GError **error)
{
    return present_signer(notary, KEYRING_LEDGER, error);
}

static gboolean is_present(Notary *notary, KeyringRole role, const char *vkey)
{
    g_autoptr(NoteVerifier) key = keyring_verifier(notary->keyring, role);
    g_autofree char *present = note_verifier_format(key);
    return g_strcmp0(present, vkey) == 0;
}

char *notary_export(Notary *notary, const char *passphrase, const char *const vkeys[LEDGER_KEYS],
                    GError **error)
{
    if (!notary->keyring) {
        notary_core_no_keys(error);
        return NULL;
    }
    g_mutex_lock(&notary->changing);
    char *text = NULL;
    if (is_present(notary, KEYRING_LEDGER, vkeys[LEDGER_KEY]) &&
        is_present(notary, KEYRING_COSIGN, vkeys[LEDGER_COSIGN_KEY]))
        text = keyring_export(notary->keyring, passphrase, error);
    else
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the keys are not those of the ledger as it was copied; back up again");
    g_mutex_unlock(&notary->changing);
    return text;
}

void notary_follow(Notary *notary)
{
    if (notary->keyring)
        notary_core_settle_quietly(notary);
}
