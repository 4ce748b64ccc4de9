/* sieve_kernel.h - the sieve's loops, once for each kind of machine. Included by sieve_plain.c,
 * sieve_avx2.c and sieve_avx512.c, which before that define
 *
 *     static inline void classify_word(const guint8 *text, SieveBlock *block, guint at)
 *         writes the SIEVE_CLASSES masks of 64 bytes to word @at;
 *     static inline guint64 equal_word(const guint8 *text, guint8 byte)
 *         the bytes of 64 that are @byte;
 *     static inline guint32 *flatten(guint32 *into, guint64 mask, guint32 base)
 *         appends the numbers of the bits of @mask, plus @base; may write 16 more;
 *     static inline void add_words(Words a, Words b, guint8 *carry, guint64 sum[LANES])
 *         the sum of numbers of 512 bits;
 *     static inline gboolean any(Words words)
 *         is anything set?
 *     SHIFT_DOWN(low, high, n), SHIFT_UP(high, low, n)
 *         words of the 128 bits of each two, shifted.
 *
 * A run's end is found by adding the mask of what the run must have to the mask of what it is made
 * of: the carry runs along the ones to the first zero behind the run, and no further. */

#define LOAD(mask, at)      (*(const Words *)&block->masks[mask][at])
#define STORE(mask, at, w)  (*(Words *)&block->masks[mask][at] = (w))
/* For each byte what stands @n bytes behind it, or before it. */
#define BEHIND(mask, at, n) SHIFT_DOWN(LOAD(mask, at), LOAD(mask, (at) + 1), n)
#define BEFORE(mask, at, n) SHIFT_UP(LOAD(mask, at), LOAD(mask, (at)-1), n)

/* A walk over all words of a block; on its own, so that a profile shows what it takes. */
#define PASS static __attribute__((noinline)) void

/* Bytes ahead that are fetched into the cache. */
#define FETCH_AHEAD 2048

