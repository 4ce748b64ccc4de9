#include "intake/envelope.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#define CHUNK     (64 * 1024)
#define DEPTH_MAX (G_MAXUINT / 2)
/* As it stands in the text, where each byte may be written as "\u00xx". */
#define TEXT_MAX (6 * ENVELOPE_NEXT_MAX + 2)

/* Where the scan stands. Only what is at depth 1, the members of the envelope, is kept. */
typedef struct {
    Envelope envelope;
    GChecksum *checksum;
    guint depth;
    gboolean begun, ended; /* the outer object */
    gboolean string, escape;
    gboolean value;      /* behind the colon of a member */
    gboolean said;       /* `more` was there */
    GString *key, *text; /* as written */
    gboolean too_long;
} Scan;

void envelope_clear(Envelope *envelope)
{
    g_clear_pointer(&envelope->next, g_free);
}

static void keep(Scan *scan, char c)
{
    if (scan->depth != 1)
        return;
    if (scan->text->len < TEXT_MAX)
        g_string_append_c(scan->text, c);
    else
        scan->too_long = TRUE;
}

static gboolean is_key(const Scan *scan, const char *name)
{
    gsize length = strlen(name);
    return scan->key->len == length + 2 && memcmp(scan->key->str + 1, name, length) == 0;
}

/* The text of a JSON string; NULL when it is none, or is too long or empty. */
static char *read_string(const GString *text)
{
    yyjson_doc *doc = yyjson_read(text->str, text->len, 0);
    const char *string = yyjson_get_str(yyjson_doc_get_root(doc));
    gsize length = string ? yyjson_get_len(yyjson_doc_get_root(doc)) : 0;
    char *copy = length > 0 && length <= ENVELOPE_NEXT_MAX && strlen(string) == length
                     ? g_strdup(string)
                     : NULL;
    yyjson_doc_free(doc);
    return copy;
}

/* A member of the envelope ended. */
static gboolean take_member(Scan *scan, GError **error)
{
    gboolean next = scan->value && is_key(scan, "next");
    if (next && scan->text->str[0] == '"') {
        g_free(scan->envelope.next);
        scan->envelope.next = scan->too_long ? NULL : read_string(scan->text);
        if (!scan->envelope.next && scan->text->len > 2) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "the page's \"next\" is not text of at most %d bytes", ENVELOPE_NEXT_MAX);
            return FALSE;
        }
    } else if (scan->value && is_key(scan, "more")) {
        scan->envelope.more = g_str_equal(scan->text->str, "true");
        scan->said = TRUE;
    }
    scan->value = scan->too_long = FALSE;
    g_string_truncate(scan->key, 0);
    g_string_truncate(scan->text, 0);
    return TRUE;
}

static gboolean fail(GError **error, const char *why)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the page is broken: %s", why);
    return FALSE;
}

/* One byte outside of strings. */
static gboolean scan_plain(Scan *scan, char c, GError **error)
{
    if (g_ascii_isspace(c))
        return TRUE;
    if (scan->ended || (!scan->begun && c != '{'))
        return fail(error, scan->ended ? "something follows it" : "it is no JSON object");
    if (c == '{' || c == '[') {
        if (scan->depth == DEPTH_MAX)
            return fail(error, "too deep");
        scan->begun = TRUE;
        scan->depth++;
    } else if (c == '}' || c == ']') {
        if (scan->depth == 1 && !take_member(scan, error))
            return FALSE;
        scan->ended = --scan->depth == 0;
    } else if (scan->depth == 1 && c == ',') {
        return take_member(scan, error);
    } else if (scan->depth == 1 && c == ':' && !scan->value) {
        g_string_assign(scan->key, scan->text->str);
        g_string_truncate(scan->text, 0);
        scan->value = TRUE;
    } else {
        keep(scan, c);
        scan->string = c == '"';
    }
    return TRUE;
}

static gboolean scan_byte(Scan *scan, char c, GError **error)
{
    if (!scan->string)
        return scan_plain(scan, c, error);
    keep(scan, c);
    scan->string = scan->escape || c != '"';
    scan->escape = c == '\\' && !scan->escape;
    return TRUE;
}

/* All bytes count for the digest but those of the value of `next`. */
static gboolean scan_chunk(Scan *scan, const char *data, gsize length, GError **error)
{
    gsize from = 0;
    for (gsize at = 0; at < length; at++) {
        gboolean was = scan->depth == 1 && scan->value && is_key(scan, "next");
        if (!scan_byte(scan, data[at], error))
            return FALSE;
        gboolean is = scan->depth == 1 && scan->value && is_key(scan, "next");
        if (is && !was)
            g_checksum_update(scan->checksum, (const guchar *)data + from, (gssize)(at - from));
        if (is || was)
            from = at + 1;
    }
    g_checksum_update(scan->checksum, (const guchar *)data + from, (gssize)(length - from));
    return TRUE;
}

static gboolean scan_file(Scan *scan, int fd, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK);
    for (off_t offset = 0;;) {
        gssize got = pread(fd, chunk, CHUNK, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(error, errno, "a page that was fetched");
        if (got == 0)
            return scan->ended || fail(error, scan->begun ? "it ends too early" : "it is empty");
        gsize skip = offset == 0 && got >= 3 && memcmp(chunk, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        if (!scan_chunk(scan, chunk + skip, (gsize)got - skip, error))
            return FALSE;
        offset += got;
    }
}

gboolean envelope_scan(int fd, Envelope *ret_envelope, GError **error)
{
    Scan scan = {.checksum = g_checksum_new(G_CHECKSUM_SHA256),
                 .key = g_string_new(NULL),
                 .text = g_string_new(NULL)};
    gboolean good = scan_file(&scan, fd, error);
    if (good) {
        scan.envelope.more |= !scan.said && scan.envelope.next;
        g_strlcpy(scan.envelope.digest, g_checksum_get_string(scan.checksum),
                  sizeof scan.envelope.digest);
        *ret_envelope = scan.envelope;
    } else {
        envelope_clear(&scan.envelope);
    }
    g_checksum_free(scan.checksum);
    g_string_free(scan.key, TRUE);
    g_string_free(scan.text, TRUE);
    return good;
}
