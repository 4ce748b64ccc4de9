/* sieve_names.h - from the ends of runs with dots and letters to names that the set may have.
 * Included by sieve_kernel.h.
 *
 * Of the host of any domain, URL or e-mail address of the set, the last label is in `labels`, the
 * last two are in `name2` and the last three, or all when there are two, in `name3`. A name in the
 * text that is such a host, or lies under it, ends in the same labels. */

/* Names that are asked for together, so that they wait for memory together. */
#define NAMES_TOGETHER 192

typedef struct {
    gint32 end;
    guint two, three; /* bytes of the last two labels, and of the last three; 32 for more */
} Name;

/* Names that wait; some more may be written than there are. */
typedef struct {
    guint64 keys[NAMES_TOGETHER + 8];
    guint32 places[NAMES_TOGETHER + 8]; /* of keys in the filter */
    guint32 ends[NAMES_TOGETHER + 8], two[NAMES_TOGETHER + 8], three[NAMES_TOGETHER + 8];
} Names;

/* Nothing but the marks around it speaks against taking the name: the spotter shall say. */
static inline void pass_name(SieveBlock *block, gint32 end)
{
    block->names[block->name_hits++] = end - 1;
}

#ifdef SIEVE_LANES
static inline guint begin_names(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                const guint32 *list, guint count, Names *names);
static inline guint keep_known_names(const Filter *filter, const Names *names, guint count,
                                     guint32 *ret_known);
#else
/* The labels of the name that ends at @end, a letter or digit before it, and does not begin with
 * marks, are written to place @to; FALSE when it is none. No branch here: whether a last label is
 * one of the set's is nothing a machine can foresee. */
static inline gboolean read_plain_name(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                       guint32 end, Names *names, guint to)
{
    guint64 dots = near_window(block, SIEVE_DOT, end);
    guint length = leading(~near_window(block, SIEVE_RUN, end));
    guint one = leading(dots);
    gboolean is_name =
        (one < length) & filter_bit(sieve->filters->labels, key_label(text + end, one));

    dots &= ~(G_GUINT64_CONSTANT(1) << 63 >> (one & 63));
    guint two = leading(dots);
    dots &= ~(G_GUINT64_CONSTANT(1) << 63 >> (two & 63));
    guint three = leading(dots);
    if (G_UNLIKELY(is_name & (length >= NEAR_BITS) & (three == 64))) {
        pass_name(block, (gint32)end); /* longer than is looked at here */
        return FALSE;
    }
    names->ends[to] = end;
    names->two[to] = MIN(MIN(two, length), KEY_WINDOW);
    names->three[to] = MIN(MIN(three, length), KEY_WINDOW);
    return is_name;
}

/* Reads the names that end at @count places of @list, makes keys of their last two labels, and
 * fetches what the filter has there; how many names there are. */
static inline guint begin_names(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                const guint32 *list, guint count, Names *names)
{
    const Filter filter = sieve->filters->name2;
    guint waiting = 0;

    for (guint i = 0; i < count; i++)
        waiting += (guint)read_plain_name(sieve, block, text, list[i], names, waiting);
    for (guint n = 0; n < waiting; n++) {
        names->keys[n] = key_tail(sieve->seed_name2, text + names->ends[n], names->two[n]);
        __builtin_prefetch(&filter.words[filter_place(names->keys[n], filter.count)]);
    }
    return waiting;
}

/* The numbers of those that the filter has; how many these are. */
static inline guint keep_known_names(const Filter *filter, const Names *names, guint count,
                                     guint32 *ret_known)
{
    guint kept = 0;
    for (guint n = 0; n < count; n++) {
        ret_known[kept] = n;
        kept += (guint)filter_has(filter, names->keys[n]);
    }
    return kept;
}
#endif

