#include "node/notary.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "identity/seal.h"
#include "ledger/checkpoint.h"
#include "ledger/keychange.h"
#include "node/openings.h"

struct Notary {
    char *directory; /* of the keys */
    Writer *writer;
    Store *store;
    GMutex changing;  /* one change of keys at a time */
    GMutex lock;      /* guards what follows */
    Keyring *keyring; /* NULL: there are no keys */
    char *origin;
    const NoteSigner *staged; /* a ledger key that may be announced by now */
};

/* --- signing -----------------------------------------------------------------------------------
 */

static gboolean has_vkey(const NoteSigner *signer, const char *vkey)
{
    g_autofree char *own = signer ? note_verifier_format(note_signer_verifier(signer)) : NULL;
    return g_strcmp0(own, vkey) == 0;
}

static gboolean no_keys(GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the node has no keys; `concert ledger open` makes them");
    return FALSE;
}

/* A LedgerSign. */
static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                  GError **error)
{
    Notary *notary = user;
    g_mutex_lock(&notary->lock);
    Keyring *keyring = notary->keyring;
    const NoteSigner *signer = has_vkey(notary->staged, vkey) ? notary->staged : NULL;
    g_mutex_unlock(&notary->lock);
    if (!keyring) {
        no_keys(error);
        return NULL;
    }
    if (!signer)
        signer = keyring_signer(keyring, KEYRING_LEDGER, error);
    if (!signer)
        return NULL;
    if (!has_vkey(signer, vkey)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the ledger's present key is %s, and it is not here", vkey);
        return NULL;
    }
    const Checkpoint checkpoint = {.origin = notary->origin, .size = size, .root = *root};
    return checkpoint_sign(&checkpoint, signer, error);
}

/* --- opening -----------------------------------------------------------------------------------
 */

/* The files follow the ledger. */
static gboolean settle(Notary *notary, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GError) local = NULL;
    gboolean exists = ledger_read_state(notary->store, &state, &local);
    if (!exists && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return keyring_settle(notary->keyring, KEYRING_LEDGER, exists ? state.keys[LEDGER_KEY] : NULL,
                          error) &&
           keyring_settle(notary->keyring, KEYRING_COSIGN,
                          exists ? state.keys[LEDGER_COSIGN_KEY] : NULL, error);
}

static void take_keyring(Notary *notary, Keyring *keyring)
{
    g_mutex_lock(&notary->lock);
    notary->keyring = keyring;
    notary->origin = g_strconcat(keyring_node(keyring), "/ledger", NULL);
    g_mutex_unlock(&notary->lock);
    writer_set_sign(notary->writer, sign, notary);
}

/* Whatever is wrong with a key is told by what needs it: the node reads and serves without. */
static void settle_quietly(Notary *notary)
{
    g_autoptr(GError) ignored = NULL;
    settle(notary, &ignored);
}

