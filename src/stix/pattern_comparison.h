/* pattern_comparison.h - reads one comparison expression of a pattern: "file:size > 5". */
#pragma once

#include "stix/pattern_reader.h"

/* Reads a comparison expression and adds it to @reader's tests. *ret_types is a bit set: the bit of
 * its object type, or PATTERN_READER_ANY_TYPE when there are too many types to tell. NULL with the
 * reader's error set on failure. */
PatternTest *pattern_comparison_parse(PatternReader *reader, guint64 *ret_types);
