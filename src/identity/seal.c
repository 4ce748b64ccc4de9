#include "identity/seal.h"

#include <sodium.h>
#include <string.h>

#include "identity/password.h"
#include "ledger/line.h"
#include "ledger/note.h"

#define PREFIX "concert/v1 sealed "
#define KDF    "argon2id "

/* Of new seals. RFC 9106 recommends 64 MiB where memory is short; more passes make up for its
 * three having four lanes. */
#define MEMORY_KIB (64u * 1024)
#define PASSES     4

#define NUMBER_MAX G_MAXUINT32
#define KEY_SIZE   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

G_STATIC_ASSERT(SEAL_SALT_SIZE == PASSWORD_SALT_SIZE);
G_STATIC_ASSERT(SEAL_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

struct Seal {
    guint32 memory_kib;
    guint32 passes;
    guint8 salt[SEAL_SALT_SIZE];
    guint8 *key;
};

void seal_secret_free(char *secret)
{
    if (secret)
        sodium_memzero(secret, strlen(secret));
    g_free(secret);
}

/* --- the text ----------------------------------------------------------------------------------
 */

gboolean seal_is_sealed(const char *text, gsize length)
{
    return line_skip(&text, &length, PREFIX);
}

/* The first line, and the head up to its empty line. */
static gboolean read_head(LineReader *reader, const char *what, SealText *ret_text, GError **error)
{
    const char *line, *head;
    gsize length;
    if (!line_next(reader, &line, &length) || !line_skip(&line, &length, PREFIX) ||
        length != strlen(what) || memcmp(line, what, length) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "not what it should be: its first line is \"" PREFIX "%s\"", what);
        return FALSE;
    }
    head = reader->rest;
    for (guint lines = 0; line_next(reader, &line, &length); lines++) {
        if (length == 0 && lines > 0) {
            ret_text->what = g_strdup(what);
            ret_text->head = g_strndup(head, (gsize)(line - head));
            return TRUE;
        }
        if (length == 0 || lines == SEAL_HEAD_MAX)
            break;
    }
    return error_input(error,
                       "the head of a sealed text has one to eight lines, then an empty one");
}

/* "argon2id <KiB> <passes>" */
static gboolean read_parameters(LineReader *reader, SealText *ret_text, GError **error)
{
    const char *line;
    gsize length;
    guint64 memory_kib, passes;
    if (!line_next(reader, &line, &length) || !line_skip(&line, &length, KDF))
        return error_input(error, "a sealed text says \"" KDF "<KiB> <passes>\" after its head");
    const char *space = memchr(line, ' ', length);
    gsize digits = space ? (gsize)(space - line) : 0;
    if (!space || !line_number(line, digits, NUMBER_MAX, &memory_kib) ||
        !line_number(space + 1, length - digits - 1, NUMBER_MAX, &passes))
        return error_input(error, "a sealed text says \"" KDF "<KiB> <passes>\" after its head");
    ret_text->memory_kib = (guint32)memory_kib;
    ret_text->passes = (guint32)passes;
    return TRUE;
}

/* A line of base64; of @size bytes unless that is 0. */
static GBytes *read_bytes(LineReader *reader, gsize size)
{
    const char *line;
    gsize length;
    if (!line_next(reader, &line, &length))
        return NULL;
    g_autoptr(GBytes) bytes = line_base64(line, length);
    if (!bytes || (size > 0 && g_bytes_get_size(bytes) != size))
        return NULL;
    return g_steal_pointer(&bytes);
}

static gboolean read_fixed(LineReader *reader, guint8 *ret_bytes, gsize size)
{
    g_autoptr(GBytes) bytes = read_bytes(reader, size);
    if (!bytes)
        return FALSE;
    memcpy(ret_bytes, g_bytes_get_data(bytes, NULL), size);
    return TRUE;
}

SealText *seal_parse(const char *text, gsize length, const char *what, GError **error)
{
    if (length > SEAL_TEXT_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "the sealed text is too large");
        return NULL;
    }
    if (!note_text_check(text, length, error)) {
        g_prefix_error(error, "not a sealed text: ");
        return NULL;
    }
    g_autoptr(SealText) parsed = g_new0(SealText, 1);
    LineReader reader = {text, length};
    if (!read_head(&reader, what, parsed, error) || !read_parameters(&reader, parsed, error))
        return NULL;
    if (!password_is_bounded(parsed->memory_kib, parsed->passes, error))
        return NULL;
    gboolean good = read_fixed(&reader, parsed->salt, sizeof parsed->salt) &&
                    read_fixed(&reader, parsed->nonce, sizeof parsed->nonce) &&
                    (parsed->box = read_bytes(&reader, 0)) && reader.length == 0 &&
                    g_bytes_get_size(parsed->box) > TAG_SIZE;
    if (!good) {
        error_input(error, "a sealed text ends in salt, nonce and secret, a line of base64 each");
        return NULL;
    }
    return g_steal_pointer(&parsed);
}

