/* sieve_rare.c - what the sieve looks at byte by byte, as it is rare: hosts without a dot or
 * written as numbers, hashes, fingerprints, IPv6.
 *
 * These, too, may say yes where there is nothing, and never no where there is something. */
#include <string.h>

#include "shield/sieve_block.h"
#include "shield/spot_view.h"
#include "stix/observable_domain.h"

/* A chain of colons is looked at up to here; longer ones are left to the spotter. */
#define CHAIN_MAX 192

/* Backslashes and slashes between the colon and the host of a URL. */
#define SLASHES_MAX 32

static inline guint8 class_of(guint8 byte)
{
    return spot_view_class((char)byte);
}

static inline guint8 class_at(const SieveLevel *level, gsize at)
{
    return at < level->length ? class_of(level->text[at]) : 0;
}

/* The first @bits, up to 64, of a word. */
static guint64 first_bits(guint64 word, guint bits)
{
    return bits == 0 ? 0 : word >> (64 - bits) << (64 - bits);
}

gboolean sieve_rare_v6(const Sieve *sieve, const guint8 address[16])
{
    const Filter filter = sieve->filters->v6;
    guint64 seed = sieve->seed_v6, high, low;

    if (filter.count == 0)
        return FALSE;
    memcpy(&high, address, sizeof(high));
    memcpy(&low, address + 8, sizeof(low));
    high = GUINT64_FROM_BE(high);
    low = GUINT64_FROM_BE(low);
    if (filter_has(&filter, key_numbers(seed, high, low)))
        return TRUE;
    for (const guint8 *length = sieve->filters->v6_lengths; *length != 0; length++) {
        guint64 network = first_bits(high, MIN(*length, 64u));
        guint64 rest = first_bits(low, MAX(*length, 64u) - 64);
        if (filter_has(&filter, key_numbers(seed, network, rest)))
            return TRUE;
    }
    return FALSE;
}

gboolean sieve_rare_address(const Sieve *sieve, const ObservableAddress *address)
{
    const Filters *filters = sieve->filters;
    guint32 v4;

    if (address->v6)
        return sieve_rare_v6(sieve, address->bytes);
    memcpy(&v4, address->bytes, sizeof(v4));
    v4 = GUINT32_FROM_BE(v4);
    return filter_has(&filters->v4, key_v4(filters->seed, v4)) || nets4_may_have(filters, v4);
}

static gboolean has_name(const Sieve *sieve, const char *end, gsize length)
{
    const Filters *filters = sieve->filters;
    const char *start = end - length;
    gsize labels[3];
    guint count = 0;

    for (gsize at = length; at > 0 && count < 3; at--)
        if (start[at - 1] == '.')
            labels[count++] = length - at;
    while (count < 3)
        labels[count++] = length;
    const guint8 *bytes = (const guint8 *)end;
    if (labels[0] == 0 || !filter_bit(filters->labels, key_label(bytes, (guint)labels[0])) ||
        !filter_has(&filters->name2, key_tail(sieve->seed_name2, bytes, (guint)labels[1])))
        return FALSE;
    return filter_has(&filters->name3, key_tail(sieve->seed_name3, bytes, (guint)labels[1])) ||
           filter_has(&filters->name3, key_tail(sieve->seed_name3, bytes, (guint)labels[2]));
}

gboolean sieve_rare_name(const Sieve *sieve, const char *end, gsize length)
{
    gsize marks = 0;

    while (marks < length && strchr("-_.", end[marks - length]))
        marks++;
    return has_name(sieve, end, length) ||
           (marks > 0 && marks < length && has_name(sieve, end, length - marks));
}

/* Stands "://", in whatever escapes, before the host at @at? */
static gboolean follows_scheme(const SieveLevel *level, gsize at)
{
    gsize least = at > SLASHES_MAX ? at - SLASHES_MAX : 0;

    while (at > least && (level->text[at - 1] == '/' || level->text[at - 1] == '\\'))
        at--;
    return at == least || level->text[at - 1] == ':';
}

typedef struct {
    const char *text;
    gsize length;
} Piece;

static gboolean take_piece(gpointer user, const char *text, gsize length)
{
    *(Piece *)user = (Piece){text, length};
    return FALSE;
}

/* As far as the spotter looks at a name in another script in one go. */
#define OTHER_SCRIPT_MAX 1024

/* Is the host at @at, with other scripts, all of it a name with dots that sieve_script_name() sees?
 * What has characters that fall away in URLs, or escapes, is not. */
