/* directory.h - directories: lists of node cards (docs/protocol.md, "Node card"). Who publishes one
 * vouches for nothing. */
#pragma once

#include "exchange/card.h"

#define DIRECTORY_MEDIA_TYPE "application/json"
#define DIRECTORY_BYTES_MAX  (64 * 1024 * 1024)
#define DIRECTORY_CARDS_MAX  4096

/* The JSON of a directory of the @cards (elements: const char *, the texts of cards). Caller frees.
 */
char *directory_format(const GPtrArray *cards);

/* What stands at one place of a directory. */
typedef struct {
    Card *card;    /* NULL: it is none */
    char *failure; /* what is wrong with it; NULL: nothing */
} DirectoryEntry;

void directory_entry_free(DirectoryEntry *entry);

/* Reads a directory, or one card alone. Each card is verified by itself (card_read()); a bad one
 * spoils no other. Elements: DirectoryEntry *. CONCERT_ERROR_INPUT when it is no directory, _LIMIT
 * beyond the bounds above. */
GPtrArray *directory_parse(const char *text, gsize length, GError **error);
