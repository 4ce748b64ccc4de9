/* mail_protect.h - mail signed with the node's key and encrypted to the recipient's, as far as
 * there are such keys: OpenPGP (RFC 3156, RFC 9580) by GPGME, S/MIME by node/mail_smime.h. */
#pragma once

#include "node/mail_message.h"
#include "node/mail_settings.h"

/* Whom a mail is encrypted to; where there is a key of OpenPGP, that is used. */
typedef struct {
    char *openpgp; /* fingerprint; NULL: none */
    GBytes *smime; /* certificate in DER; NULL: none */
} MailRecipient;

/* What takes the place of @content (mail_message_content()): itself where there are no keys. A mail
 * to who has a key or a certificate is never sent without encryption; other mail is signed by
 * OpenPGP, or else by S/MIME, as far as the node has a key. *ret_protection is "none", "signed",
 * "encrypted" or "signed-encrypted". CONCERT_ERROR_DENIED, _NOT_FOUND or _IO of the keys. Caller
 * frees. */
char *mail_protect(const MailSettings *settings, const MailRecipient *recipient,
                   const MailMessage *message, const char *content, const char **ret_protection,
                   GError **error);

/* Adds the public keys in @text (armoured or not) to those in @gnupg, which is made if it is not
 * there. The fingerprint of the first, in upper case. Caller frees. */
char *mail_protect_import(const char *gnupg, const char *text, gsize length, GError **error);
