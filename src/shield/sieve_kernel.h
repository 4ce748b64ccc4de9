/* sieve_kernel.h - the sieve's loops, once for each kind of machine. Included by sieve_plain.c,
 * sieve_avx2.c and sieve_avx512.c, which before that define
 *
 *     static inline void classify_words(const guint8 *text, SieveBlock *block, guint at)
 *         writes the SIEVE_CLASSES masks of GROUP words of 64 bytes from @at on;
 *     static inline guint64 equal_word(const guint8 *text, guint8 byte)
 *         the bytes of 64 that are @byte;
 *     static inline guint count_word(const guint8 *text, guint8 byte)
 *         how many of 64 these are;
 *     static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
 *         appends the numbers of the bits of @mask, plus @base; may write 16 more;
 *     static inline Words add_words(Words a, Words b, Carry *carry)
 *         the sum of numbers as long as Words (a Carry is a guint8 unless SIEVE_OWN_CARRY is
 *         defined, and the type with carry_of() and has_carry());
 *     static inline guint32 *flatten_words(guint32 *into, Words words, guint32 base, guint usual)
 *         the same of eight words, few of which have more than @usual, in any order (where
 *         SIEVE_LANES is defined);
 *     static inline void keep_windows(SieveBlock *block, guint at, Words run, Words dots)
 *         writes block->windows of eight words (where SIEVE_LANES is defined);
 *     static inline gboolean any(Words words)
 *         is anything set?
 *     SHIFT_DOWN(low, high, n), SHIFT_UP(high, low, n)
 *         words of the 128 bits of each two, shifted.
 *
 * A run's end is found by adding the mask of what the run must have to the mask of what it is made
 * of: the carry runs along the ones to the first zero behind the run, and no further. */

#define LOAD(mask, at)     ((Words) * (const WordsInMemory *)&block->masks[mask][at])
#define STORE(mask, at, w) (*(WordsInMemory *)&block->masks[mask][at] = (w))
/* For each byte what stands @n bytes behind it, or before it. */
#define BEHIND(mask, at, n) SHIFT_DOWN(LOAD(mask, at), LOAD(mask, (at) + 1), n)
#define BEFORE(mask, at, n) SHIFT_UP(LOAD(mask, at), LOAD(mask, (at)-1), n)

/* Steps of a group. */
#define STEPS (GROUP / LANES)

/* A walk over all words of a block; on its own, so that a profile shows what it takes. */
#define PASS static __attribute__((noinline, aligned(64))) void

/* Fetches what the next block has where this one has the words from @at on: memory is slow, and has
 * nothing to do while masks are combined. */
static inline void fetch_next(const guint8 *text, guint at, guint half)
{
    text += (SIEVE_WORDS + SIEVE_AHEAD + at - SIEVE_FIRST + half * GROUP / 2) * 64;
    for (guint word = 0; word < GROUP / 2; word++)
        __builtin_prefetch(text + word * 64);
}

/* Classifies what is not yet known of the block up to word @end and of the words behind it. */
PASS classify(SieveBlock *block, const guint8 *text, gsize length, guint end)
{
    guint at = SIEVE_FIRST + block->known;
    guint64 high = block->masks[SIEVE_HIGH][SIEVE_FIRST - 1];

    end += (SIEVE_FIRST - end) % GROUP + SIEVE_AHEAD;
    for (; at < end; at += GROUP) {
        gsize done = (at - SIEVE_FIRST) * 64;
        if (G_UNLIKELY(done + GROUP * 64 > length))
            break;
        classify_words(text + done, block, at);
    }
    for (; at < end; at += GROUP) {
        gsize done = (at - SIEVE_FIRST) * 64;
        guint8 rest[GROUP * 64] = {0}; /* that is of no class */
        if (done < length)
            memcpy(rest, text + done, MIN(length - done, sizeof(rest)));
        classify_words(rest, block, at);
    }
    for (at = SIEVE_FIRST; at < end; at++)
        high |= block->masks[SIEVE_HIGH][at];
    block->high = high != 0;
}

