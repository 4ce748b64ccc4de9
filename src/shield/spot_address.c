#include <string.h>

#include "shield/spot_view.h"

/* Longest text with colons that is worth a look: a SHA-512 in pairs of digits. */
#define COLONS_MAX (64 * 3)

/* "/24" at @at: the number and where it ends; FALSE when it is no prefix length up to @max, or goes
 * on as a path or a number. */
static gboolean read_prefix(const SpotView *view, gsize at, guint max, guint8 *ret_prefix,
                            gsize *ret_end)
{
    guint prefix = 0;
    gsize i = at + 1;

    if (at >= view->length || view->text[at] != '/')
        return FALSE;
    while (i < view->length && i - at <= 3 && g_ascii_isdigit(view->text[i]))
        prefix = prefix * 10 + (guint)(view->text[i++] - '0');
    guint8 next = spot_view_class_at(view, i);
    if (i == at + 1 || prefix > max || next & (SPOT_ALNUM | SPOT_DASH | SPOT_HIGH))
        return FALSE;
    if (i < view->length && (view->text[i] == '/' || view->text[i] == ':'))
        return FALSE;
    if (next & SPOT_DOT && spot_view_class_at(view, i + 1) & SPOT_HOST)
        return FALSE;
    *ret_prefix = (guint8)prefix;
    *ret_end = i;
    return TRUE;
}

/* Looks the address up. With a prefix length behind it that leaves no host bits it is the network
 * that is meant; with host bits it is an address and its mask. */
static void look_up(SpotView *view, gsize start, gsize address_end, gsize end,
                    const ObservableAddress *address)
{
    SetEntry found[SET_MAX_FOUND];
    ObservableAddress network = *address;
    gsize prefix_end;
    guint8 prefix;

    if (read_prefix(view, address_end, address->prefix, &prefix, &prefix_end)) {
        char text[OBSERVABLE_ADDRESS_MAX + 8];
        gsize length = observable_address_format(address, text);
        length += (gsize)g_snprintf(text + length, 8, "/%u", prefix);
        if (observable_address_parse(text, length, &network) &&
            memcmp(network.bytes, address->bytes, sizeof(network.bytes)) == 0)
            end = prefix_end;
        else
            network = *address;
    }
    guint count = set_find_address(view->set, &network, found);
    for (guint i = 0; i < count; i++)
        spot_view_add(view, start, end, found[i]);
}

/* "Chrome/124.0.0.0": a product's version, not an address. Squid's "DIRECT/192.0.2.1" and Java's
 * "node7.alder.example/192.0.2.1:8080" are addresses: a product is one word with a capital and a
 * small letter, and has no port. The versions that browsers froze end in ".0.0.0". */
gboolean spot_address_is_version(const char *text, gsize length, gsize start, gsize end)
{
    gboolean small = FALSE;
    gsize word = start - 1; /* the slash */

    if (start < 2 || text[word] != '/')
        return FALSE;
    while (word > 0 && start - word < 40 &&
           spot_view_class(text[word - 1]) & (SPOT_ALNUM | SPOT_DASH)) {
        word--;
        small = small || g_ascii_islower(text[word]);
    }
    if (word == start - 1 || (word > 0 && strchr("/.", text[word - 1])))
        return FALSE;
    if (end - start > 6 && memcmp(text + end - 6, ".0.0.0", 6) == 0)
        return TRUE;
    gboolean port = end + 1 < length && text[end] == ':' && g_ascii_isdigit(text[end + 1]);
    return g_ascii_isupper(text[word]) && small && !port;
}

static gboolean parse_v4(const SpotView *view, gsize start, gsize end,
                         ObservableAddress *ret_address)
{
    return observable_address_parse(view->text + start, end - start, ret_address) &&
           !ret_address->v6;
}

/* "192.0.2.1-192.0.2.9": each end is an address, but only if both are. */
static void spot_range(SpotView *view, gsize start, gsize dash, gsize end)
{
    ObservableAddress first, last;
    if (!parse_v4(view, start, dash, &first) || !parse_v4(view, dash + 1, end, &last))
        return;
    look_up(view, start, dash, dash, &first);
    look_up(view, dash + 1, end, end, &last);
}

void spot_address_v4(SpotView *view, gsize start, gsize end)
{
    ObservableAddress address;
    char host[OBSERVABLE_ADDRESS_MAX];

    if (start < view->address_until)
        return;
    gsize run_end = end;
    while (end > start && spot_view_class(view->text[end - 1]) & (SPOT_DOT | SPOT_DASH))
        end--;
    const char *dash = memchr(view->text + start, '-', end - start);
    if (dash) {
        spot_range(view, start, (gsize)(dash - view->text), end);
        return;
    }
    if (!parse_v4(view, start, end, &address) ||
        spot_address_is_version(view->text, view->length, start, run_end) ||
        spot_url_is_user(view, start, run_end))
        return;
    look_up(view, start, run_end == end ? end : view->length, end, &address);
    if (set_has(view->set, OBSERVABLE_URL)) {
        gsize length = observable_address_format(&address, host);
        spot_url_bare(view, start, end, host, length);
    }
}

