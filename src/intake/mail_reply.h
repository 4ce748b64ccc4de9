/* mail_reply.h - answers that come by mail: what a mail says of the notice that it answers.
 *
 * Mail is written by anybody. It is read in bounds: size, lines, parts and how deep they are
 * nested; what cannot be read is left out, never guessed. Nothing here believes what a mail says of
 * its sender: whoever knows a notice's reference may answer it, as whoever got it does. */
#pragma once

#include "base/error.h"

#define MAIL_REPLY_BYTES_MAX      (16 * 1024 * 1024)
#define MAIL_REPLY_LINE_MAX       (64 * 1024) /* bytes of an unfolded header */
#define MAIL_REPLY_HEADERS_MAX    1000
#define MAIL_REPLY_PARTS_MAX      100
#define MAIL_REPLY_DEPTH_MAX      6
#define MAIL_REPLY_CLOSED_MAX     3           /* as encrypted, and signed in that */
#define MAIL_REPLY_TEXT_MAX       (12 * 1024) /* bytes that are kept of what was written */
#define MAIL_REPLY_REFERENCES_MAX 64

/* All texts are UTF-8, and the reply's. */
typedef struct {
    char *from;        /* mail address in lower case; NULL: none */
    char *message_id;  /* without < and >; NULL */
    char *subject;     /* decoded; NULL */
    char **references; /* Message-IDs that it answers, the nearest first */
    char **tokens; /* what may be a notice's reference: of its addresses ("+TOKEN@"), of its subject
                      ("[TOKEN]"), of the Message-IDs it answers; different ones, in that order */
    char *text;    /* what the sender wrote, without what is quoted; never NULL */
    char *status;  /* the word of its line "Status: WORD", in lower case; NULL: none */
    char *closed;  /* why it could not be opened, and its text is not known; NULL: it is open */
    gboolean is_automatic; /* an automatic answer, RFC 3834 */
    gboolean is_bounce;    /* it says that a mail could not be delivered, RFC 3464 */
} MailReply;

/* How a mail that is closed as a whole (application/pkcs7-mime) is opened: @cms is its body, what
 * comes back the MIME entity in it, which the caller frees; NULL with an error: it stays closed. */
typedef struct {
    char *(*open)(const void *cms, gsize length, gsize *ret_length, gpointer user, GError **error);
    gpointer user;
} MailReplyOpener;

/* @opener may be NULL: then what is closed stays so. CONCERT_ERROR_LIMIT when it is too large,
 * _INPUT when it is no mail. */
MailReply *mail_reply_parse(const char *bytes, gsize length, const MailReplyOpener *opener,
                            GError **error);
void mail_reply_free(MailReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailReply, mail_reply_free)

/* The length of the first mail of an mbox (RFC 4155, "From " lines) in @bytes, and in *ret_skip
 * where it begins, after its "From " line; 0: there is none left. */
gsize mail_reply_mbox_next(const char *bytes, gsize length, gsize *ret_skip);