static gsize count_bytes(const guint8 *text, gsize length, guint8 byte)
{
    gsize count = 0, at = 0;

    for (; at + 64 <= length; at += 64)
        count += count_word(text + at, byte);
    if (at < length)
        count += (gsize)__builtin_popcountll(equal_word(text + at, byte) << (64 - (length - at)));
    return count;
}

/* What a percent escape's digits hide: the run that seems to begin with them begins behind them. */
PASS take_out_escapes(SieveBlock *block, guint end)
{
    for (guint at = SIEVE_FIRST; at < end; at += LANES)
        STORE(SIEVE_ESCAPE, at,
              LOAD(SIEVE_PERCENT, at) & BEHIND(SIEVE_HEX, at, 1) & BEHIND(SIEVE_HEX, at, 2));
    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        Words kept = ~(BEFORE(SIEVE_ESCAPE, at, 1) | BEFORE(SIEVE_ESCAPE, at, 2));
        Words letters = LOAD(SIEVE_LETTER, at) & kept, digits = LOAD(SIEVE_HEX, at) & kept;
        STORE(SIEVE_RUN, at, LOAD(SIEVE_HOST, at) & kept);
        STORE(SIEVE_WORD, at, letters);
        STORE(SIEVE_DIGITS, at, digits);
        STORE(SIEVE_ALNUM, at, letters | digits);
    }
}

#ifndef SIEVE_OWN_CARRY
typedef guint8 Carry; /* 0 or 1 */

static inline Carry carry_of(guint8 bit)
{
    return bit;
}

static inline guint8 has_carry(Carry carry)
{
    return carry;
}
#endif

typedef struct {
    Words steps[STEPS];
} Group;

static inline gboolean any_of(Group group)
{
    Words all = group.steps[0];
    for (guint step = 1; step < STEPS; step++)
        all |= group.steps[step];
    return any(all);
}

static inline Group either(Group a, Group b)
{
    for (guint step = 0; step < STEPS; step++)
        a.steps[step] |= b.steps[step];
    return a;
}

/* Is there anything to do for @group? Who does eight words in few instructions does them all: that
 * takes less than a branch that nobody can foresee. */
static inline gboolean is_worth_it(Group group)
{
#ifdef SIEVE_LANES
    return TRUE;
#else
    return any_of(group);
#endif
}

/* Ones where words have a quarter of nothing but ones; what lies above such a one is not to be
 * trusted. */
static inline Words full_quarters(Words words)
{
    return (~words - G_GUINT64_CONSTANT(0x0001000100010001)) & words &
           G_GUINT64_CONSTANT(0x8000800080008000);
}

/* Runs of 32 hexadecimal digits; what stands before them is looked at later. */
static inline Words starts_of_32(const SieveBlock *block, guint at)
{
    Words low = LOAD(SIEVE_DIGITS, at), high = LOAD(SIEVE_DIGITS, at + 1);

    for (guint n = 1; n <= 16; n *= 2) {
        low &= low >> n | high << (64 - n);
        high &= high >> n;
    }
    return low & ~BEFORE(SIEVE_DIGITS, at, 1);
}

static inline Group hash_starts(const SieveBlock *block, guint at)
{
    Group full;

    for (guint step = 0; step < STEPS; step++) {
        guint word = at + step * LANES;
        full.steps[step] =
            full_quarters(LOAD(SIEVE_DIGITS, word)) | full_quarters(LOAD(SIEVE_DIGITS, word + 1));
    }
    /* They have all of some quarter of a word, and hardly anything else has. */
    if (!is_worth_it(full))
        return (Group){0};
    for (guint step = 0; step < STEPS; step++)
        full.steps[step] = starts_of_32(block, at + step * LANES);
    return full;
}

