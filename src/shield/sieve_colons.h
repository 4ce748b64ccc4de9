/* sieve_colons.h - of the chains of hexadecimal digits and colons, those that may be an IPv6
 * address or a hash of the set. Included by sieve_kernel.h.
 *
 * What is plain is decided here, by masks; the rest, and what the filter lets through, is left to
 * sieve_rare_colons(), which knows all the rules. */

/* What is told at a glance: nothing is there, the spotter shall look, or the filter of hashes. */
typedef enum {
    GLANCE_NO,
    GLANCE_YES,
    GLANCE_ASK,
} Glance;

/* Places at which the filter is asked together. */
#define GLANCES_TOGETHER 64

/* Colons of a hash, at least; and of an address, at most, with one too many on either side. */
#define COLONS_OF_HASH    15
#define COLONS_OF_ADDRESS 9
/* Groups of an address; and colons, at least, where it has no gap, with what is cut off. */
#define GROUPS             8
#define COLONS_WITHOUT_GAP 6

#ifdef SIEVE_LANES
static inline gboolean read_groups(const guint8 *text, guint64 colons, guint length,
                                   guint8 ret_address[16]);
#else
/* The number that the last @digits (1 to 4) hexadecimal digits before @end spell. */
static inline guint16 group_before(const guint8 *end, guint digits)
{
    guint32 word;
    memcpy(&word, end - 4, sizeof(word));
    word = GUINT32_FROM_BE(word) & G_MAXUINT32 >> (32 - 8 * digits);
    word = (word & 0x0f0f0f0f) + 9 * (word >> 6 & 0x01010101);
    word = (word | word >> 4) & 0x00ff00ff;
    return (guint16)(word | word >> 8);
}

/* Reads the groups of the address of up to NEAR_BITS bytes at @text, whose colons are the ones of
 * @colons, bit 0 its first byte; a gap is noughts. FALSE when it is none; some that have two gaps
 * are let through. */
static inline gboolean read_groups(const guint8 *text, guint64 colons, guint length,
                                   guint8 ret_address[16])
{
    guint64 ends = colons | G_GUINT64_CONSTANT(1) << length, doubles = colons & colons >> 1;
    guint gap = doubles ? (guint)__builtin_ctzll(doubles) : 64, before = GROUPS, count = 0;
    guint16 groups[GROUPS];

    for (guint at = 0; at < length;) {
        guint digits = (guint)__builtin_ctzll(ends >> at);
        if (digits == 0) {
            before = at > gap ? count : before;
            at++;
            continue;
        }
        if (digits > 4 || count == GROUPS)
            return FALSE;
        groups[count++] = group_before(text + at + digits, digits);
        at += digits + 1;
    }
    if (gap < 64 ? count == GROUPS : count < GROUPS)
        return FALSE;
    for (guint at = 0; at < GROUPS; at++) {
        guint16 group = at < MIN(before, count)         ? groups[at]
                        : at + count >= GROUPS + before ? groups[at + count - GROUPS]
                                                        : 0;
        ret_address[2 * at] = (guint8)(group >> 8);
        ret_address[2 * at + 1] = (guint8)group;
    }
    return TRUE;
}
#endif

/* The longest hash with colons. */
#define COLON_HASH_MAX 191

/* May the chain be a hash? One that begins before the block is left to the spotter. */
static inline Glance glance_at_pairs(const Sieve *sieve, const SieveBlock *block,
                                     const guint8 *text, guint32 end, guint64 *ret_key)
{
    guint32 start = end;
    guint more;

    do {
        more = leading(~(window(block, SIEVE_COLON, start) | window(block, SIEVE_HEX, start)));
        if (more > start || end - start > COLON_HASH_MAX)
            return GLANCE_YES;
        start -= more;
    } while (more == 64);
    text += start;
    if (text[2] != ':' || text[-1] == '%' || window(block, SIEVE_HOST, start) >> 63)
        return GLANCE_YES;
    guint length = end - start;
    return length % 3 == 2 && sieve_rare_digest(sieve, text, 3, (length + 1) / 3 * 2, ret_key)
               ? GLANCE_ASK
               : GLANCE_NO;
}

