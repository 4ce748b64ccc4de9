#include "identity/keyring_bundle.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "identity/keyfile.h"
#include "ledger/line.h"

#define KIND      "keyring"
#define UNDER_WAY ".new" /* after the name of a directory that is being filled */

void keyring_bundle_free(KeyringBundle *bundle)
{
    if (!bundle)
        return;
    note_verifier_free(bundle->recovery);
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++)
        note_signer_free(bundle->keys[place]);
    g_free(bundle);
}

/* --- as text -----------------------------------------------------------------------------------
 */

static char *format_head(const KeyringBundle *bundle)
{
    g_autofree char *recovery = note_verifier_format(bundle->recovery);
    GString *head = g_string_new(NULL);
    g_string_printf(head, "%s %s\n", keyring_role_name(KEYRING_RECOVERY), recovery);
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const NoteSigner *signer = bundle->keys[place];
        if (!signer)
            continue;
        g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
        g_string_append_printf(head, "%s %s\n", keyring_public_place_name(place), vkey);
    }
    return g_string_free(head, FALSE);
}

char *keyring_bundle_close(const KeyringBundle *bundle, const Seal *seal, GError **error)
{
    g_autofree char *head = format_head(bundle);
    /* Large enough never to be moved, which would leave a copy behind. */
    GString *text = g_string_sized_new(SEAL_TEXT_MAX);
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const NoteSigner *signer = bundle->keys[place];
        if (!signer)
            continue;
        g_auto(SealSecret) skey = note_signer_format(signer);
        g_string_append_printf(text, "%s %s\n", keyring_public_place_name(place), skey);
    }
    g_auto(SealSecret) secret = g_string_free(text, FALSE);
    return seal_close(seal, KIND, head, secret, error);
}

/* "<name> <key>": the key, which may be secret. */
static char *read_line(LineReader *reader, const char *name)
{
    LineReader before = *reader;
    const char *line;
    gsize length;
    if (line_next(reader, &line, &length) && line_skip(&line, &length, name) &&
        line_skip(&line, &length, " "))
        return g_strndup(line, length);
    *reader = before;
    return NULL;
}

static gboolean read_secret(KeyringBundle *bundle, const char *secret, GError **error)
{
    LineReader reader = {secret, strlen(secret)};
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        g_auto(SealSecret) skey = read_line(&reader, keyring_public_place_name(place));
        bundle->keys[place] = skey ? note_signer_parse(skey, error) : NULL;
        if (skey && !bundle->keys[place])
            return FALSE;
    }
    return reader.length == 0;
}

static gboolean check_names(const KeyringBundle *bundle, GError **error)
{
    g_autofree char *node = keyring_public_node_of(bundle->recovery);
    if (!node || !keyring_public_check(node, KEYRING_RECOVERY, bundle->recovery, error))
        return FALSE;
    for (KeyringPlace place = 0; place < KEYRING_PLACES; place++) {
        const NoteSigner *signer = bundle->keys[place];
        if (signer && !keyring_public_check(node, keyring_public_place_role(place),
                                            note_signer_verifier(signer), error))
            return FALSE;
    }
    return bundle->keys[KEYRING_PLACE_LEDGER] && bundle->keys[KEYRING_PLACE_COSIGN];
}

/* Everything the text says: FALSE, with or without @error, if it says something else than a bundle
 * of ours would. */
static gboolean read_bundle(KeyringBundle *bundle, const char *head, const char *secret,
                            GError **error)
{
    LineReader reader = {head, strlen(head)};
    g_autofree char *vkey = read_line(&reader, keyring_role_name(KEYRING_RECOVERY));
    bundle->recovery = vkey ? note_verifier_parse(vkey, error) : NULL;
    if (!bundle->recovery || !read_secret(bundle, secret, error) || !check_names(bundle, error))
        return FALSE;
    g_autofree char *expected = format_head(bundle);
    return strcmp(expected, head) == 0;
}

KeyringBundle *keyring_bundle_open(const char *text, gsize length, const char *passphrase,
                                   Seal **ret_seal, GError **error)
{
    g_autoptr(SealText) sealed = seal_parse(text, length, KIND, error);
    g_autoptr(Seal) seal = sealed ? seal_new_for(sealed, passphrase, error) : NULL;
    g_auto(SealSecret) secret = seal ? seal_open(seal, sealed, error) : NULL;
    if (!secret)
        return NULL;
    g_autoptr(KeyringBundle) bundle = g_new0(KeyringBundle, 1);
    g_autoptr(GError) local = NULL;
    if (!read_bundle(bundle, sealed->head, secret, &local)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "these are not the keys of a node%s%s", local ? ": " : "",
                    local ? local->message : "");
        return NULL;
    }
    *ret_seal = g_steal_pointer(&seal);
    return g_steal_pointer(&bundle);
}

/* --- as a directory ----------------------------------------------------------------------------
 */

static gboolean refuse_full(const char *directory, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s is not empty; keys that are there are never replaced by new ones unasked",
                directory);
    return FALSE;
}

static gboolean check_empty(const char *directory, GError **error)
{
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    return !entries || !g_dir_read_name(entries) || refuse_full(directory, error);
}

