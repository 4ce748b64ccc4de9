/* pattern.h - the STIX patterning language, STIX 2.1 section 9 (and 2.0 part 5).
 *
 * The parser is iterative where a pattern may nest or repeat (thousands of ORs are normal in the
 * wild), bounded in size and depth, and keeps line and column for every error. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

#define PATTERN_MAX_LENGTH (4 * 1024 * 1024)
#define PATTERN_MAX_DEPTH  1000

typedef struct Pattern Pattern;

/* Parses @length bytes of UTF-8. Fails with CONCERT_ERROR_INPUT, "line 1, column 17: expected ...",
 * or CONCERT_ERROR_LIMIT. */
Pattern *pattern_parse(const char *text, gsize length, GError **error);

void pattern_free(Pattern *pattern);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pattern, pattern_free)

/* A value an equality test of the pattern names (`=`, each of `IN (...)`, ISSUBSET of a range),
 * canonical, with its kind told from the object path; comparisons under NOT or `!=` are left out.
 * Paths that name no observable Concert knows are OBSERVABLE_OTHER. */
typedef void (*PatternValue)(void *user, ObservableKind kind, const char *canonical);

/* Calls @value for every such value, in the order of the text. */
void pattern_foreach_value(const Pattern *pattern, PatternValue value, void *user);