static gboolean is_script_name(const SieveLevel *level, gsize at)
{
    const char *text = (const char *)level->text;
    Piece piece = {0};
    gsize end = at, last_end;

    while (class_at(level, end) & (SPOT_HOST | SPOT_HIGH) && end - at <= OTHER_SCRIPT_MAX)
        end++;
    if (end - at > OTHER_SCRIPT_MAX || (end < level->length && text[end] == '%'))
        return FALSE;
    spot_name_pieces(text, at, end, take_piece, &piece);
    while (end > at && class_of(level->text[end - 1]) & (SPOT_DOT | SPOT_DASH))
        end--;
    return piece.text == text + at && piece.length == end - at &&
           script_last_label(piece.text, piece.length, &last_end) > 0;
}

gboolean sieve_rare_host(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const guint8 *text = level->text;
    gboolean number = g_ascii_isdigit(text[at]), dots = FALSE;
    guint32 quad;
    gsize end = at;

    if (text[at - 1] == '/' && !follows_scheme(level, at))
        return FALSE;
    while (class_at(level, end) & SPOT_HOST && end - at < OBSERVABLE_DOMAIN_MAX + 2) {
        dots = dots || text[end] == '.';
        number = number && (class_of(text[end]) & (SPOT_HEX | SPOT_DOT) || (text[end] | 32) == 'x');
        end++;
    }
    if (class_at(level, end) & SPOT_HIGH)
        return (sieve->names || sieve->addresses) && !is_script_name(level, at);
    while (end > at && text[end - 1] == '.')
        end--;
    if (number && sieve->addresses)
        return !observable_address_parse_v4((const char *)text + at, end - at, &quad);
    if (dots && memchr(text + at, '.', end - at))
        return FALSE; /* it is looked at as a name */
    guint length = (guint)(end - at);
    return length > 0 && sieve->names &&
           filter_bit(sieve->filters->labels, key_label(text + end, length)) &&
           filter_has(&sieve->filters->name2, key_tail(sieve->seed_name2, text + end, length));
}

gboolean sieve_rare_host_end(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    /* What it begins behind is in no host. */
    while (level->text[at - 1] != '/' && level->text[at - 1] != '@')
        at--;
    return sieve_rare_host(sieve, level, at);
}

gboolean sieve_rare_split(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    gsize start = at;

    while (start > 0 && at - start < OBSERVABLE_DOMAIN_MAX + 2 &&
           class_of(level->text[start - 1]) & SPOT_HOST &&
           !(level->text[start - 1] == '.' && level->text[start] == '.'))
        start--;
    if (start > 0 && level->text[start - 1] == '%' && class_at(level, start) & SPOT_HEX &&
        class_at(level, start + 1) & SPOT_HEX)
        start = MIN(start + 2, at);
    return sieve->names && sieve_rare_name(sieve, (const char *)level->text + at, at - start);
}

/* The number that eight hexadecimal digits spell, a byte each. */
static inline guint64 number_of(guint64 digits)
{
    digits = GUINT64_FROM_BE(digits);
    digits = (digits & G_GUINT64_CONSTANT(0x0f0f0f0f0f0f0f0f)) +
             9 * (digits >> 6 & G_GUINT64_CONSTANT(0x0101010101010101));
    digits = (digits | digits >> 4) & G_GUINT64_CONSTANT(0x00ff00ff00ff00ff);
    digits = (digits | digits >> 8) & G_GUINT64_CONSTANT(0x0000ffff0000ffff);
    return (digits | digits >> 16) & G_MAXUINT32;
}

/* The number that 16 hexadecimal digits spell, @step bytes from pair to pair. */
static guint64 read_digits(const guint8 *text, gsize step)
{
    guint8 digits[16];
    guint64 high, low;

    for (guint pair = 0; pair < 8; pair++)
        memcpy(digits + 2 * pair, text + pair * step, 2);
    memcpy(&high, digits, sizeof(high));
    memcpy(&low, digits + 8, sizeof(low));
    return number_of(high) << 32 | number_of(low);
}

gboolean sieve_rare_digest(const Sieve *sieve, const guint8 *text, gsize step, gsize digits,
                           guint64 *ret_key)
{
    if (digits != 32 && digits != 40 && digits != 64 && digits != 128)
        return FALSE;
    *ret_key = key_digest(sieve->filters->seed, read_digits(text, step), (guint)digits);
    return TRUE;
}

static gboolean has_digest(const Sieve *sieve, const guint8 *text, gsize step, gsize digits)
{
    guint64 key;
    return sieve_rare_digest(sieve, text, step, digits, &key) &&
           filter_has(&sieve->filters->digest, key);
}

gboolean sieve_rare_hash(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    gsize end = at + 32;

    while (end - at <= 128 && class_at(level, end) & SPOT_HEX)
        end++;
    return !(class_at(level, end) & SPOT_ALNUM) && has_digest(sieve, level->text + at, 2, end - at);
}