Notary *notary_open(const char *directory, const char *passphrase_file, Writer *writer,
                    Store *store, GError **error)
{
    g_autoptr(Notary) notary = g_new0(Notary, 1);
    g_mutex_init(&notary->lock);
    g_mutex_init(&notary->changing);
    notary->directory = g_build_filename(directory, "keys", NULL);
    notary->writer = writer;
    notary->store = store;
    g_autoptr(GError) local = NULL;
    g_autoptr(Keyring) keyring = keyring_open(notary->directory, &local);
    if (!keyring && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return g_steal_pointer(&notary);
    if (!keyring) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    take_keyring(notary, g_steal_pointer(&keyring));
    if (keyring_is_locked(notary->keyring)) {
        char *passphrase;
        if (!keyring_read_passphrase(passphrase_file, &passphrase, error))
            return NULL;
        gboolean good = !passphrase || keyring_unlock(notary->keyring, passphrase, error);
        seal_secret_free(passphrase);
        if (!good)
            return NULL;
    }
    settle_quietly(notary);
    return g_steal_pointer(&notary);
}

void notary_free(Notary *notary)
{
    if (!notary)
        return;
    writer_set_sign(notary->writer, NULL, NULL);
    keyring_free(notary->keyring);
    g_mutex_clear(&notary->lock);
    g_mutex_clear(&notary->changing);
    g_free(notary->origin);
    g_free(notary->directory);
    g_free(notary);
}

gboolean notary_is_locked(Notary *notary)
{
    return notary->keyring && keyring_is_locked(notary->keyring);
}

gboolean notary_unlock(Notary *notary, const char *passphrase, GError **error)
{
    if (!notary->keyring)
        return no_keys(error);
    if (!keyring_unlock(notary->keyring, passphrase, error))
        return FALSE;
    settle_quietly(notary);
    return TRUE;
}

/* --- appending ---------------------------------------------------------------------------------
 */

typedef struct {
    Opening *opening;
    LedgerEntry entry;
    LedgerItem *items;
    guint64 index;
} Append;

static void append_clear(Append *append)
{
    g_clear_pointer(&append->opening, opening_free);
    g_clear_pointer(&append->items, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Append, append_clear)

static gboolean append_begin(Notary *notary, const OpeningSpec *spec, Append *ret_append,
                             GError **error)
{
    if (!notary->keyring)
        return no_keys(error);
    OpeningSpec whole = *spec;
    whole.origin = notary->origin;
    whole.time_us = timestamp_now();
    Opening *opening = opening_build(&whole, NULL, error);
    if (!opening)
        return FALSE;
    append_clear(ret_append);
    ret_append->opening = opening;
    ret_append->entry = openings_entry(opening, &ret_append->items);
    return TRUE;
}

static gboolean apply_append(StoreTx *tx, gpointer user, GError **error)
{
    Append *append = user;
    return ledger_append(tx, &append->entry, &append->index, error);
}

gboolean notary_append(Notary *notary, const OpeningSpec *spec, guint64 *ret_index, GError **error)
{
    g_auto(Append) append = {0};
    if (!append_begin(notary, spec, &append, error) ||
        !writer_run(notary->writer, 0, apply_append, &append, error))
        return FALSE;
    *ret_index = append.index;
    return TRUE;
}

/* Text of a JSON object with the given root; frees the document. */
static char *take_json(yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, 0, NULL);
    char *copy = g_strdup(text);
    free(text);
    yyjson_mut_doc_free(doc);
    return copy;
}

/* --- erasing -----------------------------------------------------------------------------------
 */

typedef struct {
    Append append;
    guint64 index;
    const guint *places;
    guint n_places;
} Erase;

static gboolean apply_erase(StoreTx *tx, gpointer user, GError **error)
{
    Erase *erase = user;
    gboolean erased;
    if (!ledger_erase(tx, erase->index, erase->places, erase->n_places, &erased, error))
        return FALSE;
    if (!erased) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "that of entry %" G_GUINT64_FORMAT " is erased already", erase->index);
        return FALSE;
    }
    return ledger_append(tx, &erase->append.entry, &erase->append.index, error);
}

static char *erased_members(guint64 index, const guint *places, guint n_places)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "erased", index);
    yyjson_mut_val *list = n_places > 0 ? yyjson_mut_obj_add_arr(doc, root, "erased_items") : NULL;
    for (guint i = 0; i < n_places; i++)
        yyjson_mut_arr_add_uint(doc, list, places[i]);
    return take_json(doc);
}

/* What everybody goes by must stay readable. */
static gboolean may_be_erased(Notary *notary, guint64 index, GError **error)
{
    static const char *const kept[] = {"ledger.opened", "key.changed", "opening.erased", NULL};
    g_autoptr(LedgerReadEntry) entry = ledger_read_entry(notary->store, index, FALSE, error);
    if (!entry)
        return FALSE;
    yyjson_doc *doc = entry->header ? yyjson_read(entry->header, strlen(entry->header), 0) : NULL;
    const char *kind = yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "kind"));
    gboolean good = !kind || !g_strv_contains(kept, kind);
    if (!good)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "entry %" G_GUINT64_FORMAT
                    " is of kind %s: it is public and the ledger cannot be "
                    "verified without it",
                    index, kind);
    yyjson_doc_free(doc);
    return good;
}

gboolean notary_erase(Notary *notary, guint64 index, const guint *places, guint n_places,
                      guint64 *ret_entry, GError **error)
{
    if (!may_be_erased(notary, index, error))
        return FALSE;
    g_autofree char *members = erased_members(index, places, n_places);
    const OpeningSpec spec = {.kind = "opening.erased",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    g_auto(Append) append = {0};
    if (!append_begin(notary, &spec, &append, error))
        return FALSE;
    Erase erase = {.append = append, .index = index, .places = places, .n_places = n_places};
    if (!writer_run(notary->writer, 0, apply_erase, &erase, error))
        return FALSE;
    *ret_entry = erase.append.index;
    return TRUE;
}

/* --- making ------------------------------------------------------------------------------------
 */

/* Keys as they stand in a header and at /ledger/keys. */
static void add_keys(yyjson_mut_doc *doc, yyjson_mut_val *root,
                     const char *const vkeys[LEDGER_KEYS])
{
    static const char *const names[LEDGER_KEYS] = {"ledger", "cosign", "recovery"};
    yyjson_mut_val *keys = yyjson_mut_obj_add_obj(doc, root, "keys");
    for (guint i = 0; i < LEDGER_KEYS; i++)
        yyjson_mut_obj_add_strcpy(doc, keys, names[i], vkeys[i]);
}

typedef struct {
    Append append;
    const char *origin;
    const char *vkeys[LEDGER_KEYS];
} Create;

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    Create *create = user;
    return ledger_create(tx, create->origin, create->vkeys, error) &&
           apply_append(tx, &create->append, error);
}

