/* Operator precedence with a stack of frames, one for each open parenthesis or bracket. A frame
 * collects the operands of the AND being read, the ANDs of the OR being read, and the ORs of the
 * FOLLOWEDBY being read; a weaker operator or the closing parenthesis folds the stronger lists into
 * the weaker ones. */
#include "stix/pattern_parser.h"

#include "stix/pattern_comparison.h"
#include "stix/pattern_literal.h"

/* The operands gathered of one chain, and the object types on which the chain can be true. */
typedef struct {
    PatternNode *first;
    PatternNode *last;
    guint64 types;
} Chain;

enum { CHAIN_AND, CHAIN_OR, CHAIN_FOLLOWEDBY, N_CHAINS }; /* strongest first */

static const PatternKind chain_kinds[N_CHAINS] = {PATTERN_AND, PATTERN_OR, PATTERN_FOLLOWEDBY};

typedef struct Frame Frame;
struct Frame {
    Frame *outer;
    gboolean comparison; /* inside brackets */
    guint position;      /* of the opening parenthesis or bracket */
    PatternLexerKind closer;
    Chain chains[N_CHAINS];
};

typedef struct {
    PatternReader reader;
    Frame *frame; /* innermost; NULL when the pattern is complete */
    Frame *spare; /* closed frames, for reuse */
    guint depth;  /* of frames */
    const PatternNode *root;
} Parser;

static PatternNode *new_node(PatternReader *reader, PatternKind kind, guint position)
{
    PatternNode *node = pattern_arena_take(reader->arena, sizeof *node);
    *node = (PatternNode){.kind = kind, .position = position};
    return node;
}

/* Qualifiers. */

/* A positive number, or NULL. */
static const PatternLiteral *parse_count(PatternReader *reader, gboolean fraction,
                                         const char *expected)
{
    PatternLexerKind kind = reader->token.kind;
    if ((kind != PATTERN_LEXER_INTEGER && (kind != PATTERN_LEXER_FLOAT || !fraction)) ||
        reader->token.start[0] == '-') {
        pattern_reader_fail(reader, expected);
        return NULL;
    }
    guint position = pattern_reader_position(reader);
    const PatternLiteral *count = pattern_reader_take_literal(reader);
    if (!fraction && count->kind != PATTERN_INTEGER) {
        pattern_reader_fail_at(reader, CONCERT_ERROR_INPUT, position,
                               "expected a smaller number of repetitions");
        return NULL;
    }
    if (count->kind == PATTERN_INTEGER ? count->integer == 0 : count->real == 0)
        pattern_reader_breach(reader, TRUE, position, "the number of a qualifier must be positive");
    return count;
}

static const PatternLiteral *parse_moment(PatternReader *reader)
{
    gboolean string = reader->stix20 && reader->token.kind == PATTERN_LEXER_STRING;
    if (!string && reader->token.kind != PATTERN_LEXER_TIMESTAMP) {
        pattern_reader_fail(reader, "a timestamp (t'...')");
        return NULL;
    }
    PatternLiteral *moment = pattern_reader_take_literal(reader);
    if (string && !pattern_literal_to_timestamp(moment)) {
        g_autofree char *found = pattern_reader_quote(moment->text, moment->length);
        g_autofree char *message = g_strdup_printf("expected a timestamp, found %s", found);
        pattern_reader_fail_at(reader, CONCERT_ERROR_INPUT, moment->position, message);
        return NULL;
    }
    return moment;
}

/* Reads what follows WITHIN, REPEATS or START into @qualifier. */
static gboolean parse_qualifier(PatternReader *reader, PatternQualifier *qualifier)
{
    switch (qualifier->kind) {
    case PATTERN_WITHIN:
        qualifier->value = parse_count(reader, TRUE, "a number of seconds");
        return qualifier->value && pattern_reader_take(reader, PATTERN_LEXER_SECONDS, "SECONDS");
    case PATTERN_REPEATS:
        qualifier->value = parse_count(reader, FALSE, "a number of repetitions");
        return qualifier->value && pattern_reader_take(reader, PATTERN_LEXER_TIMES, "TIMES");
    case PATTERN_START_STOP:
        qualifier->value = parse_moment(reader);
        if (!qualifier->value || !pattern_reader_take(reader, PATTERN_LEXER_STOP, "STOP"))
            return FALSE;
        qualifier->stop = parse_moment(reader);
        if (qualifier->stop && qualifier->value->us >= qualifier->stop->us)
            pattern_reader_breach(reader, FALSE, qualifier->position,
                                  "no time is after START and before STOP");
        return qualifier->stop != NULL;
    }
    return FALSE;
}

