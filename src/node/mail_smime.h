/* mail_smime.h - S/MIME around mail (RFC 8551): signed with the node's certificate, encrypted to
 * the recipient's. By OpenSSL's CMS: gpgsm would need an agent that has the key's passphrase and a
 * list of trusted authorities of its own, and GnuTLS encrypts no mail. */
#pragma once

#include "identity/certificate.h"
#include "node/mail_message.h"
#include "node/mail_settings.h"

/* What takes the place of @content (mail_message_content()): encrypted to @recipient, the
 * certificate in DER, unless that is NULL; signed, inside of that, if the settings have a
 * certificate. One of both is there. CONCERT_ERROR_DENIED, also for certificates that are not valid
 * at the message's time; _INPUT, _NOT_FOUND. Caller frees. */
char *mail_smime_protect(const MailSettings *settings, GBytes *recipient,
                         const MailMessage *message, const char *content, GError **error);

/* --- answers -----------------------------------------------------------------------------------
 */

typedef struct MailSmimeKey MailSmimeKey;

/* The node's own, from two files; *ret_key NULL if both paths are. CONCERT_ERROR_INPUT, _NOT_FOUND,
 * and _DENIED if others may read the key. */
gboolean mail_smime_key_read(const char *certificate, const char *key, MailSmimeKey **ret_key,
                             GError **error);
void mail_smime_key_free(MailSmimeKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailSmimeKey, mail_smime_key_free)

/* The MIME entity in the CMS object @der: of what is encrypted to @key (NULL: none), or signed,
 * whose signature has to match the certificate that comes with it, whoever made that.
 * CONCERT_ERROR_DENIED if it cannot be had. Caller frees. */
char *mail_smime_open(const MailSmimeKey *key, const void *der, gsize length, gsize *ret_length,
                      GError **error);
