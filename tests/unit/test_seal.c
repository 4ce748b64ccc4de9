/* Sealed texts and key files. The key is that of "PeterNeumann" in the tests of
 * golang.org/x/mod/sumdb/note; the sealed text was made with libsodium's functions directly, as the
 * header of seal.h says. */
#include "identity/seal.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/keyfile.h"
#include "identity/password.h"

#define VKEY       "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define SKEY       "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define PASSPHRASE "correct horse battery"
#define SALT       "AAECAwQFBgcICQoLDA0ODw==\n"
#define NONCE      "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3\n"
#define BOX                                                                                        \
    "Xv4fwykJZkciY4PUzUDF6ZFrWffdkYfhDjKTa7fllqRz091lTXHMk8E57NZ5JHf3YFrmCSSmE6J+WBtwuT2H4sLMQTC7" \
    "HktWGjGpWFWnCqX/p925QRdjskygdTmqXjI=\n"
#define FIRST  "concert/v1 sealed key\n"
#define KDF    "argon2id 8 1\n"
#define SEALED FIRST VKEY "\n\n" KDF SALT NONCE BOX

static SealText *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    SealText *parsed = seal_parse(text, strlen(text), "key", &error);
    g_assert_no_error(error);
    return parsed;
}

static void test_fixed_text(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SealText) text = parse(SEALED);
    g_assert_cmpstr(text->what, ==, "key");
    g_assert_cmpstr(text->head, ==, VKEY "\n");
    g_assert_cmpuint(text->memory_kib, ==, 8);
    g_assert_cmpuint(text->passes, ==, 1);
    g_autofree char *again = seal_format(text);
    g_assert_cmpstr(again, ==, SEALED);
    g_autoptr(Seal) seal = seal_new_for(text, PASSPHRASE, &error);
    g_assert_no_error(error);
    g_auto(SealSecret) secret = seal_open(seal, text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(secret, ==, SKEY "\n");
}

