/* validate_relationships.h - which relationships the specifications suggest. */
#pragma once

#include "stix/validate_schema.h"

/* Notes in @object, a relationship, what is not suggested between its types. */
void validate_relationships_check(ValidateContext *context, yyjson_val *object);
