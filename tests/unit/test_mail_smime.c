/* S/MIME: which certificates and keys are taken, and what is opened. */
#include "node/mail_smime.h"

#include <glib/gstdio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/timestamp.h"

#define CONTENT "Content-Type: text/plain\r\n\r\n198.51.100.7\r\n"

typedef struct {
    EVP_PKEY *key;
    X509 *x509;
    char *pem, *key_pem;
} Holder;

static char *take_pem(BIO *bio)
{
    char *text;
    long length = BIO_get_mem_data(bio, &text);
    char *copy = g_strndup(text, (gsize)length);
    BIO_free(bio);
    return copy;
}

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    g_assert_nonnull(extension);
    g_assert_true(X509_add_ext(x509, extension, -1));
    X509_EXTENSION_free(extension);
}

static void make_holder(Holder *holder, const char *address, int since, int until,
                        const char *usage)
{
    holder->key = EVP_EC_gen("P-256");
    holder->x509 = X509_new();
    X509_set_version(holder->x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(holder->x509), 7);
    X509_gmtime_adj(X509_getm_notBefore(holder->x509), since);
    X509_gmtime_adj(X509_getm_notAfter(holder->x509), until);
    X509_NAME *name = X509_get_subject_name(holder->x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const guchar *)"Birch\n\x1b[31m", -1, -1,
                               0);
    X509_set_issuer_name(holder->x509, name);
    X509_set_pubkey(holder->x509, holder->key);
    g_autofree char *alternative = g_strdup_printf("email:%s", address);
    add_extension(holder->x509, NID_subject_alt_name, alternative);
    if (usage)
        add_extension(holder->x509, NID_key_usage, usage);
    g_assert_true(X509_sign(holder->x509, holder->key, EVP_sha256()));
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, holder->x509);
    holder->pem = take_pem(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, holder->key, NULL, NULL, 0, NULL, NULL);
    holder->key_pem = take_pem(bio);
}

static void holder_clear(Holder *holder)
{
    EVP_PKEY_free(holder->key);
    X509_free(holder->x509);
    g_free(holder->pem);
    g_free(holder->key_pem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Holder, holder_clear)

static char *put_file(const char *directory, const char *name, const char *text, int mode)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    return path;
}

