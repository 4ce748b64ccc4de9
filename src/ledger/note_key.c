/* note_key.c - the keys of note.h, and the one table of what each algorithm is. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"
#include "ledger/cosignature.h"
#include "ledger/line.h"
#include "ledger/note.h"

#define VKEY_MAX      4096 /* bytes of a key in text: the largest, ML-DSA-44, has 1752 and its name */
#define SECRET_PREFIX "PRIVATE+KEY+"

G_STATIC_ASSERT(NOTE_PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES);
G_STATIC_ASSERT(NOTE_SEED_SIZE == crypto_sign_SEEDBYTES);
G_STATIC_ASSERT(NOTE_X25519_SIZE == crypto_scalarmult_curve25519_BYTES);
G_STATIC_ASSERT(NOTE_SIGNATURE_SIZE == crypto_sign_BYTES);

struct NoteSigner {
    NoteVerifier *verifier;
    guint8 *secret; /* crypto_sign_SECRETKEYBYTES: seed and public key */
};

typedef struct {
    guint8 byte;
    const char *name;
    gsize key_size;
    gsize signature_size;
    /* NULL where a signature can be neither made nor verified. */
    gboolean (*verify)(const char *text, gsize length, const guint8 *signature, gsize size,
                       const guint8 *key);
    void (*sign)(const char *text, gsize length, guint64 time_s, const guint8 *secret,
                 guint8 *ret_signature);
} Algorithm;

static gboolean verify_ed25519(const char *text, gsize length, const guint8 *signature, gsize size,
                               const guint8 *key)
{
    return size == crypto_sign_BYTES &&
           crypto_sign_verify_detached(signature, (const guint8 *)text, length, key) == 0;
}

static void sign_ed25519(const char *text, gsize length, guint64 time_s, const guint8 *secret,
                         guint8 *ret_signature)
{
    crypto_sign_detached(ret_signature, NULL, (const guint8 *)text, length, secret);
}

static const Algorithm algorithms[] = {
    {NOTE_ED25519, "Ed25519", NOTE_PUBLIC_KEY_SIZE, crypto_sign_BYTES, verify_ed25519,
     sign_ed25519},
    {NOTE_COSIGNATURE, "cosignature/v1", NOTE_PUBLIC_KEY_SIZE, COSIGNATURE_SIZE, cosignature_check,
     cosignature_create},
    {NOTE_COSIGNATURE_MLDSA, "ML-DSA-44", 1312, 8 + 2420, NULL, NULL},
};

