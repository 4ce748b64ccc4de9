/* key.h - the keys by which a value is asked for: a few words of arithmetic from the bytes as they
 * stand in a text, the same for the one who compiles and the one who scans.
 *
 * Keys decide nothing: they lead to a filter, and what the filter lets through is compared byte for
 * byte. All of them are mixed with a seed that is secret to the node, so that nobody can craft
 * values whose keys collide. */
#pragma once

#include <glib.h>
#include <string.h>

/* Bytes of a name that its key is made of: the last ones. */
#define KEY_WINDOW 32

/* What keys of different things are told apart by, mixed into the seed. */
typedef enum {
    KEY_NAME2 = 1,  /* a host's last two labels, or all of it when it has fewer */
    KEY_NAME3 = 2,  /* its last three labels; the whole name when it has no more than two */
    KEY_V4 = 3,     /* an IPv4 address */
    KEY_V6 = 4,     /* an IPv6 address, or the network of one of the set's prefix lengths */
    KEY_DIGEST = 5, /* a hash: its first eight bytes, told apart by its length */
    KEY_TEXT = 6,   /* any other text, whole */
} KeyKind;

/* Odd numbers without a pattern, from wyhash by Wang Yi (public domain). */
#define KEY_FACTOR_A G_GUINT64_CONSTANT(0x589965cc75374cc3)
#define KEY_FACTOR_B G_GUINT64_CONSTANT(0x8ebc6af09c88c6e3)
#define KEY_FACTOR_C G_GUINT64_CONSTANT(0xe7037ed1a0b428db)
#define KEY_FACTOR_D G_GUINT64_CONSTANT(0xa0761d6478bd642f)

static inline guint64 key_mix(guint64 a, guint64 b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (guint64)product ^ (guint64)(product >> 64);
}

/* A seed's part for one kind of key. */
static inline guint64 key_seed(guint64 seed, KeyKind kind)
{
    return key_mix(seed ^ KEY_FACTOR_D, kind * KEY_FACTOR_C);
}

/* Eight bytes with the case of letters folded; KEY_WINDOW's quarter number @quarter, of which only
 * the last @length bytes of the whole window count. */
static inline guint64 key_quarter(const guint8 *end, guint length, guint quarter)
{
    static const guint8 counts[2 * KEY_WINDOW] = {[KEY_WINDOW... 2 * KEY_WINDOW - 1] = 0xff};
    guint64 word, mask;

    /* No branch: how long names are is nothing a machine can foresee. */
    memcpy(&word, end - KEY_WINDOW + 8 * quarter, sizeof(word));
    memcpy(&mask, counts + 8 * quarter + MIN(length, KEY_WINDOW), sizeof(mask));
    return GUINT64_FROM_LE((word | G_GUINT64_CONSTANT(0x2020202020202020)) & mask);
}

/* The key of the @length bytes before @end, of which the last KEY_WINDOW count: letters fold to
 * small ones, the rest of ASCII that names are made of stays apart. KEY_WINDOW bytes before @end
 * must be readable, whatever they hold. @seed comes from key_seed(). */
static inline guint64 key_tail(guint64 seed, const guint8 *end, guint length)
{
    guint64 a = key_quarter(end, length, 0), b = key_quarter(end, length, 1);
    guint64 c = key_quarter(end, length, 2), d = key_quarter(end, length, 3);

    return key_mix(key_mix(d ^ seed, c ^ KEY_FACTOR_C) ^ a ^ KEY_FACTOR_A, b ^ KEY_FACTOR_B ^ seed);
}

/* The key of an address, a digest's first eight bytes, or any other number. */
static inline guint64 key_number(guint64 seed, guint64 number)
{
    return key_mix(number ^ seed, KEY_FACTOR_C ^ (seed >> 32));
}

static inline guint64 key_numbers(guint64 seed, guint64 high, guint64 low)
{
    guint64 key = key_mix(key_number(seed, high) ^ low, KEY_FACTOR_B ^ seed);
    /* Numbers that are counted up would still differ by multiples of the seed. */
    return key_mix(key ^ KEY_FACTOR_A, KEY_FACTOR_D);
}

/* KEY_V4; @address in host order: 192.0.2.1 is 0xc0000201. */
static inline guint64 key_v4(guint64 seed, guint32 address)
{
    return key_number(key_seed(seed, KEY_V4), address);
}

/* What networks of IPv4 reach into: @number is the first 24 bits of an address, or, with bit 24
 * set, its first 16 where a network has all that begin so. */
static inline guint64 key_v4_net(guint64 seed, guint32 number)
{
    return key_number(key_seed(seed, KEY_V4) + 1, number);
}

/* A network of IPv4 itself: its first address in host order. */
static inline guint64 key_v4_prefix(guint64 seed, guint32 network, guint prefix)
{
    return key_number(key_seed(seed, KEY_V4) + 2, (guint64)prefix << 32 | network);
}

/* KEY_V6; @bytes in network order, those behind the prefix cleared. */
static inline guint64 key_v6(guint64 seed, const guint8 bytes[16])
{
    guint64 high, low;
    memcpy(&high, bytes, sizeof(high));
    memcpy(&low, bytes + 8, sizeof(low));
    return key_numbers(key_seed(seed, KEY_V6), GUINT64_FROM_BE(high), GUINT64_FROM_BE(low));
}

/* KEY_DIGEST; @first are the first 16 of the hash's @digits hexadecimal digits as a number. */
static inline guint64 key_digest(guint64 seed, guint64 first, guint digits)
{
    return key_number(key_seed(seed, KEY_DIGEST) + digits, first);
}

/* 16 bits of a name's last label, not secret: there are only some thousand of them. At most the
 * label's last eight bytes count, which has at least one; eight bytes before @end must be
 * readable. */
static inline guint key_label(const guint8 *end, guint length)
{
    guint64 word;
    guint dead = 8 - MIN(length, 8);

    memcpy(&word, end - 8, sizeof(word));
    word = GUINT64_FROM_LE(word) | G_GUINT64_CONSTANT(0x2020202020202020);
    word >>= 8 * dead & 63;
    return (guint)(word * KEY_FACTOR_C >> 48);
}

/* The same of a last label in another script: of its last two characters, as UTS #46 maps them; 0
 * before the only one. */
static inline guint key_script_label(gunichar before, gunichar last)
{
    return (guint)(((guint64)before << 32 | last) * KEY_FACTOR_D >> 48);
}
