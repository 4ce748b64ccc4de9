/* cmd_request.h - the subcommands of `concert request`, and what they share. What is possible in
 * which state, and for whom, is asked of the procedure's table (dossier/request.h): nothing here
 * knows it. */
#pragma once

#include "cli/command_node.h"
#include "cli/output.h"
#include "dossier/docket.h"

extern const Command cmd_request_ack;
extern const Command cmd_request_answer;
extern const Command cmd_request_close;
extern const Command cmd_request_comment;
extern const Command cmd_request_list;
extern const Command cmd_request_send;
extern const Command cmd_request_show;
extern const Command cmd_request_withdraw;

/* --- in cmd_request.c ---------------------------------------------------------------------------
 */

/* Which subcommand makes an event of a type, and what has to be typed after the id. */
typedef struct {
    const char *type;    /* "answered" */
    const char *command; /* "answer" */
    const char *rest;    /* " TEXT"; "" */
} RequestStep;

/* NULL if none does. */
const RequestStep *cmd_request_step(const char *type);

/* The dossier's id, or the beginning of one, that the call's first argument names; "request-" may
 * be left out. Caller frees. */
char *cmd_request_id(const CommandCall *call);

/* As much of an id as a list shows: what begins with that is hardly ever another. Caller frees. */
char *cmd_request_short(const char *id);

/* The text that the arguments from @first on give, or standard input for a single "-". NULL without
 * @error: there is none. Caller frees. */
gboolean cmd_request_text(const CommandCall *call, guint first, char **ret_text, GError **error);

/* What is to be done. */
typedef struct {
    yyjson_mut_doc *params; /* of dossier.event */
    yyjson_mut_val *payload;
} RequestAct;

/* Of @type; @dossier NULL: a new request. */
RequestAct cmd_request_act(const char *type, const char *dossier);

/* Adds a text to the payload; NULL: nothing. @text outlives @act. */
void cmd_request_add(RequestAct *act, const char *member, const char *text);

/* The same of an option's time, or duration from now on. */
gboolean cmd_request_add_time(RequestAct *act, const char *member, const CommandCall *call,
                              const char *option, GError **error);

/* Says who signs, does it, and tells what became of it; frees @act. Returns an exit status. */
int cmd_request_run(const CommandCall *call, Node *node, RequestAct *act, GError **error);

/* The options that every subcommand has which does something. */
#define CMD_REQUEST_OPTION_AS                                                                      \
    {                                                                                              \
        .name = "as", .type = COMMAND_TEXT, .argument = "NAME",                                    \
        .help = "who signs for it, by name or office (default: [node] signatory, else the "        \
                "organisation)"                                                                    \
    }

/* --- in cmd_request_list.c ----------------------------------------------------------------------
 */

/* The members of a dossier's row. */
void cmd_request_add_dossier(yyjson_mut_doc *doc, yyjson_mut_val *root, const Dossier *dossier,
                             gint64 now);

/* "OVERDUE since ..", "2026-05-01 10:20:30Z"; "" for none. Caller frees. */
char *cmd_request_due(gint64 due, gint64 now);
