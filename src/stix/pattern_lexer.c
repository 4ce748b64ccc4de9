#include "stix/pattern_lexer.h"

#include <string.h>

static const struct {
    const char *word;
    guint length;
    PatternLexerKind kind;
} keywords[] = {
#define KEYWORD(word, kind)                                                                        \
    {                                                                                              \
        word, sizeof word - 1, kind                                                                \
    }
    KEYWORD("AND", PATTERN_LEXER_AND),
    KEYWORD("OR", PATTERN_LEXER_OR),
    KEYWORD("NOT", PATTERN_LEXER_NOT),
    KEYWORD("FOLLOWEDBY", PATTERN_LEXER_FOLLOWEDBY),
    KEYWORD("IN", PATTERN_LEXER_IN),
    KEYWORD("LIKE", PATTERN_LEXER_LIKE),
    KEYWORD("MATCHES", PATTERN_LEXER_MATCHES),
    KEYWORD("ISSUBSET", PATTERN_LEXER_ISSUBSET),
    KEYWORD("ISSUPERSET", PATTERN_LEXER_ISSUPERSET),
    KEYWORD("EXISTS", PATTERN_LEXER_EXISTS),
    KEYWORD("LAST", PATTERN_LEXER_LAST),
    KEYWORD("START", PATTERN_LEXER_START),
    KEYWORD("STOP", PATTERN_LEXER_STOP),
    KEYWORD("WITHIN", PATTERN_LEXER_WITHIN),
    KEYWORD("SECONDS", PATTERN_LEXER_SECONDS),
    KEYWORD("REPEATS", PATTERN_LEXER_REPEATS),
    KEYWORD("TIMES", PATTERN_LEXER_TIMES),
    KEYWORD("true", PATTERN_LEXER_TRUE),
    KEYWORD("false", PATTERN_LEXER_FALSE),
#undef KEYWORD
};

static gboolean is_name_start(char c)
{
    return g_ascii_isalpha(c) || c == '_';
}

static gboolean is_name_part(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

void pattern_lexer_init(PatternLexer *lexer, const char *text)
{
    lexer->text = text;
    lexer->next = text;
}

/* How many bytes of white space begin at @text, which is not ASCII there: the grammar's list, which
 * is Unicode's property White_Space. */
static gsize wide_blank_length(const char *text)
{
    gunichar c = g_utf8_get_char(text);
    switch (c) {
    case 0x85:
    case 0xa0:
        return 2;
    case 0x1680:
    case 0x2000 ... 0x200a:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
        return 3;
    default:
        return 0;
    }
}

/* Skips white space and comments; FALSE at a comment that does not end. */
static gboolean skip_blanks(PatternLexer *lexer)
{
    const char *p = lexer->next;
    for (;;) {
        if (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
            p++;
        } else if (p[0] == '/' && p[1] == '/') {
            p += strcspn(p, "\r\n");
        } else if (p[0] == '/' && p[1] == '*') {
            const char *end = strstr(p + 2, "*/");
            lexer->next = p;
            if (!end)
                return FALSE;
            p = end + 2;
        } else {
            gsize length = (guchar)*p >= 0x80 ? wide_blank_length(p) : 0;
            if (length == 0)
                break;
            p += length;
        }
    }
    lexer->next = p;
    return TRUE;
}

static void set_invalid(PatternLexerToken *token, gsize length, const char *problem)
{
    token->kind = PATTERN_LEXER_INVALID;
    token->length = length;
    token->problem = problem;
}

/* A string whose opening apostrophe is at @quote; its length with both apostrophes, 0 when it is
 * none. */
static gsize string_length(const char *quote, gboolean *ret_escaped, const char **ret_problem)
{
    *ret_escaped = FALSE;
    for (const char *p = quote + 1;; p++) {
        p += strcspn(p, "'\\");
        if (*p == '\'')
            return (gsize)(p + 1 - quote);
        if (*p == '\0') {
            *ret_problem = "a string without its closing apostrophe";
            return 0;
        }
        p++;
        if (*p != '\'' && *p != '\\') {
            *ret_problem = "a string with a backslash before something else than \\ or '";
            return 0;
        }
        *ret_escaped = TRUE;
    }
}

/* Whether @text of @length has the shape of a timestamp: "dddd-MM-DDThh:mm:ss[.d+]Z" with each
 * number in its range. That the day exists is not the grammar's affair. */
static gboolean is_timestamp(const char *text, gsize length)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    if (length < sizeof shape || text[length - 1] != 'Z')
        return FALSE;
    for (gsize i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != shape[i])
            return FALSE;
    }