/* Hosts begin behind "://", which may be written ":\/\/", and behind '@'. */
static inline Words host_starts(const SieveBlock *block, guint at)
{
    Words slash = LOAD(SIEVE_SLASH, at), before = LOAD(SIEVE_SLASH, at - 1);
    Words or_back = slash | LOAD(SIEVE_BACKSLASH, at);
    Words or_back_before = before | LOAD(SIEVE_BACKSLASH, at - 1);
    Words or_colon = or_back | LOAD(SIEVE_COLON, at);
    Words or_colon_before = or_back_before | LOAD(SIEVE_COLON, at - 1);
    Words behind = SHIFT_UP(slash, before, 1) & SHIFT_UP(or_back, or_back_before, 2) &
                   SHIFT_UP(or_colon, or_colon_before, 3);
    return (LOAD(SIEVE_RUN, at) | LOAD(SIEVE_HIGH, at)) & (behind | BEFORE(SIEVE_AT, at, 1));
}

/* What may stand behind a backslash or '#' and change what follows: three digits are "#012". */
static inline Words after_backslash(const SieveBlock *block, guint at)
{
    return BEHIND(SIEVE_AFTER, at, 1) |
           (BEHIND(SIEVE_HEX, at, 1) & BEHIND(SIEVE_HEX, at, 2) & BEHIND(SIEVE_HEX, at, 3));
}

/* What may stand behind an opening bracket: a separator, and a bracket that closes. */
static inline Words before_close(const SieveBlock *block, guint at)
{
    return BEHIND(SIEVE_CLOSE, at, 2) | BEHIND(SIEVE_CLOSE, at, 3) | BEHIND(SIEVE_CLOSE, at, 4);
}

static inline Group escape_starts(const SieveBlock *block, guint at)
{
    Group starts, backslashes, open;

    for (guint step = 0; step < STEPS; step++, at += LANES) {
        starts.steps[step] = LOAD(SIEVE_ESCAPE, at);
        backslashes.steps[step] = LOAD(SIEVE_BACKSLASH, at);
        open.steps[step] = LOAD(SIEVE_OPEN, at) & BEHIND(SIEVE_NEXT, at, 1);
    }
    at -= GROUP;
    if (any_of(backslashes))
        for (guint step = 0; step < STEPS; step++)
            starts.steps[step] |=
                backslashes.steps[step] & after_backslash(block, at + step * LANES);
    if (any_of(open))
        for (guint step = 0; step < STEPS; step++)
            starts.steps[step] |= open.steps[step] & before_close(block, at + step * LANES);
    return starts;
}

#ifdef SIEVE_LANES
static inline guint32 *flatten_group(guint32 *into, Group group, guint32 base, guint usual)
{
    return flatten_words(into, group.steps[0], base, usual);
}
#else
/* Appends the numbers of the bits of @group, plus @base, in their order; may write 16 more. */
static inline guint32 *flatten_group(guint32 *into, Group group, guint32 base, guint usual)
{
    guint64 words[GROUP];

    (void)usual;
    memcpy(words, &group, sizeof(words));
    for (guint i = 0; i < GROUP; i++)
        into = flatten(into, words[i], base + i * 64);
    return into;
}
#endif

/* A list that is made while a block is walked through. */
typedef struct {
    guint32 *into;
    SieveWaiting *waiting;
    guint count; /* words that wait */
} Lister;

static inline Lister begin_list(SieveBlock *block, SieveList list, guint which)
{
    return (Lister){.into = block->lists[list], .waiting = &block->waiting[which]};
}

/* Lists the ones of @group in any order; few words have more than @usual. Who does eight words in
 * few instructions does it now. Who does one after the other does it at the end, when those that
 * have none are left out: a branch for each would be foreseen by nobody. */
static inline void list_more(Lister *lister, Group group, guint32 base, guint usual)
{
#ifdef SIEVE_LANES
    lister->into = flatten_group(lister->into, group, base, usual);
#else
    guint64 words[GROUP];

    (void)usual;
    if (!any_of(group))
        return;
    memcpy(words, &group, sizeof(words));
    for (guint i = 0; i < GROUP; i++) {
        lister->waiting->words[lister->count] = words[i];
        lister->waiting->bases[lister->count] = base + i * 64;
        lister->count += words[i] != 0;
    }
#endif
}

