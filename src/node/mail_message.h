/* mail_message.h - a mail as bytes: RFC 5322, MIME (RFC 2045 to 2047), all of it ASCII on the wire.
 */
#pragma once

#include <glib.h>

#include "base/error.h"

#define MAIL_MESSAGE_TEXT_MAX (256 * 1024)
#define MAIL_MESSAGE_FILE_MAX (4 * 1024 * 1024)

/* Everything is borrowed. Addresses are "local@domain"; ids are without < and >. */
typedef struct {
    const char *from, *from_name; /* the name may be NULL */
    const char *to, *reply_to;    /* reply_to may be NULL */
    const char *subject, *message_id;
    const char *in_reply_to; /* NULL: it begins a thread */
    const char *language;    /* NULL: not said */
    gint64 time_us;
    const char *text;                         /* UTF-8 */
    const char *file, *file_name, *file_type; /* attached, text; NULL: none */
} MailMessage;

/* Whether @address may stand in a header and in an SMTP command. */
gboolean mail_message_address_is_good(const char *address);

/* The part of the mail that can be signed or encrypted as a whole: headers that begin with
 * "Content-", an empty line, and the body, with CRLF. CONCERT_ERROR_INPUT, _LIMIT. Caller frees. */
char *mail_message_content(const MailMessage *message, GError **error);

/* The headers of the mail besides, and @content, that mail_message_content() or what protects it
 * made. Caller frees. */
char *mail_message_build(const MailMessage *message, const char *content, GError **error);
