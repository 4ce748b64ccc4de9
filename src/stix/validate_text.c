#include "stix/validate_text.h"

#include <arpa/inet.h>
#include <string.h>

/* What checks here return: NULL, or what is wrong. */
typedef const char *Problem;

/* What characters are good for; GLib's own tests cost a memory access more each. */
enum {
    LOWER = 1 << 0,
    UPPER = 1 << 1,
    DIGIT = 1 << 2,
    HYPHEN = 1 << 3,
    UNDERSCORE = 1 << 4,
    HEX = 1 << 5,
    URL = 1 << 6, /* RFC 3986, appendix A: reserved, unreserved and percent */
    BASE64 = 1 << 7,
};

static const guint8 classes[256] = {
    ['a' ... 'f'] = LOWER | HEX | URL | BASE64,
    ['g' ... 'z'] = LOWER | URL | BASE64,
    ['A' ... 'F'] = UPPER | HEX | URL | BASE64,
    ['G' ... 'Z'] = UPPER | URL | BASE64,
    ['0' ... '9'] = DIGIT | HEX | URL | BASE64,
    ['-'] = HYPHEN | URL,
    ['_'] = UNDERSCORE | URL,
    ['+'] = URL | BASE64,
    ['/'] = URL | BASE64,
    ['.'] = URL,
    ['~'] = URL,
    [':'] = URL,
    ['?'] = URL,
    ['#'] = URL,
    ['['] = URL,
    [']'] = URL,
    ['@'] = URL,
    ['!'] = URL,
    ['$'] = URL,
    ['&'] = URL,
    ['\''] = URL,
    ['('] = URL,
    [')'] = URL,
    ['*'] = URL,
    [','] = URL,
    [';'] = URL,
    ['='] = URL,
    ['%'] = URL,
};

/* Whether all of @text is of one of the classes @allowed. */
static gboolean is_all(const char *text, gsize length, guint allowed)
{
    for (gsize i = 0; i < length; i++)
        if (!(classes[(guchar)text[i]] & allowed))
            return FALSE;
    return TRUE;
}

static gboolean is_blank_or_control(char c)
{
    return (guchar)c <= ' ' || c == 0x7f;
}

gboolean validate_text_is_property(ObjectSpec spec, const char *text, gsize length)
{
    if (length == 2 && memcmp(text, "id", 2) == 0)
        return TRUE;
    if (length < 3 || length > 250)
        return FALSE;
    if (spec == OBJECT_SPEC_21 && !g_ascii_islower(text[0]))
        return FALSE;
    return is_all(text, length, LOWER | DIGIT | UNDERSCORE);
}

gboolean validate_text_is_type(ObjectSpec spec, const char *text, gsize length)
{
    if (length < 3 || length > 250)
        return FALSE;
    if (spec == OBJECT_SPEC_21 && !g_ascii_islower(text[0]))
        return FALSE;
    guint before = 0;
    for (gsize i = 0; i < length; i++) {
        guint class = classes[(guchar)text[i]] & (LOWER | DIGIT | HYPHEN);
        if (class == 0 || (class & before & HYPHEN)) /* a hyphen behind a hyphen */
            return FALSE;
        before = class;
    }
    return TRUE;
}

gboolean validate_text_is_key(ObjectSpec spec, const char *text, gsize length)
{
    gsize least = spec == OBJECT_SPEC_21 ? 1 : 3;
    gsize most = spec == OBJECT_SPEC_21 ? 250 : 256;
    if (length < least || length > most)
        return FALSE;
    return is_all(text, length, LOWER | UPPER | DIGIT | HYPHEN | UNDERSCORE);
}

gboolean validate_text_is_hex(const char *text, gsize length)
{
    return length > 0 && length % 2 == 0 && is_all(text, length, HEX);
}

gboolean validate_text_is_base64(const char *text, gsize length)
{
    if (length == 0 || length % 4 != 0)
        return FALSE;
    gsize padding = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    return is_all(text, length - padding, BASE64);
}

/* RFC 3986: a scheme, a colon, something behind it. Blanks and control characters make it no URL
 * for anybody; other characters that ought to be percent-encoded are common in the wild and
 * understood. */
static Problem check_url(const char *text, gsize length, gboolean *ret_must)
{
    const char *colon = memchr(text, ':', length);
    gsize scheme = colon ? (gsize)(colon - text) : 0;
    if (scheme == 0 || scheme + 1 == length || !g_ascii_isalpha(text[0]))
        return "not a URL: no scheme";
    for (gsize i = 0; i < scheme; i++)
        if (!(classes[(guchar)text[i]] & (LOWER | UPPER | DIGIT | HYPHEN)) && text[i] != '+' &&
            text[i] != '.')
            return "not a URL: no scheme";
    if (is_all(text, length, URL))
        return NULL;
    for (gsize i = scheme; i < length; i++)
        if (is_blank_or_control(text[i]))
            return "not a URL: contains a blank or control character";
    *ret_must = FALSE;
    return "a URL with characters that should be percent-encoded (RFC 3986)";
}

