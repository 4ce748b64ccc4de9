#include "identity/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

gboolean certificate_fail(ConcertError code, const char *what, GError **error)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long last = ERR_peek_last_error_data(&data, &flags);
    const char *reason = last ? ERR_reason_error_string(last) : NULL;
    gboolean more = reason && data && *data && (flags & ERR_TXT_STRING);
    g_set_error(error, CONCERT_ERROR, code, "%s%s%s%s%s", what, reason ? ": " : "",
                reason ? reason : "", more ? ", " : "", more ? data : "");
    ERR_clear_error();
    return FALSE;
}

void certificate_free(Certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->x509);
    g_free(certificate->name);
    g_strfreev(certificate->addresses);
    g_free(certificate);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* What is not printable ASCII is escaped. */
static char *read_name(X509 *x509)
{
    char *text = NULL;
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    if (!bio || X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) < 0)
        return g_strdup("?");
    long length = BIO_get_mem_data(bio, &text);
    return length > 0 ? g_strndup(text, (gsize)MIN(length, CERTIFICATE_NAME_MAX))
                      : g_strdup("nobody");
}

static char **read_addresses(X509 *x509)
{
    GPtrArray *list = g_ptr_array_new();
    STACK_OF(OPENSSL_STRING) *found = X509_get1_email(x509);
    for (int i = 0; i < sk_OPENSSL_STRING_num(found) && i < CERTIFICATE_ADDRESSES_MAX; i++)
        g_ptr_array_add(list, g_ascii_strdown(sk_OPENSSL_STRING_value(found, i), -1));
    X509_email_free(found);
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static gboolean read_time(const ASN1_TIME *time, gint64 *ret_us)
{
    struct tm tm = {0};
    if (!ASN1_TIME_to_tm(time, &tm))
        return FALSE;
    *ret_us = (gint64)timegm(&tm) * G_USEC_PER_SEC;
    return TRUE;
}

Certificate *certificate_of(struct x509_st *x509, GError **error)
{
    gint64 since, until;
    if (!read_time(X509_get0_notBefore(x509), &since) ||
        !read_time(X509_get0_notAfter(x509), &until)) {
        certificate_fail(CONCERT_ERROR_INPUT, "the certificate does not say when it is valid",
                         error);
        return NULL;
    }
    Certificate *certificate = g_new0(Certificate, 1);
    X509_up_ref(x509);
    *certificate = (Certificate){x509, read_name(x509), read_addresses(x509), since, until};
    ERR_clear_error();
    return certificate;
}

Certificate *certificate_read(const void *bytes, gsize length, GError **error)
{
    if (length > CERTIFICATE_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a certificate has at most %d bytes",
                    CERTIFICATE_BYTES_MAX);
        return NULL;
    }
    const guint8 *at = bytes;
    gboolean is_der = length > 0 && at[0] == 0x30; /* a SEQUENCE */
    g_autoptr(BIO) bio = is_der ? NULL : BIO_new_mem_buf(bytes, (int)length);
    g_autoptr(X509) x509 = is_der ? d2i_X509(NULL, &at, (long)length)
                           : bio  ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"")
                                  : NULL;
    if (x509)
        return certificate_of(x509, error);
    certificate_fail(CONCERT_ERROR_INPUT, "it is no X.509 certificate", error);
    return NULL;
}

GBytes *certificate_bytes(const Certificate *certificate)
{
    guint8 *der = NULL;
    int length = i2d_X509(certificate->x509, &der);
    GBytes *bytes = g_bytes_new(der, length > 0 ? (gsize)length : 0);
    OPENSSL_free(der);
    return bytes;
}

/* --- judging -----------------------------------------------------------------------------------
 */

gboolean certificate_is_for(const Certificate *certificate, const char *address)
{
    g_autofree char *lower = g_ascii_strdown(address, -1);
    return g_strv_contains((const char *const *)certificate->addresses, lower);
}

gboolean certificate_check(const Certificate *certificate, CertificateUse use, gint64 time_us,
                           GError **error)
{
    char when[TIMESTAMP_MAX];
    /* Both have all bits where the certificate does not say. An elliptic curve's encrypts by
     * agreeing upon a key, which OpenSSL's own check of this purpose passes over. */
    uint32_t usage = X509_get_key_usage(certificate->x509);
    uint32_t extended = X509_get_extended_key_usage(certificate->x509);
    uint32_t wanted = use == CERTIFICATE_ENCRYPTS ? KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT
                                                  : KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
    gboolean is_old = time_us > certificate->until_us;
    if (is_old || time_us < certificate->since_us) {
        g_set_error(
            error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "the certificate of %s %s %s",
            certificate->name, is_old ? "expired" : "is not valid before",
            timestamp_format(when, is_old ? certificate->until_us : certificate->since_us, 0));
        return FALSE;
    }
    if ((usage & wanted) && (extended & (XKU_SMIME | XKU_ANYEKU)))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "the certificate of %s is not for %s mail", certificate->name,
                use == CERTIFICATE_ENCRYPTS ? "encrypting" : "signing");
    return FALSE;
}

struct x509_store_st *certificate_store(const char *pem, gsize length, GError **error)
{
    guint count = 0;
    g_autoptr(X509_STORE) store = X509_STORE_new();
    g_autoptr(BIO) bio = length <= CERTIFICATE_LIST_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
    while (store && bio) {
        g_autoptr(X509) x509 = PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
        if (!x509 || !X509_STORE_add_cert(store, x509))
            break;
        count++;
    }
    gboolean is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (count > 0 && is_end) {
        ERR_clear_error();
        return g_steal_pointer(&store);
    }
    if (is_end)
        ERR_clear_error();
    certificate_fail(CONCERT_ERROR_INPUT, "there are no certificates in PEM in it", error);
    return NULL;
}
