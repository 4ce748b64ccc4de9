#include "server/negotiate.h"

#include <string.h>

/* No honest header has more elements; what follows is not looked at. */
#define MAX_ELEMENTS 64

typedef struct {
    const char *text;
    gsize length;
} Slice;

static gboolean slice_is(Slice slice, const char *text)
{
    return slice.length == strlen(text) && g_ascii_strncasecmp(slice.text, text, slice.length) == 0;
}

static Slice slice_strip(const char *start, const char *end)
{
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (Slice){start, (gsize)(end - start)};
}

/* Takes what is before the next @separator (outside quotes) off *@cursor. */
static Slice next_part(const char **cursor, const char *end, char separator)
{
    const char *start = *cursor, *at = start;
    gboolean quoted = FALSE;
    for (; at < end && (quoted || *at != separator); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\' && at + 1 < end)
            at++;
    }
    *cursor = at < end ? at + 1 : end;
    return slice_strip(start, at);
}

/* A quality value in thousandths (RFC 9110 section 12.4.2); what is malformed counts as 0. */
static int parse_quality(Slice text)
{
    if (text.length < 1 || text.length > 5 || (text.text[0] != '0' && text.text[0] != '1') ||
        (text.length > 1 && text.text[1] != '.'))
        return 0;
    int value = (text.text[0] - '0') * 1000, weight = 100;
    for (gsize i = 2; i < text.length; i++, weight /= 10) {
        if (!g_ascii_isdigit(text.text[i]))
            return 0;
        value += (text.text[i] - '0') * weight;
    }
    return MIN(value, 1000);
}

typedef struct {
    Slice name;
    Slice version; /* of the parameter "version"; length 0 when there is none */
    gboolean has_version;
    int quality;
} Element;

static Element parse_element(Slice whole)
{
    const char *cursor = whole.text, *end = whole.text + whole.length;
    Element element = {.name = next_part(&cursor, end, ';'), .quality = 1000};
    while (cursor < end) {
        Slice parameter = next_part(&cursor, end, ';');
        const char *equals = memchr(parameter.text, '=', parameter.length);
        if (!equals)
            continue;
        Slice name = slice_strip(parameter.text, equals);
        Slice value = slice_strip(equals + 1, parameter.text + parameter.length);
        if (value.length >= 2 && value.text[0] == '"' && value.text[value.length - 1] == '"')
            value = (Slice){value.text + 1, value.length - 2};
        if (slice_is(name, "q")) {
            element.quality = parse_quality(value);
        } else if (slice_is(name, "version")) {
            element.has_version = TRUE;
            element.version = value;
        }
    }
    return element;
}

/* How closely a media range describes TAXII 2.1: 0 not at all, 4 exactly. */
static guint closeness(const Element *element)
{
    if (slice_is(element->name, "application/taxii+json")) {
        if (!element->has_version)
            return 3;
        return slice_is(element->version, "2.1") ? 4 : 0;
    }
    if (slice_is(element->name, "application/*"))
        return 2;
    return slice_is(element->name, "*/*") ? 1 : 0;
}

gboolean negotiate_accepts_taxii(const char *accept)
{
    if (!accept)
        return TRUE;
    guint closest = 0;
    int quality = 0;
    const char *cursor = accept, *end = accept + strlen(accept);
    for (guint i = 0; i < MAX_ELEMENTS && cursor < end; i++) {
        Element element = parse_element(next_part(&cursor, end, ','));
        guint close = closeness(&element);
        if (close > closest) {
            closest = close;
            quality = element.quality;
        } else if (close == closest && close > 0) {
            quality = MAX(quality, element.quality);
        }
    }
    return quality > 0;
}

gboolean negotiate_is_taxii(const char *content_type)
{
    if (!content_type)
        return FALSE;
    Element element = parse_element((Slice){content_type, strlen(content_type)});
    return closeness(&element) >= 3;
}

NegotiateCoding negotiate_coding(const char *accept_encoding)
{
    if (!accept_encoding)
        return NEGOTIATE_IDENTITY;
    int gzip = -1, zstd = -1, identity = -1, others = -1;
    const char *cursor = accept_encoding, *end = accept_encoding + strlen(accept_encoding);
    for (guint i = 0; i < MAX_ELEMENTS && cursor < end; i++) {
        Element element = parse_element(next_part(&cursor, end, ','));
        if (slice_is(element.name, "gzip") || slice_is(element.name, "x-gzip"))
            gzip = element.quality;
        else if (slice_is(element.name, "zstd"))
            zstd = element.quality;
        else if (slice_is(element.name, "identity"))
            identity = element.quality;
        else if (slice_is(element.name, "*"))
            others = element.quality;
    }
    if (gzip < 0)
        gzip = MAX(others, 0);
    if (zstd < 0)
        zstd = MAX(others, 0);
    if (identity < 0)
        identity = 1; /* acceptable unless excluded, but anything asked for is preferred */
    if (zstd > 0 && zstd >= gzip && zstd >= identity)
        return NEGOTIATE_ZSTD;
    return gzip > 0 && gzip >= identity ? NEGOTIATE_GZIP : NEGOTIATE_IDENTITY;
}

const char *negotiate_coding_name(NegotiateCoding coding)
{
    switch (coding) {
    case NEGOTIATE_GZIP:
        return "gzip";
    case NEGOTIATE_ZSTD:
        return "zstd";
    case NEGOTIATE_IDENTITY:
        break;
    }
    return NULL;
}
