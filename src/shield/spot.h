/* spot.h - finds the values of a set in a piece of text.
 *
 * What counts as an address, a name, a hash in running text, and where it begins and ends, is
 * docs/match.md; this is its implementation, text in memory only. The text is looked at as it is
 * and, around escapes (unfold.h), once more as what they stand for, at most SPOT_DEPTH deep. */
#pragma once

#include "shield/set.h"
#include "shield/sieve.h"

/* Longest spelling of a value in a text, in bytes. */
#define SPOT_MAX_LENGTH OBSERVABLE_MAX_LENGTH

/* Bytes to the left and to the right of a place that decide what is found there. */
#define SPOT_CONTEXT (2 * SPOT_MAX_LENGTH)

/* Escapes in escapes that are looked through. */
#define SPOT_DEPTH 2

typedef struct {
    gsize start, end; /* of the spelling, in the text */
    SetEntry entry;   /* the first of its value */
    guint depth;      /* of escapes it was found under */
} SpotMatch;

/* Appends a SpotMatch for everything of @set in @text, in ascending order of start; of the same
 * value ending at the same place only one. Byte by byte: for short texts, and the judge of the
 * other. */
void spot_text(const Set *set, const char *text, gsize length, GArray *matches);

/* The same, much faster: only where the sieve says so is the text looked at. @text has SIEVE_MARGIN
 * readable bytes before and behind it, of which nothing is expected. */
void spot_sieved(Sieve *sieve, const char *text, gsize length, GArray *matches);

/* The second half of it: looks at the fields of @text around @places, as sieve_text() gave them,
 * which are put in order. */
void spot_places(const Set *set, const char *text, gsize length, GArray *places, GArray *matches);