gboolean keyring_remove(const char *directory, GError **error)
{
    for (guint i = 0; i <= KEYRING_PLACES; i++) {
        const char *name = i < KEYRING_PLACES ? keyring_public_file(i) : KEYRING_PUBLIC_FILE;
        g_autofree char *path = g_build_filename(directory, name, NULL);
        unlink(path);
    }
    if (rmdir(directory) == 0 || errno == ENOENT)
        return TRUE;
    return error_from_errno(error, errno, "%s", directory);
}

static gboolean write_key(const char *directory, KeyringPlace place, const NoteSigner *signer,
                          const Seal *seal, GError **error)
{
    g_autofree char *path = g_build_filename(directory, keyring_public_file(place), NULL);
    g_auto(SealSecret) text = keyfile_format(signer, seal, error);
    return text && durable_create(path, text, strlen(text), 0600, error);
}

static gboolean write_public(const KeyringPublic *keys, const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, KEYRING_PUBLIC_FILE, NULL);
    g_autofree char *text = keyring_public_format(keys);
    return durable_create(path, text, strlen(text), 0600, error);
}

/* @bundle NULL: there are no secret keys. */
static gboolean fill(const KeyringPublic *keys, const KeyringBundle *bundle, const char *directory,
                     const Seal *seal, GError **error)
{
    if (mkdir(directory, 0700) != 0)
        return error_from_errno(error, errno, "%s", directory);
    for (KeyringPlace place = 0; bundle && place < KEYRING_PLACES; place++) {
        const NoteSigner *signer = bundle->keys[place];
        if (signer && !write_key(directory, place, signer, seal, error))
            return FALSE;
    }
    return write_public(keys, directory, error);
}

static gboolean write_directory(const KeyringPublic *keys, const KeyringBundle *bundle,
                                const char *directory, const Seal *seal, GError **error)
{
    g_autofree char *target = g_canonicalize_filename(directory, NULL);
    g_autofree char *fresh = g_strconcat(target, UNDER_WAY, NULL);
    if (!check_empty(target, error) || !keyring_remove(fresh, error))
        return FALSE;
    if (fill(keys, bundle, fresh, seal, error) && durable_rename(fresh, target, error))
        return TRUE;
    keyring_remove(fresh, NULL);
    return FALSE;
}

gboolean keyring_bundle_write(const KeyringBundle *bundle, const char *directory, const Seal *seal,
                              GError **error)
{
    g_autoptr(KeyringPublic) keys = g_new0(KeyringPublic, 1);
    keys->node = keyring_public_node_of(bundle->recovery);
    keys->keys[KEYRING_RECOVERY] = note_verifier_copy(bundle->recovery);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        const NoteSigner *signer =
            role != KEYRING_RECOVERY ? bundle->keys[keyring_public_place(role)] : NULL;
        if (signer)
            keys->keys[role] = note_verifier_copy(note_signer_verifier(signer));
    }
    return write_directory(keys, bundle, directory, seal, error);
}

gboolean keyring_adopt(const char *directory, const char *const vkeys[KEYRING_PINNED],
                       GError **error)
{
    g_autoptr(KeyringPublic) keys = g_new0(KeyringPublic, 1);
    for (KeyringRole role = 0; role < KEYRING_PINNED; role++) {
        keys->keys[role] = note_verifier_parse(vkeys[role], error);
        if (!keys->keys[role])
            return FALSE;
    }
    keys->node = keyring_public_node_of(keys->keys[KEYRING_RECOVERY]);
    for (KeyringRole role = 0; role < KEYRING_PINNED; role++)
        if (!keyring_public_check(keys->node ? keys->node : "", role, keys->keys[role], error))
            return FALSE;
    return write_directory(keys, NULL, directory, NULL, error);
}

/* --- making ------------------------------------------------------------------------------------
 */

gboolean keyring_create(const char *directory, const char *node, const char *passphrase,
                        char **ret_recovery, GError **error)
{
    g_autoptr(KeyringBundle) bundle = g_new0(KeyringBundle, 1);
    g_autoptr(NoteSigner) recovery = keyring_public_generate(node, KEYRING_RECOVERY, error);
    if (!recovery)
        return FALSE;
    bundle->recovery = note_verifier_copy(note_signer_verifier(recovery));
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        if (role == KEYRING_RECOVERY)
            continue;
        NoteSigner *signer = keyring_public_generate(node, role, error);
        if (!signer)
            return FALSE;
        bundle->keys[keyring_public_place(role)] = signer;
    }
    g_autoptr(Seal) seal = passphrase ? seal_new(passphrase, error) : NULL;
    if ((passphrase && !seal) || !keyring_bundle_write(bundle, directory, seal, error))
        return FALSE;
    *ret_recovery = note_signer_format(recovery);
    return TRUE;
}

gboolean keyring_import(const char *directory, const char *text, gsize length,
                        const char *passphrase, GError **error)
{
    g_autoptr(Seal) seal = NULL;
    g_autoptr(KeyringBundle) bundle = keyring_bundle_open(text, length, passphrase, &seal, error);
    return bundle && keyring_bundle_write(bundle, directory, seal, error);
}
