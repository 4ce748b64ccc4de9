/* mail_send.h - handing mails to a mail server, by SMTP (libcurl). TLS is demanded unless the
 * server is on this machine. */
#pragma once

#include "node/mail_settings.h"

typedef struct MailSender MailSender;

/* Connections are kept from one mail to the next. The sender borrows @settings. */
MailSender *mail_send_new(const MailSettings *settings, GError **error);
void mail_send_free(MailSender *sender);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailSender, mail_send_free)

/* Hands over one mail. On failure *ret_final says whether trying again makes no sense: the server
 * refused this mail for good (RFC 5321: 550 and the like). CONCERT_ERROR_DENIED, _IO, _LIMIT. */
gboolean mail_send(MailSender *sender, const char *to, GBytes *bytes, gboolean *ret_final,
                   GError **error);
