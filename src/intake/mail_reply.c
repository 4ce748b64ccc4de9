#include "intake/mail_reply.h"

#include <string.h>

#define TOKEN_LENGTH 24 /* of a notice's reference: letters and digits of base32 */

/* A piece of the mail's bytes. */
typedef struct {
    const char *at;
    gsize length;
} Span;

/* A part, or the whole mail. */
typedef struct {
    GPtrArray *names, *values; /* char *: unfolded headers, names in lower case */
    Span body;
} Part;

typedef struct {
    MailReply *reply;
    GString *text; /* the first text/plain, decoded */
    gboolean has_text;
    GString *report; /* text of message/delivery-status and message/rfc822 of a bounce */
    guint parts;
    const MailReplyOpener *opener;
    guint opened; /* layers around what is read */
} Reading;

void mail_reply_free(MailReply *reply)
{
    if (!reply)
        return;
    g_free(reply->from);
    g_free(reply->message_id);
    g_free(reply->subject);
    g_strfreev(reply->references);
    g_strfreev(reply->tokens);
    g_free(reply->text);
    g_free(reply->status);
    g_free(reply->closed);
    g_free(reply);
}

/* --- headers -----------------------------------------------------------------------------------
 */

/* Takes a line off the front of @rest, without its end. */
static gboolean next_line(Span *rest, Span *ret_line)
{
    if (rest->length == 0)
        return FALSE;
    const char *end = memchr(rest->at, '\n', rest->length);
    gsize length = end ? (gsize)(end - rest->at) : rest->length;
    gsize taken = end ? length + 1 : length;
    *ret_line = (Span){rest->at, length};
    if (length > 0 && rest->at[length - 1] == '\r')
        ret_line->length--;
    rest->at += taken;
    rest->length -= taken;
    return TRUE;
}

