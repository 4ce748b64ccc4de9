#include "stix/observable_url.h"

#include <string.h>

#include "stix/observable_address.h"
#include "stix/observable_domain.h"

#define SCHEME_MAX 32

typedef struct {
    const char *text;
    gsize length;
} Slice;

static const struct {
    const char *scheme;
    guint port;
} default_ports[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ws", 80}, {"wss", 443}};

enum {
    UNRESERVED = 1, /* RFC 3986 section 2.3 */
    PLAIN = 2,      /* may stand in a path or query as it is */
    SLASH = 4,      /* either */
    QUESTION = 8,
    HASH = 16,
    NOWHERE = 32, /* no URL has it, not even where anything else is escaped */
};

/* Beside pchar, the brackets are plain: they are no pchar, but every query string with arrays has
 * them bare. */
static const guint8 byte_class[256] = {
    ['a' ... 'z'] = UNRESERVED | PLAIN,
    ['A' ... 'Z'] = UNRESERVED | PLAIN,
    ['0' ... '9'] = UNRESERVED | PLAIN,
    ['-'] = UNRESERVED | PLAIN,
    ['.'] = UNRESERVED | PLAIN,
    ['_'] = UNRESERVED | PLAIN,
    ['~'] = UNRESERVED | PLAIN,
    ['!'] = PLAIN,
    ['$'] = PLAIN,
    ['&'] = PLAIN,
    ['\''] = PLAIN,
    ['('] = PLAIN,
    [')'] = PLAIN,
    ['*'] = PLAIN,
    ['+'] = PLAIN,
    [','] = PLAIN,
    [';'] = PLAIN,
    ['='] = PLAIN,
    [':'] = PLAIN,
    ['@'] = PLAIN,
    ['/'] = PLAIN | SLASH,
    ['\\'] = SLASH,
    ['?'] = PLAIN | QUESTION,
    ['#'] = HASH,
    ['\0'] = NOWHERE,
    ['\t'] = NOWHERE,
    ['\r'] = NOWHERE,
    ['\n'] = NOWHERE,
    ['['] = PLAIN,
    [']'] = PLAIN,
};

static gboolean is_escape(const Slice *text, gsize at)
{
    return at + 2 < text->length && g_ascii_isxdigit(text->text[at + 1]) &&
           g_ascii_isxdigit(text->text[at + 2]);
}

static guchar escaped_byte(const Slice *text, gsize at)
{
    return (guchar)(g_ascii_xdigit_value(text->text[at + 1]) << 4 |
                    g_ascii_xdigit_value(text->text[at + 2]));
}

static void append_escaped(GString *into, guchar c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
    g_string_append_len(into, escape, 3);
}

/* Path or query, escapes made uniform. */
static void append_uniform(GString *into, const Slice *text, gboolean path)
{
    for (gsize i = 0; i < text->length; i++) {
        guchar c = (guchar)text->text[i];
        if (c == '%' && is_escape(text, i)) {
            c = escaped_byte(text, i);
            i += 2;
            if (byte_class[c] & UNRESERVED)
                g_string_append_c(into, (char)c);
            else
                append_escaped(into, c);
        } else if (c == '\\' && path) {
            g_string_append_c(into, '/');
        } else if (byte_class[c] & PLAIN) {
            gsize end = i + 1;
            while (end < text->length && byte_class[(guchar)text->text[end]] & PLAIN)
                end++;
            g_string_append_len(into, text->text + i, (gssize)(end - i));
            i = end - 1;
        } else {
            append_escaped(into, c);
        }
    }
}

/* RFC 3986 section 5.2.4, in place, on the path that begins at @start. */
static void remove_dot_segments(GString *into, gsize start)
{
    char *path = into->str + start;
    gsize length = into->len - start, out = 0, i = 0;

    while (i < length) {
        gsize end = i + 1; /* path[i] is always '/' */
        while (end < length && path[end] != '/')
            end++;
        gsize segment = end - i - 1;
        gboolean last = end == length;
        if (segment == 1 && path[i + 1] == '.') {
            if (last)
                path[out++] = '/';
        } else if (segment == 2 && path[i + 1] == '.' && path[i + 2] == '.') {
            while (out > 0 && path[--out] != '/')
                ;
            if (last)
                path[out++] = '/';
        } else {
            memmove(path + out, path + i, end - i);
            out += end - i;
        }
        i = end;
    }
    g_string_truncate(into, start + out);
}

/* One part of an address as browsers read it: decimal, 0octal or 0xhex. */
static gboolean parse_number(const Slice *part, guint64 *ret_number)
{
    guint64 number = 0;
    guint base = 10;
    gsize i = 0;

    if (part->length == 0 || part->length > 32)
        return FALSE;
    if (part->length >= 2 && part->text[0] == '0') {
        base = (part->text[1] | 0x20) == 'x' ? 16 : 8;
        i = base == 16 ? 2 : 1;
    }
    for (; i < part->length; i++) {
        int digit = g_ascii_xdigit_value(part->text[i]);
        if (digit < 0 || digit >= (int)base)
            return FALSE;
        number = number * base + (guint)digit;
        if (number > G_MAXUINT32)
            return FALSE;
    }
    *ret_number = number;
    return TRUE;
}

/* One to four numbers between dots, the last one filling what is left of the 32 bits. */
static gboolean parse_numeric_host(const Slice *host, ObservableAddress *ret_address)
{
    guint64 parts[4];
    guint count = 0;
    gsize length = host->length;

    if (length > 0 && host->text[length - 1] == '.')
        length--;
    for (gsize i = 0; i <= length; count++) {
        const char *dot = memchr(host->text + i, '.', length - i);
        Slice part = {host->text + i, dot ? (gsize)(dot - host->text) - i : length - i};
        if (count == 4 || !parse_number(&part, &parts[count]))
            return FALSE;
        i += part.length + 1;
    }
    guint64 address = parts[count - 1];
    if (address >> (8 * (5 - count)))
        return FALSE;
    for (guint i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return FALSE;
        address |= parts[i] << (24 - 8 * i);
    }
    *ret_address = (ObservableAddress){.prefix = 32};
    for (guint i = 0; i < 4; i++)
        ret_address->bytes[i] = (guint8)(address >> (24 - 8 * i));
    return TRUE;
}

static gboolean append_v6_host(GString *into, const Slice *host, ObservableKind *ret_kind)
{
    ObservableAddress address;
    char buffer[OBSERVABLE_ADDRESS_MAX];

    if (memchr(host->text, '/', host->length) ||
        !observable_address_parse(host->text, host->length, &address))
        return FALSE;
    *ret_kind = address.v6 ? OBSERVABLE_IPV6 : OBSERVABLE_IPV4;
    observable_address_format(&address, buffer);
    g_string_append_printf(into, address.v6 ? "[%s]" : "%s", buffer);
    return TRUE;
}

static gboolean append_host(GString *into, const Slice *raw, ObservableKind *ret_kind)
{
    char decoded[3 * OBSERVABLE_DOMAIN_MAX + 1];
    char buffer[OBSERVABLE_DOMAIN_MAX + 1];
    ObservableAddress address;
    Slice host = {decoded, 0};

    if (raw->length == 0)
        return FALSE;
    if (raw->text[0] == '[')
        return append_v6_host(into, raw, ret_kind);
    for (gsize i = 0; i < raw->length; i++) {
        guchar c = (guchar)raw->text[i];
        if (c == '%' && is_escape(raw, i)) {
            c = escaped_byte(raw, i);
            i += 2;
        }
        if (host.length == sizeof(decoded))
            return FALSE;
        decoded[host.length++] = (char)c;
    }
    if (g_ascii_isdigit(decoded[0]) && parse_numeric_host(&host, &address)) {
        gsize length = observable_address_format(&address, buffer);
        g_string_append_len(into, buffer, (gssize)length);
        *ret_kind = OBSERVABLE_IPV4;
        return TRUE;
    }
    gsize length = observable_domain_canonical(host.text, host.length, 1, buffer);
    if (length == 0)
        return FALSE;
    *ret_kind = memchr(buffer, '.', length) ? OBSERVABLE_DOMAIN : OBSERVABLE_OTHER;
    g_string_append_len(into, buffer, (gssize)length);
    return TRUE;
}

static gboolean append_port(GString *into, const Slice *port, const Slice *scheme)
{
    guint number = 0;

    if (port->length == 0)
        return TRUE;
    for (gsize i = 0; i < port->length; i++) {
        if (!g_ascii_isdigit(port->text[i]))
            return FALSE;
        number = number * 10 + (guint)(port->text[i] - '0');
        if (number > G_MAXUINT16)
            return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(default_ports); i++)
        if (strlen(default_ports[i].scheme) == scheme->length &&
            g_ascii_strncasecmp(default_ports[i].scheme, scheme->text, scheme->length) == 0 &&
            default_ports[i].port == number)
            return TRUE;
    g_string_append_printf(into, ":%u", number);
    return TRUE;
}

/* "user:password@host:port" without the first part, split at the port's colon. */
static void split_authority(const Slice *authority, Slice *ret_host, Slice *ret_port)
{
    const char *end = authority->text + authority->length;
    const char *at = memrchr(authority->text, '@', authority->length);
    const char *host = at ? at + 1 : authority->text;
    const char *bracket = memrchr(host, ']', (gsize)(end - host));
    const char *from = bracket ? bracket : host;
    const char *colon = memrchr(from, ':', (gsize)(end - from));

    *ret_host = (Slice){host, (gsize)((colon ? colon : end) - host)};
    *ret_port = (Slice){colon ? colon + 1 : end, colon ? (gsize)(end - colon) - 1 : 0};
}

/* The length of the scheme before "://", or 0. */
static gsize scheme_length(const char *text, gsize length)
{
    gsize i = 0;
    while (i < length && i < SCHEME_MAX &&
           (g_ascii_isalnum(text[i]) || (i > 0 && strchr("+-.", text[i]) && text[i])))
        i++;
    if (i == 0 || !g_ascii_isalpha(text[0]) || length - i < 3 || text[i] != ':')
        return 0;
    for (gsize slash = i + 1; slash < i + 3; slash++)
        if (text[slash] != '/' && text[slash] != '\\')
            return 0;
    return i;
}

static inline gsize span_until(const char *text, gsize from, gsize length, guint8 classes)
{
    while (from < length && (byte_class[(guchar)text[from]] & classes) == 0)
        from++;
    return from;
}

/* Everything after the scheme; FALSE leaves a partial text that the caller drops. */
static gboolean append_after_scheme(const char *text, gsize length, const Slice *scheme,
                                    GString *into, gsize start, ObservableUrlParts *parts)
{
    Slice host, port;
    gsize begin = scheme->length + 3;
    gsize end = span_until(text, begin, length, SLASH | QUESTION | HASH);
    Slice authority = {text + begin, end - begin};

    split_authority(&authority, &host, &port);
    parts->host = into->len - start;
    if (!append_host(into, &host, &parts->host_kind))
        return FALSE;
    parts->host_length = into->len - start - parts->host;
    if (!append_port(into, &port, scheme))
        return FALSE;
    parts->path = into->len - start;
    Slice path = {text + end, span_until(text, end, length, QUESTION | HASH) - end};
    if (path.length == 0)
        g_string_append_c(into, '/');
    append_uniform(into, &path, TRUE);
    remove_dot_segments(into, start + parts->path);
    end += path.length;
    Slice query = {text + end, span_until(text, end, length, HASH) - end};
    append_uniform(into, &query, FALSE);
    return into->len - start <= OBSERVABLE_MAX_LENGTH;
}

gboolean observable_url_append(const char *text, gsize length, GString *into,
                               ObservableUrlParts *ret_parts)
{
    ObservableUrlParts parts;
    gsize start = into->len;
    Slice scheme = {text, scheme_length(text, length)};

    if (scheme.length == 0 || length > OBSERVABLE_MAX_LENGTH)
        return FALSE;
    if (text[length - 1] == ' ' || span_until(text, 0, length, NOWHERE) < length)
        return FALSE;
    g_string_append_len(into, text, (gssize)scheme.length);
    for (gsize i = start; i < into->len; i++)
        into->str[i] = g_ascii_tolower(into->str[i]);
    g_string_append(into, "://");
    if (!append_after_scheme(text, length, &scheme, into, start, &parts)) {
        g_string_truncate(into, start);
        return FALSE;
    }
    if (ret_parts)
        *ret_parts = parts;
    return TRUE;
}

/* May what stands behind [text, text + length) make its end another: an escape, if one has begun,
 * or the path's last segment, if that is dots? */
static gboolean is_open(const char *text, gsize length)
{
    gboolean dots = FALSE;

    if (text[length - 1] == '%' || (length >= 2 && text[length - 2] == '%'))
        return TRUE;
    while (length > 0) {
        if (text[length - 1] == '.')
            length--;
        else if (length >= 3 && g_ascii_strncasecmp(text + length - 3, "%2e", 3) == 0)
            length -= 3;
        else
            break;
        dots = TRUE;
    }
    return dots && length > 0 && byte_class[(guchar)text[length - 1]] & SLASH;
}

gboolean observable_url_extend(const char *text, gsize length, gsize longer, GString *url)
{
    const Slice more = {text + length, longer - length};
    const gsize before = url->len, scheme = scheme_length(text, length);

    if (before == 0 || scheme == 0 || longer > OBSERVABLE_MAX_LENGTH || is_open(text, length))
        return FALSE;
    gsize path = span_until(text, scheme + 3, length, SLASH | QUESTION | HASH);
    if (path == length)
        return FALSE; /* the host may go on */
    for (gsize i = 0; i < more.length; i++)
        if (byte_class[(guchar)more.text[i]] & NOWHERE || more.text[i] == '\\' ||
            more.text[i] == ' ')
            return FALSE;
    if (memchr(text + path, '#', length - path))
        return TRUE;
    const Slice added = {more.text, span_until(more.text, 0, more.length, HASH)};
    append_uniform(url, &added, FALSE);
    return url->len <= OBSERVABLE_MAX_LENGTH &&
           (memchr(text + path, '?', length - path) || !strstr(url->str + before - 1, "/."));
}