static void test_certificates(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Holder) holder = {0};
    make_holder(&holder, "Abuse@Birch.example", -60, 3600, NULL);
    g_autoptr(Certificate) one = certificate_read(holder.pem, strlen(holder.pem), &error);
    g_assert_no_error(error);
    g_assert_true(certificate_is_for(one, "abuse@birch.example"));
    g_assert_false(certificate_is_for(one, "abuse@birch.example.org"));
    g_assert_false(certificate_is_for(one, ""));
    for (const char *at = one->name; *at; at++)
        g_assert_true(g_ascii_isprint(*at));
    gint64 now = timestamp_now();
    g_assert_true(certificate_check(one, CERTIFICATE_ENCRYPTS, now, &error));
    g_assert_false(certificate_check(one, CERTIFICATE_ENCRYPTS, one->until_us + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_nonnull(strstr(error->message, "expired"));
    g_clear_error(&error);
    g_assert_false(certificate_check(one, CERTIFICATE_ENCRYPTS, one->since_us - 1, &error));
    g_clear_error(&error);

    g_autoptr(GBytes) der = certificate_bytes(one);
    gsize length;
    const guint8 *bytes = g_bytes_get_data(der, &length);
    for (gsize i = 0; i < length; i += 7) { /* cut short, at any place */
        g_assert_null(certificate_read(bytes, i, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
    g_autofree char *large = g_strnfill(CERTIFICATE_BYTES_MAX + 1, ' ');
    g_assert_null(certificate_read(large, CERTIFICATE_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_uses(void)
{
    static const struct {
        const char *usage;
        gboolean encrypts, signs;
    } cases[] = {{NULL, TRUE, TRUE},
                 {"digitalSignature", FALSE, TRUE},
                 {"keyAgreement", TRUE, FALSE},
                 {"keyEncipherment,nonRepudiation", TRUE, TRUE},
                 {"keyCertSign", FALSE, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Holder) holder = {0};
        make_holder(&holder, "a@birch.example", -60, 3600, cases[i].usage);
        g_autoptr(Certificate) one = certificate_of(holder.x509, NULL);
        gint64 now = timestamp_now();
        g_assert_cmpint(certificate_check(one, CERTIFICATE_ENCRYPTS, now, NULL), ==,
                        cases[i].encrypts);
        g_assert_cmpint(certificate_check(one, CERTIFICATE_SIGNS, now, NULL), ==, cases[i].signs);
    }
}

static void test_keys(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MailSmimeKey) key = NULL;
    g_auto(Holder) own = {0}, other = {0};
    g_autofree char *directory = g_dir_make_tmp("smime-XXXXXX", NULL);
    make_holder(&own, "a@alder.example", -60, 3600, NULL);
    make_holder(&other, "b@alder.example", -60, 3600, NULL);
    g_autofree char *pem = put_file(directory, "own.pem", own.pem, 0644);
    g_autofree char *good = put_file(directory, "own.key", own.key_pem, 0600);
    g_autofree char *open = put_file(directory, "open.key", own.key_pem, 0644);
    g_autofree char *wrong = put_file(directory, "other.key", other.key_pem, 0600);
    const struct {
        const char *certificate, *key;
        int code; /* -1: it is taken */
    } cases[] = {{pem, good, -1},
                 {pem, open, CONCERT_ERROR_DENIED},
                 {pem, wrong, CONCERT_ERROR_INPUT},
                 {pem, NULL, CONCERT_ERROR_INPUT},
                 {NULL, good, CONCERT_ERROR_INPUT},
                 {good, good, CONCERT_ERROR_INPUT},
                 {pem, "/none/there", CONCERT_ERROR_NOT_FOUND},
                 {"/none/there", good, CONCERT_ERROR_NOT_FOUND}};
    g_assert_true(mail_smime_key_read(NULL, NULL, &key, &error));
    g_assert_null(key);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(mail_smime_key_read(cases[i].certificate, cases[i].key, &key, &error), ==,
                        cases[i].code < 0);
        if (cases[i].code >= 0)
            g_assert_error(error, CONCERT_ERROR, cases[i].code);
        g_clear_error(&error);
        g_clear_pointer(&key, mail_smime_key_free);
    }
    for (guint i = 0; i < 4; i++)
        g_unlink((const char *[]){pem, good, open, wrong}[i]);
    g_rmdir(directory);
}

/* The CMS object in base64 behind the last empty line of @text. */
static guchar *find_cms(const char *text, gsize *ret_length)
{
    const char *body = strstr(text, "\r\n\r\n");
    g_assert_nonnull(body);
    return g_base64_decode(body + 4, ret_length);
}

static void test_round(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Holder) own = {0};
    g_autofree char *directory = g_dir_make_tmp("smime-XXXXXX", NULL);
    make_holder(&own, "notices@alder.example", -60, 3600, NULL);
    g_autofree char *pem = put_file(directory, "own.pem", own.pem, 0644);
    g_autofree char *path = put_file(directory, "own.key", own.key_pem, 0600);
    g_autoptr(MailSmimeKey) key = NULL;
    g_assert_true(mail_smime_key_read(pem, path, &key, &error));
    g_autoptr(Certificate) certificate = certificate_of(own.x509, NULL);
    g_autoptr(GBytes) recipient = certificate_bytes(certificate);
    MailMessage message = {.from = "notices@alder.example",
                           .to = "a@birch.example",
                           .message_id = "1@alder.example",
                           .time_us = timestamp_now()};
    const MailSettings plain = {0};
    gsize length, size;
    g_autofree char *closed = mail_smime_protect(&plain, recipient, &message, CONTENT, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(closed, "198.51"));
    g_autofree guchar *cms = find_cms(closed, &length);
    g_autofree char *opened = mail_smime_open(key, cms, length, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(opened, ==, CONTENT);
    g_assert_null(mail_smime_open(NULL, cms, length, &size, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);

    /* Whatever is changed or cut off: nothing comes out but by chance what was in it. */
    for (gsize i = 0; i < length; i += 5) {
        g_autofree char *cut = mail_smime_open(key, cms, i, &size, NULL);
        g_assert_null(cut);
        cms[i] ^= 0x41;
        g_autofree char *changed = mail_smime_open(key, cms, length, &size, NULL);
        cms[i] ^= 0x41;
    }

    message.time_us = certificate->until_us + G_USEC_PER_SEC;
    g_assert_null(mail_smime_protect(&plain, recipient, &message, CONTENT, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    message.time_us = timestamp_now();
    const MailSettings signing = {.smime_certificate = pem, .smime_key = path};
    g_autofree char *with_signature = mail_smime_protect(&signing, NULL, &message, CONTENT, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(with_signature, "micalg=sha-256"));
    message.from = "somebody@alder.example";
    g_assert_null(mail_smime_protect(&signing, NULL, &message, CONTENT, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_unlink(pem);
    g_unlink(path);
    g_rmdir(directory);
}

static void test_signed(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Holder) own = {0};
    make_holder(&own, "a@birch.example", -60, 3600, NULL);
    BIO *in = BIO_new_mem_buf(CONTENT, -1);
    CMS_ContentInfo *cms = CMS_sign(own.x509, own.key, NULL, in, CMS_BINARY);
    guint8 *der = NULL;
    gsize length = (gsize)i2d_CMS_ContentInfo(cms, &der), size;
    g_autofree char *opened = mail_smime_open(NULL, der, length, &size, &error);
    g_assert_cmpstr(opened, ==, CONTENT);
    guint8 *place = memmem(der, length, "198.51", 6);
    g_assert_nonnull(place);
    *place = '2';
    g_assert_null(mail_smime_open(NULL, der, length, &size, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    OPENSSL_free(der);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail-smime/certificates", test_certificates);
    g_test_add_func("/mail-smime/uses", test_uses);
    g_test_add_func("/mail-smime/keys", test_keys);
    g_test_add_func("/mail-smime/round", test_round);
    g_test_add_func("/mail-smime/signed", test_signed);
    return g_test_run();
}
