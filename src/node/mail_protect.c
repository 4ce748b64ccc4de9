#include "node/mail_protect.h"

#include <gpgme.h>
#include <locale.h>
#include <string.h>

#include "base/durable.h"
#include "base/late.h"
#include "base/sha256.h"
#include "node/mail_smime.h"

#define OUTPUT_MAX (16 * 1024 * 1024)

#define GPGME_FUNCTIONS(F)                                                                         \
    F(gpgme_, check_version_internal)                                                              \
    F(gpgme_, ctx_set_engine_info)                                                                 \
    F(gpgme_, data_new)                                                                            \
    F(gpgme_, data_new_from_mem)                                                                   \
    F(gpgme_, data_release)                                                                        \
    F(gpgme_, data_release_and_get_mem)                                                            \
    F(gpgme_, engine_check_version)                                                                \
    F(gpgme_, free)                                                                                \
    F(gpgme_, get_key)                                                                             \
    F(gpgme_, hash_algo_name)                                                                      \
    F(gpgme_, key_unref)                                                                           \
    F(gpgme_, new)                                                                                 \
    F(gpgme_, op_encrypt)                                                                          \
    F(gpgme_, op_encrypt_sign)                                                                     \
    F(gpgme_, op_import)                                                                           \
    F(gpgme_, op_import_result)                                                                    \
    F(gpgme_, op_sign)                                                                             \
    F(gpgme_, op_sign_result)                                                                      \
    F(gpgme_, release)                                                                             \
    F(gpgme_, set_armor)                                                                           \
    F(gpgme_, set_locale)                                                                          \
    F(gpgme_, set_offline)                                                                         \
    F(gpgme_, set_pinentry_mode)                                                                   \
    F(gpgme_, signers_add)                                                                         \
    F(gpgme_, strerror)

LATE_DECLARE(static, late_gpgme, LateGpgme, GPGME_FUNCTIONS)
LATE_DEFINE(late_gpgme, LateGpgme, GPGME_FUNCTIONS, LATE_SONAME_GPGME, "libgpgme11", "openpgp",
            "mail that is signed or encrypted by OpenPGP", "suggested")

typedef struct {
    gpgme_ctx_t context;
    gpgme_key_t recipient, signer;
} Session;

static void session_clear(Session *session)
{
    if (session->recipient)
        late_gpgme()->key_unref(session->recipient);
    if (session->signer)
        late_gpgme()->key_unref(session->signer);
    if (session->context)
        late_gpgme()->release(session->context);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Session, session_clear)

static gboolean fail(gpgme_error_t code, const char *what, GError **error)
{
    ConcertError kind = gpgme_err_code(code) == GPG_ERR_EOF ? CONCERT_ERROR_NOT_FOUND
                        : gpgme_err_code(code) == GPG_ERR_NO_PUBKEY ||
                                gpgme_err_code(code) == GPG_ERR_NO_SECKEY ||
                                gpgme_err_code(code) == GPG_ERR_UNUSABLE_PUBKEY
                            ? CONCERT_ERROR_DENIED
                            : CONCERT_ERROR_IO;
    g_set_error(error, CONCERT_ERROR, kind, "OpenPGP: %s: %s", what, late_gpgme()->strerror(code));
    return FALSE;
}

static gboolean open_session(const char *gnupg, Session *session, GError **error)
{
    static gsize started;
    if (!late_gpgme_load(error))
        return FALSE;
    if (g_once_init_enter(&started)) {
        late_gpgme()->check_version_internal(NULL, offsetof(struct _gpgme_signature, validity));
        late_gpgme()->set_locale(NULL, LC_CTYPE, setlocale(LC_CTYPE, NULL));
        g_once_init_leave(&started, 1);
    }
    if (!durable_make_directory(gnupg, 0700, error))
        return FALSE;
    gpgme_error_t code = late_gpgme()->engine_check_version(GPGME_PROTOCOL_OpenPGP);
    if (!code)
        code = late_gpgme()->new (&session->context);
    if (!code)
        code = late_gpgme()->ctx_set_engine_info(session->context, GPGME_PROTOCOL_OpenPGP, NULL,
                                                 gnupg);
    if (code)
        return fail(code, "gpg cannot be used", error);
    late_gpgme()->set_armor(session->context, 1);
    late_gpgme()->set_offline(session->context, 1);
    late_gpgme()->set_pinentry_mode(session->context, GPGME_PINENTRY_MODE_ERROR);
    return TRUE;
}

static gboolean get_key(Session *session, const char *fingerprint, gboolean is_secret,
                        gpgme_key_t *ret_key, GError **error)
{
    gpgme_error_t code = late_gpgme()->get_key(session->context, fingerprint, ret_key, is_secret);
    return !code || fail(code, fingerprint, error);
}

/* Takes @data. */
static char *take_output(gpgme_data_t data, gsize *ret_length, GError **error)
{
    size_t length = 0;
    char *bytes = late_gpgme()->data_release_and_get_mem(data, &length);
    char *copy = bytes && length <= OUTPUT_MAX ? g_strndup(bytes, length) : NULL;
    late_gpgme()->free(bytes);
    if (!copy)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "OpenPGP: what came out is too large");
    else if (ret_length)
        *ret_length = length;
    return copy;
}

