/* sieve_bits.h - classes of bytes from masks of their bits: a slice of the text is turned into
 * eight masks, of the bits of each value, and classes are told by what these have in common.
 * Included by sieve_plain.c and sieve_avx2.c, which before that define
 *
 *     SLICE_BYTES              the bytes of a vector; a slice of the text has a bit of it a byte
 *
 * and, unless it is to be done word by word,
 *
 *     LOAD_BYTES(text, n)      the n-th eighth of the slice at @text;
 *     EVEN_BYTES(a, b), ODD_BYTES(a, b)
 *         every second byte of @a, then of @b; vectors that are worked on by halves have a half of
 *         the slice in each half;
 *     BYTES_OF_WORDS(bits)     where a word's highest byte comes first, the bytes of words turned.
 */

typedef guint8 Bytes __attribute__((vector_size(SLICE_BYTES)));
typedef guint8 BytesInMemory __attribute__((vector_size(SLICE_BYTES), aligned(1), may_alias));

#define SLICE (8 * SLICE_BYTES)

#ifdef LOAD_BYTES
typedef guint16 Pairs __attribute__((vector_size(SLICE_BYTES)));

/* Of each two bytes that follow each other makes one of the bits of @low and one of the rest, which
 * stand @by places higher: where one bit was are then two, the second byte's above the first's. */
static inline void part_bits(const Bytes *from, guint count, guint8 low, guint by, Bytes *ret_high,
                             Bytes *ret_low)
{
    for (guint i = 0; i < count / 2; i++) {
        Bytes a = from[2 * i], b = from[2 * i + 1];
        Bytes first = EVEN_BYTES(a, b), second = ODD_BYTES(a, b);
        Bytes swapped = ((Bytes)((Pairs)first >> by) ^ second) & low;
        ret_high[i] = second ^ swapped;
        ret_low[i] = first ^ (Bytes)((Pairs)swapped << by);
    }
}

/* Of SLICE bytes of text the bits of each value, a bit a byte. */
static inline void slice(const guint8 *text, Bytes ret_bits[8])
{
    Bytes bytes[8], odd[4], even[4], bits73[2], bits62[2], bits51[2], bits40[2];

    for (guint i = 0; i < 8; i++)
        bytes[i] = LOAD_BYTES(text, i);
    part_bits(bytes, 8, 0x55, 1, odd, even);
    part_bits(odd, 4, 0x33, 2, bits73, bits51);
    part_bits(even, 4, 0x33, 2, bits62, bits40);
    part_bits(bits73, 2, 0x0f, 4, &ret_bits[7], &ret_bits[3]);
    part_bits(bits62, 2, 0x0f, 4, &ret_bits[6], &ret_bits[2]);
    part_bits(bits51, 2, 0x0f, 4, &ret_bits[5], &ret_bits[1]);
    part_bits(bits40, 2, 0x0f, 4, &ret_bits[4], &ret_bits[0]);
#if G_BYTE_ORDER == G_BIG_ENDIAN
    for (guint i = 0; i < 8; i++)
        ret_bits[i] = BYTES_OF_WORDS(ret_bits[i]);
#endif
}

#else

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

/* The same, eight bytes at a time. */
static inline void slice(const guint8 *text, Bytes ret_bits[8])
{
    guint64 words[8][SLICE / 64] = {0};

    for (guint i = 0; i < SLICE; i += 8) {
        guint64 bits;
        memcpy(&bits, text + i, sizeof(bits));
        bits = transpose(GUINT64_FROM_LE(bits));
        for (guint n = 0; n < 8; n++)
            words[n][i / 64] |= (bits >> (8 * n) & 0xff) << (i & 63);
    }
    memcpy(ret_bits, words, sizeof(words));
}
#endif

#define KEEP(mask, bits) (*(BytesInMemory *)&block->masks[mask][at] = (bits))

/* The table of ASCII has eight columns of 16: in which of them a byte is, its upper bits tell, and
 * at which places in it the lower four. */
static inline void classify_slice(const guint8 *text, SieveBlock *block, guint at)
{
    Bytes bits[8];

    slice(text, bits);
    Bytes b0 = bits[0], b1 = bits[1], b2 = bits[2], b3 = bits[3], b4 = bits[4], b5 = bits[5];
    Bytes b01 = b0 & b1;
    Bytes in_4567 = bits[6] & ~bits[7], in_23 = b5 & ~bits[6] & ~bits[7];
    Bytes in_2 = in_23 & ~b4, in_3 = in_23 & b4;
    Bytes in_57 = in_4567 & b4, in_46 = in_4567 & ~b4;
    Bytes in_5 = in_57 & ~b5, in_4 = in_46 & ~b5;
    Bytes at_x0 = ~b0 & ~b1, at_x1 = b0 & ~b1, at_x2 = b1 & ~b0; /* of every four */
    Bytes at_89ab = b3 & ~b2, at_cdef = b3 & b2, at_c = at_cdef & at_x0, at_d = at_cdef & at_x1;
    Bytes at_e = at_cdef & at_x2, at_f = at_cdef & b01, at_0123 = ~(b3 | b2), at_4567 = b2 & ~b3;
    Bytes not_at_08 = b0 | b1 | b2;
    Bytes letters = in_4567 & (b4 | b3 | not_at_08) & ~(b4 & (at_cdef | (at_89ab & b01)));
    Bytes digits = in_3 & ~(b3 & (b1 | b2));
    Bytes dots = in_2 & at_e, underscores = in_5 & at_f;
    Bytes colons = in_3 & at_89ab & at_x2, slashes = in_2 & at_f, ats = in_4 & at_0123 & at_x0;

    KEEP(SIEVE_HOST, letters | digits | dots | underscores | (in_2 & at_d));
    KEEP(SIEVE_LETTER, letters);
    KEEP(SIEVE_DOT, dots);
    KEEP(SIEVE_HEX, digits | (in_46 & ~b3 & not_at_08 & ~(b2 & b01)));
    KEEP(SIEVE_COLON, colons);
    KEEP(SIEVE_UNDERSCORE, underscores);
    KEEP(SIEVE_PERCENT, in_2 & at_4567 & at_x1);
    KEEP(SIEVE_BACKSLASH, (in_5 & at_c) | (in_2 & at_0123 & b01));
    KEEP(SIEVE_SLASH, slashes);
    KEEP(SIEVE_AT, ats);
    KEEP(SIEVE_OPEN, (in_2 & at_89ab & at_x0) | (in_3 & at_c) | (in_57 & at_89ab & b01));
    KEEP(SIEVE_CLOSE, (in_2 & at_89ab & at_x1) | (in_3 & at_e) | (in_57 & at_d));
    /* a, d */
    KEEP(SIEVE_NEXT, dots | colons | slashes | ats | (in_46 & ~b3 & ~b1 & (b0 ^ b2)));
    /* b, f, n; r, t, u, x */
    KEEP(SIEVE_AFTER, dots | (in_46 & b5 & at_x2 & ~at_89ab) |
                          (in_57 & b5 & ((at_0123 & at_x2) | (at_4567 & ~b1) | (at_89ab & at_x0))));
    KEEP(SIEVE_HIGH, bits[7]);
}

static inline void classify_words(const guint8 *text, SieveBlock *block, guint at)
{
    for (guint word = 0; word < GROUP; word += SLICE / 64)
        classify_slice(text + word * 64, block, at + word);
}
