#include "stix/pattern_reader.h"

#include "stix/pattern_literal.h"

#define SHOWN_OF_TEXT 40 /* characters of wrong input that a message repeats */

void pattern_reader_init(PatternReader *reader, PatternArena *arena, const char *text,
                         gboolean stix20, GError **error)
{
    /* The table of types is not cleared: n_types says how much of it is in use. */
    reader->arena = arena;
    reader->stix20 = stix20;
    reader->n_types = 0;
    reader->first_test = reader->last_test = NULL;
    reader->first_breach = reader->last_breach = NULL;
    reader->n_breaches = 0;
    reader->error = error;
    pattern_lexer_init(&reader->lexer, text);
    pattern_reader_advance(reader);
}

guint pattern_reader_position(const PatternReader *reader)
{
    return (guint)(reader->token.start - reader->lexer.text);
}

void pattern_reader_advance(PatternReader *reader)
{
    pattern_lexer_next(&reader->lexer, &reader->token);
}

gboolean pattern_reader_take_if(PatternReader *reader, PatternLexerKind kind)
{
    if (reader->token.kind != kind)
        return FALSE;
    pattern_reader_advance(reader);
    return TRUE;
}

gboolean pattern_reader_take(PatternReader *reader, PatternLexerKind kind, const char *expected)
{
    return pattern_reader_take_if(reader, kind) || pattern_reader_fail(reader, expected);
}

PatternLiteral *pattern_reader_take_literal(PatternReader *reader)
{
    const char *problem = NULL;
    guint position = pattern_reader_position(reader);
    PatternLiteral *literal =
        pattern_literal_new(reader->arena, &reader->token, position, &problem);
    if (problem)
        pattern_reader_breach(reader, TRUE, position, problem);
    pattern_reader_advance(reader);
    return literal;
}

char *pattern_reader_locate(const char *text, gsize position, const char *message)
{
    guint line, column;
    pattern_lexer_locate(text, position, &line, &column);
    return g_strdup_printf("line %u, column %u: %s", line, column, message);
}

char *pattern_reader_quote(const char *text, gsize length)
{
    gsize shown = 0;
    for (guint i = 0; i < SHOWN_OF_TEXT && shown < length; i++)
        shown = (gsize)(g_utf8_next_char(text + shown) - text);
    shown = MIN(shown, length);
    char *quoted = g_strdup_printf("'%.*s%s'", (int)shown, text, shown < length ? "..." : "");
    for (char *p = quoted; *p; p++) {
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    }
    return quoted;
}

gboolean pattern_reader_fail_at(PatternReader *reader, ConcertError code, guint position,
                                const char *message)
{
    g_autofree char *located = pattern_reader_locate(reader->lexer.text, position, message);
    g_set_error_literal(reader->error, CONCERT_ERROR, code, located);
    return FALSE;
}

gboolean pattern_reader_fail(PatternReader *reader, const char *expected)
{
    const PatternLexerToken *token = &reader->token;
    g_autofree char *found = NULL;
    if (token->kind == PATTERN_LEXER_END)
        found = g_strdup("the end of the pattern");
    else if (token->kind == PATTERN_LEXER_INVALID && token->problem)
        found = g_strdup(token->problem);
    else
        found = pattern_reader_quote(token->start, token->length);
    g_autofree char *message = g_strdup_printf("expected %s, found %s", expected, found);
    return pattern_reader_fail_at(reader, CONCERT_ERROR_INPUT, pattern_reader_position(reader),
                                  message);
}

void pattern_reader_breach(PatternReader *reader, gboolean must, guint position,
                           const char *message)
{
    if (reader->n_breaches == PATTERN_MAX_BREACHES)
        return;
    reader->n_breaches++;
    PatternReaderBreach *breach = pattern_arena_take(reader->arena, sizeof *breach);
    *breach = (PatternReaderBreach){.must = must, .position = position, .message = message};
    if (reader->last_breach)
        reader->last_breach->next = breach;
    else
        reader->first_breach = breach;
    reader->last_breach = breach;
}
