/* sieve_avx512.c - the sieve for machines with AVX-512 VBMI2 (Ice Lake, Zen 4 and later). */
#include <immintrin.h>

#include "shield/sieve_block.h"

/* Two tables of eight classes each, for the 128 bytes of ASCII. The highest three of both are taken
 * by another of the machine's units than the rest, at the same time. */
enum {
    HOST = 1,
    LETTER = 2,
    DOT = 4,
    HEX = 8,
    COLON = 16,
    UNDERSCORE = 32,
    PERCENT = 64,
    BACKSLASH = 128,
    /* of the second table */
    SLASH = 1,
    AT = 2,
    OPEN = 4,
    CLOSE = 32,
    NEXT = 64,
    AFTER = 128,
    HEXDIGIT = HOST | HEX,
    WORD = HOST | LETTER,
    HEXLETTER = WORD | HEX,
};

static const guint8 first_table[128] __attribute__((aligned(64))) = {
    ['0' ... '9'] = HEXDIGIT,
    ['a' ... 'f'] = HEXLETTER,
    ['g' ... 'z'] = WORD,
    ['A' ... 'F'] = HEXLETTER,
    ['G' ... 'Z'] = WORD,
    ['.'] = HOST | DOT,
    ['-'] = HOST,
    ['_'] = HOST | UNDERSCORE,
    [':'] = COLON,
    ['%'] = PERCENT,
    ['\\'] = BACKSLASH,
};

static const guint8 second_table[128] __attribute__((aligned(64))) = {
    ['/'] = SLASH | NEXT, ['@'] = AT | NEXT, [':'] = NEXT,  ['.'] = NEXT | AFTER, ['a'] = NEXT,
    ['A'] = NEXT,         ['d'] = NEXT,      ['D'] = NEXT,  ['('] = OPEN,         ['['] = OPEN,
    ['{'] = OPEN,         ['<'] = OPEN,      [')'] = CLOSE, [']'] = CLOSE,        ['}'] = CLOSE,
    ['>'] = CLOSE,        ['u'] = AFTER,     ['x'] = AFTER, ['n'] = AFTER,        ['r'] = AFTER,
    ['t'] = AFTER,        ['b'] = AFTER,     ['f'] = AFTER,
};

static inline __m512i table_of(__m512i bytes, __mmask64 ascii, const guint8 *table)
{
    return _mm512_maskz_permutex2var_epi8(ascii, _mm512_load_si512(table), bytes,
                                          _mm512_load_si512(table + 64));
}

static inline guint64 has(__m512i classes, guint8 class)
{
    return _mm512_test_epi8_mask(classes, _mm512_set1_epi8((char)class));
}

/* The highest class, and each one below it by doubling. */
static inline guint64 has_highest(__m512i classes)
{
    return _mm512_movepi8_mask(classes);
}

static inline __m512i doubled(__m512i classes)
{
    return _mm512_add_epi8(classes, classes);
}

static inline void classify_word(const guint8 *text, SieveBlock *block, guint at)
{
    __m512i bytes = _mm512_loadu_si512(text);
    guint64 high = _mm512_movepi8_mask(bytes);
    __m512i first = table_of(bytes, ~high, first_table);
    __m512i second = table_of(bytes, ~high, second_table);

    block->masks[SIEVE_HOST][at] = has(first, HOST);
    block->masks[SIEVE_LETTER][at] = has(first, LETTER);
    block->masks[SIEVE_DOT][at] = has(first, DOT);
    block->masks[SIEVE_HEX][at] = has(first, HEX);
    block->masks[SIEVE_COLON][at] = has(first, COLON);
    block->masks[SIEVE_BACKSLASH][at] = has_highest(first);
    block->masks[SIEVE_PERCENT][at] = has_highest(first = doubled(first));
    block->masks[SIEVE_UNDERSCORE][at] = has_highest(doubled(first));
    block->masks[SIEVE_SLASH][at] = has(second, SLASH);
    block->masks[SIEVE_AT][at] = has(second, AT);
    block->masks[SIEVE_OPEN][at] = has(second, OPEN);
    block->masks[SIEVE_AFTER][at] = has_highest(second);
    block->masks[SIEVE_NEXT][at] = has_highest(second = doubled(second));
    block->masks[SIEVE_CLOSE][at] = has_highest(doubled(second));
    block->masks[SIEVE_HIGH][at] = high;
}

static inline guint64 equal_word(const guint8 *text, guint8 byte)
{
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), _mm512_set1_epi8((char)byte));
}

static const guint8 numbers_of_bytes[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static __attribute__((noinline)) void flatten_many(guint32 *into, guint64 mask, guint32 base)
{
    for (; mask != 0; mask = _blsr_u64(mask))
        *into++ = base + (guint32)_tzcnt_u64(mask);
}

static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
{
    __m512i numbers = _mm512_maskz_compress_epi8(mask, _mm512_load_si512(numbers_of_bytes));
    __m256i first = _mm256_cvtepu8_epi32(_mm512_castsi512_si128(numbers));
    guint count = (guint)__builtin_popcountll(mask);

    _mm256_storeu_si256((__m256i *)(gpointer)into,
                        _mm256_add_epi32(first, _mm256_set1_epi32((int)base)));
    if (G_UNLIKELY(count > 8))
        flatten_many(into, mask, base);
    return into + count;
}

/* A bit of each word at a time: most have none or one. */
static inline guint32 *flatten_words(guint32 *into, Words words, guint32 base)
{
    const __m512i one = _mm512_set1_epi64(1);
    const __m512i bases = _mm512_add_epi64(_mm512_set1_epi64(base),
                                           _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0));
    __m512i bits = (__m512i)words;

    for (;;) {
        __mmask8 some = _mm512_test_epi64_mask(bits, bits);
        if (some == 0)
            return into;
        __m512i less = _mm512_sub_epi64(bits, one);
        __m512i numbers =
            _mm512_add_epi64(bases, _mm512_popcnt_epi64(_mm512_andnot_si512(bits, less)));
        _mm256_storeu_si256((__m256i *)(gpointer)into,
                            _mm256_maskz_compress_epi32(some, _mm512_cvtepi64_epi32(numbers)));
        into += __builtin_popcount(some);
        bits = _mm512_and_si512(bits, less);
    }
}

#define SHIFT_DOWN(low, high, n)                                                                   \
    ((Words)_mm512_shrdi_epi64((__m512i)(Words)(low), (__m512i)(Words)(high), n))
#define SHIFT_UP(high, low, n)                                                                     \
    ((Words)_mm512_shldi_epi64((__m512i)(Words)(high), (__m512i)(Words)(low), n))

static inline gboolean any(Words words)
{
    return _mm512_test_epi64_mask((__m512i)words, (__m512i)words) != 0;
}

/* Carries between words are added up as the bits of one number: a word of ones hands a carry on. */
static inline Words add_words(Words a, Words b, guint8 *carry)
{
    __m512i sums = (__m512i)(a + b);
    guint over = _mm512_cmplt_epu64_mask(sums, (__m512i)a);
    guint full = _mm512_cmpeq_epi64_mask(sums, _mm512_set1_epi64(-1));
    guint carried = full + (over << 1 | *carry);

    *carry = (guint8)(carried >> 8);
    return (Words)_mm512_mask_sub_epi64(sums, (__mmask8)(full ^ carried), sums,
                                        _mm512_set1_epi64(-1));
}

#define SIEVE_LANES
#include "shield/sieve_kernel.h"

void sieve_avx512_look(const Sieve *sieve, SieveBlock *block, const guint8 *text, gsize length)
{
    look(sieve, block, text, length);
}
