/* object_values.h - under which values an object can be found. */
#pragma once

#include "stix/object.h"
#include "stix/pattern.h"

/* Collects into @object->values what @root is about: the value of an observable, those of the
 * observables in observed-data, those @pattern (NULL when there is none) tests for, and the name of
 * anything that has one, in lower case. Each value once. Sets @object->whole_pattern. Fails with
 * CONCERT_ERROR_LIMIT. */
gboolean object_values_collect(Object *object, yyjson_val *root, const Pattern *pattern,
                               GError **error);
