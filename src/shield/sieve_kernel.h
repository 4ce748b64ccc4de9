/* sieve_kernel.h - the sieve's loops, once for each kind of machine. Included by sieve_plain.c,
 * sieve_avx2.c and sieve_avx512.c, which before that define
 *
 *     static inline void classify_word(const guint8 *text, SieveBlock *block, guint at)
 *         writes the SIEVE_CLASSES masks of 64 bytes to word @at; or, where SIEVE_LANES is defined,
 *     static inline void classify_words(const guint8 *text, SieveBlock *block, guint at)
 *         those of eight words from @at on;
 *     static inline guint64 equal_word(const guint8 *text, guint8 byte)
 *         the bytes of 64 that are @byte;
 *     static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
 *         appends the numbers of the bits of @mask, plus @base; may write 16 more;
 *     static inline Words add_words(Words a, Words b, guint8 *carry)
 *         the sum of numbers of 512 bits;
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

/* A walk over all words of a block; on its own, so that a profile shows what it takes. */
#define PASS static __attribute__((noinline)) void

/* Fetches what the next block has where this one has the words from @at on: memory is slow, and has
 * nothing to do while masks are combined. */
static inline void fetch_next(const guint8 *text, guint at, guint half)
{
    text += (SIEVE_WORDS + SIEVE_AHEAD + at - SIEVE_FIRST + half * LANES / 2) * 64;
    for (guint lane = 0; lane < LANES / 2; lane++)
        __builtin_prefetch(text + lane * 64);
}

#ifndef SIEVE_LANES
static inline void classify_words(const guint8 *text, SieveBlock *block, guint at)
{
    for (guint lane = 0; lane < LANES; lane++)
        classify_word(text + lane * 64, block, at + lane);
}
#endif

