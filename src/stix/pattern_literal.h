/* pattern_literal.h - the value of a constant of the patterning language. */
#pragma once

#include "stix/pattern.h"
#include "stix/pattern_arena.h"
#include "stix/pattern_lexer.h"

/* Integers beyond this are not STIX integers (section 2.7). */
#define PATTERN_LITERAL_MAX_INTEGER ((G_GINT64_CONSTANT(1) << 53) - 1)

/* The constant that @token, one of the literal kinds, stands for; @position is its offset. Points
 * into @arena. *ret_problem is set to what the specification forbids about it (static text), else
 * left alone. */
PatternLiteral *pattern_literal_new(PatternArena *arena, const PatternLexerToken *token,
                                    guint position, const char **ret_problem);

/* A TIMESTAMP from the text of the string constant @literal, or FALSE when it is none. */
gboolean pattern_literal_to_timestamp(PatternLiteral *literal);

/* The string that the STRING token @token means. */
char *pattern_literal_unescape(PatternArena *arena, const PatternLexerToken *token,
                               gsize *ret_length);