static void part_clear(Part *part)
{
    g_clear_pointer(&part->names, g_ptr_array_unref);
    g_clear_pointer(&part->values, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Part, part_clear)

static void add_header(Part *part, const Span *line)
{
    const char *colon = memchr(line->at, ':', line->length);
    if (!colon || colon == line->at || part->names->len >= MAIL_REPLY_HEADERS_MAX)
        return;
    g_autofree char *name = g_strndup(line->at, (gsize)(colon - line->at));
    g_ptr_array_add(part->names, g_ascii_strdown(g_strchomp(name), -1));
    GString *value =
        g_string_new_len(colon + 1, (gssize)(line->length - (gsize)(colon + 1 - line->at)));
    g_ptr_array_add(part->values, value);
}

static void continue_header(Part *part, const Span *line)
{
    GString *value = part->values->len > 0 ? part->values->pdata[part->values->len - 1] : NULL;
    if (value && value->len + line->length < MAIL_REPLY_LINE_MAX)
        g_string_append_len(value, line->at, (gssize)line->length);
}

static void string_free(gpointer string)
{
    g_string_free(string, TRUE);
}

/* The headers up to the empty line; the rest is the body. */
static void read_part(Span bytes, Part *part)
{
    Span line;
    part->names = g_ptr_array_new_with_free_func(g_free);
    part->values = g_ptr_array_new_with_free_func(string_free);
    while (next_line(&bytes, &line) && line.length > 0) {
        if (line.at[0] == ' ' || line.at[0] == '\t')
            continue_header(part, &line);
        else if (line.length < MAIL_REPLY_LINE_MAX)
            add_header(part, &line);
    }
    part->body = bytes;
}

/* The value of the @n-th header of that name, or NULL; without blanks at its beginning. */
static const char *header(const Part *part, const char *name, guint n)
{
    for (guint i = 0; i < part->names->len; i++) {
        if (strcmp(part->names->pdata[i], name) != 0 || n-- > 0)
            continue;
        const char *value = ((const GString *)part->values->pdata[i])->str;
        return value + strspn(value, " \t");
    }
    return NULL;
}

/* --- texts of other character sets -------------------------------------------------------------
 */

/* @bytes of @charset (NULL: unknown) as UTF-8. Caller frees. */
static char *to_utf8(const char *bytes, gsize length, const char *charset)
{
    if (g_utf8_validate(bytes, (gssize)length, NULL))
        return g_strndup(bytes, length);
    g_autofree char *converted =
        charset ? g_convert(bytes, (gssize)length, "UTF-8", charset, NULL, NULL, NULL) : NULL;
    if (converted && g_utf8_validate(converted, -1, NULL))
        return g_steal_pointer(&converted);
    return g_utf8_make_valid(bytes, (gssize)length);
}

/* Quoted-printable, and with @in_header the "Q" encoding of RFC 2047. */
static GString *decode_quoted(const char *text, gsize length, gboolean in_header)
{
    GString *plain = g_string_new(NULL);
    for (gsize i = 0; i < length; i++) {
        if (text[i] == '=' && i + 2 < length && g_ascii_isxdigit(text[i + 1]) &&
            g_ascii_isxdigit(text[i + 2])) {
            g_string_append_c(plain, (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
                                            g_ascii_xdigit_value(text[i + 2])));
            i += 2;
        } else if (text[i] == '=' && !in_header) {
            while (i + 1 < length && text[i + 1] != '\n')
                i++;
            i++;
        } else {
            g_string_append_c(plain, in_header && text[i] == '_' ? ' ' : text[i]);
        }
    }
    return plain;
}

static GString *decode_base64(const char *text, gsize length)
{
    gint state = 0;
    guint save = 0;
    GString *plain = g_string_sized_new(length / 4 * 3 + 3);
    plain->len = g_base64_decode_step(text, length, (guchar *)plain->str, &state, &save);
    plain->str[plain->len] = '\0';
    return plain;
}

/* The encoded word (RFC 2047) that @text begins with, appended; how long it is, 0: it is none. */
static gsize decode_word(const char *text, GString *into)
{
    if (!g_str_has_prefix(text, "=?"))
        return 0;
    const char *charset_end = strchr(text + 2, '?');
    if (!charset_end || !charset_end[1] || charset_end[2] != '?')
        return 0;
    const char *begin = charset_end + 3, *end = strstr(begin, "?=");
    if (!end || memchr(begin, ' ', (gsize)(end - begin)))
        return 0;
    g_autofree char *charset = g_strndup(text + 2, (gsize)(charset_end - text - 2));
    gboolean is_base64 = g_ascii_toupper(charset_end[1]) == 'B';
    GString *plain = is_base64 ? decode_base64(begin, (gsize)(end - begin))
                               : decode_quoted(begin, (gsize)(end - begin), TRUE);
    g_autofree char *utf8 = to_utf8(plain->str, plain->len, charset);
    g_string_free(plain, TRUE);
    g_string_append(into, utf8);
    return (gsize)(end + 2 - text);
}

/* A header's text; blanks between encoded words are left out. Caller frees. */
static char *decode_header(const char *value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean after_word = FALSE;
    while (*value) {
        gsize blanks = strspn(value, " \t");
        gsize word = decode_word(value + (after_word ? blanks : 0), text);
        if (word > 0) {
            value += (after_word ? blanks : 0) + word;
            after_word = TRUE;
            continue;
        }
        after_word = FALSE;
        g_string_append_c(text, *value++);
    }
    g_strchomp(text->str);
    return g_utf8_make_valid(text->str, -1);
}

/* --- bodies ------------------------------------------------------------------------------------
 */

/* The parameter of a header such as Content-Type. Caller frees; NULL: it has none. */
static char *parameter(const char *value, const char *name)
{
    gsize length = strlen(name);
    for (const char *at = value ? strchr(value, ';') : NULL; at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (g_ascii_strncasecmp(at, name, length) != 0 || at[length] != '=')
            continue;
        at += length + 1;
        gsize end = *at == '"' ? strcspn(at + 1, "\"") : strcspn(at, "; \t");
        return g_strndup(*at == '"' ? at + 1 : at, end);
    }
    return NULL;
}

static gboolean is_type(const char *value, const char *type)
{
    gsize length = strlen(type);
    return value && g_ascii_strncasecmp(value, type, length) == 0 &&
           (type[length - 1] == '/' || !value[length] || strchr("; \t", value[length]));
}

/* The body's bytes. Caller frees. */
static GString *decode_bytes(const Part *part)
{
    const char *encoding = header(part, "content-transfer-encoding", 0);
    if (encoding && g_ascii_strncasecmp(encoding, "base64", 6) == 0)
        return decode_base64(part->body.at, part->body.length);
    if (encoding && g_ascii_strncasecmp(encoding, "quoted-printable", 16) == 0)
        return decode_quoted(part->body.at, part->body.length, FALSE);
    return g_string_new_len(part->body.at, (gssize)part->body.length);
}

/* The body as text. Caller frees. */
static char *decode_body(const Part *part)
{
    g_autofree char *charset = parameter(header(part, "content-type", 0), "charset");
    g_autoptr(GString) plain = decode_bytes(part);
    return to_utf8(plain->str, plain->len, charset);
}

static void read_body(Reading *reading, const Part *part, guint depth);

static void read_inner(Reading *reading, Span bytes, guint depth)
{
    g_auto(Part) part = {0};
    if (++reading->parts > MAIL_REPLY_PARTS_MAX || depth > MAIL_REPLY_DEPTH_MAX)
        return;
    read_part(bytes, &part);
    read_body(reading, &part, depth);
}

/* The parts between the lines that begin with "--BOUNDARY". */
static void read_multipart(Reading *reading, const Part *part, guint depth)
{
    g_autofree char *boundary = parameter(header(part, "content-type", 0), "boundary");
    Span rest = part->body, line;
    const char *begin = NULL;
    if (!boundary || !*boundary)
        return;
    g_autofree char *mark = g_strconcat("--", boundary, NULL);
    gsize length = strlen(mark);
    while (next_line(&rest, &line)) {
        if (line.length < length || memcmp(line.at, mark, length) != 0)
            continue;
        if (begin)
            read_inner(reading, (Span){begin, (gsize)(line.at - begin)}, depth + 1);
        if (line.length >= length + 2 && memcmp(line.at + length, "--", 2) == 0)
            return;
        begin = rest.at;
    }
    if (begin)
        read_inner(reading, (Span){begin, (gsize)(rest.at - begin)}, depth + 1);
}

/* Only the mail as a whole is opened: a part of one may stand among what somebody else wrote. */
static void read_closed(Reading *reading, const Part *part, guint depth)
{
    const MailReplyOpener *opener = reading->opener;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) cms = NULL;
    g_autofree char *entity = NULL;
    gsize length = 0;
    if (depth != reading->opened || depth >= MAIL_REPLY_CLOSED_MAX)
        return;
    if (opener) {
        cms = decode_bytes(part);
        entity = opener->open(cms->str, cms->len, &length, opener->user, &error);
    }
    if (!entity) {
        reading->reply->closed =
            g_strdup(error ? error->message : "it is encrypted or signed by S/MIME");
        return;
    }
    reading->opened++;
    read_inner(reading, (Span){entity, MIN(length, MAIL_REPLY_BYTES_MAX)}, depth + 1);
}

