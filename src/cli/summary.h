/* summary.h - stored versions in a few words, for `search` and `show`. */
#pragma once

#include <yyjson.h>

#include "store/objects.h"

/* The object's name, else the pattern, value or whatever else tells it from others, cut to @width
 * characters; "" when there is nothing. Caller frees. */
char *summary_title(const ObjectsRow *row, guint width);

/* "", "revoked", "variant", "claim", "out of use": what keeps the version from being the plain
 * truth. @retired: records_retired(). Static. */
const char *summary_state(const ObjectsRow *row, GHashTable *retired);

/* What is known of the version, without its bytes. */
yyjson_mut_val *summary_json(yyjson_mut_doc *doc, const ObjectsRow *row, GHashTable *retired);
