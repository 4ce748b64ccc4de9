/* sieve_lanes.h - names and addresses looked at eight at a time, by AVX-512: what sieve_names.h and
 * sieve_numbers.h do one after the other. Included by sieve_kernel.h where SIEVE_LANES is defined.
 *
 * Lanes that are not asked for are left out by masks: what they have is anything. */

typedef __m512i Lanes;

static inline __mmask8 first_lanes(guint count)
{
    return (__mmask8)((1u << MIN(count, 8u)) - 1);
}

static inline Lanes all_lanes(guint64 value)
{
    return _mm512_set1_epi64((long long)value);
}

/* For each lane the word at @start, @bytes from there. */
static inline Lanes words_at(__mmask8 lanes, gconstpointer start, Lanes bytes)
{
    return _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), lanes, bytes, start, 1);
}

/* near_window() before each of @ends. */
static inline Lanes near_windows(const SieveBlock *block, SieveMask mask, __mmask8 lanes,
                                 Lanes ends)
{
    const guint8 *start = (const guint8 *)(block->masks[mask] + SIEVE_FIRST) - 7;
    Lanes shift = _mm512_sub_epi64(all_lanes(8), _mm512_and_si512(ends, all_lanes(7)));

    return _mm512_sllv_epi64(words_at(lanes, start, _mm512_srli_epi64(ends, 3)), shift);
}

/* Without the highest bit, of which @leading tells how many stand before it. */
static inline Lanes without_highest(Lanes words, Lanes leading)
{
    return _mm512_andnot_si512(_mm512_srlv_epi64(all_lanes(G_GUINT64_CONSTANT(1) << 63), leading),
                               words);
}

/* Are the bits number @bits of @map set? */
static inline __mmask8 bits_of_map(const guint64 *map, __mmask8 lanes, Lanes bits)
{
    Lanes words = words_at(lanes, map, _mm512_slli_epi64(_mm512_srli_epi64(bits, 6), 3));
    return _mm512_mask_test_epi64_mask(
        lanes, _mm512_srlv_epi64(words, _mm512_and_si512(bits, all_lanes(63))), all_lanes(1));
}

/* filter_bits() */
static inline Lanes bits_of_keys(Lanes keys)
{
    const Lanes low = all_lanes(63), one = all_lanes(1);
    Lanes bits = _mm512_sllv_epi64(one, _mm512_and_si512(keys, low));
    for (guint shift = 6; shift <= 18; shift += 6)
        bits = _mm512_or_si512(
            bits, _mm512_sllv_epi64(one, _mm512_and_si512(_mm512_srli_epi64(keys, shift), low)));
    return bits;
}

/* filter_place() */
static inline Lanes places_of_keys(Lanes keys, guint32 count)
{
    return _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(keys, 32), all_lanes(count)), 32);
}

static inline void fetch_places(const Filter *filter, Lanes keys)
{
    guint64 places[8];
    _mm512_storeu_si512(places, places_of_keys(keys, filter->count));
    for (guint lane = 0; lane < 8; lane++)
        __builtin_prefetch(&filter->words[places[lane]]);
}

/* filter_has() */
static inline __mmask8 filter_has_keys(const Filter *filter, __mmask8 lanes, Lanes keys)
{
    Lanes bits = bits_of_keys(keys);
    Lanes words =
        words_at(lanes, filter->words, _mm512_slli_epi64(places_of_keys(keys, filter->count), 3));
    return _mm512_mask_cmpeq_epi64_mask(lanes, _mm512_and_si512(words, bits), bits);
}

