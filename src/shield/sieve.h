/* sieve.h - from a piece of text to the few places in it where something of a set may stand, at
 * nearly the speed of memory.
 *
 * The text is classified 64 bytes at a time into masks of bits (sieve_kernel.h); additions whose
 * carries run along the ones of a mask find where names, numbers and hashes end; keys are made of
 * what stands there (key.h), and filters (filter.h) are asked whether the set has any of them.
 * What stands behind escapes is unfolded into a text beside the text, which is sieved the same way
 * (sieve_side.c).
 *
 * Nothing is missed: in every field (what stands between blanks, controls and quotes) where
 * spot_text() finds something there is a place. Most fields with a place have nothing; they are
 * rare. */
#pragma once

#include "shield/set.h"

/* Readable bytes, whatever they hold, that a text needs before and behind it. */
#define SIEVE_MARGIN 128

/* How text is looked at; the fastest that the machine can do is taken. */
typedef enum {
    SIEVE_PLAIN,
    SIEVE_AVX2,
    SIEVE_AVX512,
} SieveSimd;

typedef struct Sieve Sieve;

/* Whether the environment variable CONCERT_SIMD, which asks for less than the machine can do, is
 * plain, avx2, avx512 or not set; else CONCERT_ERROR_INPUT. */
gboolean sieve_check_environment(GError **error);

/* What one thread needs to sieve for @set, which must outlive it. What CONCERT_SIMD says counts, if
 * it is one of these. */
Sieve *sieve_new(const Set *set);

void sieve_free(Sieve *sieve);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sieve, sieve_free)

SieveSimd sieve_simd(const Sieve *sieve);

const Set *sieve_set(const Sieve *sieve);

/* Appends offsets (gsize), in no order, of bytes of @text; see above. */
void sieve_text(Sieve *sieve, const char *text, gsize length, GArray *places);

/* The bytes of @text that are @byte; SIEVE_MARGIN bytes behind it are readable, too. */
typedef gsize (*SieveCount)(const guint8 *text, gsize length, guint8 byte);

/* What counts bytes as fast as the sieve looks at them; it outlives the sieve. */
SieveCount sieve_counter(const Sieve *sieve);