static gboolean open_ledger(Notary *notary, GError **error)
{
    static const KeyringRole roles[LEDGER_KEYS] = {KEYRING_LEDGER, KEYRING_COSIGN,
                                                   KEYRING_RECOVERY};
    char *vkeys[LEDGER_KEYS];
    Create create = {.origin = notary->origin};
    for (guint i = 0; i < LEDGER_KEYS; i++) {
        g_autoptr(NoteVerifier) key = keyring_verifier(notary->keyring, roles[i]);
        create.vkeys[i] = vkeys[i] = note_verifier_format(key);
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    add_keys(doc, root, create.vkeys);
    g_autofree char *members = take_json(doc);
    const OpeningSpec spec = {.kind = "ledger.opened",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    gboolean good = append_begin(notary, &spec, &create.append, error) &&
                    writer_run(notary->writer, 0, apply_create, &create, error);
    append_clear(&create.append);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        g_free(vkeys[i]);
    return good;
}

/* Makes the keys, or takes those that a crash left, given their recovery key. */
static gboolean make_keys(Notary *notary, const char *name, const char *recovery_path,
                          const char *passphrase, GError **error)
{
    if (notary->keyring) {
        g_autoptr(GError) local = NULL;
        NoteSigner *recovery = keyring_read_recovery(notary->keyring, recovery_path, &local);
        note_signer_free(recovery);
        if (recovery)
            return settle(notary, error);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "there are keys in %s, but their recovery key is not in %s (%s): name the file "
                    "it is in, or remove the directory to begin anew",
                    notary->directory, recovery_path, local->message);
        return FALSE;
    }
    char *recovery;
    if (g_file_test(recovery_path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already",
                    recovery_path);
        return FALSE;
    }
    if (!keyring_create(notary->directory, name, passphrase, &recovery, error))
        return FALSE;
    gboolean good = keyring_write_recovery(recovery_path, recovery, error);
    seal_secret_free(recovery);
    if (!good)
        return FALSE;
    Keyring *keyring = keyring_open(notary->directory, error);
    if (!keyring)
        return FALSE;
    take_keyring(notary, keyring);
    return (!passphrase || keyring_unlock(keyring, passphrase, error)) && settle(notary, error);
}

gboolean notary_create(Notary *notary, const char *name, const char *recovery_path,
                       const char *passphrase, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (ledger_read_state(notary->store, &state, NULL)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "the node has a ledger already");
        return FALSE;
    }
    return make_keys(notary, name, recovery_path, passphrase, error) &&
           open_ledger(notary, error) && settle(notary, error);
}

/* --- changing keys -----------------------------------------------------------------------------
 */

typedef struct {
    Notary *notary;
    LedgerKey key;
    const NoteSigner *authority, *next;
    gboolean is_recovery;
    guint64 trusted_size;
    Append append;
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
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "change", note);
    g_autofree char *members = take_json(doc);
    const OpeningSpec spec = {.kind = "key.changed",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(change->next));
    return append_begin(change->notary, &spec, &change->append, error) &&
           apply_append(tx, &change->append, error) &&
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
    append_clear(&change->append);
    /* Also after a failure: an error of the disk says nothing certain about what is on it. */
    if (!settle(notary, good ? error : NULL))
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
        return no_keys(error);
    g_mutex_lock(&notary->changing);
    Change change = {.notary = notary, .key = key_of(role)};
    change.authority = keyring_signer(notary->keyring, role, error);
    change.next = change.authority ? keyring_stage(notary->keyring, role, error) : NULL;
    gboolean good = change.next && run_change(notary, &change, ret_index, error);
    g_mutex_unlock(&notary->changing);
    return good;
}

gboolean notary_recover(Notary *notary, KeyringRole role, const char *recovery_path,
                        guint64 trusted_size, guint64 *ret_index, GError **error)
{
    if (!notary->keyring)
        return no_keys(error);
    g_auto(LedgerReadState) state = {0};
    g_autoptr(NoteSigner) recovery = keyring_read_recovery(notary->keyring, recovery_path, error);
    if (!recovery || !ledger_read_state(notary->store, &state, error))
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

gboolean notary_seal(Notary *notary, const char *passphrase, GError **error)
{
    return notary->keyring ? keyring_seal(notary->keyring, passphrase, error) : no_keys(error);
}

const NoteSigner *notary_cosigner(Notary *notary, GError **error)
{
    if (!notary->keyring) {
        no_keys(error);
        return NULL;
    }
    return keyring_signer(notary->keyring, KEYRING_COSIGN, error);
}

char *notary_keys(Store *store, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_auto(GStrv) changes = NULL;
    if (!ledger_read_history(store, &state, &changes, error))
        return NULL;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "origin", state.origin);
    add_keys(doc, root, (const char *const *)state.keys);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "changes");
    for (guint i = 0; changes[i]; i++)
        yyjson_mut_arr_add_str(doc, list, changes[i]);
    return take_json(doc);
}
