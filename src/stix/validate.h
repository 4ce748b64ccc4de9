/* validate.h - the MUSTs and SHOULDs of STIX 2.1 (and 2.0) for one object.
 *
 * The rules are data: one table per object type (validate_types.c) names each property, its type,
 * whether it is required and which vocabulary it draws from; a few rules that relate properties to
 * each other are functions named in the table. */
#pragma once

#include "stix/object.h"

/* Called for each breach. @path is the JSON path ("$.pattern"); @must tells a MUST from a SHOULD. */
typedef void (*ValidateReport)(void *user, const char *path, gboolean must, const char *message);

/* Checks the parsed object @root as @spec and reports every breach it finds, at most 100. Custom
 * types and properties are allowed where the specification allows them. Duplicate keys and depth
 * are jsonguard's affair and already checked. */
void validate_object(yyjson_val *root, ObjectSpec spec, ValidateReport report, void *user);