/* The labels of the name that ends, but for dots and dashes, at @run_end; FALSE when it is none. */
static inline gboolean read_name(const Sieve *sieve, SieveBlock *block, const guint8 *text,
                                 guint32 run_end, Name *name)
{
    guint64 alnum = window(block, SIEVE_ALNUM, run_end), dots = window(block, SIEVE_DOT, run_end);
    guint64 run = window(block, SIEVE_RUN, run_end);
    guint trailing = leading(alnum);
    guint length = leading(~run);

    if (G_UNLIKELY(trailing >= MIN(length, 32u))) {
        /* nothing but marks, or more of them than is looked through */
        if (trailing < length || length == 64)
            pass_name(block, (gint32)run_end);
        return FALSE;
    }
    gint32 end = (gint32)run_end - (gint32)trailing;
    gboolean marked = trailing > 0 && leading(~dots) < trailing;
    gboolean cut = length == 64;
    length -= trailing;
    alnum <<= trailing;
    dots <<= trailing;
    guint one = leading(dots);
    gboolean is_name = (one < length) &
                       filter_bit(sieve->filters->labels, key_label(text + end, MIN(one, length)));
    if (G_UNLIKELY(marked)) {
        pass_name(block, end);
        return FALSE;
    }
    one &= 63;
    /* A name behind ".." may begin with marks, too. */
    guint64 marks_inside = (dots & dots << 1) << 1 & ~alnum & ~dots;
    dots &= ~(G_GUINT64_CONSTANT(1) << 63 >> one);
    guint two = leading(dots);
    dots &= two < 64 ? ~(G_GUINT64_CONSTANT(1) << 63 >> two) : 0;
    guint three = leading(dots);
    gboolean first_mark = !(alnum << (length - 1) >> 63);
    if (G_UNLIKELY(is_name & (marks_inside || (three >= length && (first_mark || cut))))) {
        pass_name(block, end);
        return FALSE;
    }
    name->end = end;
    name->two = MIN(MIN(two, length), KEY_WINDOW);
    name->three = MIN(MIN(three, length), KEY_WINDOW);
    return is_name;
}

static inline gboolean has_name3(const Sieve *sieve, const guint8 *text, const Name *name)
{
    const Filter *filter = &sieve->filters->name3;
    return filter_has(filter, key_tail(sieve->seed_name3, text + name->end, name->two)) ||
           filter_has(filter, key_tail(sieve->seed_name3, text + name->end, name->three));
}

/* Those of names whose last two labels are in the set: keys of their last two and three. */
typedef struct {
    guint64 two[NAMES_TOGETHER], three[NAMES_TOGETHER];
} NearKeys;

/* Makes them of those @known, and fetches what the filter has there. */
static inline void make_near_keys(guint64 seed, const Filter *filter, const guint8 *text,
                                  const Names *names, const guint32 *known, guint count,
                                  NearKeys *keys)
{
    for (guint n = 0; n < count; n++) {
        const guint8 *end = text + (gint32)names->ends[known[n]];
        keys->two[n] = key_tail(seed, end, names->two[known[n]]);
        keys->three[n] = key_tail(seed, end, names->three[known[n]]);
        filter_fetch(filter, keys->two[n]);
        filter_fetch(filter, keys->three[n]);
    }
}

/* Passes on those that the filter has. */
static inline void pass_near(SieveBlock *block, const Filter *filter, const Names *names,
                             const guint32 *known, const NearKeys *keys, guint count)
{
    for (guint n = 0; n < count; n++)
        if (filter_has(filter, keys->two[n]) || filter_has(filter, keys->three[n]))
            pass_name(block, (gint32)names->ends[known[n]]);
}

PASS probe_marked_names(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    Name name;

    for (guint32 i = 0; i < block->counts[SIEVE_MARKED_NAMES]; i++)
        if (read_name(sieve, block, text, block->lists[SIEVE_MARKED_NAMES][i], &name) &&
            filter_has(&sieve->filters->name2,
                       key_tail(sieve->seed_name2, text + name.end, name.two)) &&
            has_name3(sieve, text, &name))
            pass_name(block, name.end);
}
