/* cmd_notify.h - the subcommands of `concert notify` that do not follow from the procedure's table
 * (dossier/notice.h), and what they share. */
#pragma once

#include "cli/command_node.h"
#include "dossier/docket.h"

extern const Command cmd_notify_approve;
extern const Command cmd_notify_draft;
extern const Command cmd_notify_import_replies;
extern const Command cmd_notify_mails;
extern const Command cmd_notify_remind;
extern const Command cmd_notify_reply;
extern const Command cmd_notify_send;
extern const Command cmd_notify_stats;

/* Options by which many notices are chosen at once. */
#define CMD_NOTIFY_CHOOSING                                                                        \
    {"batch", 'b', COMMAND_TEXT, "NAME", .help = "all that were drafted together"},                \
    {                                                                                              \
        "all", 'a', COMMAND_FLAG, .help = "all that it is possible with"                           \
    }

/* The ids of the notices that a call is about: those named by its arguments (a beginning of an id
 * is enough; a reference too), else, by CMD_NOTIFY_CHOOSING, those in one of @states
 * (NULL-terminated). CONCERT_ERROR_NOT_FOUND when there is none. Elements: char *. */
GPtrArray *cmd_notify_choose(const CommandCall *call, Store *store, const char *const *states,
                             GError **error);

/* The id of the notice that @name is an id of, the beginning of one, or the reference of. Caller
 * frees. */
char *cmd_notify_id(Store *store, const char *name, GError **error);

/* Makes an event of a notice; @payload is the text of a JSON object. *ret_state (may be NULL) is
 * the state in which it is then. */
gboolean cmd_notify_event(Node *node, const char *dossier, const char *type, const char *signatory,
                          const char *payload, char **ret_state, GError **error);

/* Sends the mails that are due (@early: all that wait), if nobody serves the node, who would. */
gboolean cmd_notify_deliver(Node *node, gboolean early, GError **error);