/* key_mix() */
static inline Lanes mix_lanes(Lanes a, Lanes b)
{
    const Lanes low = all_lanes(G_MAXUINT32);
    Lanes a_high = _mm512_srli_epi64(a, 32), b_high = _mm512_srli_epi64(b, 32);
    Lanes product = _mm512_mul_epu32(a, b);
    Lanes middle = _mm512_add_epi64(_mm512_mul_epu32(a, b_high), _mm512_srli_epi64(product, 32));
    Lanes other = _mm512_add_epi64(_mm512_mul_epu32(a_high, b), _mm512_and_si512(middle, low));
    Lanes high = _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high), _mm512_srli_epi64(middle, 32));

    high = _mm512_add_epi64(high, _mm512_srli_epi64(other, 32));
    product = _mm512_or_si512(_mm512_slli_epi64(other, 32), _mm512_and_si512(product, low));
    return _mm512_xor_si512(product, high);
}

static inline Lanes xor_all(Lanes lanes, guint64 value)
{
    return _mm512_xor_si512(lanes, all_lanes(value));
}

/* key_quarter() */
static inline Lanes quarters(const guint8 *text, __mmask8 lanes, Lanes ends, Lanes lengths,
                             guint quarter)
{
    guint behind = KEY_WINDOW - 8 - 8 * quarter;
    Lanes words = words_at(lanes, text - behind - 8, ends);
    /* Bytes of it that do not count, in bits. */
    Lanes kept = _mm512_sub_epi64(_mm512_max_epu64(lengths, all_lanes(behind)), all_lanes(behind));
    Lanes dead =
        _mm512_slli_epi64(_mm512_sub_epi64(all_lanes(8), _mm512_min_epu64(kept, all_lanes(8))), 3);

    words = _mm512_or_si512(words, all_lanes(G_GUINT64_CONSTANT(0x2020202020202020)));
    return _mm512_and_si512(words, _mm512_sllv_epi64(all_lanes(G_MAXUINT64), dead));
}

/* key_tail() */
static inline Lanes key_tails(guint64 seed, const guint8 *text, __mmask8 lanes, Lanes ends,
                              Lanes lengths)
{
    Lanes a = quarters(text, lanes, ends, lengths, 0), b = quarters(text, lanes, ends, lengths, 1);
    Lanes c = quarters(text, lanes, ends, lengths, 2), d = quarters(text, lanes, ends, lengths, 3);

    Lanes first = mix_lanes(xor_all(d, seed), xor_all(c, KEY_FACTOR_C));
    return mix_lanes(xor_all(_mm512_xor_si512(first, a), KEY_FACTOR_A),
                     xor_all(b, KEY_FACTOR_B ^ seed));
}

/* key_label() */
static inline Lanes key_labels(const guint8 *text, __mmask8 lanes, Lanes ends, Lanes lengths)
{
    Lanes dead = _mm512_sub_epi64(all_lanes(8), _mm512_min_epu64(lengths, all_lanes(8)));
    Lanes words = _mm512_or_si512(words_at(lanes, text - 8, ends),
                                  all_lanes(G_GUINT64_CONSTANT(0x2020202020202020)));

    words = _mm512_srlv_epi64(words, _mm512_and_si512(_mm512_slli_epi64(dead, 3), all_lanes(63)));
    return _mm512_srli_epi64(_mm512_mullo_epi64(words, all_lanes(KEY_FACTOR_C)), 48);
}

static inline Lanes widen(const guint32 *from)
{
    return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(gconstpointer)from));
}

/* Appends those of @lanes; writes eight whatever they are. */
static inline void keep_lanes(guint32 *into, __mmask8 lanes, Lanes values)
{
    _mm256_storeu_si256((__m256i *)(gpointer)into,
                        _mm256_maskz_compress_epi32(lanes, _mm512_cvtepi64_epi32(values)));
}

/* The same of four. */
static inline void keep_four(guint32 *into, __mmask8 lanes, __m128i values)
{
    _mm_storeu_si128((__m128i *)(gpointer)into, _mm_maskz_compress_epi32(lanes, values));
}