static inline void end_list(SieveBlock *block, SieveList list, Lister *lister)
{
    guint32 *into = lister->into;

    for (guint i = 0; i < lister->count; i++)
        into = flatten(into, lister->waiting->words[i], lister->waiting->bases[i]);
    memset(into, 0, 8 * sizeof(*into)); /* what is read beyond them is a place, too */
    block->counts[list] = (guint)(into - block->lists[list]);
}

/* Lists the ones of @group, if any, in any order. */
static inline void list_group(SieveBlock *block, SieveList list, guint at, Group group)
{
    guint32 *into = block->lists[list] + block->counts[list];

    if (any_of(group))
        block->counts[list] =
            (guint)(flatten_group(into, group, (at - SIEVE_FIRST) * 64, 1) - block->lists[list]);
}

/* The same in their order. */
static inline void list_in_order(SieveBlock *block, SieveList list, guint at, Group group)
{
    guint64 words[GROUP];
    guint32 *into = block->lists[list] + block->counts[list];

    if (!any_of(group))
        return;
    memcpy(words, &group, sizeof(words));
    for (guint i = 0; i < GROUP; i++)
        into = flatten(into, words[i], (at + i - SIEVE_FIRST) * 64);
    block->counts[list] = (guint)(into - block->lists[list]);
}

/* What begins somewhere, and is found without carries. */
PASS list_starts(SieveBlock *block, const guint8 *text, guint end)
{
    Lister found = begin_list(block, SIEVE_HASHES, 0);

    for (guint at = SIEVE_FIRST; at < end; at += GROUP) {
        Group escapes = escape_starts(block, at), hashes = hash_starts(block, at), ja4s, splits;
        fetch_next(text, at, 0);
        for (guint step = 0, word = at; step < STEPS; step++, word += LANES) {
            ja4s.steps[step] = LOAD(SIEVE_UNDERSCORE, word) & BEHIND(SIEVE_UNDERSCORE, word, 13);
            splits.steps[step] = LOAD(SIEVE_DOT, word) & BEHIND(SIEVE_DOT, word, 1) &
                                 BEFORE(SIEVE_RUN, word, 1) & ~BEFORE(SIEVE_DOT, word, 1);
        }
        list_in_order(block, SIEVE_ESCAPES, at, escapes);
        list_more(&found, hashes, (at - SIEVE_FIRST) * 64, 1);
        if (any_of(either(ja4s, splits))) {
            list_group(block, SIEVE_JA4S, at, ja4s);
            list_group(block, SIEVE_SPLITS, at, splits);
        }
    }
    end_list(block, SIEVE_HASHES, &found);
}

static inline guint64 add(guint64 a, guint64 b, guint8 *carry)
{
    guint64 sum;
    guint8 over = (guint8)__builtin_add_overflow(a, b, &sum);
    over |= (guint8)__builtin_add_overflow(sum, (guint64)*carry, &sum);
    *carry = over;
    return sum;
}

/* Dots that two others follow as in an IPv4 address. */
static inline Words quads(const SieveBlock *block, guint at)
{
    Words dots = LOAD(SIEVE_DOT, at), behind = LOAD(SIEVE_DOT, at + 1);
    Words first = dots & (SHIFT_DOWN(dots, behind, 2) | SHIFT_DOWN(dots, behind, 3) |
                          SHIFT_DOWN(dots, behind, 4));
    behind &= behind >> 2 | behind >> 3 | behind >> 4;
    return first & (SHIFT_DOWN(first, behind, 2) | SHIFT_DOWN(first, behind, 3) |
                    SHIFT_DOWN(first, behind, 4));
}