static void test_wrong_passphrase(void)
{
    static const char *const wrong[] = {"correct horse batterz", "c", "correct horse battery "};
    g_autoptr(SealText) text = parse(SEALED);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Seal) seal = seal_new_for(text, wrong[i], &error);
        g_assert_no_error(error);
        g_assert_null(seal_open(seal, text, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(seal_new_for(text, "", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Wherever one bit is turned: either it is no sealed text any more, or the passphrase fails. */
static void test_every_bit_counts(void)
{
    guint parsed = 0;
    for (gsize i = 0; i < strlen(SEALED); i++) {
        for (guint bit = 0; bit < 8; bit++) {
            g_autofree char *changed = g_strdup(SEALED);
            g_autoptr(GError) error = NULL;
            changed[i] = (char)(changed[i] ^ (1 << bit));
            g_autoptr(SealText) text = seal_parse(changed, strlen(SEALED), "key", &error);
            if (!text) {
                g_assert_nonnull(error);
                continue;
            }
            parsed++;
            g_autoptr(Seal) seal = seal_new_for(text, PASSPHRASE, &error);
            g_assert_no_error(error);
            g_assert_null(seal_open(seal, text, &error));
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
        }
    }
    g_assert_cmpuint(parsed, >, 100);
}

static void test_no_sealed_texts(void)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", CONCERT_ERROR_INPUT},
        {SKEY "\n", CONCERT_ERROR_INPUT},
        {"concert/v2 sealed key\n" VKEY "\n\n" KDF SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {"concert/v1 sealed keyring\n" VKEY "\n\n" KDF SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST "\n" KDF SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n" KDF SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST "1\n2\n3\n4\n5\n6\n7\n8\n9\n\n" KDF SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2i 8 1\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 08 1\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 8\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 8 1 1\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 8 -1\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 4294967296 1\n" SALT NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\nargon2id 7 1\n" SALT NONCE BOX, CONCERT_ERROR_LIMIT},
        {FIRST VKEY "\n\nargon2id 262145 1\n" SALT NONCE BOX, CONCERT_ERROR_LIMIT},
        {FIRST VKEY "\n\nargon2id 8 0\n" SALT NONCE BOX, CONCERT_ERROR_LIMIT},
        {FIRST VKEY "\n\nargon2id 8 17\n" SALT NONCE BOX, CONCERT_ERROR_LIMIT},
        {FIRST VKEY "\n\n" KDF NONCE NONCE BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\n" KDF SALT SALT BOX, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\n" KDF SALT NONCE, CONCERT_ERROR_INPUT},
        {FIRST VKEY "\n\n" KDF SALT NONCE SALT, CONCERT_ERROR_INPUT}, /* a tag without a secret */
        {SEALED "\n", CONCERT_ERROR_INPUT},
        {SEALED BOX, CONCERT_ERROR_INPUT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(seal_parse(cases[i].text, strlen(cases[i].text), "key", &error));
        g_assert_error(error, CONCERT_ERROR, cases[i].code);
    }
    static const char nul[] = FIRST "a\0b\n\n" KDF SALT NONCE BOX;
    g_assert_null(seal_parse(nul, sizeof nul - 1, "key", NULL));
    /* Cut anywhere. */
    for (gsize length = 0; length < strlen(SEALED); length++)
        g_assert_null(seal_parse(SEALED, length, "key", NULL));
    g_autofree char *huge = g_strnfill(SEAL_TEXT_MAX + 1, 'a');
    g_autoptr(GError) error = NULL;
    g_assert_null(seal_parse(huge, SEAL_TEXT_MAX + 1, "key", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_close_and_open(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Seal) seal = seal_new(PASSPHRASE, &error);
    g_assert_no_error(error);
    g_autoptr(Seal) other = seal_new(PASSPHRASE, &error);
    g_assert_no_error(error);
    g_autofree char *one = seal_close(seal, "key", "head\n", "secret", &error);
    g_assert_no_error(error);
    g_autofree char *two = seal_close(seal, "key", "head\n", "secret", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(one, !=, two); /* never the same nonce */
    g_assert_null(strstr(one, "secret"));
    g_autoptr(SealText) text = parse(one);
    g_assert_cmpuint(text->memory_kib, >=, 64 * 1024);
    g_assert_true(seal_fits(seal, text));
    g_assert_false(seal_fits(other, text)); /* another salt */
    g_auto(SealSecret) secret = seal_open(seal, text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(secret, ==, "secret");
    g_assert_null(seal_open(other, text, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* Passphrases that will not do, and heads and secrets that could not be read again. */
static void test_unfit(void)
{
    static const char *const passphrases[] = {"", "1234567", "with\nline"};
    for (guint i = 0; i < G_N_ELEMENTS(passphrases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(seal_new(passphrases[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    static const char *const heads[] = {"", "\n", "no newline", "one\n\ntwo\n"};
    g_autoptr(SealText) text = parse(SEALED);
    g_autoptr(Seal) seal = seal_new_for(text, PASSPHRASE, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(seal_close(seal, "key", heads[i], "secret", &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *huge = g_strnfill(SEAL_TEXT_MAX, 'a');
    g_assert_null(seal_close(seal, "key", "head\n", huge, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_null(seal_close(seal, "key", "head\n", "", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_derive_is_bounded(void)
{
    static const guint8 salt[PASSWORD_SALT_SIZE] = {0};
    static const guint32 wrong[][2] = {{0, 1}, {7, 1}, {256 * 1024 + 1, 1}, {8, 0}, {8, 17}};
    guint8 key[32];
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(
            password_derive(PASSPHRASE, salt, wrong[i][0], wrong[i][1], key, sizeof key, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *huge = g_strnfill(PASSWORD_MAX + 1, 'a');
    g_assert_false(password_derive(huge, salt, 8, 1, key, sizeof key, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* --- key files ---------------------------------------------------------------------------------
 */

static void test_key_files(void)
{
    static const char *const good[] = {SKEY "\n", SKEY, SEALED};
    g_autoptr(SealText) text = parse(SEALED);
    g_autoptr(Seal) seal = seal_new_for(text, PASSPHRASE, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(KeyFile) file = keyfile_parse(good[i], strlen(good[i]), &error);
        g_assert_no_error(error);
        g_autofree char *vkey = note_verifier_format(file->verifier);
        g_assert_cmpstr(vkey, ==, VKEY);
        g_assert_cmpint(file->sealed == NULL, ==, i < 2);
        g_assert_cmpint(file->signer != NULL, ==, i < 2);
        g_assert_true(keyfile_open(file, seal, &error));
        g_assert_no_error(error);
        g_auto(SealSecret) skey = note_signer_format(file->signer);
        g_assert_cmpstr(skey, ==, SKEY);
        g_auto(SealSecret) clear = keyfile_format(file->signer, NULL, &error);
        g_assert_cmpstr(clear, ==, SKEY "\n");
        g_auto(SealSecret) sealed = keyfile_format(file->signer, seal, &error);
        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(sealed, FIRST VKEY "\n\n" KDF SALT));
    }
    static const char *const bad[] = {
        "",
        "\n",
        SKEY "\n\n",
        SKEY "\n" SKEY "\n",
        VKEY "\n",
        " " SKEY,
        SKEY " ",
        FIRST VKEY "\n" VKEY "\n\n" KDF SALT NONCE BOX, /* one key in a file */
        FIRST "no key\n\n" KDF SALT NONCE BOX,
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(keyfile_parse(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

/* Who sealed a key under another's name gets nothing. */
static void test_sealed_is_other_key(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SealText) text = parse(SEALED);
    g_autoptr(Seal) seal = seal_new_for(text, PASSPHRASE, NULL);
    g_autoptr(NoteSigner) other = note_signer_generate("PeterNeumann", NOTE_ED25519, &error);
    g_assert_no_error(error);
    g_auto(SealSecret) skey = note_signer_format(other);
    const char *const secrets[] = {skey, "no key\n"};
    for (guint i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *sealed = seal_close(seal, "key", VKEY "\n", secrets[i], &error);
        g_assert_no_error(error);
        g_autoptr(KeyFile) file = keyfile_parse(sealed, strlen(sealed), &error);
        g_assert_no_error(error);
        g_assert_false(keyfile_open(file, seal, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_null(file->signer);
        g_clear_error(&error);
    }
}

static void check_refused(const char *path, int code, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(keyfile_read(path, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, code);
    g_assert_nonnull(strstr(error->message, path));
    g_assert_nonnull(strstr(error->message, says));
}

static void test_reading(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("concert-seal-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(directory, "some.key", NULL);
    check_refused(path, CONCERT_ERROR_NOT_FOUND, "No such file");
    g_file_set_contents(path, SKEY "\n", -1, &error);
    g_assert_no_error(error);
    static const struct {
        mode_t mode;
        const char *text;
    } modes[] = {{0640, "0640"}, {0604, "0604"}, {0620, "0620"}, {0601, "0601"}, {0644, "0644"}};
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_chmod(path, modes[i].mode);
        check_refused(path, CONCERT_ERROR_DENIED, modes[i].text);
    }
    for (mode_t mode = 0600; mode >= 0400; mode -= 0200) {
        gsize length;
        g_chmod(path, mode);
        g_auto(SealSecret) text = keyfile_read(path, &length, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, SKEY "\n");
        g_assert_cmpuint(length, ==, strlen(SKEY "\n"));
    }
    g_autofree char *huge = g_strnfill(KEYFILE_BYTES_MAX + 1, 'a');
    g_file_set_contents_full(path, huge, KEYFILE_BYTES_MAX, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                             &error);
    g_autofree char *most = keyfile_read(path, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(most), ==, KEYFILE_BYTES_MAX);
    g_file_set_contents_full(path, huge, KEYFILE_BYTES_MAX + 1, G_FILE_SET_CONTENTS_CONSISTENT,
                             0600, &error);
    check_refused(path, CONCERT_ERROR_LIMIT, "larger");
    g_file_set_contents_full(path, "a\0b", 3, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
    check_refused(path, CONCERT_ERROR_INPUT, "no text");
    g_unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    check_refused(path, CONCERT_ERROR_DENIED, "no plain file");
    g_unlink(path);
    check_refused(directory, CONCERT_ERROR_DENIED, "no plain file");

    g_assert_true(keyfile_check_directory(directory, &error));
    g_chmod(directory, 0750);
    g_assert_false(keyfile_check_directory(directory, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_nonnull(strstr(error->message, "0750"));
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seal/fixed-text", test_fixed_text);
    g_test_add_func("/seal/wrong-passphrase", test_wrong_passphrase);
    g_test_add_func("/seal/every-bit-counts", test_every_bit_counts);
    g_test_add_func("/seal/no-sealed-texts", test_no_sealed_texts);
    g_test_add_func("/seal/close-and-open", test_close_and_open);
    g_test_add_func("/seal/unfit", test_unfit);
    g_test_add_func("/seal/derive-is-bounded", test_derive_is_bounded);
    g_test_add_func("/keyfile/forms", test_key_files);
    g_test_add_func("/keyfile/sealed-is-other-key", test_sealed_is_other_key);
    g_test_add_func("/keyfile/reading", test_reading);
    return g_test_run();
}
