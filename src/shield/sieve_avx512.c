/* sieve_avx512.c - the sieve for machines with AVX-512 VBMI2 and GFNI (Ice Lake, Zen 4 and later).
 */
#include <immintrin.h>

#include "shield/sieve_block.h"

/* What a table has for each byte of ASCII: a bit n stands for row n. Five of the rows are classes;
 * the last three tell the others apart, most of which are rare, by what they have in common. */
enum {
    HOST = 1 << SIEVE_HOST,
    LETTER = 1 << SIEVE_LETTER,
    DOT = 1 << SIEVE_DOT,
    HEX = 1 << SIEVE_HEX,
    COLON = 1 << SIEVE_COLON,
    ROW_P = 5,
    ROW_Q,
    ROW_R,
    ROWS,
    P = 1 << ROW_P,
    Q = 1 << ROW_Q,
    R = 1 << ROW_R,
    HEXDIGIT = HOST | HEX,
    WORD = HOST | LETTER,
    HEXLETTER = WORD | HEX,
    /* of names */
    NEXT_LETTER = P,
    AFTER_LETTER = Q,
    UNDERSCORE = R,
    /* of what is in no name */
    SLASH = P | Q,
    AT = P | R,
    PERCENT = Q | R,
    BACKSLASH = P | Q | R,
    OPEN = R,
    CLOSE = Q,
};
G_STATIC_ASSERT((guint)SIEVE_COLON < (guint)ROW_P);

static const guint8 codes[128] __attribute__((aligned(64))) = {
    ['0' ... '9'] = HEXDIGIT,
    ['a'] = HEXLETTER | NEXT_LETTER,
    ['b'] = HEXLETTER | AFTER_LETTER,
    ['c'] = HEXLETTER,
    ['d'] = HEXLETTER | NEXT_LETTER,
    ['e'] = HEXLETTER,
    ['f'] = HEXLETTER | AFTER_LETTER,
    ['g' ... 'm'] = WORD,
    ['n'] = WORD | AFTER_LETTER,
    ['o' ... 'q'] = WORD,
    ['r'] = WORD | AFTER_LETTER,
    ['s'] = WORD,
    ['t' ... 'u'] = WORD | AFTER_LETTER,
    ['v' ... 'w'] = WORD,
    ['x'] = WORD | AFTER_LETTER,
    ['y' ... 'z'] = WORD,
    ['A'] = HEXLETTER | NEXT_LETTER,
    ['B' ... 'C'] = HEXLETTER,
    ['D'] = HEXLETTER | NEXT_LETTER,
    ['E' ... 'F'] = HEXLETTER,
    ['G' ... 'Z'] = WORD,
    ['.'] = HOST | DOT | P,
    ['-'] = HOST,
    ['_'] = HOST | UNDERSCORE,
    [':'] = COLON | P,
    ['/'] = SLASH,
    ['@'] = AT,
    ['%'] = PERCENT,
    ['\\'] = BACKSLASH,
    ['#'] = BACKSLASH,
    ['('] = OPEN,
    ['['] = OPEN,
    ['{'] = OPEN,
    ['<'] = OPEN,
    [')'] = CLOSE,
    [']'] = CLOSE,
    ['}'] = CLOSE,
    ['>'] = CLOSE,
};

/* Of two vectors byte @n of each eight, those of the first before those of the second. */
#define BYTES_OF(n)   (n), (n) + 8, (n) + 16, (n) + 24, (n) + 32, (n) + 40, (n) + 48, (n) + 56
#define BOTH_BYTES(n) BYTES_OF(n), BYTES_OF((n) + 64)
static const guint8 first_rows[64]
    __attribute__((aligned(64))) = {BOTH_BYTES(0), BOTH_BYTES(1), BOTH_BYTES(2), BOTH_BYTES(3)};
static const guint8 last_rows[64]
    __attribute__((aligned(64))) = {BOTH_BYTES(4), BOTH_BYTES(5), BOTH_BYTES(6), BOTH_BYTES(7)};

