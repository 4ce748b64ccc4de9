/* sieve_numbers.h - from the ends of runs of digits, dots and dashes to IPv4 addresses that the set
 * may have. Included by sieve_kernel.h. */

/* The longest and the shortest range, two addresses with a dash between. */
#define RANGE_MAX 31
#define RANGE_MIN 15

/* Addresses that are asked for together. */
#define NUMBERS_TOGETHER 192

typedef struct {
    gint32 end;
    guint length;
    guint32 address;
} Number;

/* Addresses that wait; some more may be written than there are. */
typedef struct {
    guint64 keys[NUMBERS_TOGETHER + 8];
    guint32 places[NUMBERS_TOGETHER + 8]; /* of keys in the filter */
    guint32 ends[NUMBERS_TOGETHER + 8], lengths[NUMBERS_TOGETHER + 8];
    guint32 addresses[NUMBERS_TOGETHER + 8];
    guint8 are[NUMBERS_TOGETHER / 8 + 1]; /* where all are kept: a bit for those that are any */
} Numbers;

static inline void pass_number(SieveBlock *block, gint32 end, guint length, guint32 address)
{
    guint hit = block->number_hits++;
    block->numbers[hit].end = end;
    block->numbers[hit].length = length;
    block->numbers[hit].address = address;
}

static inline gboolean is_known_number(const Sieve *sieve, guint32 address)
{
    return filter_has(&sieve->filters->v4, key_number(sieve->seed_v4, address)) ||
           nets4_may_have(sieve->filters, address);
}

/* If the filters let it through, the spotter shall say. */
static inline void ask_for_number(const Sieve *sieve, SieveBlock *block, gint32 end, guint length,
                                  guint32 address)
{
    if (is_known_number(sieve, address))
        pass_number(block, end, length, address);
}

/* The highest @count bits, up to 63. */
static inline guint64 highest_bits(guint count)
{
    return ~(~G_GUINT64_CONSTANT(0) >> count);
}

/* The @length bytes before @last, with one mark: may they be a range one end of which is of the
 * set?
 */
static inline gboolean is_known_range(const Sieve *sieve, const guint8 *last, guint64 dots,
                                      guint64 mark, guint length)
{
    guint32 first, second;
    guint behind = leading(mark), before = length - behind - 1;

    return behind >= 7 && behind <= 15 && before >= 7 && before <= 15 &&
           read_quad(last, dots & highest_bits(behind), behind, &second) &&
           read_quad(last - behind - 1, dots << (behind + 1) & highest_bits(before), before,
                     &first) &&
           (is_known_number(sieve, first) || is_known_number(sieve, second));
}

/* The address that ends, but for dots and dashes, at @run_end; FALSE when it is none. Leading zeros
 * are let through. Two addresses with a dash between are passed on as they are, and so is what is
 * too long to be told. */
static inline gboolean read_number(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                   guint32 run_end, Number *ret_number)
{
    guint64 alnum = window(block, SIEVE_ALNUM, run_end), dots = window(block, SIEVE_DOT, run_end);
    guint length = leading(~window(block, SIEVE_RUN, run_end)), trailing = leading(alnum);
    gint32 end = (gint32)run_end - (gint32)trailing;

    if (trailing >= length) {
        if (length == 64)
            pass_number(block, (gint32)run_end, 0, 0);
        return FALSE;
    }
    gboolean cut = length == 64;
    length -= trailing;
    if (length > RANGE_MAX)
        return FALSE;
    if (cut) {
        pass_number(block, end, 0, 0);
        return FALSE;
    }
    alnum <<= trailing;
    dots <<= trailing;
    guint64 whole = highest_bits(length), marks = ~alnum & ~dots & whole;
    if (marks != 0 || length > 15) {
        if (length >= RANGE_MIN && (marks & (marks - 1)) == 0 &&
            is_known_range(sieve, text + end, dots & whole, marks, length))
            pass_number(block, end, 0, 0);
        return FALSE;
    }
    *ret_number = (Number){.end = end, .length = length};
    return read_quad(text + end, dots & whole, length, &ret_number->address);
}

#ifdef SIEVE_LANES
static inline guint begin_numbers(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                  const guint32 *list, guint count, Numbers *numbers);
static inline guint keep_known_numbers(const Filters *filters, const Numbers *numbers, guint count,
                                       guint32 *ret_known);
#else
/* Reads the addresses that end at @count places of @list, makes their keys, and fetches what the
 * filter has there; how many there are. */
static inline guint begin_numbers(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                  const guint32 *list, guint count, Numbers *numbers)
{
    const Filter filter = sieve->filters->v4;
    guint waiting = 0;

    for (guint i = 0; i < count; i++) {
        guint32 end = list[i];
        guint length = leading(~near_window(block, SIEVE_RUN, end));
        guint64 whole = ~(~G_GUINT64_CONSTANT(0) >> 1 >> ((length - 1) & 63));
        numbers->ends[waiting] = end;
        numbers->lengths[waiting] = length;
        waiting += (guint)read_quad(text + end, near_window(block, SIEVE_DOT, end) & whole, length,
                                    &numbers->addresses[waiting]);
    }
    if (filter.count == 0)
        return waiting;
    for (guint n = 0; n < waiting; n++) {
        numbers->keys[n] = key_number(sieve->seed_v4, numbers->addresses[n]);
        filter_fetch(&filter, numbers->keys[n]);
    }
    return waiting;
}

/* The numbers of those that the filter has, or that are near a network; how many these are. */
static inline guint keep_known_numbers(const Filters *filters, const Numbers *numbers, guint count,
                                       guint32 *ret_known)
{
    guint kept = 0;
    for (guint n = 0; n < count; n++) {
        gboolean known = nets4_reach(filters, numbers->addresses[n]);
        if (filters->v4.count > 0)
            known |= filter_has(&filters->v4, numbers->keys[n]);
        ret_known[kept] = n;
        kept += (guint)known;
    }
    return kept;
}
#endif

/* Fetches what is asked for networks around those @known. */
static inline void fetch_networks(const Filters *filters, const Numbers *numbers,
                                  const guint32 *known, guint count)
{
    for (guint n = 0; n < count; n++)
        nets4_fetch(filters, numbers->addresses[known[n]]);
}

/* Passes on those that the filters let through. */
static inline void pass_known(const Sieve *sieve, SieveBlock *block, const Numbers *numbers,
                              const guint32 *known, guint count)
{
    for (guint n = 0; n < count; n++) {
        guint at = known[n];
        ask_for_number(sieve, block, (gint32)numbers->ends[at], numbers->lengths[at],
                       numbers->addresses[at]);
    }
}

PASS probe_marked_numbers(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    Number number;

    for (guint32 i = 0; i < block->counts[SIEVE_MARKED_NUMBERS]; i++)
        if (read_number(sieve, block, text, block->lists[SIEVE_MARKED_NUMBERS][i], &number))
            ask_for_number(sieve, block, number.end, number.length, number.address);
}