static Problem check_language(const char *text, gsize length)
{
    switch (vocabulary_language(text, length)) {
    case VOCABULARY_LANGUAGE_KNOWN:
        return NULL;
    case VOCABULARY_LANGUAGE_UNKNOWN:
        return "no registered language (RFC 5646)";
    default:
        return "not a language tag (RFC 5646)";
    }
}

/* Lower-case words joined by hyphens, as STIX wishes for its own terms. */
static gboolean is_token(const char *text, gsize length)
{
    return length > 0 && is_all(text, length, LOWER | DIGIT | HYPHEN);
}

/* The syntax of selectors (STIX 2.1 section 7.2.3.1); whether they select anything is checked where
 * the object is known. Keys of dictionaries ("hashes.SHA-256") may have upper case. */
static gboolean is_selector(const char *text, gsize length)
{
    gsize at = 0;
    for (guint component = 0; at < length; component++) {
        gsize start = at;
        if (text[at] == '[') {
            for (at++; at < length && g_ascii_isdigit(text[at]); at++)
                ;
            if (component == 0 || at == start + 1 || at >= length || text[at] != ']')
                return FALSE;
            at++;
        } else {
            while (at < length && (g_ascii_isalnum(text[at]) || text[at] == '_' || text[at] == '-'))
                at++;
            gsize least = component > 0 ? 1 : memcmp(text, "id", 2) == 0 ? 2 : 3;
            if (at - start < least || at - start > 250)
                return FALSE;
        }
        if (at == length)
            return TRUE;
        if (text[at++] != '.')
            return FALSE;
    }
    return FALSE;
}

/* One address, or a range in CIDR notation; a zone ("%eth0") is allowed in IPv6. */
static gboolean is_address(int family, const char *text, gsize length)
{
    char address[INET6_ADDRSTRLEN + 1];
    guchar binary[16];
    const char *slash = memchr(text, '/', length);
    gsize address_length = slash ? (gsize)(slash - text) : length;
    if (slash) {
        gsize digits = length - address_length - 1;
        guint prefix = 0;
        if (digits < 1 || digits > 3 || (digits > 1 && slash[1] == '0'))
            return FALSE;
        for (gsize i = 1; i <= digits; i++) {
            if (!g_ascii_isdigit(slash[i]))
                return FALSE;
            prefix = prefix * 10 + (guint)(slash[i] - '0');
        }
        if (prefix > (family == AF_INET ? 32u : 128u))
            return FALSE;
    }
    const char *zone = family == AF_INET6 ? memchr(text, '%', address_length) : NULL;
    if (zone) {
        if (zone + 1 == text + address_length)
            return FALSE;
        address_length = (gsize)(zone - text);
    }
    if (address_length >= sizeof address || memchr(text, '\0', address_length))
        return FALSE;
    memcpy(address, text, address_length);
    address[address_length] = '\0';
    return inet_pton(family, address, binary) == 1;
}

static gboolean is_mac(const char *text, gsize length)
{
    if (length != 17)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        gboolean colon = i % 3 == 2;
        if (colon ? text[i] != ':' : !g_ascii_isxdigit(text[i]) || g_ascii_isupper(text[i]))
            return FALSE;
    }
    return TRUE;
}

/* Any name that could be looked up, internationalised or not: labels of 1 to 63 bytes. */
static gboolean is_domain(const char *text, gsize length)
{
    if (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0 || length > 1000)
        return FALSE;
    gboolean ascii = TRUE;
    gsize label = 0;
    for (gsize i = 0; i <= length; i++) {
        if (i == length || text[i] == '.') {
            if (label == 0 || (ascii && label > 63))
                return FALSE;
            label = 0;
            ascii = TRUE;
            continue;
        }
        if (is_blank_or_control(text[i]) || strchr("/\\@:?#[]", text[i]))
            return FALSE;
        ascii = ascii && (guchar)text[i] < 0x80;
        label++;
    }
    return TRUE;
}

static gboolean is_email(const char *text, gsize length)
{
    const char *at = memrchr(text, '@', length);
    if (!at || at == text || at + 1 == text + length)
        return FALSE;
    if (text[0] == '"') /* a quoted local part may contain anything */
        return TRUE;
    for (gsize i = 0; i < length; i++)
        if (is_blank_or_control(text[i]) || text[i] == '<' || text[i] == '>')
            return FALSE;
    return TRUE;
}

/* A media type of one of the registered top-level types (RFC 6838). */
static gboolean is_media_type(const char *text, gsize length)
{
    static const char *const tops[] = {"application", "audio",     "font", "image", "message",
                                       "model",       "multipart", "text", "video"};
    const char *slash = memchr(text, '/', length);
    if (!slash || slash + 1 == text + length)
        return FALSE;
    if (!g_ascii_isalnum(slash[1]))
        return FALSE;
    gsize top_length = (gsize)(slash - text);
    for (guint i = 0; i < G_N_ELEMENTS(tops); i++)
        if (strlen(tops[i]) == top_length && memcmp(tops[i], text, top_length) == 0)
            return TRUE;
    return FALSE;
}

/* The form of names in IANA's registry of character sets. */
static gboolean is_charset(const char *text, gsize length)
{
    if (length < 2 || length > 250)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && (text[i] == '\0' || !strchr("/.+_:()-", text[i])))
            return FALSE;
    return TRUE;
}