/* May the chain that ends at @end be of the set, as far as can be told at a glance? */
static inline Glance glance_at_chain(const Sieve *sieve, const SieveBlock *block,
                                     const guint8 *text, guint32 end, guint64 *ret_key)
{
    guint64 colons = window(block, SIEVE_COLON, end);
    guint length = leading(~(colons | window(block, SIEVE_HEX, end)));
    guint8 address[16];

    if (length > NEAR_BITS)
        return glance_at_pairs(sieve, block, text, end, ret_key);
    colons >>= 64 - length;
    guint count = (guint)__builtin_popcountll(colons);
    gboolean gap = (colons & colons >> 1) != 0;
    if (count >= COLONS_OF_HASH)
        return glance_at_pairs(sieve, block, text, end, ret_key);
    if (count > COLONS_OF_ADDRESS || (!gap && count < COLONS_WITHOUT_GAP) ||
        ahead(block, SIEVE_ALNUM, end) & 1)
        return GLANCE_NO;
    const guint8 *start = text + (gint32)end - length;
    if (start[-1] == '%' || text[end] == '.' || window(block, SIEVE_HOST, end) << length >> 63 ||
        __builtin_ctzll(colons) > 4 || (colons & 3) == 1 || (colons & colons >> 1 & colons >> 2))
        return GLANCE_YES;                 /* not all of it counts, or more than it */
    length -= colons >> (length - 2) == 2; /* a colon alone at the end */
    colons &= (G_GUINT64_CONSTANT(1) << length) - 1;
    if (!read_groups(start, colons, length, address))
        return GLANCE_NO;
    guint64 first;
    guint16 next;
    memcpy(&first, address, sizeof(first));
    memcpy(&next, address + sizeof(first), sizeof(next));
    /* What begins with noughts may be an IPv4 address. */
    return (first | next) == 0 || sieve_rare_v6(sieve, address) ? GLANCE_YES : GLANCE_NO;
}

/* May what begins with 32 hexadecimal digits at @start be a hash? */
static inline Glance glance_at_hash(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                    guint32 start, guint64 *ret_key)
{
    guint32 end = start + 32;
    const guint8 *before = text + (gint32)start;
    guint more;

    /* The digits that are an escape's are no word's. */
    if (window(block, SIEVE_ALNUM, start) >> 63 && ((before[-1] | 32) != 'x' || before[-2] != '0'))
        return GLANCE_NO;
    do {
        guint64 others = ~ahead(block, SIEVE_HEX, end);
        more = others ? (guint)__builtin_ctzll(others) : 64;
        end += more;
    } while (more == 64 && end - start < 128);
    return !(ahead(block, SIEVE_ALNUM, end) & 1) &&
                   sieve_rare_digest(sieve, text + start, 2, end - start, ret_key)
               ? GLANCE_ASK
               : GLANCE_NO;
}

/* What was seen at some places of a list, while what the filter has there is fetched. */
typedef struct {
    guint64 keys[GLANCES_TOGETHER];
    Glance seen[GLANCES_TOGETHER];
    guint count;
} Glances;

typedef Glance (*GlanceAt)(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                           guint32 at, guint64 *ret_key);

/* Looks at the places of a list from number @first on. */
static inline __attribute__((always_inline)) void
begin_glances(const Sieve *sieve, const SieveBlock *block, const guint8 *text, SieveList list,
              guint first, GlanceAt glance, Glances *glances)
{
    const guint32 *places = block->lists[list] + first;

    glances->count = MIN(block->counts[list] - first, GLANCES_TOGETHER);
    for (guint i = 0; i < glances->count; i++) {
        glances->seen[i] = glance(sieve, block, text, places[i], &glances->keys[i]);
        if (glances->seen[i] == GLANCE_ASK)
            filter_fetch(&sieve->filters->digest, glances->keys[i]);
    }
}

/* Of the places of a list keeps those at which @glance does not see that nothing is there; the
 * first of them were looked at. */
static inline __attribute__((always_inline)) void leave_out(const Sieve *sieve, SieveBlock *block,
                                                            const guint8 *text, SieveList list,
                                                            GlanceAt glance, Glances *glances)
{
    guint32 *places = block->lists[list];
    guint first = 0, kept = 0;

    for (;;) {
        for (guint i = 0; i < glances->count; i++) {
            places[kept] = places[first + i];
            kept += glances->seen[i] == GLANCE_YES ||
                    (glances->seen[i] == GLANCE_ASK &&
                     filter_has(&sieve->filters->digest, glances->keys[i]));
        }
        first += glances->count;
        if (first == block->counts[list])
            break;
        begin_glances(sieve, block, text, list, first, glance, glances);
    }
    block->counts[list] = kept;
}

PASS begin_hashes(const Sieve *sieve, const SieveBlock *block, const guint8 *text, Glances *hashes)
{
    begin_glances(sieve, block, text, SIEVE_HASHES, 0, glance_at_hash, hashes);
}

PASS leave_hashes_out(const Sieve *sieve, SieveBlock *block, const guint8 *text, Glances *hashes)
{
    leave_out(sieve, block, text, SIEVE_HASHES, glance_at_hash, hashes);
}

PASS leave_chains_out(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    Glances chains;

    begin_glances(sieve, block, text, SIEVE_COLONS, 0, glance_at_chain, &chains);
    leave_out(sieve, block, text, SIEVE_COLONS, glance_at_chain, &chains);
}
