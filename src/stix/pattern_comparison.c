#include "stix/pattern_comparison.h"

#include <string.h>

#include "stix/pattern_hash.h"
#include "stix/pattern_literal.h"

static gboolean is_literal(PatternLexerKind kind)
{
    return kind >= PATTERN_LEXER_STRING && kind <= PATTERN_LEXER_FALSE;
}

static gboolean is_orderable(PatternLexerKind kind)
{
    return kind >= PATTERN_LEXER_STRING && kind <= PATTERN_LEXER_BINARY;
}

/* Numbers are of one type in a set, octets too. */
static PatternLiteralKind literal_class(const PatternLiteral *literal)
{
    if (literal->kind == PATTERN_INTEGER)
        return PATTERN_FLOAT;
    return literal->kind == PATTERN_HEX ? PATTERN_BINARY : literal->kind;
}

static gboolean parse_set(PatternReader *reader, const PatternLiteral **ret_values)
{
    guint position = pattern_reader_position(reader);
    if (!pattern_reader_take(reader, PATTERN_LEXER_PAREN_OPEN, "'('"))
        return FALSE;
    if (reader->token.kind == PATTERN_LEXER_PAREN_CLOSE) {
        pattern_reader_breach(reader, FALSE, position, "nothing is IN an empty set");
        pattern_reader_advance(reader);
        return TRUE;
    }
    PatternLiteral *first = NULL, *last = NULL;
    gboolean mixed = FALSE;
    for (;;) {
        if (!is_literal(reader->token.kind))
            return pattern_reader_fail(reader, "a constant");
        PatternLiteral *literal = pattern_reader_take_literal(reader);
        if (last)
            last->next = literal;
        else
            first = literal;
        mixed |= literal_class(first) != literal_class(literal);
        last = literal;
        if (reader->token.kind != PATTERN_LEXER_COMMA)
            break;
        pattern_reader_advance(reader);
    }
    if (mixed)
        pattern_reader_breach(reader, TRUE, position, "the constants of a set must be of one type");
    *ret_values = first;
    return pattern_reader_take(reader, PATTERN_LEXER_PAREN_CLOSE, "',' or ')'");
}

static gboolean is_type_name(const char *name, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_islower(name[i]) && !g_ascii_isdigit(name[i]) && name[i] != '-')
            return FALSE;
    }
    return TRUE;
}

/* The text of the object type that is the token, and its bit. */
static const char *intern_type(PatternReader *reader, guint64 *ret_bit)
{
    const char *name = reader->token.start;
    gsize length = reader->token.length;
    for (guint i = 0; i < reader->n_types; i++) {
        if (reader->types[i].length == length && memcmp(reader->types[i].name, name, length) == 0) {
            *ret_bit = G_GUINT64_CONSTANT(1) << i;
            return reader->types[i].name;
        }
    }
    if (!is_type_name(name, length))
        pattern_reader_breach(
            reader, TRUE, pattern_reader_position(reader),
            "an object type must consist of lower-case letters, digits and hyphens");
    name = pattern_arena_copy(reader->arena, name, length);
    *ret_bit = PATTERN_READER_ANY_TYPE;
    if (reader->n_types < PATTERN_READER_MAX_TYPES) {
        *ret_bit = G_GUINT64_CONSTANT(1) << reader->n_types;
        reader->types[reader->n_types].name = name;
        reader->types[reader->n_types++].length = length;
    }
    return name;
}

static gboolean parse_name_step(PatternReader *reader, PatternStep *ret_step)
{
    const PatternLexerToken *token = &reader->token;
    *ret_step = (PatternStep){.kind = PATTERN_STEP_NAME};
    if (token->kind == PATTERN_LEXER_STRING) {
        gsize length;
        ret_step->quoted = TRUE;
        ret_step->name = pattern_literal_unescape(reader->arena, token, &length);
    } else if (token->kind == PATTERN_LEXER_NAME) {
        ret_step->name = pattern_arena_copy(reader->arena, token->start, token->length);
    } else {
        return pattern_reader_fail(reader, "a property name (in apostrophes when it has a hyphen)");
    }
    pattern_reader_advance(reader);
    return TRUE;
}

/* "[1]" or "[*]", the bracket taken already. */
static gboolean parse_index_step(PatternReader *reader, PatternStep *ret_step)
{
    const PatternLexerToken *token = &reader->token;
    if (token->kind == PATTERN_LEXER_ASTERISK) {
        *ret_step = (PatternStep){.kind = PATTERN_STEP_ANY};
    } else if (token->kind == PATTERN_LEXER_INTEGER) {
        *ret_step = (PatternStep){.kind = PATTERN_STEP_INDEX,
                                  .index = g_ascii_strtoll(token->start, NULL, 10)};
        if (token->start[0] == '-')
            pattern_reader_breach(reader, TRUE, pattern_reader_position(reader),
                                  "an index must not be negative");
    } else {
        return pattern_reader_fail(reader, "an index or '*'");
    }
    pattern_reader_advance(reader);
    return pattern_reader_take(reader, PATTERN_LEXER_BRACKET_CLOSE, "']'");
}

