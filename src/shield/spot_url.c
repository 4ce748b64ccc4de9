#include <string.h>

#include "shield/spot_view.h"
#include "stix/observable_refang.h"
#include "stix/observable_url.h"

#define SCHEME_MAX 32

/* Readings of one URL that are tried, beside the whole and what is left without the punctuation at
 * its end. */
#define CUTS_MAX 32
#define TRIM_MAX 8

/* The longest host there is, a user name, a password and a port before and behind it. */
#define AUTHORITY_MAX 1024

enum {
    ENDS = 1, /* no URL in running text contains it bare */
    CUTS = 2, /* the URL may end before it */
    TRIM = 4, /* at the end it may belong to the text around */
};

static const guint8 url_classes[256] = {
    [0x00 ... 0x20] = ENDS, [0x7f] = ENDS,        ['"'] = ENDS,        ['<'] = ENDS,
    ['>'] = ENDS,           ['`'] = ENDS,         ['|'] = ENDS,        ['{'] = ENDS,
    ['}'] = ENDS,           ['\\'] = ENDS,        ['^'] = ENDS,        [','] = CUTS | TRIM,
    [';'] = CUTS | TRIM,    ['\''] = CUTS | TRIM, [')'] = CUTS | TRIM, [']'] = CUTS | TRIM,
    ['('] = CUTS,           ['.'] = TRIM,         [':'] = TRIM,        ['!'] = TRIM,
    ['?'] = TRIM,           ['*'] = TRIM,         ['_'] = TRIM,        ['~'] = TRIM,
    ['-'] = TRIM,           ['#'] = TRIM,
};

static inline gboolean is_class(char c, guint8 class)
{
    return (url_classes[(guchar)c] & class) != 0;
}

/* A URL that is a percent-encoded part of another ends at what parts the other, unencoded. */
static gboolean ends_encoded(const SpotView *view, gsize at)
{
    return view->kinds[at] == 0 && strchr("&;,#'()=", view->text[at]);
}

/* No URL of the set is spelled in more bytes than this. */
static gsize longest_spelling(const SpotView *view)
{
    return MIN(3 * set_longest_url(view->set) + AUTHORITY_MAX, SPOT_MAX_LENGTH);
}

/* Where the URL that starts at @start and has its "://", or its first "/", at @from ends. A
 * spelling is rarely, and never by mere escapes, three times as long as what it spells: what lies
 * behind that is not looked at, so that nobody can make a field of URLs that is read again for
 * each. */
static gsize url_end(SpotView *view, gsize start, gsize from)
{
    gboolean encoded = view->kinds && view->kinds[from] & UNFOLD_PERCENT;
    gsize most = longest_spelling(view);
    gsize end = from;

    if (encoded) {
        while (end < view->length && end - start < most && !is_class(view->text[end], ENDS) &&
               !ends_encoded(view, end))
            end++;
        return end;
    }
    /* Others before it in the same field have the same end. */
    if (from >= view->url_from && from < view->url_until)
        end = view->url_until;
    else
        view->url_from = from;
    while (end < view->length && end - start < most && !is_class(view->text[end], ENDS))
        end++;
    view->url_until = end;
    return MAX(from, MIN(end, start + most));
}

/* Does the text go on behind an escape that was taken for the end ("\/", "\u0026")? Then what
 * was read so far is a piece; the whole is found once the escapes are unfolded. */
static gboolean is_cut_short(const SpotView *view, gsize end)
{
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;

    return end < view->length && view->text[end] == '\\' &&
           unfold_step(view->text + end, view->length - end, UNFOLD_BACKSLASH, bytes, &count,
                       &kind) > 0 &&
           !is_class(bytes[0], ENDS);
}

/* Appends the canonical form of the URL @text, which is refanged. */
static gboolean canonical(GString *text, GString *into, ObservableUrlParts *ret_parts)
{
    gsize length;

    if (g_ascii_strncasecmp(text->str, "http", 4) != 0) {
        g_autofree char *plain = observable_refang(text->str, text->len, &length);
        if (plain) {
            g_string_truncate(text, 0);
            g_string_append_len(text, plain, (gssize)length);
        }
    }
    return observable_url_append(text->str, text->len, into, ret_parts);
}

static gboolean is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

/* Readings of one URL, of which the next is usually longer by some bytes. */
typedef struct {
    const SpotView *view;
    const char *scheme;
    gsize start, end;
    gboolean defanged; /* it may be, as its scheme is not written out */
    GString *plain;    /* what was read: the scheme, and from `start` to `end`, refanged */
    GString *url;      /* its canonical form; empty: it is no URL */
} Reading;

static void begin_reading(Reading *reading, const SpotView *view, const char *scheme, gsize start)
{
    const char *text = view->text + start;
    *reading = (Reading){
        .defanged = *scheme == '\0' &&
                    (view->length - start < 4 || g_ascii_strncasecmp(text, "http", 4) != 0),
        .view = view,
        .scheme = scheme,
        .start = start,
        .plain = g_string_new(NULL),
        .url = g_string_new(NULL),
    };
}

static void end_reading(Reading *reading)
{
    g_string_free(reading->plain, TRUE);
    g_string_free(reading->url, TRUE);
}

/* The longest separator that is undone, "(://)". */
#define SEPARATOR_MAX 5

/* Reads up to @end what is more than was read; FALSE when all is to be read anew. */
static gboolean read_on(Reading *reading, gsize end)
{
    const char *text = reading->view->text;
    gsize length = reading->plain->len;

    if (reading->end == 0 || end <= reading->end || reading->url->len == 0)
        return FALSE;
    /* A separator may be undone: one that begins in what is more, or ends there. */
    gsize from = reading->end - MIN(reading->end - reading->start, SEPARATOR_MAX);
    for (; reading->defanged && from < end; from++)
        if (is_in(text[from], "[("))
            return FALSE;
    g_string_append_len(reading->plain, text + reading->end, (gssize)(end - reading->end));
    return observable_url_extend(reading->plain->str, length, reading->plain->len, reading->url);
}