#define TWO(at) ((text[at] - '0') * 10 + (text[(at) + 1] - '0'))
    if (TWO(5) < 1 || TWO(5) > 12 || TWO(8) < 1 || TWO(8) > 31 || TWO(11) > 23 || TWO(14) > 59 ||
        TWO(17) > 60)
        return FALSE;
#undef TWO
    gsize i = sizeof shape - 1;
    if (text[i] == '.') {
        gsize digits = 0;
        for (i++; g_ascii_isdigit(text[i]); i++)
            digits++;
        if (digits == 0)
            return FALSE;
    }
    return i == length - 1;
}

static gboolean is_hex(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isxdigit(text[i]))
            return FALSE;
    }
    return length % 2 == 0;
}

/* Base64 of at least one octet; line ends, which section 9.2 wants ignored, between any two. */
static gboolean is_base64(const char *text, gsize length)
{
    gsize digits = 0, padding = 0;
    for (gsize i = 0; i < length; i++) {
        if (text[i] == '\r' || text[i] == '\n')
            continue;
        if (text[i] == '=')
            padding++;
        else if (padding == 0 && (g_ascii_isalnum(text[i]) || text[i] == '+' || text[i] == '/'))
            digits++;
        else
            return FALSE;
    }
    return digits > 0 && (digits + padding) % 4 == 0 && padding <= 2;
}

/* "h'...'", "b'...'", "t'...'": the prefix is at token->start. */
static void lex_prefixed(PatternLexerToken *token)
{
    gboolean escaped;
    const char *problem = NULL;
    const char *inside = token->start + 2;
    gsize length = string_length(token->start + 1, &escaped, &problem);
    if (length == 0) {
        set_invalid(token, 1, problem);
        return;
    }
    gsize inner = length - 2;
    token->length = length + 1;
    switch (token->start[0]) {
    case 'h':
        token->kind = PATTERN_LEXER_HEX;
        if (!is_hex(inside, inner))
            set_invalid(token, length + 1, "a hex constant without an even number of hex digits");
        break;
    case 'b':
        token->kind = PATTERN_LEXER_BINARY;
        if (!is_base64(inside, inner))
            set_invalid(token, length + 1, "a binary constant that is not base64");
        break;
    default:
        token->kind = PATTERN_LEXER_TIMESTAMP;
        if (!is_timestamp(inside, inner))
            set_invalid(token, length + 1, "a timestamp that is not YYYY-MM-DDThh:mm:ss[.s]Z");
    }
}

static PatternLexerKind keyword_kind(const char *word, gsize length)
{
    if (length < 2 || length > 10 || (g_ascii_islower(*word) && *word != 't' && *word != 'f'))
        return PATTERN_LEXER_NAME;
    for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (keywords[i].length == length && memcmp(keywords[i].word, word, length) == 0)
            return keywords[i].kind;
    }
    return PATTERN_LEXER_NAME;
}

static void lex_word(PatternLexerToken *token)
{
    const char *p = token->start + 1;
    gboolean hyphen = FALSE;
    for (; is_name_part(*p) || *p == '-'; p++)
        hyphen |= *p == '-';
    token->length = (gsize)(p - token->start);
    if (*p == '\'' && token->length == 1 && strchr("hbt", *token->start))
        lex_prefixed(token);
    else if (hyphen)
        token->kind = PATTERN_LEXER_HYPHENATED;
    else
        token->kind = keyword_kind(token->start, token->length);
}