/* Classifies what is not yet known of the block up to word @end and of the words behind it. */
PASS classify(SieveBlock *block, const guint8 *text, gsize length, guint end)
{
    guint at = SIEVE_FIRST + block->known;
    guint64 high = block->masks[SIEVE_HIGH][SIEVE_FIRST - 1];

    end += (SIEVE_FIRST - end) % LANES + SIEVE_AHEAD;
    for (; at < end; at += LANES) {
        gsize done = (at - SIEVE_FIRST) * 64;
        if (G_UNLIKELY(done + LANES * 64 > length))
            break;
        classify_words(text + done, block, at);
    }
    for (; at < end; at += LANES) {
        gsize done = (at - SIEVE_FIRST) * 64;
        guint8 rest[LANES * 64] = {0}; /* that is of no class */
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
        count += (gsize)__builtin_popcountll(equal_word(text + at, byte));
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

/* Is there anything to do for @words? Who does eight words in few instructions does them all: that
 * takes less than a branch that nobody can foresee. */
static inline gboolean is_worth_it(Words words)
{
#ifdef SIEVE_LANES
    return TRUE;
#else
    return any(words);
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
static inline Words hash_starts(const SieveBlock *block, guint at)
{
    Words low = LOAD(SIEVE_DIGITS, at), high = LOAD(SIEVE_DIGITS, at + 1);
    /* They have all of some quarter of a word, and hardly anything else has. */
    if (!is_worth_it(full_quarters(low) | full_quarters(high)))
        return (Words){0};
    for (guint n = 1; n <= 16; n *= 2) {
        low &= low >> n | high << (64 - n);
        high &= high >> n;
    }
    return low & ~BEFORE(SIEVE_DIGITS, at, 1);
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

static inline Words escape_starts(const SieveBlock *block, guint at)
{
    Words starts = LOAD(SIEVE_ESCAPE, at), backslash = LOAD(SIEVE_BACKSLASH, at);
    Words open = LOAD(SIEVE_OPEN, at) & BEHIND(SIEVE_NEXT, at, 1);

    if (any(backslash))
        starts |= backslash & after_backslash(block, at);
    if (any(open))
        starts |= open & (BEHIND(SIEVE_CLOSE, at, 2) | BEHIND(SIEVE_CLOSE, at, 3) |
                          BEHIND(SIEVE_CLOSE, at, 4));
    return starts;
}

#ifndef SIEVE_LANES
/* Appends the numbers of the bits of @words, plus @base, in any order; may write 16 more. */
static inline guint32 *flatten_words(guint32 *into, Words words, guint32 base, guint usual)
{
    guint64 lanes[LANES];

    (void)usual;
    if (!any(words))
        return into;
    *(WordsInMemory *)lanes = words;
    for (guint lane = 0; lane < LANES; lane++)
        into = flatten(into, lanes[lane], base + lane * 64);
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

/* Lists the ones of @words in any order; few words have more than @usual. Who does eight words in
 * few instructions does it now. Who does one after the other does it at the end, when those that
 * have none are left out: a branch for each would be foreseen by nobody. */
static inline void list_more(Lister *lister, Words words, guint32 base, guint usual)
{
#ifdef SIEVE_LANES
    lister->into = flatten_words(lister->into, words, base, usual);
#else
    guint64 lanes[LANES];

    (void)usual;
    if (!any(words))
        return;
    *(WordsInMemory *)lanes = words;
    for (guint lane = 0; lane < LANES; lane++) {
        lister->waiting->words[lister->count] = lanes[lane];
        lister->waiting->bases[lister->count] = base + lane * 64;
        lister->count += lanes[lane] != 0;
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

/* Lists the ones of @words, if any, in any order. */
static inline void list_words(SieveBlock *block, SieveList list, guint at, Words words)
{
    guint32 *into = block->lists[list] + block->counts[list];

    if (any(words))
        block->counts[list] =
            (guint)(flatten_words(into, words, (at - SIEVE_FIRST) * 64, 1) - block->lists[list]);
}

/* The same in their order. */
static inline void list_in_order(SieveBlock *block, SieveList list, guint at, Words words)
{
    guint64 lanes[LANES];
    guint32 *into = block->lists[list] + block->counts[list];

    if (!any(words))
        return;
    *(WordsInMemory *)lanes = words;
    for (guint lane = 0; lane < LANES; lane++)
        into = flatten(into, lanes[lane], (at + lane - SIEVE_FIRST) * 64);
    block->counts[list] = (guint)(into - block->lists[list]);
}

/* What begins somewhere, and is found without carries. */
PASS list_starts(SieveBlock *block, const guint8 *text, guint end)
{
    Lister found = begin_list(block, SIEVE_HASHES, 0);

    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        Words escapes = escape_starts(block, at), hashes = hash_starts(block, at);
        fetch_next(text, at, 0);
        Words ja4s = LOAD(SIEVE_UNDERSCORE, at) & BEHIND(SIEVE_UNDERSCORE, at, 13);
        Words splits = LOAD(SIEVE_DOT, at) & BEHIND(SIEVE_DOT, at, 1) & BEFORE(SIEVE_RUN, at, 1) &
                       ~BEFORE(SIEVE_DOT, at, 1);
        list_in_order(block, SIEVE_ESCAPES, at, escapes);
        list_more(&found, hashes, (at - SIEVE_FIRST) * 64, 1);
        if (any(ja4s | splits)) {
            list_words(block, SIEVE_JA4S, at, ja4s);
            list_words(block, SIEVE_SPLITS, at, splits);
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

PASS list_ends(SieveBlock *block, const guint8 *text, guint end)
{
    Lister names = begin_list(block, SIEVE_NAMES, 0);
    Lister numbers = begin_list(block, SIEVE_NUMBERS, 1);
    guint8 carries[SIEVE_CARRIES];

    memcpy(carries, block->carries, sizeof(carries));
    keep_windows(block, SIEVE_FIRST - LANES, LOAD(SIEVE_RUN, SIEVE_FIRST - LANES),
                 LOAD(SIEVE_DOT, SIEVE_FIRST - LANES));
    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        fetch_next(text, at, 1);
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
        Words odd_hosts = host & ~run & ~whole;
        hosts &= ~letters;
        Words marked_names = name & ~(plain & ~off);
        Words marked_numbers = number & ~(plain & ~marked);
        guint32 base = (at - SIEVE_FIRST) * 64;
        keep_windows(block, at, run, dots);
        list_more(&names, name & plain & ~off, base, 3);
        list_more(&numbers, number & plain & ~marked, base, 2);
        if (any(hosts | odd_hosts)) {
            list_words(block, SIEVE_HOSTS, at, hosts);
            list_words(block, SIEVE_HOST_ENDS, at, odd_hosts);
        }
        if (any(marked_names | marked_numbers)) {
            list_words(block, SIEVE_MARKED_NAMES, at, marked_names);
            list_words(block, SIEVE_MARKED_NUMBERS, at, marked_numbers);
        }
    }
    memcpy(block->carries, carries, sizeof(carries));
    end_list(block, SIEVE_NAMES, &names);
    end_list(block, SIEVE_NUMBERS, &numbers);
}

PASS list_colons(SieveBlock *block, guint end)
{
    guint8 carry = block->carries[SIEVE_CARRY_CHAIN];
    Lister colons = begin_list(block, SIEVE_COLONS, 0);

    for (guint at = SIEVE_FIRST; at < end + LANES; at += LANES)
        STORE(SIEVE_PAIR, at, pairs(block, at));
    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        Words chain = LOAD(SIEVE_HEX, at) | LOAD(SIEVE_COLON, at);
        Words begun = chains(block, at);
        if (!carry && !is_worth_it(begun))
            continue;
        Words ends = add_words(chain, begun, &carry);
        list_more(&colons, ends & ~chain, (at - SIEVE_FIRST) * 64, 1);
    }
    end_list(block, SIEVE_COLONS, &colons);
    block->carries[SIEVE_CARRY_CHAIN] = carry;
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
