/* pattern_parser.h - builds a pattern's tree; pattern.c is its door. */
#pragma once

#include "stix/pattern_reader.h"

typedef struct {
    const PatternNode *root;
    const PatternTest *tests;            /* the first of the text */
    const PatternReaderBreach *breaches; /* in the order they were found */
    guint n_breaches;
} PatternParserTree;

/* Parses @text (NUL-terminated, valid UTF-8, no NUL inside) into *ret_tree, which lives in @arena.
 * @stix20: plain strings after START and STOP, repeated qualifiers. Errors as of pattern_parse().
 */
gboolean pattern_parser_run(PatternArena *arena, const char *text, gboolean stix20,
                            PatternParserTree *ret_tree, GError **error);
