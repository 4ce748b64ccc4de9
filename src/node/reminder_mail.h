/* reminder_mail.h - reminders by mail ([clock] mail, mail_second), by the server of [mail].
 *
 * A mail says which dossier and which clock, since when and until when: nothing of the content, no
 * title, no name but this node's. It is put among the mails that wait (store/mails.h) in the
 * transaction that remembers the reminder: so it is made once, tried again when the server does
 * not answer, and what else is reminded waits for nothing. It goes before notices. */
#pragma once

#include "node/reminder.h"
#include "store/mails.h"

#define REMINDER_MAIL_ADDRESSES_MAX 16 /* of one setting */

/* Whether there is anybody to write to. */
gboolean reminder_mail_is_set(const Config *config);

/* CONCERT_ERROR_INPUT when the addresses are none, or [mail] does not say how mail is sent. No
 * failure where nobody is to be written to. */
gboolean reminder_mail_check(const Config *config, GError **error);

/* The mails of a reminder, one to each address, the same whenever they are made. @count: of how
 * many reminders of the clock it is the last. Elements: Mail *. */
GPtrArray *reminder_mail_make(const Reminder *reminder, guint count, const Config *config,
                              GError **error);

/* Sends such mails at once. */
gboolean reminder_mail_send(const GPtrArray *mails, const Config *config, GError **error);
