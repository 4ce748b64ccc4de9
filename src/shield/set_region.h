/* set_region.h - memory of whole pages that grows without being copied and can be put behind other
 * such memory. Private to set_*.c. */
#pragma once

#include <glib.h>

/* Zeroed it is empty. */
typedef struct {
    guint8 *bytes;
    gsize length; /* of what is used */
    gsize room;
    gsize ready; /* up to where there are pages already */
} SetRegion;

/* Room for @size bytes behind what is used, all of it zero where nothing was ever written; valid
 * until the next call. */
guint8 *set_region_make_room(SetRegion *region, gsize size);

static inline guint8 *set_region_room(SetRegion *region, gsize size)
{
    return region->length + size <= region->ready ? region->bytes + region->length
                                                  : set_region_make_room(region, size);
}

/* The two one after the other, of which the first fills whole pages. Both are empty then. */
GBytes *set_region_join(SetRegion *first, SetRegion *second);

void set_region_clear(SetRegion *region);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SetRegion, set_region_clear)
