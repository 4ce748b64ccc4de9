/* mailer.h - sends the mails that wait (store/mails.h), as many an hour as the settings allow. */
#pragma once

#include "node/node.h"

/* What was done. */
typedef struct {
    guint sent, failed; /* failed: to be tried again, or given up */
    guint held;         /* that have to wait because of the limits */
    char *failure;      /* of the last that failed; NULL */
} MailerResult;

void mailer_result_clear(MailerResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailerResult, mailer_result_clear)

/* Sends all that is due; with @early what is to be tried again later, too. @node is the writer;
 * @stop (may be NULL) is set, atomically, by who wants it to end early. CONCERT_ERROR_INPUT when
 * [mail] does not say how, and something waits. */
gboolean mailer_run(Node *node, gboolean early, const gint *stop, MailerResult *ret_result,
                    GError **error);

typedef struct Mailer Mailer;

/* What is wrong, on a thread of its own; @message NULL: all is well again. Told when it changes. */
typedef void (*MailerTell)(const char *message, gpointer user);

/* Sends what is due from now on. @node, which is the writer, must outlive it. */
Mailer *mailer_start(Node *node, MailerTell tell, gpointer user);
void mailer_stop(Mailer *mailer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailer, mailer_stop)
