/* certificate.h - X.509 certificates (RFC 5280): whose they are, until when, and what for. By
 * OpenSSL, which the modules that use keys of certificates need as well. */
#pragma once

#include "base/error.h"

#define CERTIFICATE_BYTES_MAX     (64 * 1024)   /* of one, in PEM or DER */
#define CERTIFICATE_LIST_MAX      (1024 * 1024) /* bytes of a file of many */
#define CERTIFICATE_NAME_MAX      256
#define CERTIFICATE_ADDRESSES_MAX 64

/* OpenSSL's X509 and X509_STORE. */
struct x509_st;
struct x509_store_st;

typedef struct {
    struct x509_st *x509;
    char *name;                /* of its subject, one line of ASCII */
    char **addresses;          /* mail addresses in lower case */
    gint64 since_us, until_us; /* when it is valid */
} Certificate;

/* The first certificate in @bytes, which are PEM or DER. CONCERT_ERROR_INPUT, _LIMIT. */
Certificate *certificate_read(const void *bytes, gsize length, GError **error);

/* Of OpenSSL's, which stays the caller's. CONCERT_ERROR_INPUT. */
Certificate *certificate_of(struct x509_st *x509, GError **error);
void certificate_free(Certificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, certificate_free)

/* In DER. */
GBytes *certificate_bytes(const Certificate *certificate);

/* Whether @address, in any case of letters, is one of its mail addresses. */
gboolean certificate_is_for(const Certificate *certificate, const char *address);

typedef enum {
    CERTIFICATE_ENCRYPTS, /* mail to its holder */
    CERTIFICATE_SIGNS,    /* its holder's mail */
} CertificateUse;

/* CONCERT_ERROR_DENIED if it is not valid at @time_us, or is not for that use of S/MIME (RFC 8550
 * section 4.4); the message says which and since when. */
gboolean certificate_check(const Certificate *certificate, CertificateUse use, gint64 time_us,
                           GError **error);

/* All certificates of a text in PEM as OpenSSL's store of trusted ones; free with
 * X509_STORE_free(). CONCERT_ERROR_INPUT if there is none. */
struct x509_store_st *certificate_store(const char *pem, gsize length, GError **error);

/* Sets @error to "@what: " and the reason of OpenSSL's latest failure, and forgets that. Returns
 * FALSE. */
gboolean certificate_fail(ConcertError code, const char *what, GError **error);
