/* mail_protect.h - OpenPGP around mail (RFC 3156, RFC 9580), by GPGME: signed with the node's key,
 * encrypted to the recipient's, as far as there are such keys. */
#pragma once

#include "node/mail_message.h"
#include "node/mail_settings.h"

/* What takes the place of @content (mail_message_content()): itself where there are no keys. @key
 * is the fingerprint of the recipient's, NULL: none; a mail to who has a key is never sent without
 * encryption. *ret_protection is "none", "signed", "encrypted" or "signed-encrypted".
 * CONCERT_ERROR_DENIED, _NOT_FOUND or _IO of the keys. Caller frees. */
char *mail_protect(const MailSettings *settings, const char *key, const MailMessage *message,
                   const char *content, const char **ret_protection, GError **error);

/* Adds the public keys in @text (armoured or not) to those in @gnupg, which is made if it is not
 * there. The fingerprint of the first, in upper case. Caller frees. */
char *mail_protect_import(const char *gnupg, const char *text, gsize length, GError **error);
