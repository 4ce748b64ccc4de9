#include "node/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/timestamp.h"

#define LIFETIME_SECONDS (10 * 365 * 24 * 3600)
#define BACKDATE_SECONDS 3600 /* for clients whose clock is a little behind */
#define MAX_FILE         (1024 * 1024)
#define SOON_SECONDS     (14 * 24 * 3600) /* to renew a certificate */

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_x509_privkey_t, gnutls_x509_privkey_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_x509_crt_t, gnutls_x509_crt_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gnutls_pubkey_t, gnutls_pubkey_deinit, NULL)

static gboolean fail(GError **error, const char *what, int result)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: %s", what, gnutls_strerror(result));
    return FALSE;
}

/* Whatever name a client comes by: the node's name, or an address of it. */
static int set_names(gnutls_x509_crt_t certificate, const char *name)
{
    guint8 address[16];
    int result;
    if (inet_pton(AF_INET, name, address) == 1)
        result = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 4,
                                                      GNUTLS_FSAN_SET);
    else
        result = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name,
                                                      (unsigned)strlen(name), GNUTLS_FSAN_SET);
    if (result < 0)
        return result;
    /* A common name has at most 64 characters (RFC 5280 appendix A.1). */
    g_autofree char *common = g_strndup(name, 64);
    return gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common,
                                         (unsigned)strlen(common));
}

static int fill_certificate(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
                            const char *name)
{
    guint8 serial[16];
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    int result = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and 16 bytes long */
    if (result >= 0)
        result = gnutls_x509_crt_set_version(certificate, 3);
    if (result >= 0)
        result = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (result >= 0)
        result = gnutls_x509_crt_set_activation_time(certificate, now - BACKDATE_SECONDS);
    if (result >= 0)
        result = gnutls_x509_crt_set_expiration_time(certificate, now + LIFETIME_SECONDS);
    if (result >= 0)
        result = set_names(certificate, name);
    if (result >= 0)
        result = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (result >= 0)
        result = gnutls_x509_crt_set_key(certificate, key);
    if (result >= 0)
        result = gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
    return result;
}

/* Writes a file that was not there, so that only its owner can read it. */
static gboolean write_new(const char *path, const gnutls_datum_t *data, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    if (g_mkdir_with_parents(directory, 0700) != 0)
        return error_from_errno(error, errno, "making %s", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_from_errno(error, errno, "writing %s", path);
    gsize done = 0;
    while (done < data->size) {
        gssize written = write(fd, data->data + done, data->size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            break;
        done += (gsize)written;
    }
    int errnum = done < data->size || fsync(fd) != 0 ? errno : 0;
    close(fd);
    if (errnum == 0)
        return TRUE;
    unlink(path);
    return error_from_errno(error, errnum, "writing %s", path);
}

static gboolean make(const char *key_path, const char *certificate_path, const char *name,
                     GError **error)
{
    g_auto(gnutls_x509_privkey_t) key = NULL;
    g_auto(gnutls_x509_crt_t) certificate = NULL;
    int result = gnutls_x509_privkey_init(&key);
    if (result >= 0)
        result = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (result >= 0)
        result = gnutls_x509_crt_init(&certificate);
    if (result >= 0)
        result = fill_certificate(certificate, key, name);
    gnutls_datum_t key_pem = {0}, certificate_pem = {0};
    if (result >= 0)
        result = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem);
    if (result >= 0)
        result = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_pem);
    gboolean made = result >= 0 ? write_new(key_path, &key_pem, error) &&
                                      write_new(certificate_path, &certificate_pem, error)
                                : fail(error, "making a certificate", result);
    if (key_pem.data)
        gnutls_memset(key_pem.data, 0, key_pem.size);
    gnutls_free(key_pem.data);
    gnutls_free(certificate_pem.data);
    return made;
}

