/* filter.h - says "surely not" of nearly everything that is not in a set, at one look into memory.
 *
 * A Bloom filter whose bits for one key lie in one 64-bit word. It is part of a set's file and used
 * in place. */
#pragma once

#include <glib.h>

typedef struct {
    const guint64 *words; /* in the byte order of this machine; the file says which that is */
    guint32 count;        /* 0: nothing is in it */
} Filter;

static inline guint64 filter_bits(guint64 key)
{
    return G_GUINT64_CONSTANT(1) << (key & 63) | G_GUINT64_CONSTANT(1) << (key >> 6 & 63) |
           G_GUINT64_CONSTANT(1) << (key >> 12 & 63) | G_GUINT64_CONSTANT(1) << (key >> 18 & 63);
}

static inline guint32 filter_place(guint64 key, guint32 count)
{
    return (guint32)((key >> 32) * count >> 32);
}

static inline gboolean filter_has(const Filter *filter, guint64 key)
{
    guint64 bits = filter_bits(key);
    return filter->count > 0 && (filter->words[filter_place(key, filter->count)] & bits) == bits;
}

/* Begins to fetch what filter_has() will read. */
static inline void filter_fetch(const Filter *filter, guint64 key)
{
    __builtin_prefetch(&filter->words[filter_place(key, filter->count)]);
}

static inline void filter_add(guint64 *words, guint32 count, guint64 key)
{
    words[filter_place(key, count)] |= filter_bits(key);
}

/* Bit number @bit of a map. */
static inline gboolean filter_bit(const guint64 *map, guint bit)
{
    return (map[bit >> 6] >> (bit & 63) & 1) != 0;
}

/* What a scan asks of a set before anything else; see set_filters(). */
typedef struct {
    guint64 seed;
    /* Of every host that a domain, URL or e-mail address of the set has. A longer host has the
     * same last labels, so these answer for names under it, too. */
    Filter name2, name3; /* by KEY_NAME2 and KEY_NAME3 */
    /* 65,536 bits by key_label(), and by key_script_label() of what "xn--" labels stand for: the
     * last labels of those hosts. */
    const guint64 *labels;
    /* Of addresses, those that are URLs' hosts included. */
    Filter v4;              /* by key_v4() */
    const guint64 *v4_nets; /* 65,536 bits by the first 16: a network of the set reaches in there */
    /* By key_v4_net(): the same, more closely; and by key_v4_prefix(): the networks. */
    Filter v4_near;
    Filter v6; /* by key_v6(): addresses and networks; has everything when ::/0 is one */
    const guint8 *v6_lengths; /* the prefix lengths of its networks, 0 ends them */
    Filter digest;            /* by key_digest() of all hashes and JA3 */
    Filter ja4;               /* by KEY_TEXT, key_tail() of the 36 bytes (the last 32 count) */
} Filters;
