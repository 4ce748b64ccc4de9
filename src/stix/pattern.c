#include "stix/pattern.h"

#include <string.h>

#include "base/error.h"
#include "stix/pattern_parser.h"
#include "stix/pattern_print.h"
#include "stix/pattern_values.h"

/* What a tree takes, in multiples of the text: seen on published patterns, rounded up. */
#define TREE_TO_TEXT        8
#define FIRST_BLOCK         512
#define LARGEST_FIRST_BLOCK (256 * 1024)

struct Pattern {
    PatternArena arena;
    const char *text;
    PatternParserTree tree;
};

static gboolean check_text(const char *text, gsize length, GError **error)
{
    if (length > PATTERN_MAX_LENGTH) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the pattern is longer than %d bytes", PATTERN_MAX_LENGTH);
        return FALSE;
    }
    const char *end;
    if (g_utf8_validate_len(text, length, &end))
        return TRUE;
    gboolean nul = *end == '\0';
    g_autofree char *message = pattern_reader_locate(
        text, (gsize)(end - text), nul ? "a NUL character is not allowed" : "this is not UTF-8");
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, message);
    return FALSE;
}

static Pattern *parse(const char *text, gsize length, gboolean stix20, GError **error)
{
    if (!check_text(text, length, error))
        return NULL;
    g_autoptr(Pattern) pattern = g_new(Pattern, 1);
    pattern_arena_init(&pattern->arena,
                       MIN(FIRST_BLOCK + TREE_TO_TEXT * length, LARGEST_FIRST_BLOCK));
    pattern->text = pattern_arena_copy(&pattern->arena, text, length);
    if (!pattern_parser_run(&pattern->arena, pattern->text, stix20, &pattern->tree, error))
        return NULL;
    return g_steal_pointer(&pattern);
}

Pattern *pattern_parse(const char *text, gsize length, GError **error)
{
    return parse(text, length, FALSE, error);
}

Pattern *pattern_parse_20(const char *text, gsize length, GError **error)
{
    return parse(text, length, TRUE, error);
}

void pattern_free(Pattern *pattern)
{
    if (!pattern)
        return;
    pattern_arena_clear(&pattern->arena);
    g_free(pattern);
}

const PatternNode *pattern_root(const Pattern *pattern)
{
    return pattern->tree.root;
}

const PatternTest *pattern_tests(const Pattern *pattern)
{
    return pattern->tree.tests;
}

char *pattern_to_string(const Pattern *pattern)
{
    return pattern_print_tree(pattern->tree.root);
}

void pattern_foreach_value(const Pattern *pattern, PatternValue value, void *user)
{
    for (const PatternTest *test = pattern->tree.tests; test; test = test->following)
        pattern_values_of_test(test, value, user);
}

/* The depth of the tree is bounded: PATTERN_MAX_DEPTH. */
static gboolean is_choice(const PatternNode *node, guint *values)
{
    if (node->kind == PATTERN_TEST) {
        const PatternTest *test = node->test;
        for (const PatternLiteral *value = test->values; value; value = value->next)
            (*values)++;
        return !test->negated &&
               (test->comparator == PATTERN_EQUAL || test->comparator == PATTERN_IN ||
                test->comparator == PATTERN_ISSUBSET);
    }
    if (node->kind == PATTERN_AND || node->kind == PATTERN_FOLLOWEDBY || node->qualifiers)
        return FALSE;
    for (const PatternNode *child = node->children; child; child = child->next)
        if (!is_choice(child, values))
            return FALSE;
    return TRUE;
}

gboolean pattern_is_choice(const Pattern *pattern, guint *ret_values)
{
    *ret_values = 0;
    return is_choice(pattern->tree.root, ret_values);
}

static gboolean is_regex(const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new(text, G_REGEX_DOTALL, G_REGEX_MATCH_DEFAULT, NULL);
    return regex != NULL;
}

/* What is wrong with the operand of @test, or NULL. These checks cost more than parsing, so nobody
 * pays for them before asking; @regexes counts down, as compiling one can take 0.1 ms. */
static const char *check_operand(const PatternTest *test, guint *regexes)
{
    const PatternLiteral *value = test->values;
    if (test->comparator == PATTERN_MATCHES && *regexes > 0) {
        --*regexes;
        if (!is_regex(value->text))
            return "MATCHES needs a regular expression of PCRE's syntax";
    } else if (test->comparator == PATTERN_ISSUBSET || test->comparator == PATTERN_ISSUPERSET) {
        g_autofree char *range =
            observable_normalise(OBSERVABLE_CIDR, value->text, value->length, NULL);
        if (!range)
            return "ISSUBSET and ISSUPERSET need an IP address or range";
    }
    return NULL;
}

void pattern_foreach_breach(const Pattern *pattern, PatternBreach breach, void *user)
{
    for (const PatternReaderBreach *b = pattern->tree.breaches; b; b = b->next) {
        g_autofree char *message = pattern_reader_locate(pattern->text, b->position, b->message);
        breach(user, b->must, message);
    }
    guint left = PATTERN_MAX_BREACHES - pattern->tree.n_breaches;
    guint regexes = PATTERN_MAX_REGEXES;
    for (const PatternTest *test = pattern->tree.tests; test && left > 0; test = test->following) {
        const char *problem = check_operand(test, &regexes);
        if (!problem)
            continue;
        g_autofree char *message =
            pattern_reader_locate(pattern->text, test->values->position, problem);
        breach(user, TRUE, message);
        left--;
    }
}