/* Colons that another follows as in an IPv6 address. */
static inline Words pairs(const SieveBlock *block, guint at)
{
    Words digits = BEHIND(SIEVE_HEX, at, 1), pair = BEHIND(SIEVE_COLON, at, 1);
    pair |= digits & BEHIND(SIEVE_COLON, at, 2);
    digits &= BEHIND(SIEVE_HEX, at, 2);
    pair |= digits & BEHIND(SIEVE_COLON, at, 3);
    digits &= BEHIND(SIEVE_HEX, at, 3);
    pair |= digits & BEHIND(SIEVE_COLON, at, 4);
    digits &= BEHIND(SIEVE_HEX, at, 4);
    pair |= digits & BEHIND(SIEVE_COLON, at, 5);
    return pair & LOAD(SIEVE_COLON, at);
}

/* Colons from which on an address or a hash may be spelled: "::", or four that stand close. */
static inline Words chains(const SieveBlock *block, guint at)
{
    Words pair = LOAD(SIEVE_PAIR, at), behind = LOAD(SIEVE_PAIR, at + 1);
    Words second = pair & (SHIFT_DOWN(pair, behind, 2) | SHIFT_DOWN(pair, behind, 3) |
                           SHIFT_DOWN(pair, behind, 4) | SHIFT_DOWN(pair, behind, 5));
    behind &= behind >> 2 | behind >> 3 | behind >> 4 | behind >> 5;
    Words third = pair & (SHIFT_DOWN(second, behind, 2) | SHIFT_DOWN(second, behind, 3) |
                          SHIFT_DOWN(second, behind, 4) | SHIFT_DOWN(second, behind, 5));
    return third | (LOAD(SIEVE_COLON, at) & BEHIND(SIEVE_COLON, at, 1));
}

/* Marks at the start of a run, or of a name behind "..". */
static inline Words off_marks(const SieveBlock *block, guint at, Words marks)
{
    return marks &
           (~BEFORE(SIEVE_RUN, at, 1) |
            (BEFORE(SIEVE_DOT, at, 1) & (BEFORE(SIEVE_DOT, at, 2) | ~BEFORE(SIEVE_RUN, at, 2))));
}

#ifndef SIEVE_LANES
/* Who reads names one after the other needs none. */
static inline void keep_windows(SieveBlock *block, guint at, Words run, Words dots)
{
    (void)block, (void)at, (void)run, (void)dots;
}
#endif

/* What ends in a group of words, by list. */
typedef struct {
    Group names, numbers, marked_names, marked_numbers, hosts, host_ends;
} Ends;

static inline void find_ends(SieveBlock *block, guint at, Carry *carries, guint step, Ends *ends)
{
    Words run = LOAD(SIEVE_RUN, at), dots = LOAD(SIEVE_DOT, at);
    Words marks = run & ~LOAD(SIEVE_ALNUM, at) & ~dots;
    Words dotted = add_words(run, dots, &carries[SIEVE_CARRY_DOT]);
    Words word = add_words(run, LOAD(SIEVE_WORD, at), &carries[SIEVE_CARRY_WORD]);
    Words off = add_words(run, off_marks(block, at, marks), &carries[SIEVE_CARRY_OFF]);
    Words marked = add_words(run, marks, &carries[SIEVE_CARRY_MARK]);
    Words hosts = host_starts(block, at), letters = LOAD(SIEVE_WORD, at);
    Words host = add_words(run, hosts & letters, &carries[SIEVE_CARRY_HOST]);
    Words quad = add_words(run, quads(block, at), &carries[SIEVE_CARRY_QUAD]);
    Words plain = BEFORE(SIEVE_ALNUM, at, 1);
    Words name = dotted & word & ~run, number = quad & ~word & ~run;
    /* Hosts with dots are looked at as names. */
    Words whole = dotted & ~BEFORE(SIEVE_DOT, at, 1) & ~LOAD(SIEVE_HIGH, at);

    keep_windows(block, at, run, dots);
    ends->names.steps[step] = name & plain & ~off;
    ends->numbers.steps[step] = number & plain & ~marked;
    ends->marked_names.steps[step] = name & ~(plain & ~off);
    ends->marked_numbers.steps[step] = number & ~(plain & ~marked);
    ends->hosts.steps[step] = hosts & ~letters;
    ends->host_ends.steps[step] = host & ~run & ~whole;
}

