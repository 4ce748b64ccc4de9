/* sieve_avx2.c - the sieve for machines with AVX2 and BMI2 (Haswell, Zen and later).
 *
 * Classes of bytes are told by two look-ups, by the byte's lower and its upper half, whose results
 * are joined by "and": a bit stands for a rectangle of the table of ASCII. */
#include <immintrin.h>

#include "shield/sieve_block.h"

/* Rectangles: of the first pair of tables, all of which names are made of ... */
enum {
    DIGITS = 1,      /* 30-39 */
    FIRST_HALF = 2,  /* 41-4f, 61-6f: a to o */
    SECOND_HALF = 4, /* 50-5a, 70-7a: p to z */
    DASH = 8,
    UNDERSCORE = 16,
    A_TO_F = 32,
    DOT = 128, /* the highest bit is the cheapest to ask for */
    LETTER = FIRST_HALF | SECOND_HALF,
    HEX = DIGITS | A_TO_F,
};

/* ... and of the second. What may stand behind a backslash is told too generously: b, d, e, f, h,
 * n, r, t, u, v, x, ~; what is none of them is told apart later. */
enum {
    PARENTHESIS = 1,
    BRACKET = 2,
    ANGLE = 4,
    PARENTHESIS_END = 8,
    BRACKET_END = 16,
    ANGLE_END = 32,
    A_OR_D = 64,
    AFTER = 128,
    OPEN = PARENTHESIS | BRACKET | ANGLE,
    CLOSE = PARENTHESIS_END | BRACKET_END | ANGLE_END,
};

#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
#define B(class)   (char)(class)

static inline __m256i first_classes(__m256i bytes, __m256i upper)
{
    const __m256i by_lower =
        TWICE(B(DIGITS | SECOND_HALF), B(DIGITS | LETTER | A_TO_F), B(DIGITS | LETTER | A_TO_F),
              B(DIGITS | LETTER | A_TO_F), B(DIGITS | LETTER | A_TO_F), B(DIGITS | LETTER | A_TO_F),
              B(DIGITS | LETTER | A_TO_F), B(DIGITS | LETTER), B(DIGITS | LETTER),
              B(DIGITS | LETTER), B(LETTER), B(FIRST_HALF), B(FIRST_HALF), B(FIRST_HALF | DASH),
              B(FIRST_HALF | DOT), B(FIRST_HALF | UNDERSCORE));
    const __m256i by_upper =
        TWICE(0, 0, B(DOT | DASH), B(DIGITS), B(FIRST_HALF | A_TO_F), B(SECOND_HALF | UNDERSCORE),
              B(FIRST_HALF | A_TO_F), B(SECOND_HALF), 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm256_and_si256(_mm256_shuffle_epi8(by_lower, bytes),
                            _mm256_shuffle_epi8(by_upper, upper));
}

static inline __m256i second_classes(__m256i bytes, __m256i upper)
{
    const __m256i by_lower = TWICE(0, B(A_OR_D), B(AFTER), 0, B(A_OR_D | AFTER), B(AFTER), B(AFTER),
                                   0, B(PARENTHESIS | AFTER), B(PARENTHESIS_END), 0, B(BRACKET),
                                   B(ANGLE), B(BRACKET_END), B(ANGLE_END | AFTER), 0);
    const __m256i by_upper = TWICE(0, 0, B(PARENTHESIS | PARENTHESIS_END), B(ANGLE | ANGLE_END),
                                   B(A_OR_D), B(BRACKET | BRACKET_END), B(A_OR_D | AFTER),
                                   B(BRACKET | BRACKET_END | AFTER), 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm256_and_si256(_mm256_shuffle_epi8(by_lower, bytes),
                            _mm256_shuffle_epi8(by_upper, upper));
}

typedef struct {
    __m256i low, high;
} Pair;

/* The highest bits of bytes. */
static inline guint64 highest(const Pair *bytes)
{
    return (guint64)(guint32)_mm256_movemask_epi8(bytes->high) << 32 |
           (guint32)_mm256_movemask_epi8(bytes->low);
}

/* The bytes that have any of @class, not the highest bit. */
static inline guint64 has(const Pair *classes, guint8 class)
{
    const __m256i none = _mm256_setzero_si256(), bits = _mm256_set1_epi8((char)class);
    return highest(&(Pair){_mm256_cmpgt_epi8(_mm256_and_si256(classes->low, bits), none),
                           _mm256_cmpgt_epi8(_mm256_and_si256(classes->high, bits), none)});
}

static inline guint64 has_any(const Pair *classes)
{
    const __m256i none = _mm256_setzero_si256();
    return ~highest(
        &(Pair){_mm256_cmpeq_epi8(classes->low, none), _mm256_cmpeq_epi8(classes->high, none)});
}

/* The bit below the highest. */
static inline guint64 has_second(const Pair *classes)
{
    return highest(&(Pair){_mm256_add_epi8(classes->low, classes->low),
                           _mm256_add_epi8(classes->high, classes->high)});
}

static inline guint64 is(const Pair *bytes, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);
    return highest(
        &(Pair){_mm256_cmpeq_epi8(bytes->low, wanted), _mm256_cmpeq_epi8(bytes->high, wanted)});
}

static inline guint64 is_either(const Pair *bytes, char first, char second)
{
    const __m256i one = _mm256_set1_epi8(first), other = _mm256_set1_epi8(second);
    return highest(&(Pair){
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes->low, one), _mm256_cmpeq_epi8(bytes->low, other)),
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes->high, one),
                        _mm256_cmpeq_epi8(bytes->high, other))});
}

