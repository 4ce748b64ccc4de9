/* sieve_colons.h - of the chains of hexadecimal digits and colons, those that may be an IPv6
 * address or a hash of the set. Included by sieve_kernel.h.
 *
 * What is plain is decided here, by masks; the rest, and what the filter lets through, is left to
 * sieve_rare_colons(), which knows all the rules. */

/* Colons of a hash, at least; and of an address, at most, with one too many on either side. */
#define COLONS_OF_HASH    15
#define COLONS_OF_ADDRESS 9
/* Groups of an address; and colons, at least, where it has no gap, with what is cut off. */
#define GROUPS             8
#define COLONS_WITHOUT_GAP 6

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

/* Reads the groups of the address @text, whose colons are the ones of @colons, bit 0 its first
 * byte; a gap is noughts. FALSE when it is none; some that have two gaps are let through. */
static inline gboolean read_groups(const guint8 *text, guint64 colons, guint length,
                                   guint16 ret_groups[GROUPS])
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
    for (guint group = 0; group < GROUPS; group++)
        ret_groups[group] = group < MIN(before, count)         ? groups[group]
                            : group + count >= GROUPS + before ? groups[group + count - GROUPS]
                                                               : 0;
    return TRUE;
}

/* The longest hash with colons. */
#define COLON_HASH_MAX 191

/* May the chain be a hash of the set? One that begins before the block is left to the spotter. */
static inline gboolean may_be_colon_hash(const Sieve *sieve, const SieveBlock *block,
                                         const guint8 *text, guint32 end)
{
    guint32 start = end;
    guint more;

    do {
        more = leading(~(window(block, SIEVE_COLON, start) | window(block, SIEVE_HEX, start)));
        if (more > start || end - start > COLON_HASH_MAX)
            return TRUE;
        start -= more;
    } while (more == 64);
    text += start;
    if (text[2] != ':' || text[-1] == '%' || window(block, SIEVE_HOST, start) >> 63)
        return TRUE;
    guint length = end - start;
    return length % 3 == 2 && sieve_rare_digest(sieve, text, 3, (length + 1) / 3 * 2);
}

/* May the chain that ends at @end be of the set, as far as can be told at a glance? */
static inline gboolean may_be_chain(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                    guint32 end)
{
    guint64 colons = window(block, SIEVE_COLON, end);
    guint length = leading(~(colons | window(block, SIEVE_HEX, end)));
    guint16 groups[GROUPS];
    guint8 bytes[16];

    if (length > NEAR_BITS)
        return may_be_colon_hash(sieve, block, text, end);
    colons >>= 64 - length;
    guint count = (guint)__builtin_popcountll(colons);
    gboolean gap = (colons & colons >> 1) != 0;
    if (count >= COLONS_OF_HASH)
        return may_be_colon_hash(sieve, block, text, end);
    if (count > COLONS_OF_ADDRESS || (!gap && count < COLONS_WITHOUT_GAP) ||
        ahead(block, SIEVE_ALNUM, end) & 1)
        return FALSE;
    const guint8 *start = text + (gint32)end - length;
    if (start[-1] == '%' || text[end] == '.' || window(block, SIEVE_HOST, end) << length >> 63 ||
        __builtin_ctzll(colons) > 4 || (colons & 3) == 1)
        return TRUE;                       /* not all of it counts, or more than it */
    length -= colons >> (length - 2) == 2; /* a colon alone at the end */
    colons &= (G_GUINT64_CONSTANT(1) << length) - 1;
    if (!read_groups(start, colons, length, groups))
        return FALSE;
    for (guint group = 0; group < GROUPS; group++) {
        bytes[2 * group] = (guint8)(groups[group] >> 8);
        bytes[2 * group + 1] = (guint8)groups[group];
    }
    /* What begins with noughts may be an IPv4 address. */
    return (groups[0] | groups[1] | groups[2] | groups[3] | groups[4]) == 0 ||
           sieve_rare_v6(sieve, bytes);
}

/* May what begins with 32 hexadecimal digits at @start be a hash of the set? */
static inline gboolean may_be_hash(const Sieve *sieve, const SieveBlock *block, const guint8 *text,
                                   guint32 start)
{
    guint32 end = start + 32;
    guint more;

    do {
        guint64 others = ~ahead(block, SIEVE_HEX, end);
        more = others ? (guint)__builtin_ctzll(others) : 64;
        end += more;
    } while (more == 64 && end - start < 128);
    return !(ahead(block, SIEVE_ALNUM, end) & 1) &&
           sieve_rare_digest(sieve, text + start, 2, end - start);
}

PASS leave_hashes_out(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    guint32 *hashes = block->lists[SIEVE_HASHES];
    guint kept = 0;

    for (guint i = 0; i < block->counts[SIEVE_HASHES]; i++) {
        hashes[kept] = hashes[i];
        kept += (guint)may_be_hash(sieve, block, text, hashes[i]);
    }
    block->counts[SIEVE_HASHES] = kept;
}

PASS leave_chains_out(const Sieve *sieve, SieveBlock *block, const guint8 *text)
{
    guint32 *chains = block->lists[SIEVE_COLONS];
    guint kept = 0;

    for (guint i = 0; i < block->counts[SIEVE_COLONS]; i++) {
        chains[kept] = chains[i];
        kept += (guint)may_be_chain(sieve, block, text, chains[i]);
    }
    block->counts[SIEVE_COLONS] = kept;
}
