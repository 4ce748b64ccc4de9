/* mail_settings.h - how mail leaves the node: what [mail] in concert.conf says, checked. */
#pragma once

#include "node/config.h"

/* All is the settings'. */
typedef struct {
    char *url;             /* "smtp://mail.alder.example:587" */
    gboolean plain;        /* the server is on this machine: it may do without TLS */
    char *user, *password; /* NULL: none */
    char *ca_file;         /* NULL: the system's */
    char *from, *from_name, *reply_to;
    gboolean plus; /* the reference of a notice goes into the address for replies */
    guint per_hour, per_contact_hour;
    char *gnupg;                         /* directory of the OpenPGP keys */
    char *sign_key;                      /* NULL: mail is not signed by OpenPGP */
    char *smime_certificate, *smime_key; /* files; NULL: none */
} MailSettings;

/* CONCERT_ERROR_INPUT when [mail] does not say enough, or what may not be. Without @secrets the
 * password is not read. */
MailSettings *mail_settings_read(const Config *config, gboolean secrets, GError **error);
void mail_settings_free(MailSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailSettings, mail_settings_free)

/* The address that answers to the notice @reference go to. Caller frees. */
char *mail_settings_reply_address(const MailSettings *settings, const char *reference);
