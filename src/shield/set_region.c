#include "shield/set_region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first room; more is doubled. What is not touched costs nothing. */
#define LEAST_ROOM (1u << 20)

#define READY_MAX  (256u << 10)

static gsize pages(gsize size)
{
    gsize page = (gsize)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/* As g_malloc(): without memory there is no going on. */
static guint8 *checked(void *memory, gsize size)
{
    if (memory == MAP_FAILED)
        g_error("cannot get %" G_GSIZE_FORMAT " bytes of memory: %s", size, g_strerror(errno));
    return memory;
}

static guint8 *map(gsize size)
{
    return checked(mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
                   size);
}

/* Has the system make the next pages all at once: one by one, when each is first touched, takes it
 * longer. An older one does not know how. */
static void make_ready(SetRegion *region)
{
    gsize start = MIN(pages(region->length), region->room);
    gsize step = MIN(MIN(pages(region->length / 8), READY_MAX), region->room - start);

    if (step > 0)
        madvise(region->bytes + start, step, MADV_POPULATE_WRITE);
    region->ready = start + step;
}

guint8 *set_region_make_room(SetRegion *region, gsize size)
{
    if (region->room - region->length < size) {
        gsize room = pages(MAX(MAX(2 * region->room, region->length + size), LEAST_ROOM));
        region->bytes =
            region->bytes ? checked(mremap(region->bytes, region->room, room, MREMAP_MAYMOVE), room)
                          : map(room);
        region->room = room;
    }
    if (region->length + size > region->ready)
        make_ready(region);
    return region->bytes + region->length;
}

/* Moves the pages in use to @to, where room was made, and gives up the others. */
static void move(SetRegion *region, guint8 *to)
{
    gsize used = pages(region->length);
    if (used < region->room)
        munmap(region->bytes + used, region->room - used);
    if (used > 0)
        checked(mremap(region->bytes, used, used, MREMAP_MAYMOVE | MREMAP_FIXED, to), used);
    *region = (SetRegion){0};
}

typedef struct {
    void *start;
    gsize length;
} Joined;

static void unmap(gpointer user)
{
    Joined *joined = user;
    munmap(joined->start, joined->length);
    g_free(joined);
}

GBytes *set_region_join(SetRegion *first, SetRegion *second)
{
    gsize start = first->length, length = start + second->length;
    Joined *joined = g_new(Joined, 1);

    g_assert(start == pages(start));
    *joined = (Joined){map(pages(length)), pages(length)};
    guint8 *bytes = joined->start;
    move(first, bytes);
    move(second, bytes + start);
    return g_bytes_new_with_free_func(bytes, length, unmap, joined);
}

void set_region_clear(SetRegion *region)
{
    if (region->bytes)
        munmap(region->bytes, region->room);
    *region = (SetRegion){0};
}