static void read_body(Reading *reading, const Part *part, guint depth)
{
    const char *type = header(part, "content-type", 0);
    if (is_type(type, "application/pkcs7-mime") || is_type(type, "application/x-pkcs7-mime")) {
        read_closed(reading, part, depth);
        return;
    }
    if (is_type(type, "multipart/")) {
        read_multipart(reading, part, depth);
        return;
    }
    if (is_type(type, "message/delivery-status") || is_type(type, "message/rfc822") ||
        is_type(type, "text/rfc822-headers")) {
        g_autofree char *report = decode_body(part);
        g_string_append_len(reading->report, report,
                            (gssize)MIN(strlen(report), MAIL_REPLY_LINE_MAX));
        return;
    }
    if ((type && !is_type(type, "text/plain")) || reading->has_text)
        return;
    g_autofree char *text = decode_body(part);
    g_string_append(reading->text, text);
    reading->has_text = TRUE;
}

/* --- what it says ------------------------------------------------------------------------------
 */

static void add_different(GPtrArray *list, const char *text, gsize length)
{
    for (guint i = 0; i < list->len; i++)
        if (strlen(list->pdata[i]) == length && memcmp(list->pdata[i], text, length) == 0)
            return;
    if (list->len < MAIL_REPLY_REFERENCES_MAX)
        g_ptr_array_add(list, g_strndup(text, length));
}

