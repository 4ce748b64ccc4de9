/* pattern_lexer.h - splits a pattern into the tokens of the OASIS grammar.
 *
 * Of two tokens that could begin at a place the longer is taken; keywords are upper case, `true`
 * and `false` lower case. White space (Unicode's) and comments, C's two kinds, separate tokens. */
#pragma once

#include <glib.h>

typedef enum {
    PATTERN_LEXER_END,
    PATTERN_LEXER_INVALID, /* `problem` says what is wrong */
    PATTERN_LEXER_NAME,
    PATTERN_LEXER_HYPHENATED, /* a name with a hyphen: object types only */
    PATTERN_LEXER_STRING,
    PATTERN_LEXER_INTEGER,
    PATTERN_LEXER_FLOAT,
    PATTERN_LEXER_TIMESTAMP,
    PATTERN_LEXER_HEX,
    PATTERN_LEXER_BINARY,
    PATTERN_LEXER_TRUE,
    PATTERN_LEXER_FALSE,
    PATTERN_LEXER_AND,
    PATTERN_LEXER_OR,
    PATTERN_LEXER_NOT,
    PATTERN_LEXER_FOLLOWEDBY,
    PATTERN_LEXER_IN,
    PATTERN_LEXER_LIKE,
    PATTERN_LEXER_MATCHES,
    PATTERN_LEXER_ISSUBSET,
    PATTERN_LEXER_ISSUPERSET,
    PATTERN_LEXER_EXISTS,
    PATTERN_LEXER_LAST, /* reserved, without a use */
    PATTERN_LEXER_START,
    PATTERN_LEXER_STOP,
    PATTERN_LEXER_WITHIN,
    PATTERN_LEXER_SECONDS,
    PATTERN_LEXER_REPEATS,
    PATTERN_LEXER_TIMES,
    PATTERN_LEXER_EQUAL,
    PATTERN_LEXER_NOT_EQUAL,
    PATTERN_LEXER_LESS,
    PATTERN_LEXER_LESS_EQUAL,
    PATTERN_LEXER_GREATER,
    PATTERN_LEXER_GREATER_EQUAL,
    PATTERN_LEXER_COLON,
    PATTERN_LEXER_DOT,
    PATTERN_LEXER_COMMA,
    PATTERN_LEXER_ASTERISK,
    PATTERN_LEXER_PAREN_OPEN,
    PATTERN_LEXER_PAREN_CLOSE,
    PATTERN_LEXER_BRACKET_OPEN,
    PATTERN_LEXER_BRACKET_CLOSE,
} PatternLexerKind;

typedef struct {
    PatternLexerKind kind;
    gboolean escaped;  /* a string with escapes in it */
    const char *start; /* the token as written, prefix and apostrophes included */
    gsize length;
    const char *problem; /* static */
} PatternLexerToken;

typedef struct {
    const char *text; /* NUL-terminated, no NUL inside, valid UTF-8; borrowed */
    const char *next;
} PatternLexer;

void pattern_lexer_init(PatternLexer *lexer, const char *text);

void pattern_lexer_next(PatternLexer *lexer, PatternLexerToken *ret_token);

/* Line and column, in characters, both from 1, of byte @position of @text. */
void pattern_lexer_locate(const char *text, gsize position, guint *ret_line, guint *ret_column);

/* Whether @name can stand in an object path without apostrophes. */
gboolean pattern_lexer_is_plain_name(const char *name);
