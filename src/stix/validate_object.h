/* validate_object.h - checking an object, or a structure inside one, against its schema. */
#pragma once

#include "stix/validate_context.h"

/* Checks properties and rules of @object, which must be a JSON object (anything else is reported as
 * a breach). */
void validate_object_check(ValidateContext *context, const ValidateCompiled *compiled,
                           yyjson_val *object);

/* Checks a whole STIX object: type, schema, identifier, extensions. */
void validate_object_check_whole(ValidateContext *context, yyjson_val *object);

/* Checks an observable of a container; references in it are keys of the container. */
void validate_object_check_contained(ValidateContext *context, yyjson_val *object);
