/* sieve_plain.c - the sieve for any machine. */
#include "shield/sieve_block.h"

/* Masks of a byte's classes, by SieveMask. */
#define BIT(mask) (1u << (mask))
#define HEXDIGIT  (BIT(SIEVE_HOST) | BIT(SIEVE_HEX))
#define LETTER    (BIT(SIEVE_HOST) | BIT(SIEVE_LETTER))
#define HEXLETTER (LETTER | BIT(SIEVE_HEX))

static const guint16 classes[256] = {
    ['0' ... '9'] = HEXDIGIT,
    ['a'] = HEXLETTER | BIT(SIEVE_NEXT),
    ['b'] = HEXLETTER | BIT(SIEVE_AFTER),
    ['c'] = HEXLETTER,
    ['d'] = HEXLETTER | BIT(SIEVE_NEXT),
    ['e'] = HEXLETTER,
    ['f'] = HEXLETTER | BIT(SIEVE_AFTER),
    ['g' ... 'm'] = LETTER,
    ['n'] = LETTER | BIT(SIEVE_AFTER),
    ['o' ... 'q'] = LETTER,
    ['r'] = LETTER | BIT(SIEVE_AFTER),
    ['s'] = LETTER,
    ['t' ... 'u'] = LETTER | BIT(SIEVE_AFTER),
    ['v' ... 'w'] = LETTER,
    ['x'] = LETTER | BIT(SIEVE_AFTER),
    ['y' ... 'z'] = LETTER,
    ['A'] = HEXLETTER | BIT(SIEVE_NEXT),
    ['B' ... 'C'] = HEXLETTER,
    ['D'] = HEXLETTER | BIT(SIEVE_NEXT),
    ['E' ... 'F'] = HEXLETTER,
    ['G' ... 'Z'] = LETTER,
    ['.'] = BIT(SIEVE_HOST) | BIT(SIEVE_DOT) | BIT(SIEVE_NEXT) | BIT(SIEVE_AFTER),
    ['-'] = BIT(SIEVE_HOST),
    ['_'] = BIT(SIEVE_HOST) | BIT(SIEVE_UNDERSCORE),
    [':'] = BIT(SIEVE_COLON) | BIT(SIEVE_NEXT),
    ['%'] = BIT(SIEVE_PERCENT),
    ['\\'] = BIT(SIEVE_BACKSLASH),
    ['#'] = BIT(SIEVE_BACKSLASH),
    ['/'] = BIT(SIEVE_SLASH) | BIT(SIEVE_NEXT),
    ['@'] = BIT(SIEVE_AT) | BIT(SIEVE_NEXT),
    ['('] = BIT(SIEVE_OPEN),
    ['['] = BIT(SIEVE_OPEN),
    ['{'] = BIT(SIEVE_OPEN),
    ['<'] = BIT(SIEVE_OPEN),
    [')'] = BIT(SIEVE_CLOSE),
    [']'] = BIT(SIEVE_CLOSE),
    ['}'] = BIT(SIEVE_CLOSE),
    ['>'] = BIT(SIEVE_CLOSE),
    [0x80 ... 0xff] = BIT(SIEVE_HIGH),
};

/* The matrix of 8 by 8 bits with its rows as columns (Hacker's Delight 7-3). */
static inline guint64 transpose(guint64 bits)
{
    guint64 swap = (bits ^ bits >> 7) & G_GUINT64_CONSTANT(0x00aa00aa00aa00aa);
    bits ^= swap ^ swap << 7;
    swap = (bits ^ bits >> 14) & G_GUINT64_CONSTANT(0x0000cccc0000cccc);
    bits ^= swap ^ swap << 14;
    swap = (bits ^ bits >> 28) & G_GUINT64_CONSTANT(0x00000000f0f0f0f0);
    return bits ^ swap ^ swap << 28;
}

static inline void classify_word(const guint8 *text, SieveBlock *block, guint at)
{
    guint64 masks[16] = {0};

    for (guint i = 0; i < 64; i += 8) {
        guint64 low = 0, high = 0;
        for (guint byte = 0; byte < 8; byte++) {
            guint64 class = classes[text[i + byte]];
            low |= (class & 0xff) << (8 * byte);
            high |= (class >> 8) << (8 * byte);
        }
        low = transpose(low);
        high = transpose(high);
        for (guint mask = 0; mask < 8; mask++) {
            masks[mask] |= (low >> (8 * mask) & 0xff) << i;
            masks[mask + 8] |= (high >> (8 * mask) & 0xff) << i;
        }
    }
    for (guint mask = 0; mask < SIEVE_CLASSES; mask++)
        block->masks[mask][at] = masks[mask];
}

static inline guint64 equal_word(const guint8 *text, guint8 byte)
{
    const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101), low = ones * 0x7f;
    guint64 equal = 0;

    for (guint i = 0; i < 64; i += 8) {
        guint64 word;
        memcpy(&word, text + i, sizeof(word));
        word = GUINT64_FROM_LE(word) ^ ones * byte;
        /* The highest bit of each byte that is 0, then these as bits of one byte. */
        word = ~(((word & low) + low) | word | low) >> 7;
        equal |= (word * G_GUINT64_CONSTANT(0x0102040810204080) >> 56) << i;
    }
    return equal;
}

static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
{
    for (; mask != 0; mask &= mask - 1)
        *into++ = base + (guint32)__builtin_ctzll(mask);
    return into;
}

#pragma GCC diagnostic ignored "-Wpsabi" /* no vector leaves this file */

#define SHIFT_DOWN(low, high, n) ((low) >> (n) | (high) << (64 - (n)))
#define SHIFT_UP(high, low, n)   ((high) << (n) | (low) >> (64 - (n)))

static inline gboolean any(Words words)
{
    return (words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] |
            words[7]) != 0;
}

static inline Words add_words(Words a, Words b, guint8 *carry)
{
    guint64 first[LANES], second[LANES], sum[LANES];
    guint8 over = *carry;

    *(WordsInMemory *)first = a;
    *(WordsInMemory *)second = b;
    for (guint lane = 0; lane < LANES; lane++) {
        guint8 before = over;
        over = (guint8)__builtin_add_overflow(first[lane], second[lane], &sum[lane]);
        over |= (guint8)__builtin_add_overflow(sum[lane], (guint64)before, &sum[lane]);
    }
    *carry = over;
    return *(WordsInMemory *)sum;
}

#include "shield/sieve_kernel.h"

const SieveVariant sieve_plain = {look, count_bytes};