static void append_bytes(GString *text, const void *bytes, gsize length)
{
    line_append_base64(text, bytes, length);
    g_string_append_c(text, '\n');
}

/* What the secret is bound to: all lines before it. */
static GString *format_bound(const SealText *text)
{
    GString *bound = g_string_new(NULL);
    g_string_printf(bound, PREFIX "%s\n%s\n" KDF "%u %u\n", text->what, text->head,
                    text->memory_kib, text->passes);
    append_bytes(bound, text->salt, sizeof text->salt);
    append_bytes(bound, text->nonce, sizeof text->nonce);
    return bound;
}

char *seal_format(const SealText *text)
{
    GString *all = format_bound(text);
    gsize length;
    const void *box = g_bytes_get_data(text->box, &length);
    append_bytes(all, box, length);
    return g_string_free(all, FALSE);
}

void seal_text_free(SealText *text)
{
    if (!text)
        return;
    g_free(text->what);
    g_free(text->head);
    g_bytes_unref(text->box);
    g_free(text);
}

/* --- keys of passphrases -----------------------------------------------------------------------
 */

static Seal *derive(const char *passphrase, const guint8 *salt, guint32 memory_kib, guint32 passes,
                    GError **error)
{
    guint8 *key = sodium_init() < 0 ? NULL : sodium_malloc(KEY_SIZE);
    if (!key) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "no memory for a secret key");
        return NULL;
    }
    if (!password_derive(passphrase, salt, memory_kib, passes, key, KEY_SIZE, error)) {
        sodium_free(key);
        return NULL;
    }
    Seal *seal = g_new(Seal, 1);
    *seal = (Seal){.memory_kib = memory_kib, .passes = passes, .key = key};
    memcpy(seal->salt, salt, sizeof seal->salt);
    return seal;
}

Seal *seal_new(const char *passphrase, GError **error)
{
    guint8 salt[SEAL_SALT_SIZE];
    if (!password_check(passphrase, error))
        return NULL;
    randombytes_buf(salt, sizeof salt);
    return derive(passphrase, salt, MEMORY_KIB, PASSES, error);
}

Seal *seal_new_for(const SealText *text, const char *passphrase, GError **error)
{
    return derive(passphrase, text->salt, text->memory_kib, text->passes, error);
}

void seal_free(Seal *seal)
{
    if (!seal)
        return;
    sodium_free(seal->key); /* wipes it */
    g_free(seal);
}

gboolean seal_fits(const Seal *seal, const SealText *text)
{
    return seal->memory_kib == text->memory_kib && seal->passes == text->passes &&
           memcmp(seal->salt, text->salt, sizeof seal->salt) == 0;
}

/* --- sealing -----------------------------------------------------------------------------------
 */

char *seal_close(const Seal *seal, const char *what, const char *head, const char *secret,
                 GError **error)
{
    gsize length = strlen(secret);
    guint8 *box = g_malloc(length + TAG_SIZE);
    g_autoptr(SealText) text = g_new0(SealText, 1);
    text->what = g_strdup(what);
    text->head = g_strdup(head);
    text->memory_kib = seal->memory_kib;
    text->passes = seal->passes;
    memcpy(text->salt, seal->salt, sizeof text->salt);
    randombytes_buf(text->nonce, sizeof text->nonce);
    g_autoptr(GString) bound = format_bound(text);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, (const guint8 *)secret, length,
                                               (const guint8 *)bound->str, bound->len, NULL,
                                               text->nonce, seal->key);
    text->box = g_bytes_new_take(box, length + TAG_SIZE);
    g_autofree char *sealed = seal_format(text);
    /* What could not be read again must not be written. */
    g_autoptr(SealText) again = seal_parse(sealed, strlen(sealed), what, error);
    return again ? g_steal_pointer(&sealed) : NULL;
}

char *seal_open(const Seal *seal, const SealText *text, GError **error)
{
    gsize length;
    const guint8 *box = g_bytes_get_data(text->box, &length);
    g_autoptr(GString) bound = format_bound(text);
    gsize size = length - TAG_SIZE;
    g_auto(SealSecret) secret = g_malloc0(size + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((guint8 *)secret, NULL, NULL, box, length,
                                                   (const guint8 *)bound->str, bound->len,
                                                   text->nonce, seal->key) != 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the passphrase is wrong, or the sealed text was changed");
        return NULL;
    }
    return g_steal_pointer(&secret);
}
