/* release_standing.h - applies standing approvals (shield/release.h) as long as the node is served:
 * what came since and lies within their bounds comes into force by itself. What is dangerous never
 * does, and what exceeds a day's bound waits for a person. */
#pragma once

#include "node/node.h"

/* Applies them once, as of @now (microseconds). The node must be the writer. *ret_values (may be
 * NULL): how many values are blocked that were not before. */
gboolean release_standing_run(Node *node, gint64 now, guint64 *ret_values, GError **error);

/* Does so whenever something has changed, at most once in [shield] standing_interval. @tell: why it
 * could not be done (NULL: it can be again), on the thread's own. */
typedef struct ReleaseStandingWatch ReleaseStandingWatch;
typedef void (*ReleaseStandingTell)(const char *message, gpointer user);

ReleaseStandingWatch *release_standing_start(Node *node, ReleaseStandingTell tell, gpointer user);
void release_standing_stop(ReleaseStandingWatch *watch);
