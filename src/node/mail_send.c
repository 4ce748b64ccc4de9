#include "node/mail_send.h"

#include <string.h>

#include "base/fetch_target.h"
#include "base/late_curl.h"

#define CONNECT_SECONDS 20L
#define TOTAL_SECONDS   300L

struct MailSender {
    const MailSettings *settings;
    CURL *curl;
    GBytes *bytes; /* being sent */
    gsize at;
    char reason[CURL_ERROR_SIZE];
    char reply[512]; /* the server's last line that refuses */
};

void mail_send_free(MailSender *sender)
{
    if (!sender)
        return;
    late_curl()->easy_cleanup(sender->curl);
    g_free(sender);
}

static size_t give(char *buffer, size_t size, size_t count, void *user)
{
    MailSender *sender = user;
    gsize length;
    const char *bytes = g_bytes_get_data(sender->bytes, &length);
    gsize part = MIN(size * count, length - sender->at);
    memcpy(buffer, bytes + sender->at, part);
    sender->at += part;
    return part;
}

/* The server's lines come as headers. */
static size_t hear(char *line, size_t size, size_t count, void *user)
{
    MailSender *sender = user;
    gsize length = size * count;
    if (length > 3 && (line[0] == '4' || line[0] == '5')) {
        gsize part = MIN(length, sizeof sender->reply - 1); /* no NUL is behind it */
        memcpy(sender->reply, line, part);
        sender->reply[part] = '\0';
        g_strchomp(sender->reply);
    }
    return length;
}

MailSender *mail_send_new(const MailSettings *settings, GError **error)
{
    if (!fetch_target_start(settings->url, error))
        return NULL;
    MailSender *sender = g_new0(MailSender, 1);
    CURL *curl = sender->curl = late_curl()->easy_init();
    sender->settings = settings;
    late_curl()->easy_setopt(curl, CURLOPT_URL, settings->url);
    late_curl()->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    late_curl()->easy_setopt(curl, CURLOPT_USE_SSL,
                             (long)(settings->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    late_curl()->easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    late_curl()->easy_setopt(curl, CURLOPT_PROXY, "");
    if (settings->ca_file)
        late_curl()->easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
    if (settings->user) {
        late_curl()->easy_setopt(curl, CURLOPT_USERNAME, settings->user);
        late_curl()->easy_setopt(curl, CURLOPT_PASSWORD, settings->password);
    }
    late_curl()->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    late_curl()->easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_SECONDS);
    late_curl()->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    late_curl()->easy_setopt(curl, CURLOPT_ERRORBUFFER, sender->reason);
    late_curl()->easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    late_curl()->easy_setopt(curl, CURLOPT_READFUNCTION, give);
    late_curl()->easy_setopt(curl, CURLOPT_READDATA, sender);
    late_curl()->easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    late_curl()->easy_setopt(curl, CURLOPT_HEADERDATA, sender);
    return sender;
}

/* A failure of the log-in is the node's to mend, not the mail's end. */
static gboolean is_final(CURLcode code, long status)
{
    return code != CURLE_LOGIN_DENIED && status >= 550 && status <= 556;
}

gboolean mail_send(MailSender *sender, const char *to, GBytes *bytes, gboolean *ret_final,
                   GError **error)
{
    g_autofree char *from = g_strdup_printf("<%s>", sender->settings->from);
    g_autofree char *recipient = g_strdup_printf("<%s>", to);
    struct curl_slist *recipients = late_curl()->slist_append(NULL, recipient);
    long status = 0;
    sender->bytes = bytes;
    sender->at = 0;
    sender->reason[0] = sender->reply[0] = '\0';
    late_curl()->easy_setopt(sender->curl, CURLOPT_MAIL_FROM, from);
    late_curl()->easy_setopt(sender->curl, CURLOPT_MAIL_RCPT, recipients);
    late_curl()->easy_setopt(sender->curl, CURLOPT_INFILESIZE_LARGE,
                             (curl_off_t)g_bytes_get_size(bytes));
    CURLcode code = late_curl()->easy_perform(sender->curl);
    late_curl()->easy_getinfo(sender->curl, CURLINFO_RESPONSE_CODE, &status);
    late_curl()->easy_setopt(sender->curl, CURLOPT_MAIL_RCPT, NULL);
    late_curl()->slist_free_all(recipients);
    if (code == CURLE_OK)
        return TRUE;
    *ret_final = is_final(code, status);
    g_set_error(error, CONCERT_ERROR,
                code == CURLE_LOGIN_DENIED || *ret_final ? CONCERT_ERROR_DENIED : CONCERT_ERROR_IO,
                "%s: %s%s%s", sender->settings->url,
                sender->reason[0] ? sender->reason : late_curl()->easy_strerror(code),
                sender->reply[0] ? ": " : "", sender->reply);
    return FALSE;
}
