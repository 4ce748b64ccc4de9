#include "identity/timestamp_token.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <time.h>

#include "identity/certificate.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PKCS7, PKCS7_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_TST_INFO, TS_TST_INFO_free)

void timestamp_token_free(TimestampToken *token)
{
    if (!token)
        return;
    PKCS7_free(token->pkcs7);
    g_free(token->signer);
    g_free(token);
}

static gboolean refuse(GError **error, const char *why)
{
    ERR_clear_error();
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, why);
    return FALSE;
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* Of the whole of @bytes. Caller frees; NULL: there is none in it. */
static PKCS7 *find_token(const guint8 *bytes, gsize length, GError **error)
{
    const guint8 *at = bytes, *end = bytes + length;
    g_autoptr(PKCS7) pkcs7 = NULL;
    g_autoptr(TS_RESP) response = d2i_TS_RESP(NULL, &at, (long)length);
    if (response && at == end) {
        PKCS7 *token = TS_RESP_get_token(response);
        pkcs7 = token ? PKCS7_dup(token) : NULL;
        if (!pkcs7)
            refuse(error, "the authority refused to make a time stamp");
        return g_steal_pointer(&pkcs7);
    }
    at = bytes;
    pkcs7 = d2i_PKCS7(NULL, &at, (long)length);
    if (pkcs7 && at == end)
        return g_steal_pointer(&pkcs7);
    refuse(error, "it is no time stamp of RFC 3161");
    return NULL;
}

static gboolean read_time(const ASN1_GENERALIZEDTIME *time, gint64 *ret_us)
{
    struct tm tm = {0};
    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return FALSE;
    *ret_us = (gint64)timegm(&tm) * G_USEC_PER_SEC;
    return TRUE;
}

static gboolean read_info(TimestampToken *token, GError **error)
{
    g_autoptr(TS_TST_INFO) info = PKCS7_to_TS_TST_INFO(token->pkcs7);
    if (!info)
        return refuse(error, "it is no time stamp of RFC 3161");
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    X509_ALGOR *hash = imprint ? TS_MSG_IMPRINT_get_algo(imprint) : NULL;
    ASN1_OCTET_STRING *digest = imprint ? TS_MSG_IMPRINT_get_msg(imprint) : NULL;
    if (!hash || !digest || OBJ_obj2nid(hash->algorithm) != NID_sha256 ||
        ASN1_STRING_length(digest) != SHA256_SIZE)
        return refuse(error, "the time stamp is not of a SHA-256, as what is sealed is known by");
    memcpy(token->imprint, ASN1_STRING_get0_data(digest), SHA256_SIZE);
    return read_time(TS_TST_INFO_get_time(info), &token->time_us) ||
           refuse(error, "the time stamp says no time");
}

static gboolean take_name(TimestampToken *token, X509 *x509, GError **error)
{
    g_autoptr(Certificate) certificate = certificate_of(x509, error);
    if (!certificate)
        return FALSE;
    g_free(token->signer);
    token->signer = g_strdup(certificate->name);
    return TRUE;
}

/* By the certificate that is in it, and nothing of that is believed. */
static gboolean check_signature(TimestampToken *token, GError **error)
{
    STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(token->pkcs7);
    if (sk_PKCS7_SIGNER_INFO_num(infos) != 1)
        return refuse(error, "a time stamp has one signature");
    STACK_OF(X509) *signers = PKCS7_get0_signers(token->pkcs7, NULL, 0);
    X509 *signer = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    g_autoptr(BIO) out = BIO_new(BIO_s_null());
    gboolean good = !signer || (take_name(token, signer, error) && out &&
                                PKCS7_verify(token->pkcs7, NULL, NULL, NULL, out,
                                             PKCS7_NOVERIFY | PKCS7_BINARY));
    sk_X509_free(signers);
    if (!good && (!error || !*error))
        refuse(error, "the signature of the time stamp does not match: it was changed");
    ERR_clear_error();
    return good;
}

TimestampToken *timestamp_token_read(const void *bytes, gsize length, GError **error)
{
    if (length > TIMESTAMP_TOKEN_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a time stamp has at most %d bytes",
                    TIMESTAMP_TOKEN_MAX);
        return NULL;
    }
    g_autoptr(TimestampToken) token = g_new0(TimestampToken, 1);
    token->pkcs7 = find_token(bytes, length, error);
    if (!token->pkcs7 || !read_info(token, error) || !check_signature(token, error))
        return NULL;
    return g_steal_pointer(&token);
}

/* --- whom to believe ---------------------------------------------------------------------------
 */

gboolean timestamp_token_verify(TimestampToken *token, struct x509_store_st *trusted,
                                GError **error)
{
    X509_VERIFY_PARAM *rules = X509_STORE_get0_param(trusted);
    X509 *signer = NULL;
    /* Certificates of authorities expire; what they signed before that stays signed. Any that the
     * caller gives is believed, be it no root. */
    X509_VERIFY_PARAM_set_time(rules, (time_t)(token->time_us / G_USEC_PER_SEC));
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    STACK_OF(X509) *known = X509_STORE_get1_all_certs(trusted);
    gboolean good = known && TS_RESP_verify_signature(token->pkcs7, known, trusted, &signer) == 1;
    if (!good)
        certificate_fail(CONCERT_ERROR_DENIED, "nobody who is trusted vouches for the time stamp",
                         error);
    else
        good = take_name(token, signer, error);
    X509_free(signer);
    sk_X509_pop_free(known, X509_free);
    return good;
}
