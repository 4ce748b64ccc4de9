/* reminder.h - reminding people of what has to be done: the clocks of dossiers (dossier/engine.h),
 * and whom they reach outside of Concert.
 *
 * At the times that a procedure's table says, who has to act is reminded; when the time is over,
 * also who waits for another; at one and a half times the time the second contact. Warnings before
 * an end (ProcedureClock.before) are for everybody. A reminder says
 * which dossier, which clock and since when, and nothing of the content. What has time is kept
 * until somebody is at work ([clock] hours). One that was given is not given again; after a crash
 * between giving and remembering it is given twice, never not at all. */
#pragma once

#include "base/hours.h"
#include "dossier/docket.h"
#include "node/node.h"

#define REMINDER_URGENT_US ((gint64)4 * 3600 * G_USEC_PER_SEC) /* clocks that never wait */

typedef struct {
    const char *dossier; /* id; borrowed, as all texts */
    const char *procedure, *state;
    const char *clock, *help; /* "acknowledge", "until a person of the responder has seen it" */
    gint64 started, due;      /* microseconds since 1970 */
    guint percent;            /* of the time that is over */
    gboolean waits_here;      /* this node has to act; else it waits for another */
    gboolean is_second;       /* for the second contact too */
    gboolean is_exercise;
} Reminder;

/* Gives a reminder. FALSE: it could not be given, and is to be given again. */
typedef gboolean (*ReminderGive)(const Reminder *reminder, gpointer user, GError **error);

/* Gives what is to be given at @now, and remembers it unless @only_look; a reminder that cannot be
 * given fails, once the others were. @hours NULL: at any time. *ret_count (may be NULL): how many
 * were given. */
gboolean reminder_run(Node *node, const Hours *hours, gint64 now, gboolean only_look,
                      ReminderGive give, gpointer user, guint *ret_count, GError **error);

/* The hours of [clock] hours. */
Hours *reminder_hours(const Config *config, GError **error);

/* Gives a reminder as concert.conf says: runs the programs of [clock]. @user is the Config. */
gboolean reminder_give(const Reminder *reminder, gpointer user, GError **error);

/* {"dossier", ..} of a reminder. */
void reminder_write(const Reminder *reminder, yyjson_mut_doc *doc, yyjson_mut_val *root);

/* Reminds as long as the node is served. @tell: what could not be given (NULL: all is well again),
 * on the thread's own. */
typedef struct ReminderWatch ReminderWatch;
typedef void (*ReminderTell)(const char *message, gpointer user);

ReminderWatch *reminder_start(Node *node, ReminderTell tell, gpointer user, GError **error);
void reminder_stop(ReminderWatch *watch);

/* The operation "dossier.reminded" (node/operation.h). */
gboolean reminder_operation_mark(StoreTx *tx, yyjson_val *params, GError **error);
