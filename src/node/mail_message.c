#include "node/mail_message.h"

#include <string.h>
#include <time.h>

#include "base/sha256.h"

#define LINE_LENGTH  76 /* characters of an encoded line, RFC 2045 section 6.7 */
#define WORD_BYTES   42 /* of UTF-8 in an encoded word of at most 75, RFC 2047 section 2 */
#define ADDRESS_MAX  254
#define BASE64_BYTES 57 /* that make a line of 76 */

static gboolean fail(GError **error, ConcertError code, const char *what, const char *why)
{
    g_set_error(error, CONCERT_ERROR, code, "the mail's %s %s", what, why);
    return FALSE;
}

gboolean mail_message_address_is_good(const char *address)
{
    const char *at = strchr(address, '@');
    if (!at || at == address || !at[1] || strchr(at + 1, '@') || strlen(address) > ADDRESS_MAX)
        return FALSE;
    for (const char *one = address; *one; one++)
        if (!g_ascii_isgraph(*one) || strchr("<>()[],;:\\\"", *one))
            return FALSE;
    return TRUE;
}

/* --- headers -----------------------------------------------------------------------------------
 */

static gboolean is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            return FALSE;
    return !strstr(text, "=?");
}

/* RFC 2047 words, none of which cuts a character. */
static void append_words(GString *mail, const char *text)
{
    while (*text) {
        const char *end = text;
        while (*end && g_utf8_next_char(end) - text <= WORD_BYTES)
            end = g_utf8_next_char(end);
        g_autofree char *word = g_base64_encode((const guchar *)text, (gsize)(end - text));
        g_string_append_printf(mail, "=?UTF-8?B?%s?=%s", word, *end ? "\r\n " : "");
        text = end;
    }
}

static void append_text(GString *mail, const char *name, const char *text)
{
    g_string_append_printf(mail, "%s: ", name);
    if (is_plain(text) && strlen(text) <= LINE_LENGTH)
        g_string_append(mail, text);
    else
        append_words(mail, text);
    g_string_append(mail, "\r\n");
}

static void append_from(GString *mail, const MailMessage *message)
{
    if (!message->from_name || !*message->from_name) {
        g_string_append_printf(mail, "From: %s\r\n", message->from);
        return;
    }
    g_string_append(mail, "From: ");
    append_words(mail, message->from_name);
    g_string_append_printf(mail, "\r\n <%s>\r\n", message->from);
}

static void append_date(GString *mail, gint64 time_us)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(time_us / G_USEC_PER_SEC);
    struct tm at;
    gmtime_r(&seconds, &at);
    g_string_append_printf(mail, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[at.tm_wday],
                           at.tm_mday, months[at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min,
                           at.tm_sec);
}

/* --- bodies ------------------------------------------------------------------------------------
 */

/* RFC 2045 section 6.7; @text has LF at the ends of lines. */
static void append_quoted(GString *mail, const char *text)
{
    gsize column = 0;
    for (const guchar *at = (const guchar *)text; *at; at++) {
        gboolean ends = at[1] == '\n' || at[1] == '\0';
        gboolean literal = (*at >= 0x21 && *at <= 0x7e && *at != '=') || (*at == ' ' && !ends);
        if (*at == '\n') {
            g_string_append(mail, "\r\n");
            column = 0;
            continue;
        }
        if (column + (literal ? 1 : 3) > LINE_LENGTH - 1) {
            g_string_append(mail, "=\r\n");
            column = 0;
        }
        if (literal)
            g_string_append_c(mail, (char)*at);
        else
            g_string_append_printf(mail, "=%02X", *at);
        column += literal ? 1 : 3;
    }
    g_string_append(mail, "\r\n");
}

static void append_base64(GString *mail, const char *bytes)
{
    gsize length = strlen(bytes);
    for (gsize at = 0; at < length; at += BASE64_BYTES) {
        g_autofree char *line =
            g_base64_encode((const guchar *)bytes + at, MIN(BASE64_BYTES, length - at));
        g_string_append_printf(mail, "%s\r\n", line);
    }
}

static void append_text_part(GString *mail, const MailMessage *message)
{
    g_string_append(mail, "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n");
    if (message->language)
        g_string_append_printf(mail, "Content-Language: %s\r\n", message->language);
    g_string_append(mail, "\r\n");
    append_quoted(mail, message->text);
}

/* Stands in neither encoding: neither has "_" after "=". Caller frees. */
static char *make_boundary(const MailMessage *message)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(message->message_id, strlen(message->message_id), digest);
    sha256_hex(digest, hex);
    return g_strdup_printf("=_%.24s", hex);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static gboolean check(const MailMessage *message, GError **error)
{
    const char *const addresses[] = {message->from, message->to, message->reply_to};
    const char *const lines[] = {message->subject,   message->message_id, message->in_reply_to,
                                 message->from_name, message->language,   message->file_name,
                                 message->file_type};
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++)
        if (addresses[i] && !mail_message_address_is_good(addresses[i]))
            return fail(error, CONCERT_ERROR_INPUT, addresses[i], "is no mail address");
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        for (const char *at = lines[i]; at && *at; at++)
            if ((guchar)*at < 0x20 || *at == 0x7f)
                return fail(error, CONCERT_ERROR_INPUT, "header", "has a control character");
    if (strlen(message->text) > MAIL_MESSAGE_TEXT_MAX ||
        (message->file && strlen(message->file) > MAIL_MESSAGE_FILE_MAX))
        return fail(error, CONCERT_ERROR_LIMIT, "text or attachment", "is too large");
    if (!g_utf8_validate(message->text, -1, NULL) || !g_utf8_validate(message->subject, -1, NULL))
        return fail(error, CONCERT_ERROR_INPUT, "text", "is not UTF-8");
    return TRUE;
}

char *mail_message_content(const MailMessage *message, GError **error)
{
    if (!check(message, error))
        return NULL;
    g_autoptr(GString) mail = g_string_new(NULL);
    if (!message->file) {
        append_text_part(mail, message);
        return g_string_free(g_steal_pointer(&mail), FALSE);
    }
    g_autofree char *boundary = make_boundary(message);
    g_string_append_printf(mail, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n",
                           boundary, boundary);
    append_text_part(mail, message);
    g_string_append_printf(mail,
                           "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
                           "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
                           boundary, message->file_type, message->file_name);
    append_base64(mail, message->file);
    g_string_append_printf(mail, "--%s--\r\n", boundary);
    return g_string_free(g_steal_pointer(&mail), FALSE);
}

char *mail_message_build(const MailMessage *message, const char *content, GError **error)
{
    if (!check(message, error))
        return NULL;
    GString *mail = g_string_new(NULL);
    append_from(mail, message);
    g_string_append_printf(mail, "To: %s\r\n", message->to);
    if (message->reply_to)
        g_string_append_printf(mail, "Reply-To: %s\r\n", message->reply_to);
    append_text(mail, "Subject", message->subject);
    append_date(mail, message->time_us);
    g_string_append_printf(mail, "Message-ID: <%s>\r\n", message->message_id);
    if (message->in_reply_to)
        g_string_append_printf(mail, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n",
                               message->in_reply_to, message->in_reply_to);
    g_string_append(mail, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    g_string_append(mail, content);
    return g_string_free(mail, FALSE);
}
