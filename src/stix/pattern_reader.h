/* pattern_reader.h - what all parts of the pattern parser share: the token at hand, the memory, and
 * the two ways to object, failing and noting a breach. */
#pragma once

#include "base/error.h"
#include "stix/pattern.h"
#include "stix/pattern_arena.h"
#include "stix/pattern_lexer.h"

#define PATTERN_READER_MAX_TYPES 64 /* object types told apart in the check of AND; a bit each */
#define PATTERN_READER_ANY_TYPE  G_MAXUINT64

/* A rule broken by a pattern that could be read all the same. */
typedef struct PatternReaderBreach PatternReaderBreach;
struct PatternReaderBreach {
    gboolean must;
    guint position;
    const char *message; /* static */
    const PatternReaderBreach *next;
};

typedef struct {
    PatternArena *arena;
    PatternLexer lexer;
    PatternLexerToken token; /* the one not yet taken */
    gboolean stix20;
    struct {
        const char *name;
        gsize length;
    } types[PATTERN_READER_MAX_TYPES];
    guint n_types;
    PatternTest *first_test;
    PatternTest *last_test;
    PatternReaderBreach *first_breach;
    PatternReaderBreach *last_breach;
    guint n_breaches;
    GError **error;
} PatternReader;

/* Makes @reader ready with the first token of @text: NUL-terminated, valid UTF-8, no NUL inside. */
void pattern_reader_init(PatternReader *reader, PatternArena *arena, const char *text,
                         gboolean stix20, GError **error);

/* Offset of the token at hand. */
guint pattern_reader_position(const PatternReader *reader);

void pattern_reader_advance(PatternReader *reader);

/* Takes the token when it is a @kind. */
gboolean pattern_reader_take_if(PatternReader *reader, PatternLexerKind kind);

/* Takes the token, which must be a @kind; fails with "expected @expected, found ..." else. */
gboolean pattern_reader_take(PatternReader *reader, PatternLexerKind kind, const char *expected);

/* Takes the literal that the token is. */
PatternLiteral *pattern_reader_take_literal(PatternReader *reader);

/* Sets the error to "line 1, column 17: expected @expected, found <the token>". Returns FALSE. */
gboolean pattern_reader_fail(PatternReader *reader, const char *expected);

/* Likewise, with all of the message given. */
gboolean pattern_reader_fail_at(PatternReader *reader, ConcertError code, guint position,
                                const char *message);

/* Notes that a MUST (@must) or a piece of advice is not kept. @message is static text. */
void pattern_reader_breach(PatternReader *reader, gboolean must, guint position,
                           const char *message);

/* "line 1, column 17: @message", for byte @position of @text. Caller frees. */
char *pattern_reader_locate(const char *text, gsize position, const char *message);

/* The beginning of @text, on one line, between apostrophes. Caller frees. */
char *pattern_reader_quote(const char *text, gsize length);