static inline Pair load_pair(const guint8 *text)
{
    return (Pair){_mm256_loadu_si256((const __m256i *)(gconstpointer)text),
                  _mm256_loadu_si256((const __m256i *)(gconstpointer)(text + 32))};
}

static inline void classify_word(const guint8 *text, SieveBlock *block, guint at)
{
    const __m256i half = _mm256_set1_epi8(15);
    Pair bytes = load_pair(text);
    __m256i upper_low = _mm256_and_si256(_mm256_srli_epi16(bytes.low, 4), half);
    __m256i upper_high = _mm256_and_si256(_mm256_srli_epi16(bytes.high, 4), half);
    Pair first = {first_classes(bytes.low, upper_low), first_classes(bytes.high, upper_high)};
    Pair second = {second_classes(bytes.low, upper_low), second_classes(bytes.high, upper_high)};
    guint64 dots = highest(&first), colons = is(&bytes, ':');
    guint64 slashes = is(&bytes, '/'), ats = is(&bytes, '@');

    block->masks[SIEVE_HOST][at] = has_any(&first);
    block->masks[SIEVE_LETTER][at] = has(&first, LETTER);
    block->masks[SIEVE_DOT][at] = dots;
    block->masks[SIEVE_HEX][at] = has(&first, HEX);
    block->masks[SIEVE_COLON][at] = colons;
    block->masks[SIEVE_UNDERSCORE][at] = is(&bytes, '_');
    block->masks[SIEVE_PERCENT][at] = is(&bytes, '%');
    block->masks[SIEVE_BACKSLASH][at] = is_either(&bytes, '\\', '#');
    block->masks[SIEVE_SLASH][at] = slashes;
    block->masks[SIEVE_AT][at] = ats;
    block->masks[SIEVE_OPEN][at] = has(&second, OPEN);
    block->masks[SIEVE_CLOSE][at] = has(&second, CLOSE);
    block->masks[SIEVE_NEXT][at] = has_second(&second) | dots | colons | slashes | ats;
    block->masks[SIEVE_AFTER][at] = highest(&second) | dots;
    block->masks[SIEVE_HIGH][at] = highest(&bytes);
}

static inline void classify_words(const guint8 *text, SieveBlock *block, guint at)
{
    for (guint lane = 0; lane < LANES; lane++)
        classify_word(text + lane * 64, block, at + lane);
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

#pragma GCC diagnostic ignored "-Wpsabi" /* no vector leaves this file */

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
