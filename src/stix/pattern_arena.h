/* pattern_arena.h - memory for one pattern's tree: taken piece by piece, given back all at once.
 *
 * The first block is sized so that a usual pattern needs no other. */
#pragma once

#include <glib.h>

typedef struct PatternArenaBlock PatternArenaBlock;

typedef struct {
    PatternArenaBlock *newest;
    char *next; /* first free byte, 8-aligned */
    char *end;
} PatternArena;

/* Prepares @arena with a first block of @size bytes. */
void pattern_arena_init(PatternArena *arena, gsize size);

void pattern_arena_clear(PatternArena *arena);

/* @size bytes, uninitialised, aligned for any type of pattern.h. */
void *pattern_arena_take(PatternArena *arena, gsize size);

/* Copies @length bytes and adds a NUL. */
char *pattern_arena_copy(PatternArena *arena, const char *text, gsize length);
