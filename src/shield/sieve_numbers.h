/* sieve_numbers.h - from the ends of runs of digits, dots and dashes to IPv4 addresses that the set
 * may have. Included by sieve_kernel.h. */

/* Dots and dashes behind an address that are looked through. */
#define MARKS_MAX 16

/* Addresses that are asked for together. */
#define NUMBERS_TOGETHER 64

typedef struct {
    guint64 key;
    gint32 end;
    guint length;
    guint32 address;
} Number;

static inline void pass_number(SieveBlock *block, gint32 end, guint length, guint32 address)
{
    guint hit = block->number_hits++;
    block->numbers[hit].end = end;
    block->numbers[hit].length = length;
    block->numbers[hit].address = address;
}

/* If the filters let it through, the spotter shall say. */
static inline void ask_for_number(const Sieve *sieve, SieveBlock *block, const Number *number)
{
    if (filter_has(&sieve->filters->v4, number->key) ||
        sieve_in_networks(sieve->filters, number->address))
        pass_number(block, number->end, number->length, number->address);
}

/* The address that ends, but for dots and dashes, at @run_end; FALSE when it is none. Leading zeros
 * are let through. Two addresses with a dash between are passed on as they are. */
static inline gboolean read_number(SieveBlock *block, const guint8 *text, guint32 run_end,
                                   Number *ret_number)
{
    guint64 alnum = window(block, SIEVE_ALNUM, run_end), dots = window(block, SIEVE_DOT, run_end);
    guint length = leading(~window(block, SIEVE_RUN, run_end)), trailing = leading(alnum);
    gint32 end = (gint32)run_end - (gint32)trailing;

    if (trailing >= length) {
        if (length == 64)
            pass_number(block, (gint32)run_end, 0, 0);
        return FALSE;
    }
    length -= trailing;
    alnum <<= trailing;
    dots <<= trailing;
    guint64 whole = ~(~G_GUINT64_CONSTANT(0) >> 1 >> (length - 1));
    gboolean dashed = (~alnum & ~dots & whole) != 0;
    if (dashed || length > 15 || trailing > MARKS_MAX) {
        if (trailing > MARKS_MAX || (dashed && length >= 15 && length <= 31))
            pass_number(block, end, 0, 0);
        return FALSE;
    }
    *ret_number = (Number){.end = end, .length = length};
    return read_quad(text + end, dots & whole, length, &ret_number->address);
}

PASS probe_numbers(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    const Filters *filters = sieve->filters;
    const Filter filter = filters->v4;
    const guint32 *list = block->lists[SIEVE_NUMBERS];
    guint32 count = block->counts[SIEVE_NUMBERS];
    Number numbers[NUMBERS_TOGETHER];

    for (guint32 i = 0; i < count;) {
        guint waiting = 0, hits = 0;
        for (guint32 until = MIN(count, i + NUMBERS_TOGETHER); i < until; i++) {
            guint32 end = list[i];
            guint length = leading(~near_window(block, SIEVE_RUN, end));
            guint64 whole = ~(~G_GUINT64_CONSTANT(0) >> 1 >> ((length - 1) & 63));
            numbers[waiting].end = (gint32)end;
            numbers[waiting].length = length;
            waiting +=
                (guint)read_quad(text + (gint32)end, near_window(block, SIEVE_DOT, end) & whole,
                                 length, &numbers[waiting].address);
        }
        if (filter.count > 0)
            for (guint n = 0; n < waiting; n++) {
                numbers[n].key = key_number(sieve->seed_v4, numbers[n].address);
                __builtin_prefetch(&filter.words[filter_place(numbers[n].key, filter.count)]);
            }
        for (guint n = 0; n < waiting; n++) {
            gboolean hit = filter_bit(filters->v4_nets, numbers[n].address >> 16);
            if (filter.count > 0)
                hit |= filter_has(&filter, numbers[n].key);
            numbers[hits] = numbers[n];
            hits += (guint)hit;
        }
        for (guint n = 0; n < hits; n++)
            ask_for_number(sieve, block, &numbers[n]);
    }
}

PASS probe_marked_numbers(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    Number number;

    for (guint32 i = 0; i < block->counts[SIEVE_MARKED_NUMBERS]; i++)
        if (read_number(block, text, block->lists[SIEVE_MARKED_NUMBERS][i], &number)) {
            number.key = key_number(sieve->seed_v4, number.address);
            ask_for_number(sieve, block, &number);
        }
}