static inline guint read_plain_names(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                     const guint32 *list, guint count, Names *names)
{
    const Lanes most = all_lanes(KEY_WINDOW);
    guint waiting = 0;

    for (guint i = 0; i < count; i += 8) {
        __mmask8 lanes = first_lanes(count - i);
        Lanes ends = widen(list + i);
        Lanes dots = near_windows(block, SIEVE_DOT, lanes, ends);
        Lanes run = near_windows(block, SIEVE_RUN, lanes, ends);
        Lanes length = _mm512_lzcnt_epi64(xor_all(run, G_MAXUINT64));
        Lanes one = _mm512_lzcnt_epi64(dots);
        Lanes labels = key_labels(text, lanes, ends, one);
        __mmask8 are_names = bits_of_map(sieve->filters->labels, lanes, labels) &
                             _mm512_cmplt_epu64_mask(one, length);
        dots = without_highest(dots, one);
        Lanes two = _mm512_lzcnt_epi64(dots);
        Lanes three = _mm512_lzcnt_epi64(without_highest(dots, two));
        __mmask8 are_long = are_names & _mm512_cmpge_epu64_mask(length, all_lanes(NEAR_BITS)) &
                            _mm512_cmpeq_epi64_mask(three, all_lanes(64));
        are_names &= (__mmask8)~are_long;
        for (guint rest = are_long; G_UNLIKELY(rest != 0); rest &= rest - 1)
            pass_name(block, (gint32)list[i + (guint)__builtin_ctz(rest)]);
        length = _mm512_min_epu64(length, most);
        keep_lanes(names->ends + waiting, are_names, ends);
        keep_lanes(names->two + waiting, are_names, _mm512_min_epu64(two, length));
        keep_lanes(names->three + waiting, are_names, _mm512_min_epu64(three, length));
        waiting += (guint)__builtin_popcount(are_names);
    }
    return waiting;
}

static inline void make_name_keys(guint64 seed, const Filter *filter, const guint8 *text,
                                  Names *names, guint count)
{
    for (guint n = 0; n < count; n += 8) {
        Lanes keys = key_tails(seed, text, first_lanes(count - n), widen(names->ends + n),
                               widen(names->two + n));
        _mm512_storeu_si512(names->keys + n, keys);
        fetch_places(filter, keys);
    }
}

static inline guint keep_known_names(const Filter *filter, Names *names, guint count)
{
    guint kept = 0;

    for (guint n = 0; n < count; n += 8) {
        __mmask8 known =
            filter_has_keys(filter, first_lanes(count - n), _mm512_loadu_si512(names->keys + n));
        Lanes ends = widen(names->ends + n), two = widen(names->two + n);
        Lanes three = widen(names->three + n);
        keep_lanes(names->ends + kept, known, ends);
        keep_lanes(names->two + kept, known, two);
        keep_lanes(names->three + kept, known, three);
        kept += (guint)__builtin_popcount(known);
    }
    return kept;
}

/* Reads the digits of four of @numbers from number @at on, of @count; which of them are addresses.
 */
static inline guint read_four(const guint8 *text, const guint8 (*digits)[16], Numbers *numbers,
                              guint at, guint count, __m128i *ret_addresses)
{
    const guint8 *ends[4];
    __m512i octets, order;

    for (guint lane = 0; lane < 4; lane++)
        ends[lane] = text + (gint32)numbers->ends[MIN(at + lane, count - 1)] - 16;
    octets = _mm512_castsi128_si512(load_16(ends[0]));
    octets = _mm512_inserti32x4(octets, load_16(ends[1]), 1);
    octets = _mm512_inserti32x4(octets, load_16(ends[2]), 2);
    octets = _mm512_inserti32x4(octets, load_16(ends[3]), 3);
    order = _mm512_castsi128_si512(load_16(digits[numbers->shapes[at]]));
    order = _mm512_inserti32x4(order, load_16(digits[numbers->shapes[at + 1]]), 1);
    order = _mm512_inserti32x4(order, load_16(digits[numbers->shapes[at + 2]]), 2);
    order = _mm512_inserti32x4(order, load_16(digits[numbers->shapes[at + 3]]), 3);
    octets = _mm512_shuffle_epi8(_mm512_and_si512(octets, _mm512_set1_epi8(0x0f)), order);
    octets = _mm512_maddubs_epi16(octets, _mm512_set1_epi32(WEIGHTS));
    octets = _mm512_madd_epi16(octets, _mm512_set1_epi16(1));
    *ret_addresses = _mm512_cvtepi32_epi8(octets);
    guint over = _mm512_cmpgt_epu32_mask(octets, _mm512_set1_epi32(255));
    over |= over >> 2;
    over |= over >> 1;
    return ~_pext_u32(over, 0x1111) & first_lanes(MIN(count - at, 4u));
}

