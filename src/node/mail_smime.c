#include "node/mail_smime.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/sha256.h"
#include "base/timestamp.h"
#include "identity/keyfile.h"

#define LINE_MAX_BYTES 64 /* of base64 */
#define CHAIN_MAX      16 /* certificates that are sent with a signature */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

struct MailSmimeKey {
    Certificate *certificate;
    STACK_OF(X509) * chain; /* what stands behind it in its file */
    EVP_PKEY *key;
};

static gboolean fail(ConcertError code, const char *what, GError **error)
{
    g_autofree char *text = g_strdup_printf("S/MIME: %s", what);
    return certificate_fail(code, text, error);
}

/* --- the node's own ----------------------------------------------------------------------------
 */

void mail_smime_key_free(MailSmimeKey *key)
{
    if (!key)
        return;
    certificate_free(key->certificate);
    sk_X509_pop_free(key->chain, X509_free);
    EVP_PKEY_free(key->key);
    g_free(key);
}

/* The certificates behind the first, which lead to an authority. */
static gboolean read_chain(MailSmimeKey *key, const char *pem, gsize length)
{
    g_autoptr(BIO) bio = BIO_new_mem_buf(pem, (int)length);
    key->chain = sk_X509_new_null();
    if (!bio || !key->chain)
        return FALSE;
    for (int i = 0; i <= CHAIN_MAX; i++) {
        g_autoptr(X509) x509 = PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
        if (!x509)
            break;
        if (i > 0 && !sk_X509_push(key->chain, g_steal_pointer(&x509)))
            return FALSE;
    }
    ERR_clear_error();
    return TRUE;
}

static gboolean read_certificate(MailSmimeKey *key, const char *path, GError **error)
{
    g_autofree char *pem = NULL;
    g_autoptr(GError) reading = NULL;
    gsize length;
    if (!g_file_get_contents(path, &pem, &length, &reading)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "[mail] smime_certificate: %s",
                    reading->message);
        return FALSE;
    }
    key->certificate = certificate_read(pem, length, error);
    if (!key->certificate) {
        g_prefix_error(error, "[mail] smime_certificate %s: ", path);
        return FALSE;
    }
    return read_chain(key, pem, length) || fail(CONCERT_ERROR_IO, "memory", error);
}

static gboolean read_key(MailSmimeKey *key, const char *path, GError **error)
{
    gsize length;
    char *pem = keyfile_read(path, &length, error);
    if (!pem) {
        g_prefix_error(error, "[mail] smime_key: ");
        return FALSE;
    }
    g_autoptr(BIO) bio = BIO_new_mem_buf(pem, (int)length);
    /* The empty passphrase: a key with another is refused, and nobody is asked. */
    key->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    seal_secret_free(pem);
    if (!key->key)
        return fail(CONCERT_ERROR_INPUT, "[mail] smime_key is no private key in PEM", error);
    return X509_check_private_key(key->certificate->x509, key->key) ||
           fail(CONCERT_ERROR_INPUT, "[mail] smime_key is not that of smime_certificate", error);
}

gboolean mail_smime_key_read(const char *certificate, const char *key, MailSmimeKey **ret_key,
                             GError **error)
{
    g_autoptr(MailSmimeKey) own = g_new0(MailSmimeKey, 1);
    if (!certificate != !key) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "[mail] smime_certificate and smime_key: one is set without the other");
        return FALSE;
    }
    if (certificate && (!read_certificate(own, certificate, error) || !read_key(own, key, error)))
        return FALSE;
    *ret_key = certificate ? g_steal_pointer(&own) : NULL;
    return TRUE;
}

/* --- protecting --------------------------------------------------------------------------------
 */

/* The object in base64, in lines that end with CRLF. */
static char *encode(CMS_ContentInfo *cms)
{
    guint8 *der = NULL;
    int length = i2d_CMS_ContentInfo(cms, &der);
    if (length <= 0)
        return NULL;
    g_autofree char *text = g_base64_encode(der, (gsize)length);
    GString *lines = g_string_sized_new(strlen(text) + strlen(text) / 32 + 2);
    OPENSSL_free(der);
    for (gsize at = 0, size = strlen(text); at < size; at += LINE_MAX_BYTES) {
        g_string_append_len(lines, text + at, (gssize)MIN(LINE_MAX_BYTES, size - at));
        g_string_append(lines, "\r\n");
    }
    return g_string_free(lines, FALSE);
}

/* The hash that the signature is of, as RFC 8551 section 3.5.3.2 names it. */
static const char *name_hash(CMS_ContentInfo *cms)
{
    static const struct {
        int nid;
        const char *name;
    } names[] = {{NID_sha256, "sha-256"}, {NID_sha384, "sha-384"}, {NID_sha512, "sha-512"}};
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
    X509_ALGOR *hash = NULL;
    if (sk_CMS_SignerInfo_num(signers) < 1)
        return "unknown";
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL, &hash, NULL);
    for (guint i = 0; hash && i < G_N_ELEMENTS(names); i++)
        if (OBJ_obj2nid(hash->algorithm) == names[i].nid)
            return names[i].name;
    return "unknown";
}