PASS classify(SieveBlock *block, const guint8 *text, gsize length)
{
    gsize whole = MIN(length / 64, SIEVE_WORDS + SIEVE_AHEAD);
    guint at = SIEVE_FIRST;
    guint64 high = block->masks[SIEVE_HIGH][SIEVE_FIRST - 1];

    for (gsize i = 0; i < whole; i++, at++) {
        __builtin_prefetch(text + i * 64 + FETCH_AHEAD);
        classify_word(text + i * 64, block, at);
        high |= block->masks[SIEVE_HIGH][at];
    }
    if (whole < SIEVE_WORDS + SIEVE_AHEAD) {
        guint64 rest = (G_GUINT64_CONSTANT(1) << (length % 64)) - 1;
        if (rest) {
            classify_word(text + whole * 64, block, at);
            for (guint mask = 0; mask < SIEVE_CLASSES; mask++)
                block->masks[mask][at] &= rest;
            high |= block->masks[SIEVE_HIGH][at];
            at++;
        }
        for (guint mask = 0; mask < SIEVE_CLASSES; mask++)
            for (guint end = at; end < SIEVE_ROW; end++)
                block->masks[mask][end] = 0;
    }
    block->high = high != 0;
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

static inline Words hash_starts(const SieveBlock *block, guint at)
{
    Words low = LOAD(SIEVE_DIGITS, at), high = LOAD(SIEVE_DIGITS, at + 1);
    for (guint n = 1; n <= 16; n *= 2) {
        low &= low >> n | high << (64 - n);
        high &= high >> n;
    }
    return low & ~BEFORE(SIEVE_ALNUM, at, 1);
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

static inline Words escape_starts(const SieveBlock *block, guint at)
{
    return LOAD(SIEVE_ESCAPE, at) | (LOAD(SIEVE_BACKSLASH, at) & BEHIND(SIEVE_AFTER, at, 1)) |
           (LOAD(SIEVE_OPEN, at) & BEHIND(SIEVE_NEXT, at, 1) &
            (BEHIND(SIEVE_CLOSE, at, 2) | BEHIND(SIEVE_CLOSE, at, 3) | BEHIND(SIEVE_CLOSE, at, 4)));
}

/* Lists the ones of @words, if any. */
static inline void list_words(SieveBlock *block, SieveList list, guint at, Words words)
{
    guint64 lanes[LANES];
    guint32 *into = block->lists[list] + block->counts[list];

    if (!any(words))
        return;
    *(Words *)lanes = words;
    for (guint lane = 0; lane < LANES; lane++)
        into = flatten(into, lanes[lane], (at + lane - SIEVE_FIRST) * 64);
    block->counts[list] = (guint)(into - block->lists[list]);
}

/* What begins somewhere, and is found without carries. */
PASS list_starts(SieveBlock *block, guint end)
{
    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        Words hosts = host_starts(block, at), escapes = escape_starts(block, at);
        Words hashes = hash_starts(block, at);
        Words ja4s = LOAD(SIEVE_UNDERSCORE, at) & BEHIND(SIEVE_UNDERSCORE, at, 13);
        Words splits = LOAD(SIEVE_DOT, at) & BEHIND(SIEVE_DOT, at, 1) & BEFORE(SIEVE_RUN, at, 1) &
                       ~BEFORE(SIEVE_DOT, at, 1);
        list_words(block, SIEVE_HOSTS, at, hosts);
        list_words(block, SIEVE_ESCAPES, at, escapes);
        if (any(hashes | ja4s | splits)) {
            list_words(block, SIEVE_HASHES, at, hashes);
            list_words(block, SIEVE_JA4S, at, ja4s);
            list_words(block, SIEVE_SPLITS, at, splits);
        }
    }
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
    Words far = LOAD(SIEVE_DOT, at + 2);
    Words first = dots & (SHIFT_DOWN(dots, behind, 2) | SHIFT_DOWN(dots, behind, 3) |
                          SHIFT_DOWN(dots, behind, 4));
    behind &= SHIFT_DOWN(behind, far, 2) | SHIFT_DOWN(behind, far, 3) | SHIFT_DOWN(behind, far, 4);
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

/* Bytes from which on 13 digits and colons follow, and "::". */
static inline Words longs(const SieveBlock *block, guint at, Words low)
{
    Words high = LOAD(SIEVE_HEX, at + 1) | LOAD(SIEVE_COLON, at + 1);
    low &= SHIFT_DOWN(low, high, 1);
    high &= high >> 1;
    low &= SHIFT_DOWN(low, high, 2);
    high &= high >> 2;
    low &= SHIFT_DOWN(low, high, 4);
    high &= high >> 4;
    low &= SHIFT_DOWN(low, high, 5);
    return low | (LOAD(SIEVE_COLON, at) & BEHIND(SIEVE_COLON, at, 1));
}

/* Marks at the start of a run, or of a name behind "..". */
static inline Words off_marks(const SieveBlock *block, guint at, Words marks)
{
    return marks & (~BEFORE(SIEVE_RUN, at, 1) |
                    (BEFORE(SIEVE_DOT, at, 1) &
                     (BEFORE(SIEVE_DOT, at, 2) | ~BEFORE(SIEVE_RUN, at, 2))));
}

PASS list_ends(SieveBlock *block, guint end)
{
    guint32 *names = block->lists[SIEVE_NAMES], *numbers = block->lists[SIEVE_NUMBERS];
    guint8 *carries = block->carries;
    guint64 dot[LANES], word[LANES], off[LANES], mark[LANES], quad[LANES], last[LANES];

    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        const guint64 *runs = &block->masks[SIEVE_RUN][at];
        Words run = LOAD(SIEVE_RUN, at), dots = LOAD(SIEVE_DOT, at);
        Words marks = run & ~LOAD(SIEVE_ALNUM, at) & ~dots;
        add_words(run, dots, &carries[SIEVE_CARRY_DOT], dot);
        add_words(run, LOAD(SIEVE_WORD, at), &carries[SIEVE_CARRY_WORD], word);
        add_words(run, off_marks(block, at, marks), &carries[SIEVE_CARRY_OFF], off);
        add_words(run, marks, &carries[SIEVE_CARRY_MARK], mark);
        add_words(run, quads(block, at), &carries[SIEVE_CARRY_QUAD], quad);
        *(Words *)last = BEFORE(SIEVE_ALNUM, at, 1);
        guint64 rare = 0, rare_names[LANES], rare_numbers[LANES];
        for (guint lane = 0; lane < LANES; lane++) {
            guint32 base = (at - SIEVE_FIRST + lane) * 64;
            guint64 plain = last[lane];
            guint64 name = dot[lane] & word[lane] & ~runs[lane];
            guint64 number = quad[lane] & ~word[lane] & ~runs[lane];
            rare_names[lane] = name & ~(plain & ~off[lane]);
            rare_numbers[lane] = number & ~(plain & ~mark[lane]);
            rare |= rare_names[lane] | rare_numbers[lane];
            names = flatten(names, name & plain & ~off[lane], base);
            numbers = flatten(numbers, number & plain & ~mark[lane], base);
        }
        if (rare) {
            list_words(block, SIEVE_MARKED_NAMES, at, *(Words *)rare_names);
            list_words(block, SIEVE_MARKED_NUMBERS, at, *(Words *)rare_numbers);
        }
    }
    block->counts[SIEVE_NAMES] = (guint)(names - block->lists[SIEVE_NAMES]);
    block->counts[SIEVE_NUMBERS] = (guint)(numbers - block->lists[SIEVE_NUMBERS]);
}

PASS list_colons(SieveBlock *block, guint end)
{
    guint64 pair[LANES], many[LANES];

    for (guint at = SIEVE_FIRST; at < end; at += LANES) {
        Words chain = LOAD(SIEVE_HEX, at) | LOAD(SIEVE_COLON, at);
        add_words(chain, pairs(block, at), &block->carries[SIEVE_CARRY_PAIR], pair);
        add_words(chain, longs(block, at, chain), &block->carries[SIEVE_CARRY_LONG], many);
        list_words(block, SIEVE_COLONS, at, *(Words *)pair & *(Words *)many & ~chain);
    }
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

/* The 64 bits of @mask from byte @start on: the lowest is that byte's. */
static inline guint64 ahead(const SieveBlock *block, SieveMask mask, guint32 start)
{
    const guint64 *words = block->masks[mask] + SIEVE_FIRST + (start >> 6);
    guint bit = start & 63;
    return words[0] >> bit | words[1] << 1 << (63 - bit);
}

static inline guint leading(guint64 bits)
{
    return bits ? (guint)__builtin_clzll(bits) : 64;
}

#include "shield/sieve_names.h"
#include "shield/sieve_numbers.h"

/* The last word's masks stay, as those before the next block's first. */
static void remember(SieveBlock *block)
{
    for (guint mask = 0; mask < SIEVE_MASKS; mask++)
        block->masks[mask][SIEVE_FIRST - 1] = block->masks[mask][SIEVE_FIRST + SIEVE_WORDS - 1];
}

static void look(const Sieve *sieve, SieveBlock *block, const guint8 *text, gsize length)
{
    /* One word more than there is, for the ends of runs that end with the text. */
    guint end = SIEVE_FIRST + (guint)MIN(length / 64 + 1, SIEVE_WORDS);

    classify(block, text, length);
    take_out_escapes(block, end + SIEVE_AHEAD - 1);
    memset(block->counts, 0, sizeof(block->counts));
    list_starts(block, end);
    list_ends(block, end);
    list_colons(block, end);
    if (block->high || block->carries[SIEVE_CARRY_HIGH] || block->carries[SIEVE_CARRY_HIGH_DOT])
        list_other_scripts(block, text, end);
    leave_names_out(block);
    block->name_hits = block->number_hits = 0;
    if (sieve->names) {
        probe_names(sieve, block, text);
        probe_marked_names(sieve, block, text);
    }
    if (sieve->addresses) {
        probe_numbers(sieve, block, text);
        probe_marked_numbers(sieve, block, text);
    }
    remember(block);
}
