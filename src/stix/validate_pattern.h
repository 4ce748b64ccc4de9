/* validate_pattern.h - the rules on patterns that go beyond their grammar: which types and
 * properties may be named. */
#pragma once

#include "stix/object.h"
#include "stix/pattern.h"

/* Reports what is wrong with @pattern, of an indicator of @spec: what the parser itself noticed,
 * then names. */
void validate_pattern(const Pattern *pattern, ObjectSpec spec, PatternBreach breach, void *user);