/* Of each eight bytes of codes a byte for each row. Matrices of 8 by 8 bits are turned by
 * multiplying a diagonal with them, by which the last byte's bits come first. */
static inline __m512i turn_bits(__m512i bytes)
{
    const __m512i diagonal = _mm512_set1_epi64((long long)G_GUINT64_CONSTANT(0x8040201008040201));
    return _mm512_gf2p8affine_epi64_epi8(diagonal, bytes, 0);
}

/* From eight times 64 bytes of turned bits to eight words for each of the rows. */
static inline void words_of_rows(__m512i rows[ROWS])
{
    const __m512i order[2] = {_mm512_load_si512(first_rows), _mm512_load_si512(last_rows)};

    __m512i pairs[2][4];
    for (guint half = 0; half < 2; half++)
        for (guint i = 0; i < 4; i++)
            pairs[half][i] = _mm512_permutex2var_epi8(rows[2 * i], order[half], rows[2 * i + 1]);
    for (guint half = 0; half < 2; half++) {
        const __m512i *pair = pairs[half];
        __m512i even[2] = {_mm512_shuffle_i64x2(pair[0], pair[1], 0x88),
                           _mm512_shuffle_i64x2(pair[2], pair[3], 0x88)};
        __m512i odd[2] = {_mm512_shuffle_i64x2(pair[0], pair[1], 0xdd),
                          _mm512_shuffle_i64x2(pair[2], pair[3], 0xdd)};
        rows[4 * half] = _mm512_shuffle_i64x2(even[0], even[1], 0x88);
        rows[4 * half + 1] = _mm512_shuffle_i64x2(odd[0], odd[1], 0x88);
        rows[4 * half + 2] = _mm512_shuffle_i64x2(even[0], even[1], 0xdd);
        rows[4 * half + 3] = _mm512_shuffle_i64x2(odd[0], odd[1], 0xdd);
    }
}

/* Bytes that are not ASCII are of no other class; the table takes no notice of their highest bit.
 */
static __attribute__((noinline)) __m512i leave_out_high(const guint8 *text, __m512i rows[ROWS])
{
    guint64 words[LANES];

    for (guint lane = 0; lane < LANES; lane++)
        words[lane] = _mm512_movepi8_mask(_mm512_loadu_si512(text + 64 * lane));
    __m512i high = _mm512_loadu_si512(words);
    for (guint row = 0; row < ROWS; row++)
        rows[row] = _mm512_andnot_si512(high, rows[row]);
    return high;
}

/* The three words joined as @how says of A, B and C. */
#define A                    0xf0
#define B                    0xcc
#define C                    0xaa
#define JOIN(one, b, c, how) _mm512_ternarylogic_epi64(one, b, c, (how)&0xff)

/* Writes the masks of the classes of eight words that the rows tell. */
static inline void keep_classes(SieveBlock *block, guint at, const __m512i rows[ROWS], __m512i high)
{
    const __m512i host = rows[SIEVE_HOST], p = rows[ROW_P], q = rows[ROW_Q], r = rows[ROW_R];
    const __m512i of[SIEVE_CLASSES] = {
        [SIEVE_HOST] = host,
        [SIEVE_LETTER] = rows[SIEVE_LETTER],
        [SIEVE_DOT] = rows[SIEVE_DOT],
        [SIEVE_HEX] = rows[SIEVE_HEX],
        [SIEVE_COLON] = rows[SIEVE_COLON],
        [SIEVE_UNDERSCORE] = _mm512_and_si512(host, r),
        [SIEVE_PERCENT] = JOIN(p, q, r, ~A & B & C),
        [SIEVE_BACKSLASH] = JOIN(p, q, r, A & B & C),
        [SIEVE_SLASH] = JOIN(p, q, r, A & B & ~C),
        [SIEVE_AT] = JOIN(p, q, r, A & ~B & C),
        [SIEVE_OPEN] = _mm512_andnot_si512(host, JOIN(p, q, r, ~A & ~B & C)),
        [SIEVE_CLOSE] = _mm512_andnot_si512(host, JOIN(p, q, r, ~A & B & ~C)),
        [SIEVE_NEXT] = JOIN(p, q, r, A & ~(B & C)),
        [SIEVE_AFTER] = JOIN(host, q, rows[SIEVE_DOT], (A & B) | C),
        [SIEVE_HIGH] = high,
    };

    for (guint class = 0; class < SIEVE_CLASSES; class ++)
        _mm512_storeu_si512(&block->masks[class][at], of[class]);
}