static gboolean qualifier_kind(PatternLexerKind token, PatternQualifierKind *ret_kind)
{
    switch (token) {
    case PATTERN_LEXER_WITHIN:
        *ret_kind = PATTERN_WITHIN;
        return TRUE;
    case PATTERN_LEXER_REPEATS:
        *ret_kind = PATTERN_REPEATS;
        return TRUE;
    case PATTERN_LEXER_START:
        *ret_kind = PATTERN_START_STOP;
        return TRUE;
    default:
        return FALSE;
    }
}

/* Section 9.5.1 forbids two qualifiers of one kind. The OASIS validator refuses them after a
 * bracket and, as parentheses could always be put between, lets them pass after a parenthesis. */
static gboolean parse_qualifiers(PatternReader *reader, PatternNode *node)
{
    guint seen = 0;
    PatternQualifier *last = NULL;
    PatternQualifierKind kind;
    while (qualifier_kind(reader->token.kind, &kind)) {
        guint position = pattern_reader_position(reader);
        if (seen & 1u << kind) {
            static const char repeated[] = "a second qualifier of this kind is not allowed";
            if (!reader->stix20 && node->kind == PATTERN_OBSERVATION)
                return pattern_reader_fail_at(reader, CONCERT_ERROR_INPUT, position, repeated);
            pattern_reader_breach(reader, !reader->stix20, position, repeated);
        }
        seen |= 1u << kind;
        PatternQualifier *qualifier = pattern_arena_take(reader->arena, sizeof *qualifier);
        *qualifier = (PatternQualifier){.kind = kind, .position = position};
        pattern_reader_advance(reader);
        if (!parse_qualifier(reader, qualifier))
            return FALSE;
        if (last)
            last->next = qualifier;
        else
            node->qualifiers = qualifier;
        last = qualifier;
    }
    return TRUE;
}

/* Frames and chains. */

static gboolean open_frame(Parser *parser, gboolean comparison, PatternLexerKind closer)
{
    guint position = pattern_reader_position(&parser->reader);
    if (parser->depth > PATTERN_MAX_DEPTH) {
        g_autofree char *message =
            g_strdup_printf("parentheses nest deeper than %d", PATTERN_MAX_DEPTH);
        return pattern_reader_fail_at(&parser->reader, CONCERT_ERROR_LIMIT, position, message);
    }
    parser->depth++;
    Frame *frame = parser->spare;
    if (frame)
        parser->spare = frame->outer;
    else
        frame = pattern_arena_take(parser->reader.arena, sizeof *frame);
    *frame = (Frame){
        .outer = parser->frame, .comparison = comparison, .position = position, .closer = closer};
    parser->frame = frame;
    return TRUE;
}

static void append(Parser *parser, guint level, PatternNode *node, guint64 types)
{
    Chain *chain = &parser->frame->chains[level];
    if (!chain->first) {
        chain->first = node;
        chain->types = types;
    } else {
        chain->last->next = node;
        if (level == CHAIN_AND && (chain->types & types) != 0) {
            chain->types &= types;
        } else {
            if (level == CHAIN_AND)
                pattern_reader_breach(&parser->reader, TRUE, node->position,
                                      "what AND joins must be about the same object type");
            chain->types |= types;
        }
    }
    chain->last = node;
}

/* Makes one node of a chain, and empties it. */
static PatternNode *fold(Parser *parser, guint level, guint64 *ret_types)
{
    Chain *chain = &parser->frame->chains[level];
    PatternNode *node = chain->first;
    if (node != chain->last) {
        node = new_node(&parser->reader, chain_kinds[level], node->position);
        node->children = chain->first;
    }
    *ret_types = chain->types;
    *chain = (Chain){.first = NULL};
    return node;
}

/* Folds the chains stronger than @level into that one. */
static void fold_into(Parser *parser, guint level)
{
    for (guint i = 0; i < level; i++) {
        guint64 types;
        PatternNode *node = fold(parser, i, &types);
        append(parser, i + 1, node, types);
    }
}