gboolean sieve_rare_ja4(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const guint8 *end = level->text + at + 26;

    if (at < 10 || at + 26 > level->length || class_at(level, at + 26) & SPOT_ALNUM)
        return FALSE;
    return filter_has(&sieve->filters->ja4,
                      key_tail(key_seed(sieve->filters->seed, KEY_TEXT), end, 36));
}

/* An IPv6 address without a dotted quad in it, as observable_address_parse_v6() reads it. */
static gboolean parse_groups(const guint8 *text, gsize length, guint8 bytes[16])
{
    guint16 groups[8] = {0};
    guint count = 0, gap = 8;
    gsize i = 0;

    if (length >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        i = 2;
    }
    while (i < length) {
        guint group = 0;
        gsize start = i;
        for (; i < length && text[i] != ':'; i++)
            group = group << 4 | ((text[i] & 15u) + 9u * (text[i] >> 6));
        if (i == start || i - start > 4 || count == 8)
            return FALSE;
        groups[count++] = (guint16)group;
        if (i == length)
            break;
        if (++i == length)
            return FALSE;
        if (text[i] == ':') {
            if (gap < 8)
                return FALSE;
            gap = count;
            i++;
        }
    }
    if (gap == 8 ? count != 8 : count > 7)
        return FALSE;
    for (guint g = 0; g < 8; g++) {
        /* Those behind the gap stand at the end. */
        guint16 group = g < gap ? groups[g] : g + count >= 8 + gap ? groups[g + count - 8] : 0;
        bytes[2 * g] = (guint8)(group >> 8);
        bytes[2 * g + 1] = (guint8)group;
    }
    return TRUE;
}

/* The end of a dotted quad behind [start, end), as the spotter reads it; 0 when there is none. */
static gsize quad_end(const SieveLevel *level, gsize end)
{
    while (class_at(level, end) & (SPOT_DOT | SPOT_DIGIT))
        end++;
    if (class_at(level, end) & (SPOT_ALNUM | SPOT_DASH))
        return 0;
    while (level->text[end - 1] == '.')
        end--;
    return end;
}

static gboolean has_address(const Sieve *sieve, const SieveLevel *level, gsize start, gsize end)
{
    const guint8 *text = level->text;
    static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    ObservableAddress address;
    guint8 bytes[16];
    gboolean quad = FALSE;

    if (class_at(level, end) & SPOT_DOT && class_at(level, end + 1) & SPOT_ALNUM) {
        end = quad_end(level, end);
        quad = TRUE;
    }
    if (end == 0 || class_at(level, end) & SPOT_ALNUM)
        return FALSE;
    if (end - start >= 3 && text[start] == ':' &&
        (text[start + 1] != ':' || text[start + 2] == ':'))
        start++;
    if (end - start >= 2 && text[end - 1] == ':' && text[end - 2] != ':')
        end--;
    if (!quad && !parse_groups(text + start, end - start, bytes))
        return FALSE;
    if (!quad && memcmp(bytes, mapped, sizeof(mapped)) != 0)
        return sieve_rare_v6(sieve, bytes);
    return observable_address_parse((const char *)text + start, end - start, &address) &&
           sieve_rare_address(sieve, &address);
}

gboolean sieve_rare_colons(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const guint8 *text = level->text;
    gsize start = at, first;
    guint colons = 0;
    gboolean gap = FALSE;

    if (class_at(level, at) & SPOT_ALNUM)
        return FALSE;
    while (start > 0 && at - start < CHAIN_MAX &&
           (text[start - 1] == ':' || class_of(text[start - 1]) & SPOT_HEX)) {
        start--;
        colons += text[start] == ':';
        gap = gap || (text[start] == ':' && text[start + 1] == ':' && start + 1 < at);
    }
    if (colons < 2)
        return FALSE;
    if (at - start == CHAIN_MAX || (start > 0 && text[start - 1] == '%'))
        return TRUE;
    first = (gsize)((const guint8 *)memchr(text + start, ':', at - start) - text);
    gboolean three = at - first >= 3 && text[first + 1] == ':' && text[first + 2] == ':';
    if (three || first - start >= 5 || (start > 0 && class_of(text[start - 1]) & SPOT_HOST))
        start = first;
    gsize pairs = start + (text[start] == ':');
    if (colons >= 15 && (at - pairs) % 3 == 2 &&
        has_digest(sieve, text + pairs, 3, (at - pairs + 1) / 3 * 2))
        return TRUE;
    return colons <= 9 && (gap || colons >= 6) && has_address(sieve, level, start, at);
}
