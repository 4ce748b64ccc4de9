/* mails.h - mail that is to be sent, and that was: notices to who has no node (node/mailer.h).
 *
 * A mail is put here whole, with its Message-ID, in the transaction that decides it. So it goes out
 * some time, whatever crashes; perhaps twice, but then as the same message. It is kept afterwards:
 * the ledger has the hash of its bytes. */
#pragma once

#include "store/store.h"

#define MAILS_BYTES_MAX  (8 * 1024 * 1024) /* of one mail */
#define MAILS_WAIT_FIRST 60                /* seconds until the second try */
#define MAILS_WAIT_MAX   (4 * 3600)
#define MAILS_GIVE_UP    (5 * 24 * 3600) /* seconds of trying, RFC 5321 section 4.5.4.1 */

typedef struct {
    gint64 number;
    char *dossier;    /* the notice's id */
    char *token;      /* that answers name it by; the same in all mails of a dossier */
    char *to;         /* mail address */
    char *message_id; /* without < and > */
    GBytes *bytes;    /* NULL where it is not asked for */
    gboolean
        is_urgent; /* a reminder (node/reminder_mail.h): goes before notices, no limit holds it */
    gint64 made;   /* microseconds since 1970, as the rest */
    gint64 next;   /* not before; 0: sent, or given up */
    gint64 sent;   /* when a server took it; 0: not yet */
    guint tries;
    char *failure; /* of the last try; NULL: none, or it succeeded */
} Mail;

void mails_free(Mail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mail, mails_free)

/* @mail: dossier, token, to, message_id, bytes, made and is_urgent. One with a Message-ID that is
 * there changes nothing. CONCERT_ERROR_LIMIT. */
gboolean mails_add(StoreTx *tx, const Mail *mail, GError **error);

gboolean mails_set_sent(StoreTx *tx, gint64 number, gint64 now, GError **error);

/* The next try is later each time; when it is @final, or was tried for too long, there is none. */
gboolean mails_set_failed(StoreTx *tx, gint64 number, gint64 now, const char *why, gboolean final,
                          GError **error);

/* Those given up of a dossier are tried again. */
gboolean mails_retry(StoreTx *tx, const char *dossier, gint64 now, GError **error);

/* Up to @limit that are to be tried at @now, either the urgent ones or the others, the oldest
 * first, after the number @after, with their bytes. Elements: Mail *. */
GPtrArray *mails_due(Store *store, gint64 now, gboolean urgent, gint64 after, guint limit,
                     GError **error);

/* When the next is to be tried, of the urgent ones alone or of all; G_MAXINT64: none waits. */
gboolean mails_next(Store *store, gboolean only_urgent, gint64 *ret_next, GError **error);

/* All notices of a dossier, in their order, with their bytes if @whole. Elements: Mail *. */
GPtrArray *mails_of(Store *store, const char *dossier, gboolean whole, GError **error);

/* The dossier that the token (or, if there is none, the Message-ID) is of. NULL without @error:
 * none. Caller frees. */
gboolean mails_find(Store *store, const char *token, const char *message_id, char **ret_dossier,
                    GError **error);

/* The token of the mails of a dossier; NULL: none was made. Caller frees. */
gboolean mails_token(Store *store, const char *dossier, char **ret_token, GError **error);

/* How many were sent since, to an address (NULL: to all). */
gboolean mails_count_sent(Store *store, const char *to, gint64 since, guint64 *ret_count,
                          GError **error);

typedef struct {
    guint64 waiting, failed, sent;
} MailsSummary;

gboolean mails_summary(Store *store, MailsSummary *ret_summary, GError **error);