static inline guint read_numbers(const SieveBlock *block, const guint8 *text, const guint32 *list,
                                 guint count, Numbers *numbers)
{
    const Lanes behinds = _mm512_loadu_si512(behind_of_shape);
    guint waiting = 0, kept = 0;

    for (guint i = 0; i < count; i += 8) {
        __mmask8 lanes = first_lanes(count - i);
        Lanes ends = widen(list + i);
        Lanes run = near_windows(block, SIEVE_RUN, lanes, ends);
        Lanes length = _mm512_lzcnt_epi64(xor_all(run, G_MAXUINT64));
        Lanes dots = _mm512_andnot_si512(_mm512_srlv_epi64(all_lanes(G_MAXUINT64), length),
                                         near_windows(block, SIEVE_DOT, lanes, ends));
        Lanes shape = words_at(lanes, shape_of_dots, _mm512_srli_epi64(dots, 52));
        shape = _mm512_and_si512(shape, all_lanes(0xff));
        Lanes behind = _mm512_and_si512(_mm512_permutexvar_epi8(shape, behinds), all_lanes(0xff));
        Lanes first = _mm512_sub_epi64(_mm512_sub_epi64(length, behind), all_lanes(1));
        __mmask8 are_quads = _mm512_mask_cmplt_epu64_mask(lanes, first, all_lanes(3)) &
                             _mm512_cmpeq_epi64_mask(_mm512_slli_epi64(dots, 12), all_lanes(0));
        shape = _mm512_add_epi64(_mm512_add_epi64(shape, _mm512_slli_epi64(shape, 1)), first);
        keep_lanes(numbers->ends + waiting, are_quads, ends);
        keep_lanes(numbers->lengths + waiting, are_quads, length);
        keep_lanes(numbers->shapes + waiting, are_quads, shape);
        waiting += (guint)__builtin_popcount(are_quads);
    }
    /* What is read beyond them is of some shape, too. */
    keep_lanes(numbers->shapes + waiting, 0, all_lanes(0));
    for (guint n = 0; n < waiting; n += 4) {
        __m128i addresses;
        __mmask8 are =
            (__mmask8)read_four(text, digits_of_shape[0], numbers, n, waiting, &addresses);
        keep_four(numbers->addresses + kept, are, addresses);
        keep_four(numbers->ends + kept, are, load_16(numbers->ends + n));
        keep_four(numbers->lengths + kept, are, load_16(numbers->lengths + n));
        kept += (guint)__builtin_popcount(are);
    }
    return kept;
}

/* key_number() */
static inline void make_number_keys(guint64 seed, const Filter *filter, Numbers *numbers,
                                    guint count)
{
    const Lanes factor = all_lanes(KEY_FACTOR_C ^ seed >> 32);

    for (guint n = 0; n < count; n += 8) {
        Lanes keys = mix_lanes(xor_all(widen(numbers->addresses + n), seed), factor);
        _mm512_storeu_si512(numbers->keys + n, keys);
        fetch_places(filter, keys);
    }
}

static inline guint keep_known_numbers(const Filters *filters, Numbers *numbers, guint count)
{
    guint kept = 0;

    for (guint n = 0; n < count; n += 8) {
        __mmask8 lanes = first_lanes(count - n);
        Lanes keys = _mm512_loadu_si512(numbers->keys + n), ends = widen(numbers->ends + n);
        Lanes addresses = widen(numbers->addresses + n), lengths = widen(numbers->lengths + n);
        __mmask8 known = bits_of_map(filters->v4_nets, lanes, _mm512_srli_epi64(addresses, 16));
        if (filters->v4.count > 0)
            known |= filter_has_keys(&filters->v4, lanes, keys);
        keep_lanes(numbers->ends + kept, known, ends);
        keep_lanes(numbers->addresses + kept, known, addresses);
        keep_lanes(numbers->lengths + kept, known, lengths);
        kept += (guint)__builtin_popcount(known);
    }
    return kept;
}

