/* Recursion follows the tree, whose height PATTERN_MAX_DEPTH bounds. */
#include "stix/pattern_print.h"

#include "stix/pattern_lexer.h"

static const char *const operator_texts[] = {
    [PATTERN_EQUAL] = "=",
    [PATTERN_NOT_EQUAL] = "!=",
    [PATTERN_LESS] = "<",
    [PATTERN_LESS_EQUAL] = "<=",
    [PATTERN_GREATER] = ">",
    [PATTERN_GREATER_EQUAL] = ">=",
    [PATTERN_IN] = "IN",
    [PATTERN_LIKE] = "LIKE",
    [PATTERN_MATCHES] = "MATCHES",
    [PATTERN_ISSUBSET] = "ISSUBSET",
    [PATTERN_ISSUPERSET] = "ISSUPERSET",
    [PATTERN_EXISTS] = "EXISTS",
};

static void print_string(GString *out, const char *text)
{
    g_string_append_c(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '\'');
}

static void print_literal(GString *out, const PatternLiteral *literal)
{
    switch (literal->kind) {
    case PATTERN_STRING:
        print_string(out, literal->text);
        break;
    case PATTERN_TIMESTAMP:
        g_string_append_printf(out, "t'%s'", literal->text);
        break;
    case PATTERN_HEX:
        g_string_append(out, "h'");
        for (gsize i = 0; i < literal->length; i++)
            g_string_append_printf(out, "%02x", (guchar)literal->text[i]);
        g_string_append_c(out, '\'');
        break;
    case PATTERN_BINARY: {
        g_autofree char *base64 = g_base64_encode((const guchar *)literal->text, literal->length);
        g_string_append_printf(out, "b'%s'", base64);
        break;
    }
    default:
        g_string_append(out, literal->text);
    }
}

static void print_path(GString *out, const PatternTest *test)
{
    g_string_append(out, test->type);
    g_string_append_c(out, ':');
    for (const PatternStep *step = test->steps; step; step = step->next) {
        if (step->kind == PATTERN_STEP_ANY) {
            g_string_append(out, "[*]");
        } else if (step->kind == PATTERN_STEP_INDEX) {
            g_string_append_printf(out, "[%" G_GINT64_FORMAT "]", step->index);
        } else {
            if (step != test->steps)
                g_string_append_c(out, '.');
            if (step->quoted || !pattern_lexer_is_plain_name(step->name))
                print_string(out, step->name);
            else
                g_string_append(out, step->name);
        }
    }
}

static void print_test(GString *out, const PatternTest *test)
{
    if (test->comparator == PATTERN_EXISTS) {
        g_string_append(out, test->negated ? "NOT EXISTS " : "EXISTS ");
        print_path(out, test);
        return;
    }
    print_path(out, test);
    g_string_append(out, test->negated ? " NOT " : " ");
    g_string_append(out, operator_texts[test->comparator]);
    g_string_append_c(out, ' ');
    if (test->comparator != PATTERN_IN) {
        print_literal(out, test->values);
        return;
    }
    g_string_append_c(out, '(');
    for (const PatternLiteral *value = test->values; value; value = value->next) {
        if (value != test->values)
            g_string_append(out, ", ");
        print_literal(out, value);
    }
    g_string_append_c(out, ')');
}

static void print_qualifiers(GString *out, const PatternQualifier *qualifier)
{
    for (; qualifier; qualifier = qualifier->next) {
        switch (qualifier->kind) {
        case PATTERN_WITHIN:
            g_string_append_printf(out, " WITHIN %s SECONDS", qualifier->value->text);
            break;
        case PATTERN_REPEATS:
            g_string_append_printf(out, " REPEATS %s TIMES", qualifier->value->text);
            break;
        case PATTERN_START_STOP:
            g_string_append_printf(out, " START t'%s' STOP t'%s'", qualifier->value->text,
                                   qualifier->stop->text);
            break;
        }
    }
}

static void print_node(GString *out, const PatternNode *node);

static void print_children(GString *out, const PatternNode *node, const char *separator)
{
    for (const PatternNode *child = node->children; child; child = child->next) {
        if (child != node->children)
            g_string_append(out, separator);
        print_node(out, child);
    }
}

static void print_node(GString *out, const PatternNode *node)
{
    switch (node->kind) {
    case PATTERN_OBSERVATION:
        g_string_append_c(out, '[');
        print_children(out, node, "");
        g_string_append_c(out, ']');
        break;
    case PATTERN_GROUP:
        g_string_append_c(out, '(');
        print_children(out, node, "");
        g_string_append_c(out, ')');
        break;
    case PATTERN_FOLLOWEDBY:
        print_children(out, node, " FOLLOWEDBY ");
        break;
    case PATTERN_OR:
        print_children(out, node, " OR ");
        break;
    case PATTERN_AND:
        print_children(out, node, " AND ");
        break;
    case PATTERN_TEST:
        print_test(out, node->test);
        break;
    }
    print_qualifiers(out, node->qualifiers);
}

char *pattern_print_tree(const PatternNode *root)
{
    GString *out = g_string_new(NULL);
    print_node(out, root);
    return g_string_free(out, FALSE);
}