PASS list_ends(SieveBlock *block, const guint8 *text, guint end)
{
    Lister names = begin_list(block, SIEVE_NAMES, 0);
    Lister numbers = begin_list(block, SIEVE_NUMBERS, 1);
    Carry carries[SIEVE_CARRY_CHAIN]; /* those of runs come first */

    for (guint i = 0; i < G_N_ELEMENTS(carries); i++)
        carries[i] = carry_of(block->carries[i]);
    keep_windows(block, SIEVE_FIRST - LANES, LOAD(SIEVE_RUN, SIEVE_FIRST - LANES),
                 LOAD(SIEVE_DOT, SIEVE_FIRST - LANES));
    for (guint at = SIEVE_FIRST; at < end; at += GROUP) {
        guint32 base = (at - SIEVE_FIRST) * 64;
        Ends ends;
        fetch_next(text, at, 1);
        for (guint step = 0; step < STEPS; step++)
            find_ends(block, at + step * LANES, carries, step, &ends);
        list_more(&names, ends.names, base, 3);
        list_more(&numbers, ends.numbers, base, 2);
        if (any_of(either(ends.hosts, ends.host_ends))) {
            list_group(block, SIEVE_HOSTS, at, ends.hosts);
            list_group(block, SIEVE_HOST_ENDS, at, ends.host_ends);
        }
        if (any_of(either(ends.marked_names, ends.marked_numbers))) {
            list_group(block, SIEVE_MARKED_NAMES, at, ends.marked_names);
            list_group(block, SIEVE_MARKED_NUMBERS, at, ends.marked_numbers);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(carries); i++)
        block->carries[i] = has_carry(carries[i]);
    end_list(block, SIEVE_NAMES, &names);
    end_list(block, SIEVE_NUMBERS, &numbers);
}

PASS list_colons(SieveBlock *block, guint end)
{
    Carry carry = carry_of(block->carries[SIEVE_CARRY_CHAIN]);
    Lister colons = begin_list(block, SIEVE_COLONS, 0);

    for (guint at = SIEVE_FIRST; at < end + GROUP; at += LANES)
        STORE(SIEVE_PAIR, at, pairs(block, at));
    for (guint at = SIEVE_FIRST; at < end; at += GROUP) {
        Group chain, begun;
        for (guint step = 0, word = at; step < STEPS; step++, word += LANES) {
            chain.steps[step] = LOAD(SIEVE_HEX, word) | LOAD(SIEVE_COLON, word);
            begun.steps[step] = chains(block, word);
        }
        if (!has_carry(carry) && !is_worth_it(begun))
            continue;
        for (guint step = 0; step < STEPS; step++)
            begun.steps[step] =
                add_words(chain.steps[step], begun.steps[step], &carry) & ~chain.steps[step];
        list_more(&colons, begun, (at - SIEVE_FIRST) * 64, 1);
    }
    end_list(block, SIEVE_COLONS, &colons);
    block->carries[SIEVE_CARRY_CHAIN] = has_carry(carry);
}

/* The full stops of other scripts that are dots in names: U+3002, U+FF0E, U+FF61. */
static inline guint64 other_dots(const guint8 *text)
{
    return (equal_word(text, 0xe3) & equal_word(text + 1, 0x80) & equal_word(text + 2, 0x82)) |
           (equal_word(text, 0xef) & ((equal_word(text + 1, 0xbc) & equal_word(text + 2, 0x8e)) |
                                      (equal_word(text + 1, 0xbd) & equal_word(text + 2, 0xa1))));
}

PASS list_other_scripts(SieveBlock *block, const guint8 *text, guint end)
{
    guint8 high = block->carries[SIEVE_CARRY_HIGH], dot = block->carries[SIEVE_CARRY_HIGH_DOT];
    guint32 *others = block->lists[SIEVE_OTHERS];

    for (guint at = SIEVE_FIRST; at < end; at++) {
        guint64 other = block->masks[SIEVE_HIGH][at], run = block->masks[SIEVE_HOST][at] | other;
        guint64 dots = block->masks[SIEVE_DOT][at];
        if (other)
            dots |= other_dots(text + (at - SIEVE_FIRST) * 64) & other;
        guint64 with_high = add(run, other, &high), with_dot = add(run, dots, &dot);
        guint64 ends = with_high & with_dot & ~run;
        if (ends)
            others = flatten(others, ends, (at - SIEVE_FIRST) * 64);
    }
    block->carries[SIEVE_CARRY_HIGH] = high;
    block->carries[SIEVE_CARRY_HIGH_DOT] = dot;
    block->counts[SIEVE_OTHERS] = (guint)(others - block->lists[SIEVE_OTHERS]);
}

/* The 64 bits of @mask before byte @end: the highest is that of the byte before it. */
static inline guint64 window(const SieveBlock *block, SieveMask mask, guint32 end)
{
    const guint64 *words = block->masks[mask] + SIEVE_FIRST + (end >> 6);
    guint bit = end & 63;
    return words[0] << 1 << (63 - bit) | words[-1] >> bit;
}

/* The same, of which only the NEAR_BITS highest are sure to be right; at one look into memory. */
#define NEAR_BITS 56
static inline guint64 near_window(const SieveBlock *block, SieveMask mask, guint32 end)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    const guint8 *bytes = (const guint8 *)(block->masks[mask] + SIEVE_FIRST);
    guint64 word;
    memcpy(&word, bytes + (gint32)(end >> 3) - 7, sizeof(word));
    return word << (8 - (end & 7));
#else
    return window(block, mask, end);
#endif
}

