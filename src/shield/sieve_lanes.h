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

static inline Lanes widen(const guint32 *from)
{
    return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(gconstpointer)from));
}

/* For each lane the four words that stand @at bytes from @from. On Zen 5 loads and shuffles take a
 * seventh of the time that gathering them takes. */
static inline void four_words(const guint8 *from, const guint32 *at, Lanes ret_words[4])
{
    const Lanes first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const Lanes last = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    Lanes of[4];

    for (guint n = 0; n < 4; n++)
        of[n] = _mm512_inserti64x4(
            _mm512_castsi256_si512(
                _mm256_loadu_si256((const __m256i *)(gconstpointer)(from + (gint32)at[n]))),
            _mm256_loadu_si256((const __m256i *)(gconstpointer)(from + (gint32)at[n + 4])), 1);
    Lanes even[2] = {_mm512_unpacklo_epi64(of[0], of[1]), _mm512_unpacklo_epi64(of[2], of[3])};
    Lanes odd[2] = {_mm512_unpackhi_epi64(of[0], of[1]), _mm512_unpackhi_epi64(of[2], of[3])};
    ret_words[0] = _mm512_permutex2var_epi64(even[0], first, even[1]);
    ret_words[1] = _mm512_permutex2var_epi64(odd[0], first, odd[1]);
    ret_words[2] = _mm512_permutex2var_epi64(even[0], last, even[1]);
    ret_words[3] = _mm512_permutex2var_epi64(odd[0], last, odd[1]);
}

/* Of the windows before @end, their bytes in turn. */
static inline __m128i window_at(const SieveBlock *block, guint32 end)
{
    return _mm_loadu_si128((const __m128i *)(gconstpointer)(block->windows +
                                                            2 * (SIEVE_FIRST * 8 - 7) +
                                                            (end >> 3) * 2));
}

/* Those of every second of eight. */
static inline Lanes four_windows(const SieveBlock *block, const guint32 *ends)
{
    Lanes all = _mm512_castsi128_si512(window_at(block, ends[0]));
    all = _mm512_inserti64x2(all, window_at(block, ends[2]), 1);
    all = _mm512_inserti64x2(all, window_at(block, ends[4]), 2);
    return _mm512_inserti64x2(all, window_at(block, ends[6]), 3);
}

/* near_window() of SIEVE_RUN and SIEVE_DOT before each of @ends. */
static inline void near_windows(const SieveBlock *block, const guint32 *ends, Lanes *ret_run,
                                Lanes *ret_dots)
{
    const Lanes apart =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    Lanes shift = _mm512_sub_epi64(all_lanes(8), _mm512_and_si512(widen(ends), all_lanes(7)));
    Lanes even = _mm512_shuffle_epi8(four_windows(block, ends), apart);
    Lanes odd = _mm512_shuffle_epi8(four_windows(block, ends + 1), apart);

    *ret_run = _mm512_sllv_epi64(_mm512_unpacklo_epi64(even, odd), shift);
    *ret_dots = _mm512_sllv_epi64(_mm512_unpackhi_epi64(even, odd), shift);
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

/* Two words, at @one and at @other. */
static inline __m128i two_words(gconstpointer one, gconstpointer other)
{
    return _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(one)), other));
}

/* For each lane the one of @words that @places says. */
static inline Lanes words_of(const guint64 *words, const guint32 *places)
{
    __m128i two[4];

    for (guint n = 0; n < 4; n++)
        two[n] = two_words(words + places[2 * n], words + places[2 * n + 1]);
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(two[0]), two[1], 1)),
        _mm256_inserti128_si256(_mm256_castsi128_si256(two[2]), two[3], 1), 1);
}

/* filter_has() of keys whose places are known. */
static inline __mmask8 filter_has_keys(const guint64 *words, __mmask8 lanes, const guint32 *places,
                                       const guint64 *keys)
{
    Lanes bits = bits_of_keys(_mm512_loadu_si512(keys));
    return _mm512_mask_cmpeq_epi64_mask(lanes, _mm512_and_si512(words_of(words, places), bits),
                                        bits);
}