/* The Message-IDs of a header, the last first. */
static void add_ids(GPtrArray *ids, const char *value)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    for (const char *at = value ? strchr(value, '<') : NULL; at; at = strchr(at, '<')) {
        gsize length = strcspn(++at, "<> \t");
        if (at[length] == '>' && length > 0 && found->len < MAIL_REPLY_REFERENCES_MAX)
            g_ptr_array_add(found, g_strndup(at, length));
    }
    for (guint i = found->len; i > 0; i--)
        add_different(ids, found->pdata[i - 1], strlen(found->pdata[i - 1]));
}

/* Runs of as many letters and digits as a reference has, in lower case. */
static void add_tokens(GPtrArray *tokens, const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text ? text : "", -1);
    for (const char *at = lower; *at;) {
        gsize length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (length == TOKEN_LENGTH)
            add_different(tokens, at, length);
        at += length;
        at += strcspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");
    }
}

static char **end_list(GPtrArray *list)
{
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static void find_tokens(const Part *part, const Reading *reading, MailReply *reply)
{
    static const char *const addresses[] = {"to", "cc", "delivered-to", "x-original-to",
                                            "envelope-to"};
    GPtrArray *tokens = g_ptr_array_new(), *ids = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++)
        for (guint n = 0; header(part, addresses[i], n); n++)
            add_tokens(tokens, header(part, addresses[i], n));
    add_tokens(tokens, reply->subject);
    add_ids(ids, header(part, "in-reply-to", 0));
    add_ids(ids, header(part, "references", 0));
    for (guint i = 0; i < ids->len; i++)
        add_tokens(tokens, ids->pdata[i]);
    if (reply->is_bounce)
        add_tokens(tokens, reading->report->str);
    reply->references = end_list(ids);
    reply->tokens = end_list(tokens);
}

/* "Birch <noc@birch.example>" or the address alone. Caller frees; NULL: none. */
static char *read_address(const char *value)
{
    const char *open = value ? strrchr(value, '<') : NULL;
    const char *begin = open ? open + 1 : value;
    gsize length = begin ? strcspn(begin, "> \t,;") : 0;
    if (length < 3 || length > 254 || !memchr(begin, '@', length))
        return NULL;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isgraph(begin[i]))
            return NULL;
    return g_ascii_strdown(begin, (gssize)length);
}

/* The word of a line "Status: WORD". */
static char *read_status(const char *line)
{
    line += strspn(line, " \t*");
    if (g_ascii_strncasecmp(line, "status", 6) != 0)
        return NULL;
    line += 6 + strspn(line + 6, " \t*");
    if (g_str_has_prefix(line, "："))
        line += strlen("：");
    else if (*line++ != ':')
        return NULL;
    line += strspn(line, " \t*");
    gsize length = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return length > 0 && length < 32 ? g_ascii_strdown(line, (gssize)length) : NULL;
}

/* Whether what follows is somebody else's: a quotation's head, a forwarded mail, our own text. */
static gboolean ends_reply(const char *line, const MailReply *reply)
{
    static const char *const marks[] = {
        "-----Original Message", "-----Mensaje original", "-----Message d'origine",
        "________________________________", "-----Исходное сообщение"};
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (g_str_has_prefix(line, marks[i]))
            return TRUE;
    for (guint i = 0; reply->tokens[i]; i++)
        if (strstr(line, reply->tokens[i]))
            return TRUE;
    return FALSE;
}

