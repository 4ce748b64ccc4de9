#include "node/mail_settings.h"

#include <string.h>

#include "identity/keyfile.h"
#include "identity/seal.h"
#include "node/mail_message.h"

void mail_settings_free(MailSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->url);
    g_free(settings->user);
    g_clear_pointer(&settings->password, seal_secret_free);
    g_free(settings->ca_file);
    g_free(settings->from);
    g_free(settings->from_name);
    g_free(settings->reply_to);
    g_free(settings->gnupg);
    g_free(settings->sign_key);
    g_free(settings->smime_certificate);
    g_free(settings->smime_key);
    g_free(settings);
}

static gboolean refuse(GError **error, const char *setting, const char *why)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "[mail] %s %s", setting, why);
    return FALSE;
}

/* "smtp://HOST[:PORT]", without a path, a user or anything else. */
static gboolean read_server(const char *url, MailSettings *settings, GError **error)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]", "::1", NULL};
    if (!url)
        return refuse(error, "server", "is not set: no mail can be sent");
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : NULL,
               *host = uri ? g_uri_get_host(uri) : NULL;
    if (!host || !*host || g_uri_get_userinfo(uri) || *g_uri_get_path(uri) ||
        g_uri_get_query(uri) || g_uri_get_fragment(uri) ||
        (!g_str_equal(scheme, "smtp") && !g_str_equal(scheme, "smtps")))
        return refuse(error, "server", "is smtp://HOST[:PORT] or smtps://HOST[:PORT]");
    settings->url = g_strdup(url);
    settings->plain = g_str_equal(scheme, "smtp") && g_strv_contains(local, host);
    return TRUE;
}

static gboolean read_addresses(const Config *config, MailSettings *settings, GError **error)
{
    const char *from = config_string(config, SETTING_MAIL_FROM);
    const char *reply_to = config_string(config, SETTING_MAIL_REPLY_TO);
    if (!from || !mail_message_address_is_good(from))
        return refuse(error, "from", "is the mail address that notices come from");
    if (reply_to && !mail_message_address_is_good(reply_to))
        return refuse(error, "reply_to", "is a mail address");
    settings->from = g_strdup(from);
    settings->reply_to = g_strdup(reply_to ? reply_to : from);
    return TRUE;
}

static gboolean read_password(const Config *config, MailSettings *settings, GError **error)
{
    const char *path = config_path(config, SETTING_MAIL_PASSWORD_FILE);
    if (!settings->user)
        return TRUE;
    if (!path)
        return refuse(error, "password_file", "is needed where there is a user");
    settings->password = keyfile_read(path, NULL, error);
    if (!settings->password)
        return FALSE;
    settings->password[strcspn(settings->password, "\r\n")] = '\0';
    return TRUE;
}

MailSettings *mail_settings_read(const Config *config, gboolean secrets, GError **error)
{
    g_autoptr(MailSettings) settings = g_new0(MailSettings, 1);
    const char *name = config_string(config, SETTING_NODE_ORGANISATION);
    settings->user = g_strdup(config_string(config, SETTING_MAIL_USER));
    settings->ca_file = g_strdup(config_path(config, SETTING_MAIL_CA_FILE));
    settings->from_name = g_strdup(name);
    settings->plus = config_bool(config, SETTING_MAIL_PLUS_ADDRESS);
    settings->per_hour = (guint)config_int(config, SETTING_MAIL_PER_HOUR);
    settings->per_contact_hour = (guint)config_int(config, SETTING_MAIL_PER_CONTACT_HOUR);
    settings->gnupg = g_strdup(config_path(config, SETTING_MAIL_GNUPG));
    settings->sign_key = g_strdup(config_string(config, SETTING_MAIL_SIGN_KEY));
    settings->smime_certificate = g_strdup(config_path(config, SETTING_MAIL_SMIME_CERTIFICATE));
    settings->smime_key = g_strdup(config_path(config, SETTING_MAIL_SMIME_KEY));
    if (!read_server(config_string(config, SETTING_MAIL_SERVER), settings, error) ||
        !read_addresses(config, settings, error) ||
        (secrets && !read_password(config, settings, error)))
        return NULL;
    return g_steal_pointer(&settings);
}

char *mail_settings_reply_address(const MailSettings *settings, const char *reference)
{
    const char *at = strrchr(settings->reply_to, '@');
    if (!settings->plus || !reference)
        return g_strdup(settings->reply_to);
    return g_strdup_printf("%.*s+%s%s", (int)(at - settings->reply_to), settings->reply_to,
                           reference, at);
}
