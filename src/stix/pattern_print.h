/* pattern_print.h - writes a pattern's tree as text. */
#pragma once

#include "stix/pattern.h"

/* The text of the tree @root, as pattern_to_string() describes it. Caller frees. */
char *pattern_print_tree(const PatternNode *root);
