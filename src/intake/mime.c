#include "intake/mime.h"

#include <string.h>

#define HEADERS_MAX 64 * 1024

typedef struct {
    char *type, *boundary, *name, *encoding;
    gsize length; /* of the headers, the empty line included */
} Headers;

static void headers_clear(Headers *headers)
{
    g_free(headers->type);
    g_free(headers->boundary);
    g_free(headers->name);
    g_free(headers->encoding);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Headers, headers_clear)

static void part_free(gpointer data)
{
    MimePart *part = data;
    g_free(part->type);
    g_free(part->name);
    g_string_free(part->body, TRUE);
    g_free(part);
}

/* The value of the parameter @name in "type/subtype; name=value; name=\"value\"", or NULL. */
static char *parameter(const char *field, const char *name)
{
    gsize length = strlen(name);
    for (const char *at = strchr(field, ';'); at; at = strchr(at, ';')) {
        at++;
        while (g_ascii_isspace(*at))
            at++;
        if (g_ascii_strncasecmp(at, name, length) != 0 || at[length] != '=')
            continue;
        at += length + 1;
        gboolean quoted = *at == '"';
        at += quoted;
        gsize end = strcspn(at, quoted ? "\"" : "; \t");
        return g_strndup(at, MIN(end, 200));
    }
    return NULL;
}

static char *first_word(const char *field)
{
    while (g_ascii_isspace(*field))
        field++;
    return g_ascii_strdown(field, (gssize)strcspn(field, "; \t"));
}

static void take_field(Headers *headers, const char *field)
{
    if (g_ascii_strncasecmp(field, "Content-Type:", 13) == 0 && !headers->type) {
        headers->type = first_word(field + 13);
        headers->boundary = parameter(field, "boundary");
        if (!headers->name)
            headers->name = parameter(field, "name");
    } else if (g_ascii_strncasecmp(field, "Content-Transfer-Encoding:", 26) == 0 &&
               !headers->encoding) {
        headers->encoding = first_word(field + 26);
    } else if (g_ascii_strncasecmp(field, "Content-Disposition:", 20) == 0) {
        char *name = parameter(field, "filename");
        if (name) {
            g_free(headers->name);
            headers->name = name;
        }
    }
}

/* A line of a header: a name of printable characters and a colon. */
static gboolean is_field(const char *line, gsize length)
{
    gsize at = 0;
    while (at < length && line[at] > ' ' && line[at] < 0x7f && line[at] != ':')
        at++;
    return at > 0 && at < length && line[at] == ':';
}

/* Reads the header fields, folded lines put together. FALSE when the text begins with none. */
static gboolean read_headers(const char *text, gsize length, Headers *headers)
{
    g_autoptr(GString) field = g_string_new(NULL);
    gsize at = 0;
    while (at < length && at < HEADERS_MAX) {
        const char *line = text + at;
        const char *newline = memchr(line, '\n', length - at);
        gsize size = newline ? (gsize)(newline - line) : length - at;
        gsize next = at + size + (newline != NULL);
        if (size > 0 && line[size - 1] == '\r')
            size--;
        gboolean folded = size > 0 && (line[0] == ' ' || line[0] == '\t');
        if (!folded) {
            take_field(headers, field->str);
            g_string_truncate(field, 0);
        }
        if (size == 0) {
            headers->length = next;
            return at > 0;
        }
        if (!folded && !is_field(line, size) && !g_str_has_prefix(line, "From "))
            return FALSE;
        g_string_append_len(field, line, (gssize)size);
        at = next;
    }
    take_field(headers, field->str);
    headers->length = at;
    return at > 0;
}

/* --- Decoding -------------------------------------------------------------------------------- */

static void decode_quoted(GString *into, const char *text, gsize length)
{
    for (gsize at = 0; at < length; at++) {
        if (text[at] != '=') {
            g_string_append_c(into, text[at]);
        } else if (at + 2 < length && g_ascii_isxdigit(text[at + 1]) &&
                   g_ascii_isxdigit(text[at + 2])) {
            g_string_append_c(into, (char)(g_ascii_xdigit_value(text[at + 1]) * 16 +
                                           g_ascii_xdigit_value(text[at + 2])));
            at += 2;
        } else if (at + 1 < length && text[at + 1] == '\n') {
            at++;
        } else if (at + 2 < length && text[at + 1] == '\r' && text[at + 2] == '\n') {
            at += 2;
        } else {
            g_string_append_c(into, '=');
        }
    }
}

static GString *decode(const char *encoding, const char *text, gsize length)
{
    GString *body = g_string_new(NULL);
    if (g_strcmp0(encoding, "base64") == 0) {
        gint state = 0;
        guint save = 0;
        g_string_set_size(body, length / 4 * 3 + 4);
        gsize size = g_base64_decode_step(text, length, (guchar *)body->str, &state, &save);
        g_string_set_size(body, size);
    } else if (g_strcmp0(encoding, "quoted-printable") == 0) {
        decode_quoted(body, text, length);
    } else {
        g_string_append_len(body, text, (gssize)length);
    }
    return body;
}

/* --- Parts ----------------------------------------------------------------------------------- */

static void collect(GPtrArray *parts, const char *text, gsize length, guint depth);

/* The next line that begins with "--" and the boundary, or the end of the text. */
static const char *find_boundary(const char *text, const char *end, const char *boundary)
{
    gsize length = strlen(boundary);
    for (const char *at = text; at < end;) {
        if ((gsize)(end - at) >= length + 2 && at[0] == '-' && at[1] == '-' &&
            memcmp(at + 2, boundary, length) == 0)
            return at;
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        if (!newline)
            break;
        at = newline + 1;
    }
    return end;
}

static void collect_multipart(GPtrArray *parts, const char *text, gsize length,
                              const char *boundary, guint depth)
{
    const char *end = text + length;
    const char *at = find_boundary(text, end, boundary);
    while (at < end && parts->len < MIME_MAX_PARTS) {
        const char *after = at + 2 + strlen(boundary);
        if (end - after >= 2 && after[0] == '-' && after[1] == '-')
            return;
        const char *newline = memchr(after, '\n', (gsize)(end - after));
        if (!newline)
            return;
        const char *next = find_boundary(newline + 1, end, boundary);
        collect(parts, newline + 1, (gsize)(next - newline - 1), depth - 1);
        at = next;
    }
}

static void collect(GPtrArray *parts, const char *text, gsize length, guint depth)
{
    g_auto(Headers) headers = {0};
    if (depth == 0 || parts->len >= MIME_MAX_PARTS)
        return;
    /* A part may have no header fields: it begins with an empty line. */
    if (!read_headers(text, length, &headers))
        headers.length = length > 0 && text[0] == '\n' ? 1 : 0;
    text += headers.length;
    length -= headers.length;
    if (headers.boundary && *headers.boundary) {
        collect_multipart(parts, text, length, headers.boundary, depth);
        return;
    }
    if (g_strcmp0(headers.type, "message/rfc822") == 0) {
        collect(parts, text, length, depth - 1);
        return;
    }
    MimePart *part = g_new0(MimePart, 1);
    part->type = headers.type ? g_steal_pointer(&headers.type) : g_strdup("text/plain");
    part->name = g_steal_pointer(&headers.name);
    part->body = decode(headers.encoding, text, length);
    g_ptr_array_add(parts, part);
}

GPtrArray *mime_parts(const char *text, gsize length)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
    collect(parts, text, length, MIME_MAX_DEPTH);
    return parts;
}