/* The file's text; CONCERT_ERROR_NOT_FOUND when it is not there. */
static char *read_file(const char *path, GError **error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        error_from_errno(error, errno, "%s", path);
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > MAX_FILE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no PEM file", path);
        return NULL;
    }
    g_autoptr(GError) why = NULL;
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, &why))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s", why->message);
    return text;
}

gboolean tls_load(const char *key_path, const char *certificate_path, const char *name,
                  char **ret_key, char **ret_certificate, GError **error)
{
    if (access(key_path, F_OK) != 0 && access(certificate_path, F_OK) != 0 &&
        !make(key_path, certificate_path, name, error))
        return FALSE;
    g_autofree char *key = read_file(key_path, error);
    g_autofree char *certificate = key ? read_file(certificate_path, error) : NULL;
    g_autofree char *fingerprint = certificate ? tls_fingerprint(certificate, error) : NULL;
    if (!fingerprint)
        return FALSE;
    *ret_key = g_steal_pointer(&key);
    *ret_certificate = g_steal_pointer(&certificate);
    return TRUE;
}

static int import_first(const char *pem, gnutls_x509_crt_t *ret_certificate)
{
    gnutls_datum_t text = {(unsigned char *)pem, (unsigned)strlen(pem)};
    int result = gnutls_x509_crt_init(ret_certificate);
    return result >= 0 ? gnutls_x509_crt_import(*ret_certificate, &text, GNUTLS_X509_FMT_PEM)
                       : result;
}

char *tls_fingerprint(const char *pem, GError **error)
{
    g_auto(gnutls_x509_crt_t) certificate = NULL;
    guint8 digest[SHA256_SIZE];
    size_t length = sizeof digest;
    int result = import_first(pem, &certificate);
    if (result >= 0)
        result = gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, digest, &length);
    if (result < 0) {
        fail(error, "the certificate", result);
        return NULL;
    }
    GString *hex = g_string_sized_new(3 * sizeof digest);
    for (gsize i = 0; i < sizeof digest; i++)
        g_string_append_printf(hex, "%s%02X", i > 0 ? ":" : "", digest[i]);
    return g_string_free(hex, FALSE);
}

char *tls_lapse(const char *path)
{
    g_auto(gnutls_x509_crt_t) certificate = NULL;
    g_autofree char *pem = NULL;
    char text[TIMESTAMP_MAX];
    gint64 now = timestamp_now() / G_USEC_PER_SEC;
    if (!g_file_get_contents(path, &pem, NULL, NULL) || import_first(pem, &certificate) < 0)
        return NULL;
    gint64 from = gnutls_x509_crt_get_activation_time(certificate);
    gint64 until = gnutls_x509_crt_get_expiration_time(certificate);
    const char *what = from > now                   ? "is valid only from"
                       : until < now                ? "has expired at"
                       : until < now + SOON_SECONDS ? "expires at"
                                                    : NULL;
    return what ? g_strdup_printf(
                      "the TLS certificate %s %s %s", path, what,
                      timestamp_format(text, (from > now ? from : until) * G_USEC_PER_SEC, 0))
                : NULL;
}

char *tls_pin(const char *pem, GError **error)
{
    g_auto(gnutls_x509_crt_t) certificate = NULL;
    g_auto(gnutls_pubkey_t) key = NULL;
    gnutls_datum_t der = {0};
    int result = import_first(pem, &certificate);
    if (result >= 0)
        result = gnutls_pubkey_init(&key);
    if (result >= 0)
        result = gnutls_pubkey_import_x509(key, certificate, 0);
    if (result >= 0)
        result = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
    if (result < 0) {
        fail(error, "the certificate", result);
        return NULL;
    }
    guint8 digest[SHA256_SIZE];
    sha256_digest(der.data, der.size, digest);
    gnutls_free(der.data);
    g_autofree char *base64 = g_base64_encode(digest, sizeof digest);
    return g_strconcat("sha256//", base64, NULL);
}
