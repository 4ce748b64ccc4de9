/* suffix.h - public suffixes: names under which anybody can have one ("co.uk", "github.io").
 *
 * An indicator that is one of them is a mistake, and a costly one: it says that everybody's names
 * are malicious. The list is the distribution's, which is kept up to date, or the one that libpsl
 * was built with. */
#pragma once

#include <glib.h>

typedef struct Suffix Suffix;

Suffix *suffix_new(void);

void suffix_free(Suffix *suffix);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Suffix, suffix_free)

/* Is the canonical domain itself a public suffix, by the rules of registries or of those who give
 * names to their customers? */
gboolean suffix_is_public(Suffix *suffix, const char *domain);

/* Which list that is: its file, or "built in", and a checksum of it. */
const char *suffix_version(const Suffix *suffix);