/* The formatted string binding of CPE 2.3 (NISTIR 7695): a part and ten attributes. */
static gboolean is_cpe(const char *text, gsize length)
{
    static const char prefix[] = "cpe:2.3:";
    gsize at = sizeof prefix - 1;
    if (length < at + 1 || memcmp(text, prefix, at) != 0 || !strchr("aho*-", text[at]))
        return FALSE;
    guint attributes = 0;
    gsize attribute_length = 0;
    for (; at < length; at++) {
        if (text[at] == ':') {
            if (attribute_length == 0)
                return FALSE;
            attributes++;
            attribute_length = 0;
            continue;
        }
        if (text[at] == '\\') {
            if (++at >= length || !g_ascii_ispunct(text[at]))
                return FALSE;
        } else if (!g_ascii_isalnum(text[at]) && (text[at] == '\0' || !strchr("._*?-", text[at]))) {
            return FALSE;
        }
        attribute_length++;
    }
    return attributes == 10 && attribute_length > 0;
}

/* Hives are to be written out. */
static gboolean is_registry_key(const char *text, gsize length)
{
    static const char *const short_hives[] = {"HKLM", "HKCC", "HKCR", "HKCU", "HKU"};
    const char *backslash = memchr(text, '\\', length);
    gsize hive = backslash ? (gsize)(backslash - text) : length;
    for (guint i = 0; i < G_N_ELEMENTS(short_hives); i++)
        if (strlen(short_hives[i]) == hive && g_ascii_strncasecmp(text, short_hives[i], hive) == 0)
            return FALSE;
    return TRUE;
}

/* A service name (RFC 6335 section 5.1), as far as form goes. */
static gboolean is_protocol(const char *text, gsize length)
{
    if (length < 1 || length > 15)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '-')
            return FALSE;
    return TRUE;
}

static Problem unless(gboolean fine, Problem problem)
{
    return fine ? NULL : problem;
}

const char *validate_text_check(ValidateText kind, ObjectSpec spec, const char *text, gsize length,
                                gboolean *ret_must)
{
    *ret_must = TRUE;
    switch (kind) {
    case TEXT_SPEC_VERSION:
        if (spec == OBJECT_SPEC_21)
            return unless(length == 3 && memcmp(text, "2.1", 3) == 0, "not \"2.1\"");
        return unless(length == 3 && memcmp(text, "2.0", 3) == 0, "not \"2.0\"");
    case TEXT_URL:
        return check_url(text, length, ret_must);
    case TEXT_LANGUAGE:
        return check_language(text, length);
    case TEXT_TOKEN:
        return unless(is_token(text, length), "has other characters than a-z, 0-9 and hyphen");
    case TEXT_PROPERTY:
        return unless(validate_text_is_property(spec, text, length), "not the name of a property");
    case TEXT_SELECTOR:
        return unless(is_selector(text, length), "not a selector");
    case TEXT_IPV4:
        return unless(is_address(AF_INET, text, length), "not an IPv4 address or range");
    case TEXT_IPV6:
        return unless(is_address(AF_INET6, text, length), "not an IPv6 address or range");
    case TEXT_MAC:
        return unless(is_mac(text, length), "not a MAC address in lower case with colons");
    case TEXT_DOMAIN:
        return unless(is_domain(text, length), "not a domain name");
    case TEXT_EMAIL:
        return unless(is_email(text, length), "not an e-mail address");
    case TEXT_MEDIA_TYPE:
        return unless(is_media_type(text, length), "not a media type");
    case TEXT_CHARSET:
        return unless(is_charset(text, length), "not the name of a character set");
    case TEXT_CPE:
        return unless(is_cpe(text, length), "not a CPE 2.3 formatted string");
    case TEXT_REGISTRY_KEY:
        return unless(is_registry_key(text, length), "the hive's name must not be abbreviated");
    case TEXT_ANY:
    case TEXT_TYPE:
        return NULL;
    default:
        break;
    }

    *ret_must = FALSE;
    switch (kind) {
    case TEXT_TOKEN_WISHED:
        return unless(is_token(text, length), "should be lower-case words joined by hyphens");
    case TEXT_PHASE:
        for (gsize i = 0; i < length; i++)
            if (g_ascii_isupper(text[i]) || text[i] == ' ' || text[i] == '_')
                return "should be lower-case words joined by hyphens";
        return NULL;
    case TEXT_MEDIA_TYPE_WISHED:
        return unless(is_media_type(text, length), "should be a registered media type");
    case TEXT_PROTOCOL:
        return unless(is_protocol(text, length), "should be a service name registered with IANA");
    case TEXT_COUNTRY:
        return unless(length == 2 && g_ascii_isalpha(text[0]) && g_ascii_isalpha(text[1]),
                      "should be a code of ISO 3166-1 with two letters");
    case TEXT_PRIORITY:
        return unless(length > 6 && memcmp(text + length - 6, "_CLASS", 6) == 0,
                      "should end in _CLASS");
    default:
        return NULL;
    }
}
