/* withhold.h - which of the values found are worth telling: those whose indicator is valid, and
 * that are not on a list of well-known values (warninglist.h) - unless they were asked for. What is
 * kept back is counted by list, never dropped in silence. */
#pragma once

#include "shield/set.h"

typedef struct Withhold Withhold;

typedef struct {
    gboolean expired;           /* tell what is not valid now, too */
    gboolean suppressed;        /* tell what is on lists, too */
    const char *const *allowed; /* names of lists that do not count, in any case of letters; NULL:
                                   none. Borrowed */
} WithholdOptions;

Withhold *withhold_new(const WithholdOptions *options);

void withhold_free(Withhold *withhold);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Withhold, withhold_free)

/* Is @value to be told at @now (microseconds)? Counts it when it is not. */
gboolean withhold_admits(Withhold *withhold, const SetValue *value, gint64 now);

/* Whether a list is allowed that is none of @set's: CONCERT_ERROR_INPUT names it. */
gboolean withhold_check(const Withhold *withhold, const Set *set, GError **error);

/* What was kept back: hits by list, in the order of names; a hit on several lists counts for each.
 * Returns hits in all, each once. @each may be NULL. */
typedef void (*WithholdEach)(gpointer user, const char *list, guint64 hits);
guint64 withhold_each(const Withhold *withhold, WithholdEach each, gpointer user);