/* The 64 bits of @mask from byte @start on: the lowest is that byte's. */
static inline guint64 ahead(const SieveBlock *block, SieveMask mask, guint32 start)
{
    const guint64 *words = block->masks[mask] + SIEVE_FIRST + (start >> 6);
    guint bit = start & 63;
    return words[0] >> bit | words[1] << 1 << (63 - bit);
}

static inline guint leading(guint64 bits)
{
#ifdef __LZCNT__
    return (guint)__builtin_ia32_lzcnt_u64(bits); /* a compiler may make branches of the other */
#else
    return bits ? (guint)__builtin_clzll(bits) : 64;
#endif
}

#include "shield/sieve_quad.h"

#include "shield/sieve_colons.h"
#include "shield/sieve_names.h"
#include "shield/sieve_numbers.h"
#ifdef SIEVE_LANES
#include "shield/sieve_lanes.h"
#endif

#define SOME_TOGETHER NAMES_TOGETHER
G_STATIC_ASSERT(NAMES_TOGETHER == NUMBERS_TOGETHER);

/* What is plainly a name or an address, while what the filters have for it is fetched. */
typedef struct {
    Names names;
    Numbers numbers;
    guint name_count, number_count;
    /* Those that the filters know: their numbers, and what else is asked of them. */
    guint32 known_names[SOME_TOGETHER + 8], known_numbers[SOME_TOGETHER + 8];
    guint known_name_count, known_number_count;
    NearKeys near;
} Plain;

/* Reads the names and addresses from the lists' place @from on, and begins to fetch. */
PASS begin_plain(const Sieve *sieve, SieveBlock *block, const guint8 *text, guint from,
                 Plain *plain)
{
    guint names = sieve->names ? block->counts[SIEVE_NAMES] : 0;
    guint numbers = sieve->addresses ? block->counts[SIEVE_NUMBERS] : 0;

    names = MIN(names - MIN(from, names), SOME_TOGETHER);
    numbers = MIN(numbers - MIN(from, numbers), SOME_TOGETHER);
    names = begin_names(sieve, block, text, block->lists[SIEVE_NAMES] + from, names, &plain->names);
    numbers = begin_numbers(sieve, block, text, block->lists[SIEVE_NUMBERS] + from, numbers,
                            &plain->numbers);
    plain->name_count = names;
    plain->number_count = numbers;
}

