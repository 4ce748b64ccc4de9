#include "node/notary_core.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "identity/seal.h"
#include "ledger/checkpoint.h"
#include "store/openings.h"
#include "store/retention.h"

/* --- signing -----------------------------------------------------------------------------------
 */

static gboolean has_vkey(const NoteSigner *signer, const char *vkey)
{
    g_autofree char *own = signer ? note_verifier_format(note_signer_verifier(signer)) : NULL;
    return g_strcmp0(own, vkey) == 0;
}

gboolean notary_core_no_keys(GError **error)
{
    g_set_error_literal(
        error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
        "the node has no keys: `concert key recover` makes them after a restore without them, "
        "`concert ledger open` those of a node that never had any");
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
        notary_core_no_keys(error);
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
    /* The name of a ledger's key is its origin. */
    g_autofree char *origin = g_strdup(note_signer_verifier(signer)->name);
    const Checkpoint checkpoint = {.origin = origin, .size = size, .root = *root};
    return checkpoint_sign(&checkpoint, signer, error);
}

/* --- opening -----------------------------------------------------------------------------------
 */

gboolean notary_core_settle(Notary *notary, KeyringRole wanted, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GError) local = NULL;
    gboolean exists = ledger_read_state(notary->store, &state, &local);
    if (!exists && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (exists) {
        g_mutex_lock(&notary->lock);
        notary->origin = g_intern_string(state.origin);
        g_mutex_unlock(&notary->lock);
    }
    gboolean good = TRUE;
    for (KeyringRole role = 0; role < KEYRING_SETTLED; role++) {
        gboolean counts = good && (wanted == role || wanted == KEYRING_ROLES);
        gboolean settled = keyring_settle(notary->keyring, role, exists ? state.keys[role] : NULL,
                                          counts ? error : NULL);
        good = good && (settled || !counts);
    }
    return good;
}

void notary_core_take_keyring(Notary *notary, Keyring *keyring)
{
    g_mutex_lock(&notary->lock);
    notary->keyring = keyring;
    g_autofree char *origin = g_strconcat(keyring_node(keyring), "/ledger", NULL);
    notary->origin = g_intern_string(origin);
    g_mutex_unlock(&notary->lock);
    writer_set_sign(notary->writer, sign, notary);
}

void notary_core_settle_quietly(Notary *notary)
{
    g_autoptr(GError) ignored = NULL;
    notary_core_settle(notary, KEYRING_ROLES, &ignored);
}

Notary *notary_open(const char *directory, const char *passphrase_file, Writer *writer,
                    Store *store, GError **error)
{
    g_autoptr(Notary) notary = g_new0(Notary, 1);
    g_mutex_init(&notary->lock);
    g_mutex_init(&notary->changing);
    notary->node = g_strdup(directory);
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
    notary_core_take_keyring(notary, g_steal_pointer(&keyring));
    if (keyring_is_locked(notary->keyring)) {
        char *passphrase;
        if (!keyring_read_passphrase(passphrase_file, &passphrase, error))
            return NULL;
        gboolean good = !passphrase || keyring_unlock(notary->keyring, passphrase, error);
        seal_secret_free(passphrase);
        if (!good)
            return NULL;
    }
    notary_core_settle_quietly(notary);
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
    g_free(notary->directory);
    g_free(notary->node);
    g_free(notary);
}

gboolean notary_is_locked(Notary *notary)
{
    return notary->keyring && keyring_is_locked(notary->keyring);
}

gboolean notary_unlock(Notary *notary, const char *passphrase, GError **error)
{
    if (!notary->keyring)
        return notary_core_no_keys(error);
    if (!keyring_unlock(notary->keyring, passphrase, error))
        return FALSE;
    notary_core_settle_quietly(notary);
    return TRUE;
}

const char *notary_node(Notary *notary)
{
    return notary->node;
}

Store *notary_store(Notary *notary)
{
    return notary->store;
}

Writer *notary_writer(Notary *notary)
{
    return notary->writer;
}

/* --- appending ---------------------------------------------------------------------------------
 */