/* Reads a path into @test. *ret_hash is the key when it leads into a hashes dictionary. */
static gboolean parse_path(PatternReader *reader, PatternTest *test, guint64 *ret_types,
                           const char **ret_hash)
{
    if (reader->token.kind != PATTERN_LEXER_NAME && reader->token.kind != PATTERN_LEXER_HYPHENATED)
        return pattern_reader_fail(reader, "an object type");
    test->type = intern_type(reader, ret_types);
    pattern_reader_advance(reader);
    if (!pattern_reader_take(reader, PATTERN_LEXER_COLON, "':'"))
        return FALSE;

    gboolean hashes = FALSE;
    gboolean bracket = FALSE;
    PatternStep *last = NULL;
    for (;; pattern_reader_advance(reader)) {
        PatternStep *step = pattern_arena_take(reader->arena, sizeof *step);
        if (!(bracket ? parse_index_step(reader, step) : parse_name_step(reader, step)))
            return FALSE;
        if (last)
            last->next = step;
        else
            test->steps = step;
        last = step;
        hashes |= step->kind == PATTERN_STEP_NAME && strcmp(step->name, "hashes") == 0;
        bracket = reader->token.kind == PATTERN_LEXER_BRACKET_OPEN;
        if (!bracket && reader->token.kind != PATTERN_LEXER_DOT)
            break;
    }
    *ret_hash = hashes && last->kind == PATTERN_STEP_NAME ? last->name : NULL;
    return TRUE;
}

typedef enum { OPERAND_ANY, OPERAND_ORDERABLE, OPERAND_STRING, OPERAND_SET } Operand;

static const struct {
    PatternLexerKind token;
    PatternOperator comparator;
    Operand operand;
} operators[] = {
    {PATTERN_LEXER_EQUAL, PATTERN_EQUAL, OPERAND_ANY},
    {PATTERN_LEXER_NOT_EQUAL, PATTERN_NOT_EQUAL, OPERAND_ANY},
    {PATTERN_LEXER_LESS, PATTERN_LESS, OPERAND_ORDERABLE},
    {PATTERN_LEXER_LESS_EQUAL, PATTERN_LESS_EQUAL, OPERAND_ORDERABLE},
    {PATTERN_LEXER_GREATER, PATTERN_GREATER, OPERAND_ORDERABLE},
    {PATTERN_LEXER_GREATER_EQUAL, PATTERN_GREATER_EQUAL, OPERAND_ORDERABLE},
    {PATTERN_LEXER_IN, PATTERN_IN, OPERAND_SET},
    {PATTERN_LEXER_LIKE, PATTERN_LIKE, OPERAND_STRING},
    {PATTERN_LEXER_MATCHES, PATTERN_MATCHES, OPERAND_STRING},
    {PATTERN_LEXER_ISSUBSET, PATTERN_ISSUBSET, OPERAND_STRING},
    {PATTERN_LEXER_ISSUPERSET, PATTERN_ISSUPERSET, OPERAND_STRING},
};

static gboolean parse_operand(PatternReader *reader, Operand operand,
                              const PatternLiteral **ret_values)
{
    PatternLexerKind kind = reader->token.kind;
    switch (operand) {
    case OPERAND_SET:
        return parse_set(reader, ret_values);
    case OPERAND_ANY:
        if (!is_literal(kind))
            return pattern_reader_fail(reader, "a constant (strings need apostrophes)");
        break;
    case OPERAND_ORDERABLE:
        if (!is_orderable(kind))
            return pattern_reader_fail(reader,
                                       "a number, string, timestamp, hex or binary constant");
        break;
    case OPERAND_STRING:
        if (kind != PATTERN_LEXER_STRING)
            return pattern_reader_fail(reader, "a string in apostrophes");
        break;
    }
    *ret_values = pattern_reader_take_literal(reader);
    return TRUE;
}

/* Whole hashes must look like hashes; LIKE and MATCHES test for parts. */
static gboolean check_hashes(PatternReader *reader, const PatternTest *test, const char *algorithm)
{
    if (test->comparator > PATTERN_IN)
        return TRUE;
    for (const PatternLiteral *value = test->values; value; value = value->next) {
        gboolean string = value->kind == PATTERN_STRING;
        if (pattern_hash_fits(algorithm, string ? value->text : "", string ? value->length : 0))
            continue;
        g_autofree char *found = pattern_reader_quote(value->text, value->length);
        g_autofree char *message =
            string ? g_strdup_printf("expected a %s hash, found %s", algorithm, found)
                   : g_strdup_printf("expected a %s hash as a string", algorithm);
        return pattern_reader_fail_at(reader, CONCERT_ERROR_INPUT, value->position, message);
    }
    return TRUE;
}

static void add_test(PatternReader *reader, PatternTest *test)
{
    if (reader->last_test)
        reader->last_test->following = test;
    else
        reader->first_test = test;
    reader->last_test = test;
}

PatternTest *pattern_comparison_parse(PatternReader *reader, guint64 *ret_types)
{
    const char *hash = NULL;
    PatternTest *test = pattern_arena_take(reader->arena, sizeof *test);
    *test = (PatternTest){.position = pattern_reader_position(reader)};
    test->negated = pattern_reader_take_if(reader, PATTERN_LEXER_NOT);
    if (test->negated || reader->token.kind == PATTERN_LEXER_EXISTS) {
        test->comparator = PATTERN_EXISTS;
        if (!pattern_reader_take(reader, PATTERN_LEXER_EXISTS, "EXISTS") ||
            !parse_path(reader, test, ret_types, &hash))
            return NULL;
    } else {
        if (!parse_path(reader, test, ret_types, &hash))
            return NULL;
        test->negated = pattern_reader_take_if(reader, PATTERN_LEXER_NOT);
        gsize i = 0;
        while (i < G_N_ELEMENTS(operators) && operators[i].token != reader->token.kind)
            i++;
        if (i == G_N_ELEMENTS(operators)) {
            pattern_reader_fail(reader, "a comparison operator");
            return NULL;
        }
        test->comparator = operators[i].comparator;
        pattern_reader_advance(reader);
        if (!parse_operand(reader, operators[i].operand, &test->values) ||
            (hash && !check_hashes(reader, test, hash)))
            return NULL;
    }
    add_test(reader, test);
    return test;
}