#undef A
#undef B
#undef C

static inline __attribute__((always_inline)) void classify_words(const guint8 *text,
                                                                 SieveBlock *block, guint at)
{
    const __m512i reversed =
        _mm512_broadcast_i32x4(_mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    const __m512i first = _mm512_load_si512(codes), last = _mm512_load_si512(codes + 64);
    __m512i rows[LANES], all = _mm512_setzero_si512(), high = _mm512_setzero_si512();

    for (guint lane = 0; lane < LANES; lane++) {
        __m512i bytes = _mm512_loadu_si512(text + 64 * lane);
        all = _mm512_or_si512(all, bytes);
        bytes = _mm512_shuffle_epi8(bytes, reversed);
        rows[lane] = turn_bits(_mm512_permutex2var_epi8(first, bytes, last));
    }
    words_of_rows(rows);
    if (G_UNLIKELY(_mm512_movepi8_mask(all) != 0))
        high = leave_out_high(text, rows);
    keep_classes(block, at, rows, high);
}

static inline guint64 equal_word(const guint8 *text, guint8 byte)
{
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), _mm512_set1_epi8((char)byte));
}

static inline guint count_word(const guint8 *text, guint8 byte)
{
    return (guint)__builtin_popcountll(equal_word(text, byte));
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

/* Appends the number of the lowest bit of each of @words that has any; without these bits. */
static inline __m512i flatten_lowest(guint32 **into, __m512i words, __m512i bases)
{
    __mmask8 some = _mm512_test_epi64_mask(words, words);
    __m512i less = _mm512_sub_epi64(words, _mm512_set1_epi64(1));
    __m512i numbers =
        _mm512_add_epi64(bases, _mm512_popcnt_epi64(_mm512_andnot_si512(words, less)));

    _mm256_storeu_si256((__m256i *)(gpointer)*into,
                        _mm256_maskz_compress_epi32(some, _mm512_cvtepi64_epi32(numbers)));
    *into += __builtin_popcount(some);
    return _mm512_and_si512(words, less);
}

/* Few words have more than @usual: what is done for nothing costs less than a branch that nobody
 * can foresee. */
static inline guint32 *flatten_words(guint32 *into, Words words, guint32 base, guint usual)
{
    const __m512i bases = _mm512_add_epi64(_mm512_set1_epi64(base),
                                           _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0));
    __m512i bits = (__m512i)words;

    for (guint n = 0; n < usual; n++)
        bits = flatten_lowest(&into, bits, bases);
    while (G_UNLIKELY(_mm512_test_epi64_mask(bits, bits) != 0))
        bits = flatten_lowest(&into, bits, bases);
    return into;
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

static inline void keep_windows(SieveBlock *block, guint at, Words run, Words dots)
{
    Words low = (Words)_mm512_unpacklo_epi8((__m512i)run, (__m512i)dots);
    Words high = (Words)_mm512_unpackhi_epi8((__m512i)run, (__m512i)dots);
    guint8 *into = block->windows + 16 * at;

    _mm512_storeu_si512(into, _mm512_permutex2var_epi64((__m512i)low,
                                                        _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                                                        (__m512i)high));
    _mm512_storeu_si512(
        into + 64, _mm512_permutex2var_epi64(
                       (__m512i)low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), (__m512i)high));
}

#define SIEVE_LANES
#include "shield/sieve_kernel.h"

const SieveVariant sieve_avx512 = {look, count_bytes};