/* RFC 8551 section 3.5.3: readable to who knows nothing of S/MIME, too. */
static char *sign(const MailSmimeKey *key, const MailMessage *message, const char *content,
                  GError **error)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    g_autoptr(BIO) in = BIO_new_mem_buf(content, -1);
    g_autoptr(CMS_ContentInfo) cms =
        in ? CMS_sign(key->certificate->x509, key->key, key->chain, in, CMS_DETACHED | CMS_BINARY)
           : NULL;
    g_autofree char *text = cms ? encode(cms) : NULL;
    if (!text) {
        fail(CONCERT_ERROR_IO, "signing", error);
        return NULL;
    }
    sha256_digest_pair("s/mime", 6, message->message_id, strlen(message->message_id), digest);
    sha256_hex(digest, hex);
    return g_strdup_printf(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
        " micalg=%s; boundary=\"=_%.24s\"\r\n\r\n"
        "--=_%.24s\r\n%s\r\n"
        "--=_%.24s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        "%s\r\n--=_%.24s--\r\n",
        name_hash(cms), hex, hex, content, hex, text, hex);
}

/* With an elliptic curve the key is derived by SHA-256; left alone OpenSSL takes SHA-1. */
static gboolean add_recipient(CMS_ContentInfo *cms, X509 *x509)
{
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, x509, CMS_KEY_PARAM);
    EVP_PKEY_CTX *context = recipient ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;
    if (!recipient)
        return FALSE;
    return CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_AGREE || !context ||
           EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
}

/* RFC 8551 section 3.3. */
static char *encrypt(GBytes *der, const MailMessage *message, const char *content, GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(der, &length);
    g_autoptr(Certificate) certificate = certificate_read(bytes, length, error);
    if (!certificate ||
        !certificate_check(certificate, CERTIFICATE_ENCRYPTS, message->time_us, error)) {
        g_prefix_error(error, "S/MIME: %s: ", message->to);
        return NULL;
    }
    g_autoptr(BIO) in = BIO_new_mem_buf(content, -1);
    g_autoptr(CMS_ContentInfo) cms =
        CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), CMS_PARTIAL | CMS_BINARY);
    gboolean good =
        in && cms && add_recipient(cms, certificate->x509) && CMS_final(cms, in, NULL, CMS_BINARY);
    g_autofree char *text = good ? encode(cms) : NULL;
    if (!text) {
        fail(CONCERT_ERROR_DENIED, "encrypting", error);
        return NULL;
    }
    return g_strdup_printf("Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n"
                           " name=\"smime.p7m\"\r\n"
                           "Content-Transfer-Encoding: base64\r\n"
                           "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n%s",
                           text);
}

static gboolean check_own(const MailSmimeKey *key, const MailMessage *message, GError **error)
{
    if (!certificate_check(key->certificate, CERTIFICATE_SIGNS, message->time_us, error)) {
        g_prefix_error(error, "[mail] smime_certificate: ");
        return FALSE;
    }
    if (certificate_is_for(key->certificate, message->from))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "[mail] smime_certificate is that of %s, and not for %s: nobody would believe "
                "the signature",
                key->certificate->name, message->from);
    return FALSE;
}

char *mail_smime_protect(const MailSettings *settings, GBytes *recipient,
                         const MailMessage *message, const char *content, GError **error)
{
    g_autoptr(MailSmimeKey) key = NULL;
    if (!mail_smime_key_read(settings->smime_certificate, settings->smime_key, &key, error) ||
        (key && !check_own(key, message, error)))
        return NULL;
    g_autofree char *with_signature = key ? sign(key, message, content, error) : NULL;
    if (key && !with_signature)
        return NULL;
    if (!recipient)
        return g_steal_pointer(&with_signature);
    return encrypt(recipient, message, with_signature ? with_signature : content, error);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static gboolean decrypt(const MailSmimeKey *key, CMS_ContentInfo *cms, BIO *out, GError **error)
{
    if (!key) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "it is encrypted by S/MIME, and [mail] smime_key is not set");
        return FALSE;
    }
    return CMS_decrypt(cms, key->key, key->certificate->x509, NULL, out, CMS_BINARY) ||
           fail(CONCERT_ERROR_DENIED, "it cannot be decrypted with [mail] smime_key", error);
}

char *mail_smime_open(const MailSmimeKey *key, const void *der, gsize length, gsize *ret_length,
                      GError **error)
{
    const guint8 *at = der;
    char *bytes = NULL;
    g_autoptr(CMS_ContentInfo) cms =
        length <= G_MAXINT32 ? d2i_CMS_ContentInfo(NULL, &at, (long)length) : NULL;
    g_autoptr(BIO) out = BIO_new(BIO_s_mem());
    int type = cms ? OBJ_obj2nid(CMS_get0_type(cms)) : NID_undef;
    gboolean good = FALSE;
    if (out && (type == NID_pkcs7_enveloped || type == NID_id_smime_ct_authEnvelopedData))
        good = decrypt(key, cms, out, error);
    else if (out && type == NID_pkcs7_signed)
        good = CMS_verify(cms, NULL, NULL, NULL, out, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) ||
               fail(CONCERT_ERROR_DENIED, "its signature does not match", error);
    else
        fail(CONCERT_ERROR_DENIED, "it is nothing that was signed or encrypted", error);
    if (!good)
        return NULL;
    ERR_clear_error();
    *ret_length = (gsize)BIO_get_mem_data(out, &bytes);
    return g_strndup(bytes ? bytes : "", *ret_length);
}
