#include <string.h>

#include "shield/spot_view.h"
#include "stix/observable_refang.h"
#include "stix/observable_url.h"

#define SCHEME_MAX 32

/* Shorter and shorter readings of one URL that are tried. */
#define CUTS_MAX 48

/* What no URL in running text contains bare. */
static gboolean ends_url(char c)
{
    return (guchar)c <= 0x20 || c == 0x7f || strchr("\"<>`|{}\\^", c);
}

/* A URL that is a percent-encoded part of another ends at what parts the other, unencoded. */
static gboolean ends_encoded(const SpotView *view, gsize at)
{
    return view->kinds[at] == 0 && strchr("&;,#'()=", view->text[at]);
}

/* Where the URL that has a "://", or its first "/", at @from ends. */
static gsize url_end(const SpotView *view, gsize from)
{
    gboolean encoded = view->kinds && view->kinds[from] & UNFOLD_PERCENT;
    gsize end = from;
    while (end < view->length && end - from < SPOT_MAX_LENGTH && !ends_url(view->text[end]) &&
           !(encoded && ends_encoded(view, end)))
        end++;
    return end;
}

/* Does the text go on behind an escape that ends_url() took for the end ("\/", "\u0026")? Then what
 * was read so far is a piece; the whole is found once the escapes are unfolded. */
static gboolean is_cut_short(const SpotView *view, gsize end)
{
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;

    return end < view->length && view->text[end] == '\\' &&
           unfold_step(view->text + end, view->length - end, UNFOLD_BACKSLASH, bytes, &count,
                       &kind) > 0 &&
           !ends_url(bytes[0]);
}

/* The canonical form of [start, end) with @scheme put before it; a defanged scheme counts. */
static gboolean canonical(const SpotView *view, const char *scheme, gsize start, gsize end,
                          GString *into, ObservableUrlParts *ret_parts)
{
    g_autoptr(GString) url = g_string_new(scheme);
    gsize plain_length;

    g_string_append_len(url, view->text + start, (gssize)(end - start));
    g_string_truncate(into, 0);
    if (g_ascii_strncasecmp(url->str, "http", 4) != 0) {
        g_autofree char *plain = observable_refang(url->str, url->len, &plain_length);
        if (plain)
            return observable_url_append(plain, plain_length, into, ret_parts);
    }
    return observable_url_append(url->str, url->len, into, ret_parts);
}

/* The next shorter reading, not shorter than @least, or less when there is none: a URL may be
 * followed by punctuation that could be its own, and by a quote, bracket or comma that could as
 * well be inside it. */
static gsize next_cut(const SpotView *view, gsize end, gsize least)
{
    if (end > least && strchr(".,:;!?'\")]*_~-#", view->text[end - 1]))
        return end - 1;
    while (--end > least)
        if (strchr(",;'\")(]", view->text[end]))
            return end;
    return strchr(",;'\")(]!*", view->text[least]) ? least : least - 1;
}

/* Looks up [start, end) and its shorter readings down to @least, the end of the host; the longest
 * that is in the set counts. */
static void look_up(SpotView *view, const char *scheme, gsize start, gsize least, gsize end)
{
    g_autoptr(GString) url = g_string_new(NULL);
    ObservableUrlParts parts;

    for (guint i = 0; i < CUTS_MAX && end >= least; i++) {
        if (canonical(view, scheme, start, end, url, &parts)) {
            SetEntry entry = set_find(view->set, OBSERVABLE_URL, url->str, url->len);
            if (entry != SET_NONE) {
                spot_view_add_url(view, start, least, end, entry);
                return;
            }
        }
        if (end <= least)
            return;
        end = next_cut(view, end, least);
    }
}

/* Where the authority that begins at @from ends: at what no host, port or user name has. */
static gsize authority_end(const SpotView *view, gsize from, gsize end)
{
    gsize at = from;
    while (at < end && !strchr("/?#,;'()*!", view->text[at]))
        at++;
    while (at > from && strchr(".:", view->text[at - 1]))
        at--;
    return at;
}

static gboolean is_only(const SpotView *view, gsize start, gsize end, const char *set)
{
    while (start < end && strchr(set, view->text[start]))
        start++;
    return start == end;
}

/* A host written as one number, or in octal or hexadecimal, is an address that spot_address.c does
 * not see. */
static void look_up_number(SpotView *view, gsize start, gsize end, const char *host, gsize length)
{
    ObservableAddress address;
    SetEntry found[SET_MAX_FOUND];

    const char *at = memrchr(view->text + start, '@', end - start);
    if (at)
        start = (gsize)(at - view->text) + 1;
    const char *colon = memchr(view->text + start, ':', end - start);
    if (colon)
        end = (gsize)(colon - view->text);
    if (view->text[start] == '[' ||
        observable_address_parse(view->text + start, end - start, &address) ||
        !observable_address_parse(host, length, &address))
        return;
    guint count = set_find_address(view->set, &address, found);
    for (guint i = 0; i < count; i++)
        spot_view_add(view, start, end, found[i]);
}

void spot_url(SpotView *view, gsize at)
{
    gsize start = at, host = at + 3;
    ObservableUrlParts parts;

    while (start > 0 && at - start < SCHEME_MAX &&
           (spot_view_class(view->text[start - 1]) & SPOT_ALNUM ||
            strchr("+-.*", view->text[start - 1])) &&
           view->text[start - 1])
        start--;
    while (start < at && !g_ascii_isalpha(view->text[start]))
        start++;
    gsize end = MAX(url_end(view, at), host);
    gsize authority = authority_end(view, host, end);
    if (start == at || authority == host)
        return;
    if (is_only(view, authority, end, ".:"))
        end = authority; /* the end of a sentence, rather than of a name */
    if (!set_has(view->set, OBSERVABLE_URL) && !g_ascii_isdigit(view->text[host]))
        return;
    g_autoptr(GString) url = g_string_new(NULL);
    if (!canonical(view, "", start, authority, url, &parts))
        return;
    const char *name = url->str + parts.host;
    if (parts.host_kind == OBSERVABLE_IPV4)
        look_up_number(view, host, authority, name, parts.host_length);
    if (set_may_have_url_host(view->set, name, parts.host_length) && !is_cut_short(view, end))
        look_up(view, "", start, authority, end);
}

void spot_url_bare(SpotView *view, gsize start, gsize end, const char *host, gsize host_length)
{
    gsize path = end;

    if (!set_may_have_url_host(view->set, host, host_length))
        return;
    if (path < view->length && view->text[path] == '.')
        path++;
    if (path < view->length && view->text[path] == ':')
        for (path++; spot_view_class_at(view, path) & SPOT_DIGIT;)
            path++;
    if (path >= view->length || view->text[path] != '/')
        return;
    if (start >= 3 && memcmp(view->text + start - 3, "://", 3) == 0)
        return;
    gsize last = url_end(view, path);
    if (is_cut_short(view, last))
        return;
    look_up(view, "http://", start, path + 1, last);
    look_up(view, "https://", start, path + 1, last);
}
