/* sieve_plain.c - the sieve for any machine.
 *
 * Vectors have 16 bytes and are left to the compiler: nearly every machine has instructions for
 * them (SSE2, NEON, AltiVec), and for the others it does the same word by word. */
#define LANES 2
#include "shield/sieve_block.h"

#pragma GCC diagnostic ignored "-Wpsabi" /* no vector leaves this file */

#define SHIFT_DOWN(low, high, n) ((low) >> (n) | (high) << (64 - (n)))
#define SHIFT_UP(high, low, n)   ((high) << (n) | (low) >> (64 - (n)))

/* The elements of two vectors that have these numbers, those of the second counted on. */
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#ifndef PICK
#define PICK(a, b, ...) __builtin_shuffle(a, b, (__typeof__(a)){__VA_ARGS__})
#endif

#define SLICE_BYTES 16

#if (defined(__SSE2__) || defined(__ARM_NEON) || defined(__ALTIVEC__) || defined(__VX__)) &&       \
    !defined(SIEVE_NO_VECTORS)
#define LOAD_BYTES(text, n) (*(const BytesInMemory *)((text) + 16 * (n)))
#define EVEN_BYTES(a, b)    PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD_BYTES(a, b)     PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
/* Words have their first byte's bits lowest. */
#define BYTES_OF_WORDS(bits) PICK(bits, bits, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)
#endif
#include "shield/sieve_bits.h"

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

static inline guint count_word(const guint8 *text, guint8 byte)
{
    Bytes counts = {0};
    Words sums;

    for (guint i = 0; i < 64; i += 16) /* what is equal is -1 */
        counts -= (Bytes)(*(const BytesInMemory *)(text + i) == byte);
    sums = (Words)counts;
    return (guint)((sums[0] + sums[1]) * G_GUINT64_CONSTANT(0x0101010101010101) >> 56);
}

static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
{
    /* Few, usually: three are written whether they are there or not. */
    for (guint i = 0; i < 3; i++, mask &= mask - 1) {
        *into = base + (guint32)__builtin_ctzll(mask | G_GUINT64_CONSTANT(1) << 63);
        into += mask != 0;
    }
    for (; mask != 0; mask &= mask - 1)
        *into++ = base + (guint32)__builtin_ctzll(mask);
    return into;
}

static inline gboolean any(Words words)
{
    return (words[0] | words[1]) != 0;
}

/* The highest bit of the second word is what is carried out of it. */
#define SIEVE_OWN_CARRY
typedef Words Carry;

static inline Carry carry_of(guint8 bit)
{
    return (Words){0, (guint64)bit << 63};
}

static inline guint8 has_carry(Carry carry)
{
    return (guint8)(carry[1] >> 63);
}

static inline Words add_words(Words a, Words b, Carry *carry)
{
    Words sum = a + b, over = (a & b) | ((a | b) & ~sum);
    Words with = sum + (PICK(*carry, over, 1, 2) >> 63);

    /* A first word of nothing but ones hands on what is carried into it. */
    with += PICK((Words){0}, sum & ~with, 0, 2) >> 63;
    *carry = over | (sum & ~with);
    return with;
}

#include "shield/sieve_kernel.h"

const SieveVariant sieve_plain = {look, count_bytes};
