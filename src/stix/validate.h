/* validate.h - the MUSTs and SHOULDs of STIX 2.1 (and 2.0) for one object.
 *
 * The rules are data: one table per object type (validate_objects21.c, validate_observables21.c,
 * their like for STIX 2.0, validate_extensions.c, validate_parts.c) names each property, its type,
 * whether it is required and which vocabulary it draws from; a few rules that relate properties to
 * each other are functions named in the table (validate_rules.c). */
#pragma once

#include "stix/object.h"

/* Called for each breach. @path is the JSON path ("$.pattern"); @must tells a MUST from a SHOULD.
 */
typedef void (*ValidateReport)(void *user, const char *path, gboolean must, const char *message);

/* Checks the parsed object @root as @spec and reports the breaches it finds, at most 100: each of a
 * MUST as it is found, then, with @wishes, those of SHOULDs, of one kind together at the first
 * place. Custom types
 * and properties are allowed where the specification allows them. Duplicate keys and depth are
 * jsonguard's affair and already checked. */
void validate_object(yyjson_val *root, ObjectSpec spec, gboolean wishes, ValidateReport report,
                     void *user);

/* Whether @type is an observable of STIX 2.1, which is stored by itself. */
gboolean validate_is_observable(const char *type, gsize length);
