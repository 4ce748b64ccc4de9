/* sieve_avx2.c - the sieve for machines with AVX2 and BMI2 (Haswell, Zen and later). */
#include <immintrin.h>

#include "shield/sieve_block.h"

#pragma GCC diagnostic ignored "-Wpsabi" /* no vector leaves this file */

/* Vectors of 32 bytes are two of 16 for what moves bytes. */
#define SLICE_BYTES 32

static inline __m256i load_halves(const guint8 *first, const guint8 *second)
{
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(gconstpointer)first)),
        _mm_loadu_si128((const __m128i *)(gconstpointer)second), 1);
}

static inline __m256i even_bytes(__m256i a, __m256i b)
{
    const __m256i low = _mm256_set1_epi16(0xff);
    return _mm256_packus_epi16(_mm256_and_si256(a, low), _mm256_and_si256(b, low));
}

static inline __m256i odd_bytes(__m256i a, __m256i b)
{
    return _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
}

#define LOAD_BYTES(text, n) ((Bytes)load_halves((text) + 16 * (n), (text) + 16 * (n) + SLICE / 2))
#define EVEN_BYTES(a, b)    ((Bytes)even_bytes((__m256i)(a), (__m256i)(b)))
#define ODD_BYTES(a, b)     ((Bytes)odd_bytes((__m256i)(a), (__m256i)(b)))
#include "shield/sieve_bits.h"

typedef struct {
    __m256i low, high;
} Pair;

/* The highest bits of bytes. */
static inline guint64 highest(const Pair *bytes)
{
    return (guint64)(guint32)_mm256_movemask_epi8(bytes->high) << 32 |
           (guint32)_mm256_movemask_epi8(bytes->low);
}

static inline guint64 is(const Pair *bytes, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);
    return highest(
        &(Pair){_mm256_cmpeq_epi8(bytes->low, wanted), _mm256_cmpeq_epi8(bytes->high, wanted)});
}

static inline Pair load_pair(const guint8 *text)
{
    return (Pair){_mm256_loadu_si256((const __m256i *)(gconstpointer)text),
                  _mm256_loadu_si256((const __m256i *)(gconstpointer)(text + 32))};
}

static inline guint64 equal_word(const guint8 *text, guint8 byte)
{
    Pair bytes = load_pair(text);
    return is(&bytes, (char)byte);
}

static inline guint count_word(const guint8 *text, guint8 byte)
{
    return (guint)__builtin_popcountll(equal_word(text, byte));
}

static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
{
    guint count = (guint)__builtin_popcountll(mask);
    guint32 *end = into + count;

    /* Few, usually: four are written whether they are there or not. */
    for (guint i = 0; i < 3; i++, mask = _blsr_u64(mask))
        into[i] = base + (guint32)_tzcnt_u64(mask);
    for (into += 3; mask != 0; mask = _blsr_u64(mask))
        *into++ = base + (guint32)_tzcnt_u64(mask);
    return end;
}

#define SHIFT_DOWN(low, high, n) ((low) >> (n) | (high) << (64 - (n)))
#define SHIFT_UP(high, low, n)   ((high) << (n) | (low) >> (64 - (n)))

typedef union {
    Words words;
    __m256i halves[2];
} Halves;

static inline gboolean any(Words words)
{
    Halves halves = {.words = words};
    __m256i both = _mm256_or_si256(halves.halves[0], halves.halves[1]);
    return !_mm256_testz_si256(both, both);
}

static inline guint lanes_of(__m256i low, __m256i high)
{
    return (guint)_mm256_movemask_pd(_mm256_castsi256_pd(low)) |
           (guint)_mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4;
}

/* Ones in the lanes of four whose bits are set. */
static inline __m256i lanes_to(guint bits)
{
    const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(bits), bit), bit);
}

/* Carries between words are added up as the bits of one number: a word of ones hands a carry on. */
static inline Words add_words(Words a, Words b, guint8 *carry)
{
    Halves over = {.words = (a & b) | ((a | b) & ~(a + b))}, sum = {.words = a + b};
    const __m256i ones = _mm256_set1_epi64x(-1);
    guint full =
        lanes_of(_mm256_cmpeq_epi64(sum.halves[0], ones), _mm256_cmpeq_epi64(sum.halves[1], ones));
    guint carried = full + (lanes_of(over.halves[0], over.halves[1]) << 1 | *carry);
    guint more = (full ^ carried) & 0xff;

    *carry = (guint8)(carried >> 8);
    sum.halves[0] = _mm256_sub_epi64(sum.halves[0], lanes_to(more & 15));
    sum.halves[1] = _mm256_sub_epi64(sum.halves[1], lanes_to(more >> 4));
    return sum.words;
}

#include "shield/sieve_kernel.h"

const SieveVariant sieve_avx2 = {look, count_bytes};
