#include "stix/pattern_arena.h"

#include <string.h>

#define MAX_BLOCK (1024 * 1024)

struct PatternArenaBlock {
    PatternArenaBlock *older;
    gsize size;
    char bytes[] __attribute__((aligned(8)));
};

static void add_block(PatternArena *arena, gsize size)
{
    PatternArenaBlock *block = g_malloc(sizeof *block + size);
    block->older = arena->newest;
    block->size = size;
    arena->newest = block;
    arena->next = block->bytes;
    arena->end = block->bytes + size;
}

void pattern_arena_init(PatternArena *arena, gsize size)
{
    arena->newest = NULL;
    add_block(arena, (size + 7) & ~(gsize)7);
}

void pattern_arena_clear(PatternArena *arena)
{
    for (PatternArenaBlock *block = arena->newest, *older; block; block = older) {
        older = block->older;
        g_free(block);
    }
    arena->newest = NULL;
}

void *pattern_arena_take(PatternArena *arena, gsize size)
{
    size = (size + 7) & ~(gsize)7;
    if (size > (gsize)(arena->end - arena->next))
        add_block(arena, MAX(size, MIN(2 * arena->newest->size, MAX_BLOCK)));
    void *taken = arena->next;
    arena->next += size;
    return taken;
}

char *pattern_arena_copy(PatternArena *arena, const char *text, gsize length)
{
    char *copy = pattern_arena_take(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}
