#include "intake/extent.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK 64

/* One bit a byte: what stands at the 64 places of a block. */
typedef struct {
    guint64 quote, backslash, open, close;
    guint64 control; /* below 0x20 */
    guint64 letter;  /* bit 6 set, ']' and '}' excepted: what never follows a string */
} Masks;

#ifdef __SSE2__
static inline guint64 equal_mask(__m128i bytes, char c)
{
    return (guint16)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static inline void block_masks(const char *block, Masks *masks)
{
    *masks = (Masks){0};
#pragma GCC unroll 4
    for (guint i = 0; i < BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(block + i));
        masks->quote |= equal_mask(v, '"') << i;
        masks->backslash |= equal_mask(v, '\\') << i;
        masks->open |= equal_mask(v, '{') << i;
        masks->close |= equal_mask(v, '}') << i;
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
        masks->control |= (guint64)(guint16)_mm_movemask_epi8(low) << i;
        /* ']' and '}' differ in bit 5 alone. */
        __m128i bracket = _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('}'));
        __m128i letter = _mm_andnot_si128(bracket, _mm_slli_epi16(v, 1));
        masks->letter |= (guint64)(guint16)_mm_movemask_epi8(letter) << i;
    }
}
#else
static inline void block_masks(const char *block, Masks *masks)
{
    *masks = (Masks){0};
    for (guint i = 0; i < BLOCK; i++) {
        guchar c = (guchar)block[i];
        masks->quote |= (guint64)(c == '"') << i;
        masks->backslash |= (guint64)(c == '\\') << i;
        masks->open |= (guint64)(c == '{') << i;
        masks->close |= (guint64)(c == '}') << i;
        masks->control |= (guint64)(c < 0x20) << i;
        masks->letter |= (guint64)((c & 0x40) && c != ']' && c != '}') << i;
    }
}
#endif

/* The bytes that a backslash before them escapes: those behind an odd number of backslashes. The
 * addition carries through each run of backslashes that begins at an odd place, so that the parity
 * of its end tells its length (the method of Langdale and Lemire, "Parsing Gigabytes of JSON per
 * Second", section 3.1.1). */
static inline guint64 escaped_bytes(guint64 backslash, guint64 *escape)
{
    static const guint64 even = G_GUINT64_CONSTANT(0x5555555555555555);
    if (backslash == 0) {
        guint64 escaped = *escape;
        *escape = 0;
        return escaped;
    }
    backslash &= ~*escape;
    guint64 follows = backslash << 1 | *escape;
    guint64 odd_starts = backslash & ~even & ~follows;
    guint64 ends;
    *escape = __builtin_add_overflow(odd_starts, backslash, &ends);
    return (even ^ (ends << 1)) & follows;
}

/* Bit n of the result is the parity of the bits 0 to n. */
static inline guint64 prefix_parity(guint64 bits)
{
    for (guint shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static inline guint count_bits(guint64 bits)
{
    bits -= (bits >> 1) & G_GUINT64_CONSTANT(0x5555555555555555);
    bits = (bits & G_GUINT64_CONSTANT(0x3333333333333333)) +
           ((bits >> 2) & G_GUINT64_CONSTANT(0x3333333333333333));
    bits = (bits + (bits >> 4)) & G_GUINT64_CONSTANT(0x0f0f0f0f0f0f0f0f);
    return (guint)((bits * G_GUINT64_CONSTANT(0x0101010101010101)) >> 56);
}

/* The place of the brace that closes the object, or BLOCK. */
static inline guint find_end(gint64 *depth, guint64 open, guint64 close)
{
    if ((open | close) == 0)
        return BLOCK;
    guint closing = count_bits(close);
    if (*depth > (gint64)closing) {
        *depth += (gint64)count_bits(open) - (gint64)closing;
        return BLOCK;
    }
    for (guint64 both = open | close; both; both &= both - 1) {
        guint place = (guint)__builtin_ctzll(both);
        *depth += (open >> place & 1) ? 1 : -1;
        if (*depth == 0)
            return place;
    }
    return BLOCK;
}

/* Deals with one block; EXTENT_MORE when the object goes on behind it. */
static inline ExtentResult scan_block(Extent *extent, const char *block, guint *ret_place)
{
    Masks masks;
    block_masks(block, &masks);
    guint64 quote = masks.quote & ~escaped_bytes(masks.backslash, &extent->escape);
    guint64 string = extent->string; /* the opening quote belongs to the string, the closing not */
    if (quote)
        string ^= prefix_parity(quote);
    guint64 closing = quote & ~string;
    guint64 after = closing << 1 | extent->closed;
    extent->closed = closing >> 63;
    extent->string = (guint64)((gint64)string >> 63);

    guint64 broken = (masks.control & string) | (after & masks.letter);
    guint end = find_end(&extent->depth, masks.open & ~string, masks.close & ~string);
    guint wrong = broken ? (guint)__builtin_ctzll(broken) : BLOCK;
    *ret_place = MIN(end, wrong);
    if (end == BLOCK && wrong == BLOCK)
        return EXTENT_MORE;
    return end < wrong ? EXTENT_END : EXTENT_BROKEN;
}

ExtentResult extent_scan(Extent *extent, const char *data, gsize length, gsize *ret_at)
{
    ExtentResult result = EXTENT_MORE;
    guint place = 0;
    for (; length - extent->at >= BLOCK; extent->at += BLOCK) {
        result = scan_block(extent, data + extent->at, &place);
        if (result != EXTENT_MORE)
            break;
    }
    if (result == EXTENT_MORE && extent->at < length) {
        /* A part of a block: look whether it ends there, but leave it to the next call if not. */
        char block[BLOCK];
        Extent trial = *extent;
        memset(block, ' ', sizeof block);
        memcpy(block, data + extent->at, length - extent->at);
        result = scan_block(&trial, block, &place);
    }
    if (result != EXTENT_MORE)
        *ret_at = extent->at + place + (result == EXTENT_END);
    return result;
}

ExtentResult extent_scan_plain(Extent *extent, const char *data, gsize length, gsize *ret_at)
{
    for (; extent->at < length; extent->at++) {
        guchar c = (guchar)data[extent->at];
        gboolean escaped = extent->escape != 0, closed = extent->closed != 0;
        extent->escape = c == '\\' && !escaped;
        extent->closed = 0;
        gboolean quote = c == '"' && !escaped;
        if (quote && extent->string)
            extent->closed = 1;
        if (quote)
            extent->string = ~extent->string;
        if ((extent->string && !quote && c < 0x20) ||
            (closed && (c & 0x40) && c != ']' && c != '}')) {
            *ret_at = extent->at;
            return EXTENT_BROKEN;
        }
        if (extent->string || quote || (c != '{' && c != '}'))
            continue;
        extent->depth += c == '{' ? 1 : -1;
        if (extent->depth == 0) {
            *ret_at = ++extent->at;
            return EXTENT_END;
        }
    }
    return EXTENT_MORE;
}
