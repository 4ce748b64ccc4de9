/* validate_value.h - checking one value against its property's line in a table. */
#pragma once

#include "stix/validate_context.h"

/* Checks @value, the value of the property at @index of @compiled, lists element by element. */
void validate_value_check(ValidateContext *context, const ValidateCompiled *compiled, guint index,
                          yyjson_val *value);

/* Checks a property that no table has: its name at @key, and what every property must be. */
void validate_value_check_custom(ValidateContext *context, yyjson_val *key, yyjson_val *value);

/* Checks that @value is an identifier that may stand where @reference is asked for. */
void validate_value_check_reference(ValidateContext *context, ValidateReference reference,
                                    yyjson_val *value);