/* A number at token->start, if there is one. "007" is two zeros and a seven, as in the grammar. */
static gboolean lex_number(PatternLexerToken *token)
{
    const char *p = token->start;
    if (*p == '+' || *p == '-')
        p++;
    const char *digits = p;
    while (g_ascii_isdigit(*p))
        p++;
    if (p[0] == '.' && g_ascii_isdigit(p[1])) {
        for (p++; g_ascii_isdigit(*p);)
            p++;
        token->kind = PATTERN_LEXER_FLOAT;
    } else if (p > digits) {
        if (*digits == '0')
            p = digits + 1;
        token->kind = PATTERN_LEXER_INTEGER;
    } else {
        return FALSE;
    }
    token->length = (gsize)(p - token->start);
    return TRUE;
}

/* One or two characters of punctuation. */
static void lex_sign(PatternLexerToken *token)
{
    static const struct {
        char sign[3];
        PatternLexerKind kind;
    } signs[] = {
        {"==", PATTERN_LEXER_EQUAL},         {"!=", PATTERN_LEXER_NOT_EQUAL},
        {"<>", PATTERN_LEXER_NOT_EQUAL},     {"<=", PATTERN_LEXER_LESS_EQUAL},
        {">=", PATTERN_LEXER_GREATER_EQUAL}, {"=", PATTERN_LEXER_EQUAL},
        {"<", PATTERN_LEXER_LESS},           {">", PATTERN_LEXER_GREATER},
        {":", PATTERN_LEXER_COLON},          {".", PATTERN_LEXER_DOT},
        {",", PATTERN_LEXER_COMMA},          {"*", PATTERN_LEXER_ASTERISK},
        {"(", PATTERN_LEXER_PAREN_OPEN},     {")", PATTERN_LEXER_PAREN_CLOSE},
        {"[", PATTERN_LEXER_BRACKET_OPEN},   {"]", PATTERN_LEXER_BRACKET_CLOSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (signs[i].sign[0] == token->start[0] &&
            (signs[i].sign[1] == '\0' || signs[i].sign[1] == token->start[1])) {
            token->kind = signs[i].kind;
            token->length = signs[i].sign[1] == '\0' ? 1 : 2;
            return;
        }
    }
    set_invalid(token, (gsize)(g_utf8_next_char(token->start) - token->start), NULL);
}

void pattern_lexer_next(PatternLexer *lexer, PatternLexerToken *ret_token)
{
    gboolean comments_end = skip_blanks(lexer);
    *ret_token = (PatternLexerToken){.kind = PATTERN_LEXER_END, .start = lexer->next};
    char c = *lexer->next;
    if (!comments_end)
        set_invalid(ret_token, 2, "a comment without its end");
    else if (is_name_start(c))
        lex_word(ret_token);
    else if (c == '\'') {
        ret_token->kind = PATTERN_LEXER_STRING;
        ret_token->length = string_length(lexer->next, &ret_token->escaped, &ret_token->problem);
        if (ret_token->length == 0)
            set_invalid(ret_token, 1, ret_token->problem);
    } else if (c != '\0' && !lex_number(ret_token)) {
        lex_sign(ret_token);
    }
    lexer->next += ret_token->length;
}

void pattern_lexer_locate(const char *text, gsize position, guint *ret_line, guint *ret_column)
{
    guint line = 1, column = 1;
    for (gsize i = 0; i < position; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else {
            column += ((guchar)text[i] & 0xc0) != 0x80;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

gboolean pattern_lexer_is_plain_name(const char *name)
{
    if (!is_name_start(*name))
        return FALSE;
    gsize length = 1;
    while (is_name_part(name[length]))
        length++;
    return name[length] == '\0' && keyword_kind(name, length) == PATTERN_LEXER_NAME;
}
