/* nearest.h - "did you mean": the known word closest to a mistyped one. */
#pragma once

#include <glib.h>

/* Calls for words one after the other and remembers the one nearest to @wanted. */
typedef struct {
    const char *wanted;
    const char *word; /* the nearest so far, or NULL while none is near enough to be meant */
    guint distance;
} Nearest;

#define NEAREST_INIT(text) ((Nearest){.wanted = (text), .distance = G_MAXUINT})

/* Considers @word, which must outlive @nearest. A word counts as near when at most a third of its
 * letters (at least one) must be inserted, deleted, replaced or swapped with their neighbour, or
 * when
 * @wanted is its beginning. Words over 64 bytes are never near. */
void nearest_consider(Nearest *nearest, const char *word);