/* Keeps what the filters know, and begins to fetch what else is asked of it. */
PASS narrow_plain(const Sieve *sieve, const guint8 *text, Plain *plain)
{
    const Filters filters = *sieve->filters;
    guint names =
        keep_known_names(&filters.name2, &plain->names, plain->name_count, plain->known_names);
    guint numbers =
        keep_known_numbers(&filters, &plain->numbers, plain->number_count, plain->known_numbers);

    make_near_keys(sieve->seed_name3, &filters.name3, text, &plain->names, plain->known_names,
                   names, &plain->near);
    fetch_networks(&filters, &plain->numbers, plain->known_numbers, numbers);
    plain->known_name_count = names;
    plain->known_number_count = numbers;
}

/* Passes on what the filters let through. */
PASS end_plain(const Sieve *sieve, SieveBlock *block, const Plain *plain)
{
    pass_near(block, &sieve->filters->name3, &plain->names, plain->known_names, &plain->near,
              plain->known_name_count);
    pass_known(sieve, block, &plain->numbers, plain->known_numbers, plain->known_number_count);
}

/* What lies behind the first names and addresses of a block, which has more of them than most. */
static void look_at_rest(const Sieve *sieve, SieveBlock *block, const guint8 *text, Plain *plain)
{
    guint count = MAX(block->counts[SIEVE_NAMES], block->counts[SIEVE_NUMBERS]);

    for (guint from = SOME_TOGETHER; from < count; from += SOME_TOGETHER) {
        begin_plain(sieve, block, text, from, plain);
        narrow_plain(sieve, text, plain);
        end_plain(sieve, block, plain);
    }
}

/* The masks stay of the last word, as those before the next block's first, and of what was looked
 * at beyond the block. */
static void remember(SieveBlock *block)
{
    for (guint mask = 0; mask < SIEVE_MASKS; mask++)
        block->masks[mask][SIEVE_FIRST - 1] = block->masks[mask][SIEVE_FIRST + SIEVE_WORDS - 1];
    for (guint mask = 0; mask < SIEVE_CLASSES; mask++)
        memcpy(&block->masks[mask][SIEVE_FIRST], &block->masks[mask][SIEVE_FIRST + SIEVE_WORDS],
               SIEVE_AHEAD * sizeof(guint64));
    block->known = SIEVE_AHEAD;
}

static void look(const Sieve *sieve, SieveBlock *block, const guint8 *text, gsize length)
{
    /* One word more than there is, for the ends of runs that end with the text. */
    guint end = SIEVE_FIRST + (guint)MIN(length / 64 + 1, SIEVE_WORDS);
    Plain plain;
    Glances hashes;

    classify(block, text, length, end);
    take_out_escapes(block, end + SIEVE_AHEAD - 1);
    memset(block->counts, 0, sizeof(block->counts));
    block->name_hits = block->number_hits = 0;
    /* Memory is slow: between asking for it and having it there is always something to do. */
    list_ends(block, text, end);
    begin_plain(sieve, block, text, 0, &plain);
    list_starts(block, text, end);
    narrow_plain(sieve, text, &plain);
    begin_hashes(sieve, block, text, &hashes);
    list_colons(block, end);
    if (block->high || block->carries[SIEVE_CARRY_HIGH] || block->carries[SIEVE_CARRY_HIGH_DOT])
        list_other_scripts(block, text, end);
    leave_chains_out(sieve, block, text);
    leave_hashes_out(sieve, block, text, &hashes);
    end_plain(sieve, block, &plain);
    look_at_rest(sieve, block, text, &plain);
    if (sieve->names)
        probe_marked_names(sieve, block, text);
    if (sieve->addresses)
        probe_marked_numbers(sieve, block, text);
    remember(block);
}
