/* pattern_hash.h - what the values of `hashes` dictionaries look like, by algorithm. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

/* Whether @value can be a hash by the algorithm that @name, a key of a hashes dictionary, means
 * however it is spelt ("SHA-256", "sha256"). Algorithms nobody here knows may look like anything.
 */
gboolean pattern_hash_fits(const char *name, const char *value, gsize length);

/* The observable that hashes under the key @name are, OBSERVABLE_NONE when they are of no such
 * kind. */
ObservableKind pattern_hash_kind(const char *name);