/* Looks the text up to @end up, read as a URL. */
static SetEntry find(Reading *reading, gsize end)
{
    const char *text = reading->view->text + reading->start;
    GString *url = reading->url;

    if (!read_on(reading, end)) {
        g_string_assign(reading->plain, reading->scheme);
        g_string_append_len(reading->plain, text, (gssize)(end - reading->start));
        g_string_truncate(url, 0);
        canonical(reading->plain, url, NULL);
    }
    reading->end = end;
    return url->len > 0 ? set_find(reading->view->set, OBSERVABLE_URL, url->str, url->len)
                        : SET_NONE;
}

/* Looks [start, end) up, and shorter readings of it down to @least, where its host ends: a URL may
 * be followed by punctuation that could be its own, and by a quote, bracket or comma that could as
 * well be inside it. The longest reading that is in the set counts. */
static void look_up(SpotView *view, const char *scheme, gsize start, gsize least, gsize end)
{
    SetEntry best = SET_NONE;
    gsize best_end = end, trimmed = end;
    Reading reading;

    begin_reading(&reading, view, scheme, start);
    while (end - trimmed < TRIM_MAX - 1 && trimmed > least &&
           is_class(view->text[trimmed - 1], TRIM))
        trimmed--;
    for (; end - start < longest_spelling(view) && trimmed <= end; trimmed++) {
        SetEntry entry = find(&reading, trimmed);
        if (entry != SET_NONE) {
            best = entry;
            best_end = trimmed;
        }
    }
    /* From the shortest on, as a line of values between commas is longer than any of them. */
    guint cuts = best == SET_NONE ? CUTS_MAX : 0;
    for (gsize cut = least; cut < end && cuts > 0; cut++) {
        if (!is_class(view->text[cut], CUTS))
            continue;
        SetEntry entry = find(&reading, cut);
        if (entry != SET_NONE) {
            best = entry;
            best_end = cut;
        }
        cuts = reading.url->len > set_longest_url(view->set) + SCHEME_MAX ? 0 : cuts - 1;
    }
    end_reading(&reading);
    if (best != SET_NONE)
        spot_view_add_url(view, start, least, best_end, best);
}

/* Where the authority that begins at @from ends: at what no host, port or user name has. */
static gsize authority_end(const SpotView *view, gsize from)
{
    gsize at = from;
    while (at < view->length && at - from < AUTHORITY_MAX && !is_class(view->text[at], ENDS) &&
           !is_in(view->text[at], "/?#,;'()*!"))
        at++;
    while (at > from && is_in(view->text[at - 1], ".:"))
        at--;
    return at;
}

static gboolean is_only(const SpotView *view, gsize start, gsize end, const char *set)
{
    while (start < end && is_in(view->text[start], set))
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
    gsize authority = authority_end(view, host);
    if (start == at || authority == host)
        return;
    if (!set_has(view->set, OBSERVABLE_URL) && !g_ascii_isdigit(view->text[host]))
        return;
    g_autoptr(GString) url = g_string_new(NULL), text = g_string_new(NULL);
    g_string_append_len(text, view->text + start, (gssize)(authority - start));
    if (!canonical(text, url, &parts))
        return;
    const char *name = url->str + parts.host;
    if (parts.host_kind == OBSERVABLE_IPV4)
        look_up_number(view, host, authority, name, parts.host_length);
    if (!set_may_have_url_host(view->set, name, parts.host_length))
        return;
    gsize end = MAX(url_end(view, start, at), authority);
    if (is_only(view, authority, end, ".:"))
        end = authority; /* the end of a sentence, rather than of a name */
    if (!is_cut_short(view, end))
        look_up(view, "", start, authority, end);
}

gboolean spot_url_is_user(const SpotView *view, gsize start, gsize end)
{
    /* As URLs are written, and as they stand in texts whose escapes are undone only later. */
    static const struct {
        const char *scheme_end, *colon, *at;
    } spellings[] = {{"://", ":", "@"},
                     {":\\/\\/", ":", "@"},
                     {"%3a%2f%2f", "%3a", "%40"},
                     {"%253a%252f%252f", "%253a", "%2540"}};

    for (guint i = 0; i < G_N_ELEMENTS(spellings); i++) {
        const char *scheme_end = spellings[i].scheme_end, *at = spellings[i].at;
        gsize colon = strlen(spellings[i].colon), size = strlen(scheme_end);
        if (start < size || g_ascii_strncasecmp(view->text + start - size, scheme_end, size) != 0)
            continue;
        for (gsize next = end; next < view->length && next - end < AUTHORITY_MAX; next++) {
            gsize left = view->length - next;
            const char *c = view->text + next;
            if (left > strlen(at) && g_ascii_strncasecmp(c, at, strlen(at)) == 0)
                return spot_view_class(c[strlen(at)]) & (SPOT_ALNUM | SPOT_HIGH) ||
                       c[strlen(at)] == '[' || c[strlen(at)] == '%';
            if (left >= colon && g_ascii_strncasecmp(c, spellings[i].colon, colon) == 0)
                next += colon - 1;
            else if (is_class(*c, ENDS) || is_in(*c, "/?#,;'()*!&") || (*c == '%' && *at == '%'))
                break;
        }
        return FALSE;
    }
    return FALSE;
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
    gsize last = url_end(view, start, path);
    if (is_cut_short(view, last))
        return;
    look_up(view, "http://", start, path + 1, last);
    look_up(view, "https://", start, path + 1, last);
}
