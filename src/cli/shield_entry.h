/* shield_entry.h - entries of releases, as commands show them. */
#pragma once

#include <yyjson.h>

#include "shield/release.h"

/* "alder.example", "203.0.113.7 port 8080". Caller frees. */
char *shield_entry_words(const ReleaseEntry *entry);

/* Adds `type`, `value` and, where it asks for one, `port` to @row, which borrows the texts. */
void shield_entry_add(yyjson_mut_doc *doc, yyjson_mut_val *row, const ReleaseEntry *entry);
