#include "stix/pattern_literal.h"

#include <errno.h>
#include <string.h>

#include "base/timestamp.h"

#define US_PER_SECOND G_GINT64_CONSTANT(1000000)

char *pattern_literal_unescape(PatternArena *arena, const PatternLexerToken *token,
                               gsize *ret_length)
{
    gsize length = token->length - 2;
    char *text = pattern_arena_copy(arena, token->start + 1, length);
    if (token->escaped) {
        char *to = text;
        for (const char *from = text; *from; from++) {
            if (*from == '\\')
                from++;
            *to++ = *from;
        }
        *to = '\0';
        length = (gsize)(to - text);
    }
    *ret_length = length;
    return text;
}

static void set_hex(PatternLiteral *literal, PatternArena *arena, const char *digits, gsize count)
{
    char *octets = pattern_arena_take(arena, count / 2 + 1);
    for (gsize i = 0; i < count / 2; i++)
        octets[i] = (char)(g_ascii_xdigit_value(digits[2 * i]) << 4 |
                           g_ascii_xdigit_value(digits[2 * i + 1]));
    octets[count / 2] = '\0';
    literal->text = octets;
    literal->length = count / 2;
}

static void set_binary(PatternLiteral *literal, PatternArena *arena, const char *base64,
                       gsize length)
{
    char *octets = pattern_arena_take(arena, length / 4 * 3 + 4);
    int state = 0;
    guint save = 0;
    literal->length = g_base64_decode_step(base64, length, (guchar *)octets, &state, &save);
    octets[literal->length] = '\0';
    literal->text = octets;
}

/* A timestamp of the grammar's shape. The shape allows second 60, which is the next minute's
 * beginning, and days that no month has, which are counted on into the next month. */
static gboolean read_timestamp(const char *text, gsize length, gint64 *ret_us, gboolean *ret_exists)
{
    *ret_exists = TRUE;
    if (timestamp_parse(text, length, ret_us, NULL))
        return TRUE;
    g_autofree char *near = g_strndup(text, length);
    gint64 more = 0;
    if (memcmp(near + 17, "60", 2) == 0) {
        memcpy(near + 17, "59", 2);
        more += US_PER_SECOND;
    }
    int day = (near[8] - '0') * 10 + (near[9] - '0');
    if (!timestamp_parse(near, length, ret_us, NULL) && day > 28) {
        memcpy(near + 8, "28", 2);
        more += (gint64)(day - 28) * 86400 * US_PER_SECOND;
        *ret_exists = FALSE;
    }
    if (!timestamp_parse(near, length, ret_us, NULL)) {
        *ret_exists = FALSE;
        return FALSE; /* hundreds of digits after the point */
    }
    *ret_us += more;
    return TRUE;
}

static void set_number(PatternLiteral *literal, PatternArena *arena, const PatternLexerToken *token,
                       const char **ret_problem)
{
    gsize plus = token->start[0] == '+';
    literal->length = token->length - plus;
    literal->text = pattern_arena_copy(arena, token->start + plus, literal->length);
    if (plus)
        *ret_problem = "a number must not have a plus sign";
    if (token->kind == PATTERN_LEXER_INTEGER) {
        errno = 0;
        literal->kind = PATTERN_INTEGER;
        literal->integer = g_ascii_strtoll(literal->text, NULL, 10);
        if (literal->integer > PATTERN_LITERAL_MAX_INTEGER ||
            literal->integer < -PATTERN_LITERAL_MAX_INTEGER)
            *ret_problem = "an integer must lie between -(2^53)+1 and (2^53)-1";
        if (errno == 0)
            return;
    }
    literal->kind = PATTERN_FLOAT;
    literal->real = g_ascii_strtod(literal->text, NULL);
}

PatternLiteral *pattern_literal_new(PatternArena *arena, const PatternLexerToken *token,
                                    guint position, const char **ret_problem)
{
    PatternLiteral *literal = pattern_arena_take(arena, sizeof *literal);
    *literal = (PatternLiteral){.position = position};
    const char *inside = token->start + 2; /* of a prefixed constant */
    gsize inner = token->length - 3;
    gboolean exists;
    switch (token->kind) {
    case PATTERN_LEXER_STRING:
        literal->kind = PATTERN_STRING;
        literal->text = pattern_literal_unescape(arena, token, &literal->length);
        break;
    case PATTERN_LEXER_TRUE:
    case PATTERN_LEXER_FALSE:
        literal->kind = PATTERN_BOOLEAN;
        literal->boolean = token->kind == PATTERN_LEXER_TRUE;
        literal->text = literal->boolean ? "true" : "false";
        literal->length = token->length;
        break;
    case PATTERN_LEXER_HEX:
        literal->kind = PATTERN_HEX;
        set_hex(literal, arena, inside, inner);
        break;
    case PATTERN_LEXER_BINARY:
        literal->kind = PATTERN_BINARY;
        set_binary(literal, arena, inside, inner);
        break;
    case PATTERN_LEXER_TIMESTAMP:
        literal->kind = PATTERN_TIMESTAMP;
        literal->text = pattern_arena_copy(arena, inside, inner);
        literal->length = inner;
        if (!read_timestamp(literal->text, inner, &literal->us, &exists) || !exists)
            *ret_problem = "this is a time that does not exist";
        break;
    default:
        set_number(literal, arena, token, ret_problem);
    }
    return literal;
}

gboolean pattern_literal_to_timestamp(PatternLiteral *literal)
{
    gint64 us;
    if (!timestamp_parse(literal->text, literal->length, &us, NULL))
        return FALSE;
    literal->kind = PATTERN_TIMESTAMP;
    literal->us = us;
    return TRUE;
}
