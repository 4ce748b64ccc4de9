#include "stix/observable.h"

#include <string.h>

#include "stix/observable_address.h"
#include "stix/observable_domain.h"
#include "stix/observable_refang.h"
#include "stix/observable_url.h"

/* RFC 5321 section 4.5.3.1.1 */
#define LOCAL_PART_MAX 64

static const char *const kind_names[] = {
    [OBSERVABLE_IPV4] = "ipv4",     [OBSERVABLE_IPV6] = "ipv6",     [OBSERVABLE_CIDR] = "cidr",
    [OBSERVABLE_DOMAIN] = "domain", [OBSERVABLE_URL] = "url",       [OBSERVABLE_MD5] = "md5",
    [OBSERVABLE_SHA1] = "sha1",     [OBSERVABLE_SHA256] = "sha256", [OBSERVABLE_SHA512] = "sha512",
    [OBSERVABLE_EMAIL] = "email",   [OBSERVABLE_JA3] = "ja3",       [OBSERVABLE_JA4] = "ja4",
    [OBSERVABLE_OTHER] = "other",
};

const char *observable_kind_name(ObservableKind kind)
{
    return (gsize)kind < G_N_ELEMENTS(kind_names) ? kind_names[kind] : NULL;
}

ObservableKind observable_kind_from_name(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kind_names); i++)
        if (kind_names[i] && kind_names[i][0] == name[0] && strcmp(kind_names[i], name) == 0)
            return (ObservableKind)i;
    return OBSERVABLE_NONE;
}

static char *normalise_address(const char *text, gsize length, ObservableKind *ret_kind)
{
    ObservableAddress address;
    char buffer[OBSERVABLE_ADDRESS_MAX];

    if (!observable_address_parse(text, length, &address))
        return NULL;
    *ret_kind = observable_address_kind(&address);
    return g_strndup(buffer, observable_address_format(&address, buffer));
}

static char *normalise_domain(const char *text, gsize length)
{
    char buffer[OBSERVABLE_DOMAIN_MAX + 1];
    gsize canonical = observable_domain_canonical(text, length, 2, buffer);
    return canonical > 0 ? g_strndup(buffer, canonical) : NULL;
}

static char *normalise_url(const char *text, gsize length)
{
    if (!memchr(text, ':', length)) /* which is most of what is asked about */
        return NULL;
    g_autoptr(GString) url = g_string_sized_new(length + 8);
    if (!observable_url_append(text, length, url, NULL))
        return NULL;
    return g_string_free(g_steal_pointer(&url), FALSE);
}

static char *normalise_hash(const char *text, gsize length, gsize digits)
{
    if (length != digits)
        return NULL;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isxdigit(text[i]))
            return NULL;
    return g_ascii_strdown(text, (gssize)length);
}

/* RFC 5322 section 3.2.3 atext and dots; other scripts as RFC 6531 allows. Quoted local parts are
 * left out: nobody writes them, and blanks and quotes end a token everywhere. */
static gboolean is_local_part(const char *text, gsize length)
{
    if (length == 0 || length > LOCAL_PART_MAX || text[0] == '.' || text[length - 1] == '.')
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        if (c < 0x80 && !g_ascii_isalnum(c) && (c == '\0' || !strchr("!#$%&'*+-/=?^_`{|}~.", c)))
            return FALSE;
        if (c == '.' && text[i + 1] == '.')
            return FALSE;
    }
    return g_utf8_validate(text, (gssize)length, NULL);
}

static char *normalise_email(const char *text, gsize length)
{
    const char *at = memrchr(text, '@', length);
    if (!at || !is_local_part(text, (gsize)(at - text)))
        return NULL;
    g_autofree char *domain = normalise_domain(at + 1, (gsize)(text + length - at) - 1);
    if (!domain)
        return NULL;
    /* First those of ASCII: in some languages another letter is the small one of 'I'. */
    g_autofree char *ascii = g_ascii_strdown(text, at - text);
    g_autofree char *local = g_utf8_strdown(ascii, -1);
    return g_strconcat(local, "@", domain, NULL);
}

/* FoxIO's JA4: protocol, TLS version, SNI, counts of ciphers and extensions, first and last
 * character of the first ALPN; two truncated SHA-256. */
static char *normalise_ja4(const char *text, gsize length)
{
    static const char shape[] = "pvvsddddaa_xxxxxxxxxxxx_xxxxxxxxxxxx";
    if (length != sizeof(shape) - 1)
        return NULL;
    for (gsize i = 0; i < length; i++) {
        char c = g_ascii_tolower(text[i]);
        gboolean fits = FALSE;
        switch (shape[i]) {
        case 'p':
            fits = c == 't' || c == 'q' || c == 'd';
            break;
        case 's':
            fits = c == 'd' || c == 'i';
            break;
        case 'd':
            fits = g_ascii_isdigit(c);
            break;
        case 'v':
        case 'a':
            fits = g_ascii_isalnum(c);
            break;
        case 'x':
            fits = g_ascii_isxdigit(c);
            break;
        default:
            fits = c == shape[i];
            break;
        }
        if (!fits)
            return NULL;
    }
    return g_ascii_strdown(text, (gssize)length);
}

