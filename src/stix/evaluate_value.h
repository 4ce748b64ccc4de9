/* evaluate_value.h - how a value seen compares with a constant of a pattern (STIX 2.1 section 9.6).
 *
 * Strings compare by code points, without normalisation; numbers by value; octets with octets, with
 * `_hex` and `_bin` properties, and with strings of code points below 256; timestamps with strings
 * that are timestamps. Whatever else differs in type cannot be compared. Values of ipv4-addr and
 * ipv6-addr objects that are one address are equal however they are spelt, "/32" or "/128" behind
 * them included, since section 6.9 lets a single address be written both ways. */
#pragma once

#include "stix/evaluate_path.h"

typedef enum {
    EVALUATE_VALUE_LESS = -1,
    EVALUATE_VALUE_EQUAL = 0,
    EVALUATE_VALUE_GREATER = 1,
    EVALUATE_VALUE_OTHER_TYPE, /* they cannot be compared: unequal, and neither less nor greater */
    EVALUATE_VALUE_UNEQUAL,    /* unequal, without an order */
    EVALUATE_VALUE_WRONG,      /* the constant is a timestamp, and the string seen is none */
} EvaluateValueOrder;

/* The order of what was @seen and the constant @literal. */
EvaluateValueOrder evaluate_value_compare(const EvaluatePathValue *seen,
                                          const PatternLiteral *literal);

/* Whether the property's name says that its string is octets, written in hex or Base64. */
gboolean evaluate_value_is_octets(const EvaluatePathValue *seen);

/* The octets of @seen, for which evaluate_value_is_octets() holds; NULL if the string is wrong. */
GBytes *evaluate_value_octets(const EvaluatePathValue *seen);

/* A text that equal values share, to find them by in a table: values that compare equal have the
 * same key. NULL: @literal, or what was @seen, cannot be found that way. Caller frees. */
char *evaluate_value_key(const EvaluatePathValue *seen);
char *evaluate_value_literal_key(const PatternStep *steps, const PatternLiteral *literal);
