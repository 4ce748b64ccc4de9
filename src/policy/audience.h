/* audience.h - whom a dispatch is for, resolved once when it is committed: origins, and which of
 * them were named one by one. It never widens afterwards. */
#pragma once

#include "base/error.h"

typedef struct {
    char **origins; /* sorted by their bytes, none twice, NULL-terminated; empty is nobody */
    guint n_origins;
    char **named; /* those of them that were named one by one; the same way */
    guint n_named;
} Audience;

/* Resolves an audience: the origins @named (one by one), and of @members, who a community has now,
 * all but those in @suspended. @self is in no audience of its own. The arrays are NULL-terminated,
 * in any order, names may come twice, and each may be NULL. Who is named one by one stays,
 * suspended or not: it gets nothing until it is active again, and is told so when the dispatch is
 * made. Out of nothing comes nobody.
 *
 * CONCERT_ERROR_INPUT names what is no origin, CONCERT_ERROR_LIMIT says that there are more than
 * OPENING_AUDIENCE_MAX. */
Audience *audience_resolve(const char *const *named, const char *const *members,
                           const char *const *suspended, const char *self, GError **error);

void audience_free(Audience *audience);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audience, audience_free)