static char *normalise_other(const char *text, gsize length)
{
    if (memchr(text, '\0', length) || !g_utf8_validate(text, (gssize)length, NULL))
        return NULL;
    return g_strndup(text, length);
}

char *observable_normalise(ObservableKind kind, const char *text, gsize length,
                           ObservableKind *ret_kind)
{
    ObservableKind actual = kind;
    char *canonical = NULL;

    if (length == 0 || length > OBSERVABLE_MAX_LENGTH)
        return NULL;
    switch (kind) {
    case OBSERVABLE_NONE:
        break;
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
    case OBSERVABLE_CIDR:
        canonical = normalise_address(text, length, &actual);
        break;
    case OBSERVABLE_DOMAIN:
        canonical = normalise_domain(text, length);
        break;
    case OBSERVABLE_URL:
        canonical = normalise_url(text, length);
        break;
    case OBSERVABLE_MD5:
    case OBSERVABLE_JA3:
        canonical = normalise_hash(text, length, 32);
        break;
    case OBSERVABLE_SHA1:
        canonical = normalise_hash(text, length, 40);
        break;
    case OBSERVABLE_SHA256:
        canonical = normalise_hash(text, length, 64);
        break;
    case OBSERVABLE_SHA512:
        canonical = normalise_hash(text, length, 128);
        break;
    case OBSERVABLE_EMAIL:
        canonical = normalise_email(text, length);
        break;
    case OBSERVABLE_JA4:
        canonical = normalise_ja4(text, length);
        break;
    case OBSERVABLE_OTHER:
        canonical = normalise_other(text, length);
        break;
    }
    if (canonical && ret_kind)
        *ret_kind = actual;
    return canonical;
}

/* The last label as registries give it out: letters only, or an A-label. "setup.x86" and
 * "libfoo.so.1" are no names by their looks. */
static gboolean has_alphabetic_end(const char *domain)
{
    const char *label = strrchr(domain, '.') + 1;
    if (g_str_has_prefix(label, "xn--"))
        return TRUE;
    for (gsize i = 0; label[i]; i++)
        if (!g_ascii_isalpha(label[i]))
            return FALSE;
    return strlen(label) >= 2;
}

/* "www.alder.example/path": a URL whose scheme was left away, taken as http. */
static char *classify_bare_url(const char *text, gsize length)
{
    const char *slash = memchr(text, '/', length);
    if (!slash)
        return NULL;
    ObservableUrlParts parts;
    g_autoptr(GString) with_scheme = g_string_new("http://");
    g_autoptr(GString) url = g_string_sized_new(length + 8);
    g_string_append_len(with_scheme, text, (gssize)length);
    if (memchr(text, '@', (gsize)(slash - text)) ||
        !observable_url_append(with_scheme->str, with_scheme->len, url, &parts))
        return NULL;
    g_autofree char *host = g_strndup(url->str + parts.host, parts.host_length);
    gboolean clear = FALSE;
    if (parts.host_kind == OBSERVABLE_DOMAIN)
        clear = has_alphabetic_end(host);
    else if (parts.host_kind == OBSERVABLE_IPV4)
        clear = strncmp(host, text, strlen(host)) == 0; /* not "1/2" or "0x7f/8" */
    else
        clear = parts.host_kind == OBSERVABLE_IPV6;
    return clear ? g_string_free(g_steal_pointer(&url), FALSE) : NULL;
}

static ObservableKind classify_plain(const char *text, gsize length, char **ret_canonical)
{
    static const ObservableKind exact[] = {OBSERVABLE_IPV4,   OBSERVABLE_MD5,    OBSERVABLE_SHA1,
                                           OBSERVABLE_SHA256, OBSERVABLE_SHA512, OBSERVABLE_JA4,
                                           OBSERVABLE_URL,    OBSERVABLE_EMAIL};
    ObservableKind kind;
    char *canonical;

    for (gsize i = 0; i < G_N_ELEMENTS(exact); i++) {
        canonical = observable_normalise(exact[i], text, length, &kind);
        if (canonical) {
            *ret_canonical = canonical;
            return kind;
        }
    }
    canonical = observable_normalise(OBSERVABLE_DOMAIN, text, length, NULL);
    if (canonical && has_alphabetic_end(canonical)) {
        *ret_canonical = canonical;
        return OBSERVABLE_DOMAIN;
    }
    g_free(canonical);
    canonical = classify_bare_url(text, length);
    if (canonical) {
        *ret_canonical = canonical;
        return OBSERVABLE_URL;
    }
    return OBSERVABLE_NONE;
}

ObservableKind observable_classify(const char *text, gsize length, char **ret_canonical)
{
    gsize plain_length;

    if (length == 0 || length > OBSERVABLE_MAX_LENGTH)
        return OBSERVABLE_NONE;
    g_autofree char *plain = observable_refang(text, length, &plain_length);
    if (plain)
        return classify_plain(plain, plain_length, ret_canonical);
    return classify_plain(text, length, ret_canonical);
}
