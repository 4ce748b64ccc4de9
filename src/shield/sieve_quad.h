/* sieve_quad.h - the number that a dotted quad spells: all four octets at once where the machine
 * can shuffle bytes, one after the other where it cannot. Included by sieve_kernel.h.
 *
 * Both read what is known to be digits and dots, and let leading zeros through. */

#ifdef __SSE4_1__

/* Of a quad, the digits of its octets: 1 to 3 of each. Those of the last three are told by where
 * the dots stand, of which bit 11 is that of the last byte. */
#define DOT_BIT(behind)       (1 << (11 - (behind)))
#define DOTS(b, c, d)         (DOT_BIT(d) | DOT_BIT((c) + (d) + 1) | DOT_BIT((b) + (c) + (d) + 2))
#define BYTES_BEHIND(b, c, d) ((b) + (c) + (d) + 3)
#define SHAPE(b, c, d)        (((b)-1) * 9 + ((c)-1) * 3 + (d))
#define NO_SHAPE              0
#define SHAPES                28

#define WITH_D(row, b, c)     row(b, c, 1), row(b, c, 2), row(b, c, 3)
#define WITH_C(row, b)        WITH_D(row, b, 1), WITH_D(row, b, 2), WITH_D(row, b, 3)
#define WITH_B(row)           WITH_C(row, 1), WITH_C(row, 2), WITH_C(row, 3)

/* Some bytes more than are meant may be read. */
#define SHAPE_OF_DOTS(b, c, d) [DOTS(b, c, d)] = SHAPE(b, c, d)
static const guint8 shape_of_dots[4096 + 8] = {WITH_B(SHAPE_OF_DOTS)};

/* Bytes behind the first octet; more than there are for NO_SHAPE. */
#define BEHIND_OF_SHAPE(b, c, d) [SHAPE(b, c, d)] = BYTES_BEHIND(b, c, d)
static const guint8 behind_of_shape[SHAPES] = {[NO_SHAPE] = 255, WITH_B(BEHIND_OF_SHAPE)};

/* Where in the 16 bytes before the quad's end the hundreds, tens and ones of the octet stand that
 * has so many bytes behind it; and a nought. */
#define NOUGHT 0x80
#define OCTET(behind, digits)                                                                      \
    (digits) > 2 ? 13 - (behind) : NOUGHT, (digits) > 1 ? 14 - (behind) : NOUGHT, 15 - (behind),   \
        NOUGHT

/* By shape and digits of the first octet, of which there is one at least; the last octet first. */
#define OCTETS(a, b, c, d)                                                                         \
    {                                                                                              \
        OCTET(0, d), OCTET((d) + 1, c), OCTET((c) + (d) + 2, b), OCTET(BYTES_BEHIND(b, c, d), a)   \
    }
#define DIGITS_OF_SHAPE(b, c, d)                                                                   \
    [SHAPE(b, c, d)] = {OCTETS(1, b, c, d), OCTETS(2, b, c, d), OCTETS(3, b, c, d)}
static const guint8 digits_of_shape[SHAPES][3][16] = {WITH_B(DIGITS_OF_SHAPE)};

/* What hundreds, tens, ones and noughts count. */
#define WEIGHTS (1 << 16 | 10 << 8 | 100)

static inline __m128i load_16(gconstpointer bytes)
{
    return _mm_loadu_si128(bytes);
}

/* The quad of the @length bytes before @last; @dots has its dots, the highest bit that of the last
 * byte. FALSE when it is none; 16 bytes before @last are read in any case. */
static inline gboolean read_quad(const guint8 *last, guint64 dots, guint length,
                                 guint32 *ret_address)
{
    guint shape = shape_of_dots[dots >> 52], first = length - behind_of_shape[shape] - 1;
    gboolean is_quad = (first < 3) & (dots << 12 == 0);
    __m128i octets = _mm_and_si128(load_16(last - 16), _mm_set1_epi8(0x0f));

    octets = _mm_shuffle_epi8(octets, load_16(digits_of_shape[shape][MIN(first, 2u)]));
    octets = _mm_maddubs_epi16(octets, _mm_set1_epi32(WEIGHTS));
    octets = _mm_madd_epi16(octets, _mm_set1_epi16(1));
    is_quad &= _mm_testz_si128(octets, _mm_set1_epi32(~255));
    octets = _mm_packus_epi32(octets, octets);
    *ret_address = (guint32)_mm_cvtsi128_si32(_mm_packus_epi16(octets, octets));
    return is_quad;
}

#undef DOT_BIT
#undef DOTS
#undef BYTES_BEHIND
#undef SHAPE
#undef NO_SHAPE
#undef WITH_B
#undef WITH_C
#undef WITH_D
#undef SHAPE_OF_DOTS
#undef BEHIND_OF_SHAPE
#undef NOUGHT
#undef OCTET
#undef OCTETS
#undef DIGITS_OF_SHAPE

#else

/* The number that the @digits (1 to 3) before @end spell. */
static inline guint32 octet(const guint8 *end, guint digits)
{
    guint32 word, shift = 8 * (4 - digits);
    memcpy(&word, end - 4, sizeof(word));
    word = GUINT32_FROM_LE(word) >> (shift & 31) << (shift & 31) & 0x0f0f0f0f;
    return (word >> 24) + 10 * (word >> 16 & 15) + 100 * (word >> 8 & 15);
}

static inline gboolean read_quad(const guint8 *last, guint64 dots, guint length,
                                 guint32 *ret_address)
{
    gboolean is_quad = length - 7 <= 15 - 7;
    guint d = leading(dots) & 63;
    dots &= ~(G_GUINT64_CONSTANT(1) << 63 >> d);
    guint c = leading(dots) & 63;
    dots &= ~(G_GUINT64_CONSTANT(1) << 63 >> c);
    guint b = leading(dots) & 63;
    is_quad &= (dots & (dots - 1)) == 0; /* a missing one leaves no digits between */
    guint digits4 = d, digits3 = c - d - 1, digits2 = b - c - 1, digits1 = length - b - 1;
    is_quad &= (digits4 - 1 < 3) & (digits3 - 1 < 3) & (digits2 - 1 < 3) & (digits1 - 1 < 3);
    d &= 15, c &= 15, b &= 15; /* as they are in a quad; nothing far away is to be read */
    guint32 n4 = octet(last, digits4), n3 = octet(last - d - 1, digits3);
    guint32 n2 = octet(last - c - 1, digits2), n1 = octet(last - b - 1, digits1);
    is_quad &= (n1 | n2 | n3 | n4) < 256;
    *ret_address = n1 << 24 | n2 << 16 | n3 << 8 | n4;
    return is_quad;
}

#endif
