/* pattern_values.h - which observable a comparison of a pattern names, told from its object path.
 */
#pragma once

#include "stix/pattern.h"

/* Calls @value for each value that @test alone, being an equality or ISSUBSET, names. */
void pattern_values_of_test(const PatternTest *test, PatternValue value, void *user);