/* Armoured text: encrypted, or a detached signature. */
static char *transform(Session *session, const char *content, GError **error)
{
    gpgme_key_t recipients[] = {session->recipient, NULL};
    gpgme_data_t in = NULL, out = NULL;
    gpgme_error_t code = late_gpgme()->data_new_from_mem(&in, content, strlen(content), 0);
    if (!code)
        code = late_gpgme()->data_new(&out);
    if (!code && session->signer)
        code = late_gpgme()->signers_add(session->context, session->signer);
    if (!code && !session->recipient)
        code = late_gpgme()->op_sign(session->context, in, out, GPGME_SIG_MODE_DETACH);
    else if (!code && session->signer)
        code = late_gpgme()->op_encrypt_sign(session->context, recipients,
                                             GPGME_ENCRYPT_ALWAYS_TRUST, in, out);
    else if (!code)
        code = late_gpgme()->op_encrypt(session->context, recipients, GPGME_ENCRYPT_ALWAYS_TRUST,
                                        in, out);
    if (in)
        late_gpgme()->data_release(in);
    if (!code)
        return take_output(out, NULL, error);
    if (out)
        late_gpgme()->data_release(out);
    fail(code, session->recipient ? "encrypting" : "signing", error);
    return NULL;
}

/* Not that of the content, and in no armour. */
static char *make_boundary(const MailMessage *message)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest_pair("openpgp", 7, message->message_id, strlen(message->message_id), digest);
    sha256_hex(digest, hex);
    return g_strdup_printf("=_%.24s", hex);
}

/* RFC 3156 section 4. @armour has LF. */
static char *wrap_encrypted(const char *boundary, const char *armour)
{
    g_auto(GStrv) lines = g_strsplit(armour, "\n", -1);
    g_autofree char *body = g_strjoinv("\r\n", lines);
    return g_strdup_printf(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n"
        " boundary=\"%s\"\r\n\r\n"
        "--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
        "--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n%s\r\n"
        "--%s--\r\n",
        boundary, boundary, boundary, body, boundary);
}

/* RFC 3156 section 5. */
static char *wrap_signed(Session *session, const char *boundary, const char *content,
                         const char *armour)
{
    gpgme_sign_result_t result = late_gpgme()->op_sign_result(session->context);
    const char *hash = result && result->signatures
                           ? late_gpgme()->hash_algo_name(result->signatures->hash_algo)
                           : NULL;
    g_autofree char *micalg = g_ascii_strdown(hash ? hash : "SHA256", -1);
    g_auto(GStrv) lines = g_strsplit(armour, "\n", -1);
    g_autofree char *body = g_strjoinv("\r\n", lines);
    return g_strdup_printf("Content-Type: multipart/signed; micalg=pgp-%s;\r\n"
                           " protocol=\"application/pgp-signature\"; boundary=\"%s\"\r\n\r\n"
                           "--%s\r\n%s\r\n--%s\r\nContent-Type: application/pgp-signature; "
                           "name=\"signature.asc\"\r\n\r\n"
                           "%s\r\n--%s--\r\n",
                           micalg, boundary, boundary, content, boundary, body, boundary);
}

/* @key: fingerprint of the recipient's; NULL: it is only signed. */
static char *protect_openpgp(const MailSettings *settings, const char *key,
                             const MailMessage *message, const char *content, GError **error)
{
    g_auto(Session) session = {0};
    if (!open_session(settings->gnupg, &session, error) ||
        (key && !get_key(&session, key, FALSE, &session.recipient, error)) ||
        (settings->sign_key &&
         !get_key(&session, settings->sign_key, TRUE, &session.signer, error)))
        return NULL;
    g_autofree char *armour = transform(&session, content, error);
    g_autofree char *boundary = make_boundary(message);
    if (!armour)
        return NULL;
    return key ? wrap_encrypted(boundary, armour)
               : wrap_signed(&session, boundary, content, armour);
}

char *mail_protect(const MailSettings *settings, const MailRecipient *recipient,
                   const MailMessage *message, const char *content, const char **ret_protection,
                   GError **error)
{
    static const char *const names[2][2] = {{"none", "signed"}, {"encrypted", "signed-encrypted"}};
    gboolean encrypts = recipient->openpgp || recipient->smime;
    gboolean by_openpgp = recipient->openpgp || (!recipient->smime && settings->sign_key);
    gboolean by_smime = !by_openpgp && (recipient->smime || settings->smime_certificate);
    gboolean signs = by_openpgp ? settings->sign_key != NULL : settings->smime_certificate != NULL;
    *ret_protection = names[encrypts][signs];
    if (by_openpgp)
        return protect_openpgp(settings, recipient->openpgp, message, content, error);
    if (by_smime)
        return mail_smime_protect(settings, recipient->smime, message, content, error);
    return g_strdup(content);
}

char *mail_protect_import(const char *gnupg, const char *text, gsize length, GError **error)
{
    g_auto(Session) session = {0};
    gpgme_data_t data = NULL;
    if (!open_session(gnupg, &session, error))
        return NULL;
    gpgme_error_t code = late_gpgme()->data_new_from_mem(&data, text, length, 0);
    if (!code)
        code = late_gpgme()->op_import(session.context, data);
    if (data)
        late_gpgme()->data_release(data);
    gpgme_import_result_t result = code ? NULL : late_gpgme()->op_import_result(session.context);
    if (code || !result || !result->imports || !result->imports->fpr) {
        fail(code ? code : gpgme_error(GPG_ERR_NO_PUBKEY), "no key can be read", error);
        return NULL;
    }
    return g_ascii_strup(result->imports->fpr, -1);
}