static const Algorithm *find(guint8 byte)
{
    for (guint i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (algorithms[i].byte == byte)
            return &algorithms[i];
    return NULL;
}

const char *note_algorithm_name(guint8 algorithm)
{
    const Algorithm *found = find(algorithm);
    return found ? found->name : NULL;
}

gboolean note_algorithm_is_verifiable(guint8 algorithm)
{
    const Algorithm *found = find(algorithm);
    return found && found->verify;
}

gboolean note_name_is_valid(const char *name, gsize length)
{
    if (length == 0 || length > NOTE_NAME_MAX || !g_utf8_validate_len(name, length, NULL))
        return FALSE;
    for (const char *p = name; p < name + length; p = g_utf8_next_char(p)) {
        if (g_ascii_isgraph(*p) &&
            *p != '+') /* ASCII, as nearly always: names are checked at each append */
            continue;
        gunichar c = g_utf8_get_char(p);
        /* U+0085 and U+000B are spaces of Unicode that GLib does not count as such. */
        if (c == '+' || c < 0x20 || c == 0x85 || g_unichar_isspace(c))
            return FALSE;
    }
    return TRUE;
}

static guint32 key_id(const char *name, guint8 algorithm, const void *key, gsize length)
{
    g_autoptr(GByteArray) input = g_byte_array_new();
    const guint8 separator[2] = {'\n', algorithm};
    guint8 digest[SHA256_SIZE];
    g_byte_array_append(input, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(input, separator, sizeof separator);
    g_byte_array_append(input, key, (guint)length);
    sha256_digest(input->data, input->len, digest);
    return (guint32)digest[0] << 24 | (guint32)digest[1] << 16 | (guint32)digest[2] << 8 |
           digest[3];
}

NoteVerifier *note_verifier_new(const char *name, NoteAlgorithm algorithm, const void *key,
                                gsize length, GError **error)
{
    const Algorithm *found = find((guint8)algorithm);
    if (!note_name_is_valid(name, strlen(name)))
        return error_input_null(error,
                                "a key's name has no spaces and no \"+\", and at most 255 bytes");
    if (!found)
        return error_input_null(error, "the key is of an unknown algorithm");
    if (length != found->key_size)
        return error_input_null(error, "the key has not the length of its algorithm");
    NoteVerifier *verifier = g_new0(NoteVerifier, 1);
    verifier->name = g_strdup(name);
    verifier->id = key_id(name, found->byte, key, length);
    verifier->algorithm = found->byte;
    verifier->key = g_bytes_new(key, length);
    return verifier;
}

/* "<name>+<id>+<base64>": takes it apart; @ret_material is to be wiped if it is secret. */
static gboolean split_key(const char *text, char **ret_name, guint32 *ret_id, GBytes **ret_material)
{
    const char *plus = strlen(text) <= VKEY_MAX ? strchr(text, '+') : NULL;
    guint32 id = 0;
    if (!plus)
        return FALSE;
    for (guint i = 1; i <= 8; i++) {
        int digit = g_ascii_xdigit_value(plus[i]);
        if (digit < 0) /* also at the end of the text */
            return FALSE;
        id = id << 4 | (guint32)digit;
    }
    if (plus[9] != '+')
        return FALSE;
    g_autoptr(GBytes) material = line_base64(plus + 10, strlen(plus + 10));
    if (!material || g_bytes_get_size(material) == 0)
        return FALSE;
    *ret_name = g_strndup(text, (gsize)(plus - text));
    *ret_id = id;
    *ret_material = g_steal_pointer(&material);
    return TRUE;
}

NoteVerifier *note_verifier_parse(const char *vkey, GError **error)
{
    g_autofree char *name = NULL;
    g_autoptr(GBytes) material = NULL;
    guint32 id;
    gsize length;
    if (!split_key(vkey, &name, &id, &material))
        return error_input_null(error,
                                "not a verifier key: \"<name>+<key id>+<base64>\" is expected");
    const guint8 *bytes = g_bytes_get_data(material, &length);
    g_autoptr(NoteVerifier) verifier =
        note_verifier_new(name, bytes[0], bytes + 1, length - 1, error);
    if (verifier && verifier->id != id)
        return error_input_null(error, "the verifier key's id is not that of the key");
    return g_steal_pointer(&verifier);
}

static char *format_key(const NoteVerifier *verifier, const char *prefix, const void *material,
                        gsize length)
{
    gsize size = 1 + length;
    g_autofree guint8 *bytes = g_malloc(size);
    GString *text = g_string_sized_new(VKEY_MAX); /* large enough not to leave copies behind */
    bytes[0] = verifier->algorithm;
    memcpy(bytes + 1, material, length);
    g_string_append_printf(text, "%s%s+%08x+", prefix, verifier->name, verifier->id);
    line_append_base64(text, bytes, size);
    sodium_memzero(bytes, size);
    return g_string_free(text, FALSE);
}

char *note_verifier_format(const NoteVerifier *verifier)
{
    gsize length;
    const void *key = g_bytes_get_data(verifier->key, &length);
    return format_key(verifier, "", key, length);
}

NoteVerifier *note_verifier_copy(const NoteVerifier *verifier)
{
    NoteVerifier *copy = g_new(NoteVerifier, 1);
    *copy = *verifier;
    copy->name = g_strdup(verifier->name);
    copy->key = g_bytes_ref(verifier->key);
    return copy;
}

void note_verifier_free(NoteVerifier *verifier)
{
    if (!verifier)
        return;
    g_free(verifier->name);
    g_bytes_unref(verifier->key);
    g_free(verifier);
}

gboolean note_verifier_check(const NoteVerifier *verifier, const char *text, gsize length,
                             const guint8 *signature, gsize size)
{
    const Algorithm *algorithm = find(verifier->algorithm);
    return algorithm && algorithm->verify &&
           algorithm->verify(text, length, signature, size, g_bytes_get_data(verifier->key, NULL));
}

static gboolean start_sodium(GError **error)
{
    if (sodium_init() >= 0)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "libsodium cannot be started");
    return FALSE;
}

NoteSigner *note_signer_new(const char *name, NoteAlgorithm algorithm,
                            const guint8 seed[NOTE_SEED_SIZE], GError **error)
{
    const Algorithm *found = find((guint8)algorithm);
    guint8 public_key[NOTE_PUBLIC_KEY_SIZE];
    if (!start_sodium(error))
        return NULL;
    if (!found || !found->sign)
        return error_input_null(error, "keys of that algorithm cannot sign here");
    guint8 *secret = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    if (!secret) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "no memory for a secret key");
        return NULL;
    }
    crypto_sign_seed_keypair(public_key, secret, seed);
    NoteVerifier *verifier =
        note_verifier_new(name, algorithm, public_key, sizeof public_key, error);
    if (!verifier) {
        sodium_free(secret);
        return NULL;
    }
    NoteSigner *signer = g_new(NoteSigner, 1);
    signer->verifier = verifier;
    signer->secret = secret;
    return signer;
}