/* Appends the numbers of @lanes, the first of which is @first; writes eight. */
static inline void keep_places(guint32 *into, __mmask8 lanes, guint first)
{
    __m256i numbers =
        _mm256_add_epi32(_mm256_set1_epi32((int)first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_storeu_si256((__m256i *)(gpointer)into, _mm256_maskz_compress_epi32(lanes, numbers));
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

/* key_quarter() of @words, which are quarter number @quarter of windows whose last @bits count. */
static inline Lanes quarter(Lanes words, Lanes bits, guint quarter)
{
    /* Of the lower 16 bits of each lane, with saturation. */
    Lanes dead = _mm512_subs_epu16(all_lanes(64 * (KEY_WINDOW / 8 - quarter)), bits);

    words = _mm512_or_si512(words, all_lanes(G_GUINT64_CONSTANT(0x2020202020202020)));
    return _mm512_and_si512(words, _mm512_sllv_epi64(all_lanes(G_MAXUINT64), dead));
}

/* key_tail() of the KEY_WINDOW bytes @words, the last @lengths of which count. */
static inline Lanes key_tails(guint64 seed, const Lanes words[4], Lanes lengths)
{
    Lanes bits = _mm512_slli_epi64(lengths, 3);
    Lanes a = quarter(words[0], bits, 0), b = quarter(words[1], bits, 1);
    Lanes c = quarter(words[2], bits, 2), d = quarter(words[3], bits, 3);

    Lanes first = mix_lanes(xor_all(d, seed), xor_all(c, KEY_FACTOR_C));
    return mix_lanes(xor_all(_mm512_xor_si512(first, a), KEY_FACTOR_A),
                     xor_all(b, KEY_FACTOR_B ^ seed));
}

/* key_label() of the last @lengths of eight bytes, @words. */
static inline Lanes key_labels(Lanes words, Lanes lengths)
{
    Lanes dead = _mm512_subs_epu16(all_lanes(64), _mm512_slli_epi64(lengths, 3));

    words = _mm512_or_si512(words, all_lanes(G_GUINT64_CONSTANT(0x2020202020202020)));
    words = _mm512_srlv_epi64(words, _mm512_and_si512(dead, all_lanes(63)));
    return _mm512_srli_epi64(_mm512_mullo_epi64(words, all_lanes(KEY_FACTOR_C)), 48);
}

/* Appends those of @lanes; writes eight whatever they are. */
static inline void keep_lanes(guint32 *into, __mmask8 lanes, Lanes values)
{
    _mm256_storeu_si256((__m256i *)(gpointer)into,
                        _mm256_maskz_compress_epi32(lanes, _mm512_cvtepi64_epi32(values)));
}

static inline void put_lanes(guint32 *into, Lanes values)
{
    _mm256_storeu_si256((__m256i *)(gpointer)into, _mm512_cvtepi64_epi32(values));
}

static inline guint begin_names(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                const guint32 *list, guint count, Names *names)
{
    const Lanes most = all_lanes(KEY_WINDOW);
    const Filter filter = sieve->filters->name2;
    const guint64 *map = sieve->filters->labels;
    guint64 seed = sieve->seed_name2;
    guint waiting = 0;

    for (guint i = 0; i < count; i += 8) {
        __mmask8 lanes = first_lanes(count - i);
        Lanes ends = widen(list + i), run, dots, words[4];
        near_windows(block, list + i, &run, &dots);
        four_words(text - KEY_WINDOW, list + i, words);
        Lanes length = _mm512_lzcnt_epi64(xor_all(run, G_MAXUINT64));
        Lanes one = _mm512_lzcnt_epi64(dots);
        __mmask8 are_names = bits_of_map(map, lanes, key_labels(words[3], one)) &
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
        two = _mm512_min_epu64(two, length);
        Lanes keys = key_tails(seed, words, two);
        _mm512_storeu_si512(names->keys + waiting, _mm512_maskz_compress_epi64(are_names, keys));
        keep_lanes(names->places + waiting, are_names, places_of_keys(keys, filter.count));
        keep_lanes(names->ends + waiting, are_names, ends);
        keep_lanes(names->two + waiting, are_names, two);
        keep_lanes(names->three + waiting, are_names, _mm512_min_epu64(three, length));
        waiting += (guint)__builtin_popcount(are_names);
    }
    memset(names->places + waiting, 0, 8 * sizeof(*names->places));
    for (guint n = 0; n < waiting; n++)
        __builtin_prefetch(&filter.words[names->places[n]]);
    return waiting;
}

static inline guint keep_known_names(const Filter *filter, const Names *names, guint count,
                                     guint32 *ret_known)
{
    guint kept = 0;

    for (guint n = 0; n < count; n += 8) {
        __mmask8 known = filter_has_keys(filter->words, first_lanes(count - n), names->places + n,
                                         names->keys + n);
        keep_places(ret_known + kept, known, n);
        kept += (guint)__builtin_popcount(known);
    }
    return kept;
}

/* The octets of four numbers, each in 32 bits, the last first; @ends are behind them, and @orders
 * says of each where in digits_of_shape its row begins, in bytes. */
static inline Lanes read_octets(const guint8 *text, const guint32 *ends, const guint64 *orders)
{
    const guint8 *rows = digits_of_shape[0][0];
    Lanes octets = _mm512_castsi128_si512(load_16(text + (gint32)ends[0] - 16));
    Lanes order = _mm512_castsi128_si512(load_16(rows + orders[0]));

    octets = _mm512_inserti32x4(octets, load_16(text + (gint32)ends[1] - 16), 1);
    octets = _mm512_inserti32x4(octets, load_16(text + (gint32)ends[2] - 16), 2);
    octets = _mm512_inserti32x4(octets, load_16(text + (gint32)ends[3] - 16), 3);
    order = _mm512_inserti32x4(order, load_16(rows + orders[1]), 1);
    order = _mm512_inserti32x4(order, load_16(rows + orders[2]), 2);
    order = _mm512_inserti32x4(order, load_16(rows + orders[3]), 3);
    octets = _mm512_shuffle_epi8(_mm512_and_si512(octets, _mm512_set1_epi8(0x0f)), order);
    octets = _mm512_maddubs_epi16(octets, _mm512_set1_epi32(WEIGHTS));
    return _mm512_madd_epi16(octets, _mm512_set1_epi16(1));
}

/* Which of @dots, of runs of @lengths bytes, are those of quads; and where in digits_of_shape their
 * rows begin, in bytes. */
static inline __mmask8 find_shapes(__mmask8 lanes, Lanes dots, Lanes lengths, Lanes *ret_orders)
{
    const Lanes one = all_lanes(1), two = all_lanes(2);
    Lanes d = _mm512_lzcnt_epi64(dots);
    dots = without_highest(dots, d);
    Lanes c = _mm512_lzcnt_epi64(dots);
    dots = without_highest(dots, c);
    Lanes b = _mm512_lzcnt_epi64(dots);
    dots = without_highest(dots, b);
    /* Digits of each octet, less one. */
    Lanes digits[4] = {_mm512_sub_epi64(_mm512_sub_epi64(lengths, b), two),
                       _mm512_sub_epi64(_mm512_sub_epi64(b, c), two),
                       _mm512_sub_epi64(_mm512_sub_epi64(c, d), two), _mm512_sub_epi64(d, one)};
    Lanes most = _mm512_max_epu64(_mm512_max_epu64(digits[0], digits[1]),
                                  _mm512_max_epu64(digits[2], digits[3]));
    __mmask8 quads = _mm512_mask_cmplt_epu64_mask(_mm512_mask_testn_epi64_mask(lanes, dots, dots),
                                                  most, all_lanes(3));
    Lanes row = digits[1];
    row = _mm512_add_epi64(_mm512_add_epi64(row, _mm512_slli_epi64(row, 1)), digits[2]);
    row = _mm512_add_epi64(_mm512_add_epi64(row, _mm512_slli_epi64(row, 1)), digits[3]);
    row = _mm512_add_epi64(row, one); /* the first shape is none */
    row = _mm512_add_epi64(_mm512_add_epi64(row, _mm512_slli_epi64(row, 1)), digits[0]);
    *ret_orders = _mm512_maskz_slli_epi64(quads, row, 4);
    return quads;
}

static inline guint begin_numbers(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                  const guint32 *list, guint count, Numbers *numbers)
{
    const Filter filter = sieve->filters->v4;
    const guint64 seed = sieve->seed_v4;

    for (guint i = 0; i < count; i += 8) {
        Lanes run, dots, orders;
        guint64 order[8] __attribute__((aligned(64)));
        near_windows(block, list + i, &run, &dots);
        Lanes length = _mm512_lzcnt_epi64(xor_all(run, G_MAXUINT64));
        dots = _mm512_andnot_si512(_mm512_srlv_epi64(all_lanes(G_MAXUINT64), length), dots);
        __mmask8 are = find_shapes(first_lanes(count - i), dots, length, &orders);
        _mm512_store_si512(order, orders);
        Lanes low = read_octets(text, list + i, order);
        Lanes high = read_octets(text, list + i + 4, order + 4);
        guint over = _mm512_cmpgt_epu32_mask(low, _mm512_set1_epi32(255)) |
                     (guint)_mm512_cmpgt_epu32_mask(high, _mm512_set1_epi32(255)) << 16;
        over |= over >> 2;
        over |= over >> 1;
        __m256i addresses = _mm256_set_m128i(_mm512_cvtepi32_epi8(high), _mm512_cvtepi32_epi8(low));
        /* key_number() */
        Lanes keys = mix_lanes(xor_all(_mm512_cvtepu32_epi64(addresses), seed),
                               all_lanes(KEY_FACTOR_C ^ seed >> 32));
        _mm512_storeu_si512(numbers->keys + i, keys);
        _mm256_storeu_si256((__m256i *)(gpointer)(numbers->addresses + i), addresses);
        put_lanes(numbers->places + i, places_of_keys(keys, filter.count));
        put_lanes(numbers->ends + i, widen(list + i));
        put_lanes(numbers->lengths + i, length);
        numbers->are[i / 8] = are & (__mmask8)~_pext_u32(over, 0x11111111);
    }
    if (filter.count > 0)
        for (guint n = 0; n < count; n++)
            __builtin_prefetch(&filter.words[numbers->places[n]]);
    return count;
}

static inline guint keep_known_numbers(const Filters *filters, const Numbers *numbers, guint count,
                                       guint32 *ret_known)
{
    guint kept = 0;

    for (guint n = 0; n < count; n += 8) {
        __mmask8 lanes = numbers->are[n / 8];
        __mmask8 known = bits_of_map(filters->v4_nets, lanes,
                                     _mm512_srli_epi64(widen(numbers->addresses + n), 16));
        if (filters->v4.count > 0)
            known |=
                filter_has_keys(filters->v4.words, lanes, numbers->places + n, numbers->keys + n);
        keep_places(ret_known + kept, known, n);
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
    /* Without a gap there are as many as there can be, and all of them before it. */
    guint first = (guint)__builtin_popcount(_bzhi_u32(groups, _lzcnt_u32(empty) ^ 31));
    guint places = ((1u << first) - 1) | (0xff00u >> (count - first) & 0xff);
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
