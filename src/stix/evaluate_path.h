/* evaluate_path.h - the values that an object path of a pattern leads to in an observation
 * (STIX 2.1 section 9.7).
 *
 * A property whose name ends in _ref, and the elements of a list whose name ends in _refs, stand
 * for the object they name as soon as the path goes on; a path that ends there means the reference
 * itself. A step that cannot be taken leads nowhere, which is no mistake. */
#pragma once

#include "stix/observed.h"
#include "stix/pattern.h"

/* Values and intermediate steps one path may come upon in one object: references can lead in
 * circles, and lists of them multiply. */
#define EVALUATE_PATH_MAX_STEPS 20000
#define EVALUATE_PATH_MAX_LISTS 64 /* "[*]" in one path */

typedef struct {
    yyjson_val *value;
    const char *name;   /* the last property or key stepped into; NULL: none */
    yyjson_val *holder; /* the object or dictionary that has it */
} EvaluatePathValue;

/* Returns TRUE to end the walk. */
typedef gboolean (*EvaluatePathVisit)(gpointer user, const EvaluatePathValue *value);

typedef enum {
    EVALUATE_PATH_DONE,    /* all values were shown */
    EVALUATE_PATH_ENDED,   /* the visitor ended the walk */
    EVALUATE_PATH_TOO_FAR, /* a bound was met: some values may not have been shown */
} EvaluatePathResult;

/* Shows @visit each value that @steps lead to from @object, an object of @observed. */
EvaluatePathResult evaluate_path_walk(const Observed *observed, yyjson_val *object,
                                      const PatternStep *steps, EvaluatePathVisit visit,
                                      gpointer user);
