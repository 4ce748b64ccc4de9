/* pattern.h - the STIX patterning language, STIX 2.1 section 9 (and 2.0 part 5).
 *
 * What is a pattern is told by the grammar that OASIS publishes with the specification, by the
 * hash formats, and by the rule on repeated qualifiers; what is not, is refused with line and
 * column. The specification's other MUSTs (operands of AND on one object type, positive WITHIN,
 * dates that exist, ...) do not keep a pattern from being read: published patterns break them, and
 * their values still serve. pattern_foreach_breach() names those.
 *
 * The parser is iterative where a pattern may nest or repeat (thousands of ORs are normal in the
 * wild), runs in linear time, and is bounded in size and depth. A chain of ANDs, of ORs or of
 * FOLLOWEDBYs is one node with many children, so that the depth of the tree is that of the
 * parentheses: a walk over it may recurse. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

#define PATTERN_MAX_LENGTH   (1024 * 1024)
#define PATTERN_MAX_DEPTH    1000 /* parentheses and brackets; the tree is at most 4 times as high */
#define PATTERN_MAX_BREACHES 100
#define PATTERN_MAX_REGEXES  100 /* regular expressions of a pattern that are checked */

typedef struct Pattern Pattern;

typedef enum {
    PATTERN_OBSERVATION, /* "[...]": one child, of the comparison kinds */
    PATTERN_GROUP,       /* "(...)": one child; among observations or among comparisons */
    PATTERN_FOLLOWEDBY,  /* two or more children, each an observation, a group, AND or OR */
    PATTERN_OR,          /* two or more children; among observations or among comparisons */
    PATTERN_AND,         /* likewise */
    PATTERN_TEST,        /* one comparison expression */
} PatternKind;

typedef enum {
    PATTERN_EQUAL,     /* "=", "==" */
    PATTERN_NOT_EQUAL, /* "!=", "<>" */
    PATTERN_LESS,
    PATTERN_LESS_EQUAL,
    PATTERN_GREATER,
    PATTERN_GREATER_EQUAL,
    PATTERN_IN,
    PATTERN_LIKE,
    PATTERN_MATCHES,
    PATTERN_ISSUBSET,
    PATTERN_ISSUPERSET,
    PATTERN_EXISTS,
} PatternOperator;

typedef enum {
    PATTERN_STRING,
    PATTERN_INTEGER,
    PATTERN_FLOAT, /* also an integer that does not fit 64 bits */
    PATTERN_BOOLEAN,
    PATTERN_TIMESTAMP,
    PATTERN_HEX,
    PATTERN_BINARY,
} PatternLiteralKind;

typedef struct PatternLiteral PatternLiteral;
typedef struct PatternStep PatternStep;
typedef struct PatternTest PatternTest;
typedef struct PatternQualifier PatternQualifier;
typedef struct PatternNode PatternNode;

/* A constant. @position, here and below, is an offset in bytes into the pattern's text. */
struct PatternLiteral {
    PatternLiteralKind kind;
    guint position;
    const char
        *text;    /* NUL-terminated. STRING: without apostrophes and escapes; HEX, BINARY: the
                     octets; TIMESTAMP: without t and apostrophes; else as written, without "+" */
    gsize length; /* of text, in bytes */
    union {
        gint64 integer;
        double real;
        gboolean boolean;
        gint64 us; /* TIMESTAMP: microseconds since 1970 */
    };
    const PatternLiteral *next; /* in an IN set */
};

typedef enum {
    PATTERN_STEP_NAME,  /* a property, a key of a dictionary, or a reference to follow */
    PATTERN_STEP_INDEX, /* "[1]" */
    PATTERN_STEP_ANY,   /* "[*]" */
} PatternStepKind;

/* One step of an object path after its type. */
struct PatternStep {
    guint kind : 2; /* PatternStepKind */
    guint quoted : 1;
    union {
        const char *name;
        gint64 index;
    };
    const PatternStep *next;
};

/* A comparison expression. */
struct PatternTest {
    PatternOperator comparator;
    gboolean negated; /* NOT */
    guint position;
    const char *type;             /* the object type before the colon */
    const PatternStep *steps;     /* at least one, the first a name */
    const PatternLiteral *values; /* one; IN: any number; EXISTS: none */
    const PatternTest *following; /* the next in the text, whatever the tree; NULL after the last */
};

typedef enum {
    PATTERN_WITHIN,     /* value: seconds, INTEGER or FLOAT */
    PATTERN_REPEATS,    /* value: INTEGER */
    PATTERN_START_STOP, /* value and stop: TIMESTAMP */
} PatternQualifierKind;

struct PatternQualifier {
    PatternQualifierKind kind;
    guint position;
    const PatternLiteral *value;
    const PatternLiteral *stop;
    const PatternQualifier *next; /* applies to what this one qualified */
};

struct PatternNode {
    PatternKind kind;
    guint position;
    const PatternNode *next; /* the parent's next child */
    union {
        const PatternNode *children; /* the first */
        const PatternTest *test;     /* PATTERN_TEST only */
    };
    const PatternQualifier *qualifiers; /* of an observation or a group of them, innermost first */
};

/* Parses @length bytes of UTF-8 as a pattern of STIX 2.1. Fails with CONCERT_ERROR_INPUT,
 * "line 1, column 17: expected ..., found ..." (columns count characters from 1), or
 * CONCERT_ERROR_LIMIT. */
Pattern *pattern_parse(const char *text, gsize length, GError **error);

/* The same for STIX 2.0, where START and STOP take plain strings as well, and nothing forbids a
 * qualifier to be repeated. */
Pattern *pattern_parse_20(const char *text, gsize length, GError **error);

void pattern_free(Pattern *pattern);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pattern, pattern_free)

/* The tree; everything in it lives as long as @pattern. */
const PatternNode *pattern_root(const Pattern *pattern);

/* The first comparison of the text; the others follow by PatternTest.following. */
const PatternTest *pattern_tests(const Pattern *pattern);

/* The pattern with one spelling for blanks, operators, escapes and numbers' signs; parentheses and
 * apostrophes around names are kept. Parsing and printing it again gives the same text. Caller
 * frees. */
char *pattern_to_string(const Pattern *pattern);

/* A value an equality test of the pattern names (`=`, each of `IN (...)`, ISSUBSET of a range),
 * canonical, with its kind told from the object path; comparisons under NOT or `!=` are left out.
 * Strings at paths that name no observable Concert knows, or that are not what their path
 * promises, are OBSERVABLE_OTHER; `type` properties, empty strings and constants that are no
 * strings are left out. */
typedef void (*PatternValue)(void *user, ObservableKind kind, const char *canonical);

/* Calls @value for every such value, in the order of the text. */
void pattern_foreach_value(const Pattern *pattern, PatternValue value, void *user);

/* TRUE when the pattern says no more than "one of these values": comparisons with `=`, `IN` or
 * ISSUBSET, none of them negated, joined by OR, in brackets joined by OR, without qualifiers.
 * *ret_values: the constants of all of them. When pattern_foreach_value() tells as many values that
 * are not OBSERVABLE_OTHER, whoever has these needs no evaluator. */
gboolean pattern_is_choice(const Pattern *pattern, guint *ret_values);

/* @message begins with "line 1, column 17: "; @must tells a MUST from advice. */
typedef void (*PatternBreach)(void *user, gboolean must, const char *message);

/* Calls @breach for every rule of the specification that the pattern breaks although it could be
 * read, at most PATTERN_MAX_BREACHES times: first what reading came upon, then wrong regular
 * expressions and address ranges. */
void pattern_foreach_breach(const Pattern *pattern, PatternBreach breach, void *user);
