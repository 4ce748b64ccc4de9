/* words.h - the twelve words by which two people make sure, on the telephone, that their nodes have
 * met each other and nobody in between (docs/protocol.md, "Words").
 *
 * Both sides compute them from both nodes' keys. Working them out is slow on purpose: who wants to
 * stand between two nodes has to find keys of his own that give the same words on both sides, and
 * each try costs him as much. */
#pragma once

#include <glib.h>

#include "exchange/card.h"

#define WORDS_COUNT 12
#define WORDS_LIST  256

/* The words of the keys in two cards, in either order: WORDS_COUNT words with a blank between.
 * Takes a tenth of a second and 64 MiB. CONCERT_ERROR_INPUT when both are of one node; _BUSY when
 * there is no memory. Caller frees. */
char *words_compute(const Card *a, const Card *b, GError **error);

/* The word for a byte. Static. */
const char *words_word(guint8 byte);
