#include "store/keyfilter.h"

/* All bits of a key are in one block, which is a line of the processor's cache. */
#define BLOCK_WORDS    8
#define KEYS_PER_BLOCK 42
#define PROBES         4
#define PROBE_BITS     9 /* a block has 512 */

G_STATIC_ASSERT(BLOCK_WORDS * 64 == 1 << PROBE_BITS);

void keyfilter_init(Keyfilter *filter, guint64 keys)
{
    keyfilter_clear(filter);
    filter->blocks = 1;
    while (filter->blocks * KEYS_PER_BLOCK < keys)
        filter->blocks *= 2;
    filter->bits = g_new0(guint64, filter->blocks * BLOCK_WORDS);
    filter->room = filter->blocks * KEYS_PER_BLOCK;
}

void keyfilter_clear(Keyfilter *filter)
{
    g_free(filter->bits);
    *filter = (Keyfilter){NULL};
}

/* The low bits choose the places, those above them the block. */
static guint64 *block_of(const Keyfilter *filter, guint64 key)
{
    return filter->bits + ((key >> PROBES * PROBE_BITS) & (filter->blocks - 1)) * BLOCK_WORDS;
}

void keyfilter_add(Keyfilter *filter, gint64 key)
{
    guint64 rest = (guint64)key, *block = block_of(filter, rest);
    for (guint i = 0; i < PROBES; i++, rest >>= PROBE_BITS)
        block[(rest >> 6) & (BLOCK_WORDS - 1)] |= G_GUINT64_CONSTANT(1) << (rest & 63);
    filter->held++;
}

gboolean keyfilter_may_have(const Keyfilter *filter, gint64 key)
{
    guint64 rest = (guint64)key;
    const guint64 *block = block_of(filter, rest);
    for (guint i = 0; i < PROBES; i++, rest >>= PROBE_BITS)
        if (!(block[(rest >> 6) & (BLOCK_WORDS - 1)] & G_GUINT64_CONSTANT(1) << (rest & 63)))
            return FALSE;
    return TRUE;
}
