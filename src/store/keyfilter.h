/* keyfilter.h - which keys are certainly not in an index: most of what comes is new, and to find
 * that out in the index costs the writer as much as to store it. A Bloom filter of 12 bits a key,
 * in which one key in a hundred that is not there seems to be. Keys are random (store/hashkey.h),
 * so their own bits choose. Private to the store. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 *bits; /* NULL: it knows nothing */
    guint64 blocks, held, room;
} Keyfilter;

/* Makes it empty, for at least @keys keys. */
void keyfilter_init(Keyfilter *filter, guint64 keys);

void keyfilter_clear(Keyfilter *filter);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keyfilter, keyfilter_clear)

void keyfilter_add(Keyfilter *filter, gint64 key);

/* FALSE: the key was not added. */
gboolean keyfilter_may_have(const Keyfilter *filter, gint64 key);