/* For each of 32 bytes the group whose digit it is to be, of four for each ... */
static const guint8 groups_of_digits[32] __attribute__((aligned(32))) = {
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7};
/* ... and the bytes from that digit to the group's end. */
#define TO_THE_END 0x01020304

static const guint8 numbers_of_16[16]
    __attribute__((aligned(16))) = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The places of the ones of @mask, the first 16 of them. */
static inline __m128i places_of_ones(guint64 mask)
{
    return _mm512_castsi512_si128(
        _mm512_maskz_compress_epi8(mask, _mm512_load_si512(numbers_of_bytes)));
}

/* Groups lie between an end and the end before: all their digits are fetched at once. */
static inline gboolean read_groups(const guint8 *text, guint64 colons, guint length,
                                   guint8 ret_address[16])
{
    const __m128i ones = _mm_set1_epi8(-1);
    guint64 all_ends = colons | G_GUINT64_CONSTANT(1) << length, doubles = colons & colons >> 1;
    __m128i ends = places_of_ones(all_ends), before = _mm_alignr_epi8(ends, ones, 15);
    guint there = (1u << __builtin_popcountll(all_ends)) - 1;
    /* Digits, and one more. */
    __m128i lengths = _mm_sub_epi8(ends, before);
    guint groups = _mm_mask_cmpgt_epi8_mask((__mmask16)there, lengths, _mm_set1_epi8(1));
    guint count = (guint)__builtin_popcount(groups), empty = there & ~groups;

    if (_mm_mask_cmpgt_epi8_mask((__mmask16)there, lengths, _mm_set1_epi8(5)) || count > GROUPS ||
        (count == GROUPS) != (doubles == 0))
        return FALSE;
    guint places = 0xff;
    if (doubles != 0) {
        guint first = (guint)__builtin_popcount(_bzhi_u32(groups, _lzcnt_u32(empty) ^ 31));
        places = ((1u << first) - 1) | (0xff00u >> (count - first) & 0xff);
    }
    ends =
        _mm_maskz_expand_epi8((__mmask16)places, _mm_maskz_compress_epi8((__mmask16)groups, ends));
    before = _mm_maskz_expand_epi8((__mmask16)places,
                                   _mm_maskz_compress_epi8((__mmask16)groups, before));
    const __m256i group_of = _mm256_load_si256((const __m256i *)(gconstpointer)groups_of_digits);
    __m256i from = _mm256_permutexvar_epi8(group_of, _mm256_castsi128_si256(ends));
    __m256i behind = _mm256_permutexvar_epi8(group_of, _mm256_castsi128_si256(before));
    from = _mm256_sub_epi8(from, _mm256_set1_epi32(TO_THE_END));
    __mmask32 digits = _mm256_cmpgt_epi8_mask(from, behind);
    __m256i spelled =
        _mm256_maskz_mov_epi8(digits, _mm512_castsi512_si256(_mm512_permutexvar_epi8(
                                          _mm512_castsi256_si512(from), _mm512_loadu_si512(text))));
    __mmask32 letters = _mm256_test_epi8_mask(spelled, _mm256_set1_epi8(0x40));
    spelled = _mm256_and_si256(spelled, _mm256_set1_epi8(0x0f));
    spelled = _mm256_mask_add_epi8(spelled, letters, spelled, _mm256_set1_epi8(9));
    spelled = _mm256_maddubs_epi16(spelled, _mm256_set1_epi16(0x0110));
    _mm_storeu_si128((__m128i *)(gpointer)ret_address, _mm256_cvtepi16_epi8(spelled));
    return TRUE;
}