/* Keeps what the sender wrote, and finds its status. */
static void take_text(MailReply *reply, const char *text)
{
    g_autoptr(GString) kept = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *line = g_strchomp(lines[i]);
        if (ends_reply(line, reply))
            break;
        if (line[0] == '>')
            continue;
        if (!reply->status)
            reply->status = read_status(line);
        if (kept->len + strlen(line) < MAIL_REPLY_TEXT_MAX)
            g_string_append_printf(kept, "%s\n", line);
    }
    /* What no text may have. */
    for (gsize i = 0; i < kept->len; i++)
        if ((guchar)kept->str[i] < 0x20 && kept->str[i] != '\n')
            kept->str[i] = ' ';
    reply->text = g_strdup(g_strstrip(kept->str));
}

static gboolean says_automatic(const Part *part)
{
    const char *submitted = header(part, "auto-submitted", 0);
    const char *precedence = header(part, "precedence", 0);
    return (submitted && g_ascii_strncasecmp(submitted, "no", 2) != 0) ||
           header(part, "x-autoreply", 0) || header(part, "x-autorespond", 0) ||
           (precedence && (g_ascii_strcasecmp(precedence, "auto_reply") == 0 ||
                           g_ascii_strcasecmp(precedence, "bulk") == 0));
}

static gboolean says_bounce(const Part *part)
{
    const char *type = header(part, "content-type", 0), *path = header(part, "return-path", 0);
    g_autofree char *report = parameter(type, "report-type");
    return (is_type(type, "multipart/report") && report &&
            g_ascii_strcasecmp(report, "delivery-status") == 0) ||
           (path && g_str_has_prefix(path, "<>") && header(part, "x-failed-recipients", 0));
}

static MailReply *read_mail(const Part *part, const MailReplyOpener *opener)
{
    MailReply *reply = g_new0(MailReply, 1);
    Reading reading = {
        .reply = reply, .text = g_string_new(NULL), .report = g_string_new(NULL), .opener = opener};
    const char *subject = header(part, "subject", 0);
    GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
    add_ids(own, header(part, "message-id", 0));
    reply->message_id = own->len > 0 ? g_strdup(own->pdata[0]) : NULL;
    g_ptr_array_unref(own);
    reply->from = read_address(header(part, "from", 0));
    reply->subject = subject ? decode_header(subject) : NULL;
    reply->is_automatic = says_automatic(part);
    reply->is_bounce = says_bounce(part);
    read_body(&reading, part, 0);
    find_tokens(part, &reading, reply);
    take_text(reply, reading.text->str);
    g_string_free(reading.text, TRUE);
    g_string_free(reading.report, TRUE);
    return reply;
}

MailReply *mail_reply_parse(const char *bytes, gsize length, const MailReplyOpener *opener,
                            GError **error)
{
    g_auto(Part) part = {0};
    if (length > MAIL_REPLY_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a mail has at most %d bytes",
                    MAIL_REPLY_BYTES_MAX);
        return NULL;
    }
    read_part((Span){bytes, length}, &part);
    if (!header(&part, "from", 0)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is no mail: it says not who it is from");
        return NULL;
    }
    return read_mail(&part, opener);
}

/* "From ADDRESS Mon Mar  2 10:00:00 2026": what a person writes at the beginning of a line is none.
 */
static gboolean is_mark(const Span *line)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    if (line->length < 5 || memcmp(line->at, "From ", 5) != 0)
        return FALSE;
    const char *blank = memchr(line->at + 5, ' ', line->length - 5);
    if (!blank || (gsize)(blank - line->at) + 4 > line->length)
        return FALSE;
    for (const char *day = days; *day; day += 3)
        if (memcmp(blank + 1, day, 3) == 0)
            return TRUE;
    return FALSE;
}

gsize mail_reply_mbox_next(const char *bytes, gsize length, gsize *ret_skip)
{
    Span rest = {bytes, length}, line;
    const char *begin = NULL;
    gboolean after_empty = TRUE;
    while (next_line(&rest, &line)) {
        gboolean marks = after_empty && is_mark(&line);
        if (marks && begin)
            return (gsize)(line.at - begin);
        if (marks) {
            begin = rest.at;
            *ret_skip = (gsize)(begin - bytes);
        }
        after_empty = line.length == 0;
    }
    return begin ? (gsize)(rest.at - begin) : 0;
}
