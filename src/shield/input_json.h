/* input_json.h - a line that is a JSON object, for the formats of inputs/. */
#pragma once

#include "shield/input_row.h"

/* Adds all that the object has; fields are named by their path, "http.hostname", elements of arrays
 * by that of the array. With @leaf a field is known by the last part of its path, too. FALSE when
 * the line is no JSON object, or nests deeper than INPUT_MAX_DEPTH. */
gboolean input_json_read(Input *input, InputRow *row, gboolean leaf);

/* The first line that is a JSON object, without blanks around it: the first of all, but for blank
 * lines and those of an object around it. FALSE when there is none. */
gboolean input_json_first(const char *sample, gsize length, const char **ret_line,
                          gsize *ret_length);

/* Is there one, and has it all of these keys anywhere? NULL ends them. */
gboolean input_json_has(const char *sample, gsize length, const char *const *keys);