NoteSigner *note_signer_generate(const char *name, NoteAlgorithm algorithm, GError **error)
{
    guint8 seed[NOTE_SEED_SIZE];
    if (!start_sodium(error))
        return NULL;
    randombytes_buf(seed, sizeof seed);
    NoteSigner *signer = note_signer_new(name, algorithm, seed, error);
    sodium_memzero(seed, sizeof seed);
    return signer;
}

NoteSigner *note_signer_as(const NoteSigner *signer, NoteAlgorithm algorithm, GError **error)
{
    return note_signer_new(signer->verifier->name, algorithm, signer->secret, error);
}

gboolean note_signer_x25519(const NoteSigner *signer, guint8 ret_secret[NOTE_X25519_SIZE],
                            GError **error)
{
    if (signer->verifier->algorithm == NOTE_ED25519 &&
        crypto_sign_ed25519_sk_to_curve25519(ret_secret, signer->secret) == 0)
        return TRUE;
    return error_input_null(error, "the key has no X25519 form") != NULL;
}

gboolean note_verifier_x25519(const NoteVerifier *verifier, guint8 ret_public[NOTE_X25519_SIZE],
                              GError **error)
{
    if (!start_sodium(error))
        return FALSE;
    if (verifier->algorithm == NOTE_ED25519 &&
        crypto_sign_ed25519_pk_to_curve25519(ret_public, g_bytes_get_data(verifier->key, NULL)) ==
            0)
        return TRUE;
    return error_input_null(error, "the key has no X25519 form") != NULL;
}

static NoteSigner *signer_from_material(const char *name, guint32 id, const guint8 *material,
                                        gsize length, GError **error)
{
    if (length != 1 + NOTE_SEED_SIZE)
        return error_input_null(error, "the secret key has not the length of its algorithm");
    g_autoptr(NoteSigner) signer = note_signer_new(name, material[0], material + 1, error);
    if (signer && signer->verifier->id != id)
        return error_input_null(error, "the secret key's id is not that of the key");
    return g_steal_pointer(&signer);
}

NoteSigner *note_signer_parse(const char *skey, GError **error)
{
    g_autofree char *name = NULL;
    GBytes *material = NULL;
    guint32 id;
    gsize length;
    if (!g_str_has_prefix(skey, SECRET_PREFIX) ||
        !split_key(skey + strlen(SECRET_PREFIX), &name, &id, &material))
        return error_input_null(
            error, "not a secret key: \"PRIVATE+KEY+<name>+<key id>+<base64>\" is expected");
    guint8 *bytes = g_bytes_unref_to_data(material, &length);
    NoteSigner *signer = signer_from_material(name, id, bytes, length, error);
    sodium_memzero(bytes, length);
    g_free(bytes);
    return signer;
}

char *note_signer_format(const NoteSigner *signer)
{
    return format_key(signer->verifier, SECRET_PREFIX, signer->secret, NOTE_SEED_SIZE);
}

const NoteVerifier *note_signer_verifier(const NoteSigner *signer)
{
    return signer->verifier;
}

gboolean note_signer_sign(const NoteSigner *signer, const void *bytes, gsize length,
                          guint8 ret_signature[NOTE_SIGNATURE_SIZE], GError **error)
{
    if (signer->verifier->algorithm != NOTE_ED25519)
        return error_input_null(error, "only plain Ed25519 keys sign what is no note") != NULL;
    sign_ed25519(bytes, length, 0, signer->secret, ret_signature);
    return TRUE;
}

void note_signer_free(NoteSigner *signer)
{
    if (!signer)
        return;
    note_verifier_free(signer->verifier);
    sodium_free(signer->secret); /* wipes it */
    g_free(signer);
}

char *note_signature_line(const NoteSigner *signer, const char *text, guint64 time_s,
                          GError **error)
{
    const Algorithm *algorithm = find(signer->verifier->algorithm);
    const guint32 id = GUINT32_TO_BE(signer->verifier->id);
    guint8 bytes[sizeof id + COSIGNATURE_SIZE];
    if (!note_text_check(text, strlen(text), error))
        return NULL;
    if (time_s > COSIGNATURE_TIME_MAX)
        return error_input_null(error, "no signature can state a time so late");
    memcpy(bytes, &id, sizeof id);
    g_assert(algorithm->signature_size <= sizeof bytes - sizeof id);
    algorithm->sign(text, strlen(text), time_s, signer->secret, bytes + sizeof id);
    GString *line = g_string_new(NOTE_LINE_PREFIX);
    g_string_append_printf(line, "%s ", signer->verifier->name);
    line_append_base64(line, bytes, sizeof id + algorithm->signature_size);
    g_string_append_c(line, '\n');
    return g_string_free(line, FALSE);
}
