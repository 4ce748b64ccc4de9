#include "identity/keyring_public.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "ledger/origin.h"

#define VERSION "keys/v1"

/* What each role's keys are called, as docs/protocol.md has it. */
static const struct {
    const char *name;
    const char *suffix;
    NoteAlgorithm algorithm;
    KeyringPlace place;
} roles[KEYRING_ROLES] = {
    [KEYRING_LEDGER] = {"ledger", "/ledger", NOTE_ED25519, KEYRING_PLACE_LEDGER},
    [KEYRING_COSIGN] = {"cosign", "/witness", NOTE_COSIGNATURE, KEYRING_PLACE_COSIGN},
    [KEYRING_RECOVERY] = {"recovery", "/recovery", NOTE_ED25519, KEYRING_PLACES},
    [KEYRING_MESSAGE] = {"message", "/message", NOTE_ED25519, KEYRING_PLACE_MESSAGE},
    [KEYRING_PARCEL] = {"parcel", "/parcel", NOTE_ED25519, KEYRING_PLACE_PARCEL},
};

static const struct {
    KeyringRole role;
    const char *name;
    const char *file;
} places[KEYRING_PLACES] = {
    [KEYRING_PLACE_LEDGER] = {KEYRING_LEDGER, "ledger", "ledger.key"},
    [KEYRING_PLACE_LEDGER_NEXT] = {KEYRING_LEDGER, "ledger.next", "ledger.key.next"},
    [KEYRING_PLACE_COSIGN] = {KEYRING_COSIGN, "cosign", "cosign.key"},
    [KEYRING_PLACE_COSIGN_NEXT] = {KEYRING_COSIGN, "cosign.next", "cosign.key.next"},
    [KEYRING_PLACE_MESSAGE] = {KEYRING_MESSAGE, "message", "message.key"},
    [KEYRING_PLACE_PARCEL] = {KEYRING_PARCEL, "parcel", "parcel.key"},
    [KEYRING_PLACE_PARCEL_PREVIOUS] = {KEYRING_PARCEL, "parcel.previous", "parcel.key.previous"},
};

const char *keyring_role_name(KeyringRole role)
{
    g_assert(role < KEYRING_ROLES);
    return roles[role].name;
}

NoteAlgorithm keyring_public_algorithm(KeyringRole role)
{
    return roles[role].algorithm;
}

KeyringPlace keyring_public_place(KeyringRole role)
{
    g_assert(role < KEYRING_ROLES && role != KEYRING_RECOVERY);
    return roles[role].place;
}

KeyringRole keyring_public_place_role(KeyringPlace place)
{
    return places[place].role;
}

const char *keyring_public_file(KeyringPlace place)
{
    return places[place].file;
}

const char *keyring_public_place_name(KeyringPlace place)
{
    return places[place].name;
}

NoteSigner *keyring_public_generate(const char *node, KeyringRole role, GError **error)
{
    g_autofree char *name = g_strconcat(node, roles[role].suffix, NULL);
    if (*node == '\0' || strchr(node, '/')) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" will not do as the name of a node in keys", node);
        return NULL;
    }
    return note_signer_generate(name, roles[role].algorithm, error);
}

/* A ledger that follows a lost one has a name of its own. */
static gboolean is_named(const NoteVerifier *key, const char *node, KeyringRole role)
{
    g_autofree char *name = g_strconcat(node, roles[role].suffix, NULL);
    g_autofree char *owner = role == KEYRING_LEDGER ? origin_node(key->name) : NULL;
    return strcmp(key->name, name) == 0 || g_strcmp0(owner, node) == 0;
}

gboolean keyring_public_check(const char *node, KeyringRole role, const NoteVerifier *key,
                              GError **error)
{
    if (is_named(key, node, role) && key->algorithm == roles[role].algorithm)
        return TRUE;
    g_autofree char *name = g_strconcat(node, roles[role].suffix, NULL);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "the key is %s (%s), not %s (%s) as it should be", key->name,
                note_algorithm_name(key->algorithm), name,
                note_algorithm_name((guint8)roles[role].algorithm));
    return FALSE;
}

gboolean keyring_public_is_same(const NoteVerifier *one, const NoteVerifier *other)
{
    return strcmp(one->name, other->name) == 0 && one->algorithm == other->algorithm &&
           g_bytes_equal(one->key, other->key);
}

char *keyring_public_node_of(const NoteVerifier *recovery)
{
    const char *suffix = roles[KEYRING_RECOVERY].suffix;
    return g_str_has_suffix(recovery->name, suffix)
               ? g_strndup(recovery->name, strlen(recovery->name) - strlen(suffix))
               : NULL;
}

static gboolean read_key(yyjson_val *root, KeyringRole role, KeyringPublic *keys, GError **error)
{
    yyjson_val *value = yyjson_obj_get(root, roles[role].name);
    const char *vkey = yyjson_get_str(value);
    if (!value && role >= KEYRING_PINNED)
        return TRUE;
    if (!vkey) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is missing",
                    roles[role].name);
        return FALSE;
    }
    keys->keys[role] = note_verifier_parse(vkey, error);
    if (keys->keys[role] && keyring_public_check(keys->node, role, keys->keys[role], error))
        return TRUE;
    g_prefix_error(error, "\"%s\": ", roles[role].name);
    return FALSE;
}

static gboolean read_members(yyjson_val *root, KeyringPublic *keys, GError **error)
{
    yyjson_val *version = yyjson_obj_get(root, "concert");
    if (!yyjson_equals_str(version, VERSION)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "not the public keys of a node: \"concert\" is not \"" VERSION "\"");
        return FALSE;
    }
    keys->node = g_strdup(yyjson_get_str(yyjson_obj_get(root, "node")));
    if (!keys->node) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"node\" is missing");
        return FALSE;
    }
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++)
        if (!read_key(root, role, keys, error))
            return FALSE;
    return TRUE;
}

KeyringPublic *keyring_public_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(KeyringPublic) keys = g_new0(KeyringPublic, 1);
    yyjson_doc *doc = yyjson_read(text, length, YYJSON_READ_NOFLAG);
    if (!doc) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "not JSON");
        return NULL;
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    gboolean good = jsonguard_check(root, error) && read_members(root, keys, error);
    yyjson_doc_free(doc);
    return good ? g_steal_pointer(&keys) : NULL;
}

char *keyring_public_format(const KeyringPublic *keys)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "concert", VERSION);
    yyjson_mut_obj_add_str(doc, root, "node", keys->node);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        if (!keys->keys[role])
            continue;
        g_autofree char *vkey = note_verifier_format(keys->keys[role]);
        yyjson_mut_obj_add_strcpy(doc, root, roles[role].name, vkey);
    }
    char *json = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY, NULL);
    char *text = g_strconcat(json, "\n", NULL);
    free(json);
    yyjson_mut_doc_free(doc);
    return text;
}

void keyring_public_free(KeyringPublic *keys)
{
    if (!keys)
        return;
    g_free(keys->node);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++)
        note_verifier_free(keys->keys[role]);
    g_free(keys);
}