static gboolean close_frame(Parser *parser)
{
    guint64 types;
    Frame *frame = parser->frame;
    fold_into(parser, CHAIN_FOLLOWEDBY);
    PatternNode *inner = fold(parser, CHAIN_FOLLOWEDBY, &types);
    parser->frame = frame->outer;
    parser->depth--;
    frame->outer = parser->spare;
    parser->spare = frame;
    if (!parser->frame) {
        parser->root = inner;
        return TRUE;
    }
    pattern_reader_advance(&parser->reader);
    gboolean observation = frame->closer == PATTERN_LEXER_BRACKET_CLOSE;
    PatternNode *node = new_node(&parser->reader, observation ? PATTERN_OBSERVATION : PATTERN_GROUP,
                                 frame->position);
    node->children = inner;
    if (!parser->frame->comparison && !parse_qualifiers(&parser->reader, node))
        return FALSE;
    append(parser, CHAIN_AND, node, observation ? PATTERN_READER_ANY_TYPE : types);
    return TRUE;
}

/* Takes an opening parenthesis or bracket, or a comparison. */
static gboolean parse_operand_start(Parser *parser, gboolean *ret_complete)
{
    gboolean comparison = parser->frame->comparison;
    *ret_complete = FALSE;
    if (parser->reader.token.kind == PATTERN_LEXER_PAREN_OPEN) {
        if (!open_frame(parser, comparison, PATTERN_LEXER_PAREN_CLOSE))
            return FALSE;
        pattern_reader_advance(&parser->reader);
        return TRUE;
    }
    if (!comparison) {
        if (parser->reader.token.kind != PATTERN_LEXER_BRACKET_OPEN)
            return pattern_reader_fail(&parser->reader, "'[' or '('");
        if (!open_frame(parser, TRUE, PATTERN_LEXER_BRACKET_CLOSE))
            return FALSE;
        pattern_reader_advance(&parser->reader);
        return TRUE;
    }
    guint64 types;
    PatternTest *test = pattern_comparison_parse(&parser->reader, &types);
    if (!test)
        return FALSE;
    PatternNode *node = new_node(&parser->reader, PATTERN_TEST, test->position);
    node->test = test;
    append(parser, CHAIN_AND, node, types);
    *ret_complete = TRUE;
    return TRUE;
}

static const char *expected_after_operand(const Frame *frame)
{
    if (frame->closer == PATTERN_LEXER_BRACKET_CLOSE)
        return "AND, OR or ']'";
    if (frame->comparison)
        return "AND, OR or ')'";
    if (frame->closer == PATTERN_LEXER_PAREN_CLOSE)
        return "AND, OR, FOLLOWEDBY, a qualifier or ')'";
    return "AND, OR, FOLLOWEDBY, a qualifier or the end of the pattern";
}

/* Takes what stands after a complete operand: an operator, or what closes the frame. */
static gboolean parse_operand_end(Parser *parser, gboolean *ret_complete)
{
    PatternLexerKind kind = parser->reader.token.kind;
    *ret_complete = FALSE;
    if (kind == parser->frame->closer) {
        *ret_complete = TRUE;
        return close_frame(parser);
    }
    if (kind == PATTERN_LEXER_OR)
        fold_into(parser, CHAIN_OR);
    else if (kind == PATTERN_LEXER_FOLLOWEDBY && !parser->frame->comparison)
        fold_into(parser, CHAIN_FOLLOWEDBY);
    else if (kind != PATTERN_LEXER_AND)
        return pattern_reader_fail(&parser->reader, expected_after_operand(parser->frame));
    pattern_reader_advance(&parser->reader);
    return TRUE;
}

gboolean pattern_parser_run(PatternArena *arena, const char *text, gboolean stix20,
                            PatternParserTree *ret_tree, GError **error)
{
    Parser parser;
    pattern_reader_init(&parser.reader, arena, text, stix20, error);
    parser.frame = parser.spare = NULL;
    parser.depth = 0;
    gboolean complete = FALSE;
    gboolean sound = open_frame(&parser, FALSE, PATTERN_LEXER_END);
    while (sound && parser.frame)
        sound = complete ? parse_operand_end(&parser, &complete)
                         : parse_operand_start(&parser, &complete);
    if (!sound)
        return FALSE;
    *ret_tree = (PatternParserTree){.root = parser.root,
                                    .tests = parser.reader.first_test,
                                    .breaches = parser.reader.first_breach,
                                    .n_breaches = parser.reader.n_breaches};
    return TRUE;
}
