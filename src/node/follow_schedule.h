/* follow_schedule.h - runs the followed sources when they are due, for as long as the node is
 * served.
 *
 * One thread, and one source at a time, so that memory stays that of one run. A run that takes long
 * lets the others go first (follow_run.h). After a failure a source has growing patience; what it
 * failed with is kept (store/followed.h). */
#pragma once

#include "node/node.h"

typedef struct FollowSchedule FollowSchedule;

/* What is wrong with a source, on a thread of its own; @message NULL: all is well again. Told when
 * it changes. */
typedef void (*FollowScheduleTell)(const char *source, const char *message, gpointer user);

/* @node, which is the writer, must outlive it. */
FollowSchedule *follow_schedule_start(Node *node, FollowScheduleTell tell, gpointer user);

/* Breaks off what is under way, within some seconds; it is gone on with at the next start. */
void follow_schedule_stop(FollowSchedule *schedule);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FollowSchedule, follow_schedule_stop)
