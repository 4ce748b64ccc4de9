/* rulebook.h - the default rulebook of a community, in plain language: what its members promise
 * each other. A community may have its own instead. */
#pragma once

#include <glib.h>

#define RULEBOOK_BYTES_MAX  (64 * 1024)
#define RULEBOOK_MEDIA_TYPE "text/plain; charset=utf-8"

/* The text, UTF-8, and its SHA-256 in hex. Static. */
const char *rulebook_default(void);
const char *rulebook_default_hash(void);

/* The SHA-256 of a rulebook in hex. Caller frees. */
char *rulebook_hash(const void *text, gsize length);

/* Whether it may be a rulebook: not empty, UTF-8, lines of text, at most RULEBOOK_BYTES_MAX. */
gboolean rulebook_check(const void *text, gsize length, GError **error);