/* "d4:1d:8c:...": a hash as certificates' fingerprints are written. */
static void spot_paired_hash(SpotView *view, gsize start, gsize end)
{
    static const struct {
        gsize digits;
        ObservableKind kind;
    } kinds[] = {{32, OBSERVABLE_MD5},
                 {32, OBSERVABLE_JA3},
                 {40, OBSERVABLE_SHA1},
                 {64, OBSERVABLE_SHA256},
                 {128, OBSERVABLE_SHA512}};
    char hash[128];
    gsize digits = 0;

    if ((end - start) % 3 != 2 || end - start > COLONS_MAX - 1)
        return;
    for (gsize i = start; i < end; i++) {
        gboolean colon = (i - start) % 3 == 2;
        if ((view->text[i] == ':') != colon)
            return;
        if (!colon)
            hash[digits++] = g_ascii_tolower(view->text[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        SetEntry entry =
            digits == kinds[i].digits ? set_find(view->set, kinds[i].kind, hash, digits) : SET_NONE;
        if (entry != SET_NONE)
            spot_view_add(view, start, end, entry);
    }
}

/* The end of "%eth0" behind an address; @at when there is no zone there. "%2F" is an escape, but
 * "%25eth0" is how a URL writes a zone. */
static gsize zone_end(const SpotView *view, gsize at)
{
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;
    gsize end = at + 1;

    if (at >= view->length || view->text[at] != '%')
        return at;
    if (unfold_step(view->text + at, view->length - at, UNFOLD_PERCENT, bytes, &count, &kind) > 0 &&
        bytes[0] != '%')
        return at;
    while (spot_view_class_at(view, end) & (SPOT_ALNUM | SPOT_DASH))
        end++;
    return end > at + 1 ? end : at;
}

/* Takes in an embedded dotted quad behind [start, end); FALSE when the text goes on in a way no
 * address does. */
static gboolean extend_v6(const SpotView *view, gsize *end)
{
    gsize i = *end;
    if (spot_view_class_at(view, i) & SPOT_DOT && spot_view_class_at(view, i + 1) & SPOT_ALNUM) {
        while (spot_view_class_at(view, i) & (SPOT_DOT | SPOT_DIGIT))
            i++;
        if (spot_view_class_at(view, i) & (SPOT_ALNUM | SPOT_DASH))
            return FALSE;
        while (view->text[i - 1] == '.')
            i--;
        *end = i;
        return TRUE;
    }
    return !(spot_view_class_at(view, i) & SPOT_ALNUM) &&
           !(i < view->length && view->text[i] == '_');
}

static void spot_v6(SpotView *view, gsize start, gsize end)
{
    ObservableAddress address;

    if (!extend_v6(view, &end))
        return;
    if (end - start >= 3 && view->text[start] == ':' &&
        (view->text[start + 1] != ':' || view->text[start + 2] == ':'))
        start++;
    if (end - start >= 2 && view->text[end - 1] == ':' && view->text[end - 2] != ':')
        end--;
    if (!observable_address_parse(view->text + start, end - start, &address))
        return;
    gsize seen_end = zone_end(view, end);
    look_up(view, start, seen_end, seen_end, &address);
    view->address_until = end;
}

void spot_address_v6(SpotView *view, gsize at)
{
    gsize first = at, end = at;
    guint colons = 0;

    while (first > 0 && at - first < 5 && spot_view_class(view->text[first - 1]) & SPOT_HEX)
        first--;
    while (end < view->length && end - at < COLONS_MAX &&
           (view->text[end] == ':' || spot_view_class(view->text[end]) & SPOT_HEX))
        colons += view->text[end++] == ':';
    view->colons_until = end;
    /* What stands before the first colon may be the tail of a word: "src:2001:db8::1", "src:::1",
     * but "std::cafe". */
    gboolean three = end - at >= 3 && view->text[at + 1] == ':' && view->text[at + 2] == ':';
    if (three || at - first == 5 ||
        (first > 0 && spot_view_class(view->text[first - 1]) & SPOT_HOST)) {
        if (!three && view->text[at + 1] == ':' && at > 0 &&
            spot_view_class(view->text[at - 1]) & SPOT_ALNUM)
            return;
        first = at;
    }
    if (colons < 2)
        return;
    if (colons >= 15 && !(spot_view_class_at(view, end) & SPOT_ALNUM))
        spot_paired_hash(view, first + (view->text[first] == ':'), end);
    if (colons <= 9)
        spot_v6(view, first, end);
}
