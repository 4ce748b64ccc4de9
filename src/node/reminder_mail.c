#include "node/reminder_mail.h"

#include <string.h>

#include "base/sha256.h"
#include "base/timestamp.h"
#include "node/mail_message.h"
#include "node/mail_send.h"

gboolean reminder_mail_is_set(const Config *config)
{
    return config_string(config, SETTING_CLOCK_MAIL) ||
           config_string(config, SETTING_CLOCK_MAIL_SECOND);
}

/* The addresses of a setting, parted by blanks or commas. */
static gboolean add_addresses(const Config *config, SettingId id, const char *name,
                              GPtrArray *addresses, GError **error)
{
    const char *text = config_string(config, id);
    g_auto(GStrv) parts = g_strsplit_set(text ? text : "", ", \t", -1);
    guint count = 0;
    for (guint i = 0; parts[i]; i++) {
        if (!*parts[i])
            continue;
        if (++count > REMINDER_MAIL_ADDRESSES_MAX || !mail_message_address_is_good(parts[i])) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "[clock] %s is a list of at most %d mail addresses", name,
                        REMINDER_MAIL_ADDRESSES_MAX);
            return FALSE;
        }
        if (!g_ptr_array_find_with_equal_func(addresses, parts[i], g_str_equal, NULL))
            g_ptr_array_add(addresses, g_strdup(parts[i]));
    }
    return TRUE;
}

/* NULL on failure. */
static GPtrArray *read_addresses(const Config *config, gboolean second, GError **error)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    return add_addresses(config, SETTING_CLOCK_MAIL, "mail", addresses, error) &&
                   (!second || add_addresses(config, SETTING_CLOCK_MAIL_SECOND, "mail_second",
                                             addresses, error))
               ? g_steal_pointer(&addresses)
               : NULL;
}

gboolean reminder_mail_check(const Config *config, GError **error)
{
    if (!reminder_mail_is_set(config))
        return TRUE;
    g_autoptr(GPtrArray) addresses = read_addresses(config, TRUE, error);
    g_autoptr(MailSettings) settings = addresses ? mail_settings_read(config, FALSE, error) : NULL;
    if (addresses && !settings)
        g_prefix_error(error, "[clock] mail needs [mail]: ");
    return settings != NULL;
}

/* --- one mail ----------------------------------------------------------------------------------
 */

/* Nobody can tell from it what it is about. */
static char *make_id(const Reminder *reminder, guint count, const char *to, const char *from)
{
    g_autofree char *text =
        g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT "\n%u\n%s\n", reminder->dossier,
                        reminder->clock, reminder->started, count, to);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(text, strlen(text), digest);
    return g_strdup_printf("reminder.%.32s@%s", sha256_hex(digest, hex), strrchr(from, '@') + 1);
}

static char *make_text(const Reminder *reminder, const char *node)
{
    char started[TIMESTAMP_MAX], due[TIMESTAMP_MAX];
    return g_strdup_printf("%s%s reminds: %s\n\n"
                           "dossier    %s\n"
                           "procedure  %s\n"
                           "clock      %s: %s\n"
                           "since      %s\n"
                           "due        %s\n"
                           "over       %u %% of the time\n\n"
                           "To see it:  concert %s show %s\n\n"
                           "This mail is made by a machine. Nothing of the content stands in it.\n",
                           reminder->is_exercise ? "EXERCISE. " : "", node,
                           reminder->waits_here ? "it has to act." : "it waits for another node.",
                           reminder->dossier, reminder->procedure, reminder->clock, reminder->help,
                           timestamp_format(started, reminder->started, 0),
                           timestamp_format(due, reminder->due, 0), reminder->percent,
                           procedure_command(reminder->procedure), reminder->dossier);
}

static Mail *make_mail(const Reminder *reminder, guint count, const char *to, const char *node,
                       const MailSettings *settings, GError **error)
{
    char due[TIMESTAMP_MAX];
    g_autoptr(Mail) mail = g_new0(Mail, 1);
    mail->dossier = g_strdup(reminder->dossier);
    mail->token = g_strdup("");
    mail->to = g_strdup(to);
    mail->message_id = make_id(reminder, count, to, settings->from);
    mail->made = timestamp_now();
    mail->is_urgent = TRUE;
    g_autofree char *subject = g_strdup_printf(
        "%sReminder: %s, due %s: %s", reminder->is_exercise ? "EXERCISE: " : "", reminder->clock,
        timestamp_format(due, reminder->due, 0), reminder->dossier);
    g_autofree char *text = make_text(reminder, node);
    const MailMessage message = {.from = settings->from,
                                 .from_name = settings->from_name,
                                 .to = to,
                                 .subject = subject,
                                 .message_id = mail->message_id,
                                 .language = "en",
                                 .time_us = mail->made,
                                 .text = text};
    g_autofree char *content = mail_message_content(&message, error);
    char *bytes = content ? mail_message_build(&message, content, error) : NULL;
    if (!bytes)
        return NULL;
    mail->bytes = g_bytes_new_take(bytes, strlen(bytes));
    return g_steal_pointer(&mail);
}

GPtrArray *reminder_mail_make(const Reminder *reminder, guint count, const Config *config,
                              GError **error)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mails_free);
    g_autoptr(GPtrArray) addresses = read_addresses(config, reminder->is_second, error);
    if (!addresses)
        return NULL;
    if (addresses->len == 0)
        return g_steal_pointer(&mails);
    g_autoptr(MailSettings) settings = mail_settings_read(config, FALSE, error);
    for (guint i = 0; settings && i < addresses->len; i++) {
        Mail *mail = make_mail(reminder, count, addresses->pdata[i],
                               config_string(config, SETTING_NODE_NAME), settings, error);
        if (!mail)
            return NULL;
        g_ptr_array_add(mails, mail);
    }
    return settings ? g_steal_pointer(&mails) : NULL;
}

gboolean reminder_mail_send(const GPtrArray *mails, const Config *config, GError **error)
{
    g_autoptr(MailSettings) settings = mail_settings_read(config, TRUE, error);
    g_autoptr(MailSender) sender = settings ? mail_send_new(settings, error) : NULL;
    for (guint i = 0; sender && i < mails->len; i++) {
        const Mail *mail = mails->pdata[i];
        gboolean final;
        if (!mail_send(sender, mail->to, mail->bytes, &final, error)) {
            g_prefix_error(error, "%s: ", mail->to);
            return FALSE;
        }
    }
    return sender != NULL;
}