void notary_core_append_clear(NotaryAppend *append)
{
    g_clear_pointer(&append->opening, opening_free);
    g_clear_pointer(&append->items, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NotaryAppend, notary_core_append_clear)

gboolean notary_core_begin(Notary *notary, const OpeningSpec *spec, NotaryAppend *ret_append,
                           GError **error)
{
    if (!notary->keyring)
        return notary_core_no_keys(error);
    OpeningSpec whole = *spec;
    whole.time_us = timestamp_now();
    if (!whole.origin) {
        g_mutex_lock(&notary->lock);
        whole.origin = notary->origin;
        g_mutex_unlock(&notary->lock);
    }
    Opening *opening = opening_build(&whole, NULL, error);
    if (!opening)
        return FALSE;
    notary_core_append_clear(ret_append);
    ret_append->opening = opening;
    ret_append->entry = openings_entry(opening, &ret_append->items);
    return TRUE;
}

gboolean notary_core_apply_append(StoreTx *tx, gpointer user, GError **error)
{
    NotaryAppend *append = user;
    const char *origin;
    guint64 size;
    if (!ledger_look(tx, &origin, &size, error))
        return FALSE;
    if (!g_str_equal(origin, append->opening->origin)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the ledger has become %s meanwhile: try again", origin);
        return FALSE;
    }
    return ledger_append(tx, &append->entry, &append->index, error);
}

gboolean notary_append(Notary *notary, const OpeningSpec *spec, guint64 *ret_index, GError **error)
{
    g_auto(NotaryAppend) append = {0};
    if (!notary_core_begin(notary, spec, &append, error) ||
        !writer_run(notary->writer, 0, notary_core_apply_append, &append, error))
        return FALSE;
    *ret_index = append.index;
    return TRUE;
}

typedef struct {
    Notary *notary;
    NotaryAppend append;
    NotaryMake make; /* NULL: @append is made already */
    NotaryExtra extra;
    gpointer user;
} AppendWith;

static gboolean make_append(StoreTx *tx, AppendWith *with, GError **error)
{
    OpeningSpec spec = {0};
    return with->make(tx, with->user, &spec, error) &&
           notary_core_begin(with->notary, &spec, &with->append, error);
}

static gboolean apply_append_with(StoreTx *tx, gpointer user, GError **error)
{
    AppendWith *with = user;
    if (with->make && !make_append(tx, with, error))
        return FALSE;
    return notary_core_apply_append(tx, &with->append, error) &&
           with->extra(tx, with->append.opening, with->append.index, with->user, error);
}

gboolean notary_append_with(Notary *notary, const OpeningSpec *spec, NotaryExtra extra,
                            gpointer user, guint64 *ret_index, GError **error)
{
    AppendWith with = {.extra = extra, .user = user};
    gboolean good = notary_core_begin(notary, spec, &with.append, error) &&
                    writer_run(notary->writer, 0, apply_append_with, &with, error);
    if (good)
        *ret_index = with.append.index;
    notary_core_append_clear(&with.append);
    return good;
}

gboolean notary_append_made(Notary *notary, NotaryMake make, NotaryExtra extra, gpointer user,
                            guint64 *ret_index, GError **error)
{
    AppendWith with = {.notary = notary, .make = make, .extra = extra, .user = user};
    gboolean good = writer_run(notary->writer, 0, apply_append_with, &with, error);
    if (good)
        *ret_index = with.append.index;
    notary_core_append_clear(&with.append);
    return good;
}

/* --- erasing -----------------------------------------------------------------------------------
 */

typedef struct {
    NotaryAppend append;
    guint64 index;
    const guint *places;
    guint n_places;
} Erase;

static gboolean apply_erase(StoreTx *tx, gpointer user, GError **error)
{
    Erase *erase = user;
    gboolean erased;
    if (!retention_check(tx, erase->index, error) ||
        !ledger_erase(tx, erase->index, erase->places, erase->n_places, &erased, error))
        return FALSE;
    if (!erased) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "that of entry %" G_GUINT64_FORMAT " is erased already", erase->index);
        return FALSE;
    }
    return notary_core_apply_append(tx, &erase->append, error);
}

static char *erased_members(guint64 index, const guint *places, guint n_places)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_uint(doc, root, "erased", index);
    yyjson_mut_val *list = n_places > 0 ? yyjson_mut_obj_add_arr(doc, root, "erased_items") : NULL;
    for (guint i = 0; i < n_places; i++)
        yyjson_mut_arr_add_uint(doc, list, places[i]);
    return jsontext_take(doc);
}

/* What everybody goes by must stay readable. */
static gboolean may_be_erased(Notary *notary, guint64 index, GError **error)
{
    static const char *const kept[] = {"ledger.opened", "key.changed", "opening.erased", NULL};
    g_autoptr(LedgerReadEntry) entry = ledger_read_entry(notary->store, index, FALSE, error);
    if (!entry)
        return FALSE;
    if (entry->is_lost) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "what entry %" G_GUINT64_FORMAT " says was lost: nothing of it is here", index);
        return FALSE;
    }
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
    g_auto(NotaryAppend) append = {0};
    if (!notary_core_begin(notary, &spec, &append, error))
        return FALSE;
    Erase erase = {.append = append, .index = index, .places = places, .n_places = n_places};
    if (!writer_run(notary->writer, 0, apply_erase, &erase, error))
        return FALSE;
    *ret_entry = erase.append.index;
    return TRUE;
}

/* --- making ------------------------------------------------------------------------------------
 */

void notary_core_add_keys(yyjson_mut_doc *doc, yyjson_mut_val *root,
                          const char *const vkeys[LEDGER_KEYS])
{
    static const char *const names[LEDGER_KEYS] = {"ledger", "cosign", "recovery"};
    yyjson_mut_val *keys = yyjson_mut_obj_add_obj(doc, root, "keys");
    for (guint i = 0; i < LEDGER_KEYS; i++)
        yyjson_mut_obj_add_strcpy(doc, keys, names[i], vkeys[i]);
}

typedef struct {
    NotaryAppend append;
    const char *origin;
    const char *vkeys[LEDGER_KEYS];
} Create;

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    Create *create = user;
    return ledger_create(tx, create->origin, create->vkeys, error) &&
           notary_core_apply_append(tx, &create->append, error);
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
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    notary_core_add_keys(doc, root, create.vkeys);
    g_autofree char *members = jsontext_take(doc);
    const OpeningSpec spec = {.kind = "ledger.opened",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    gboolean good = notary_core_begin(notary, &spec, &create.append, error) &&
                    writer_run(notary->writer, 0, apply_create, &create, error);
    notary_core_append_clear(&create.append);
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
            return notary_core_settle(notary, KEYRING_ROLES, error);
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
    notary_core_take_keyring(notary, keyring);
    return (!passphrase || keyring_unlock(keyring, passphrase, error)) &&
           notary_core_settle(notary, KEYRING_ROLES, error);
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
           open_ledger(notary, error) && notary_core_settle(notary, KEYRING_ROLES, error);
}

char *notary_keys(Store *store, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_auto(GStrv) changes = NULL;
    if (!ledger_read_history(store, &state, &changes, error))
        return NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "origin", state.origin);
    notary_core_add_keys(doc, root, (const char *const *)state.keys);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "changes");
    for (guint i = 0; changes[i]; i++)
        yyjson_mut_arr_add_str(doc, list, changes[i]);
    return jsontext_take(doc);
}
