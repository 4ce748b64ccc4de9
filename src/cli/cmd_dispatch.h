/* cmd_dispatch.h - the subcommands of `concert dispatch`; each is defined in the file of its name,
 * those that change what was sent in cmd_dispatch_change.c. */
#pragma once

#include "cli/command.h"

extern const Command cmd_dispatch_grant;
extern const Command cmd_dispatch_hold;
extern const Command cmd_dispatch_list;
extern const Command cmd_dispatch_recall;
extern const Command cmd_dispatch_release;
extern const Command cmd_dispatch_send;
extern const Command cmd_dispatch_show;
extern const Command cmd_dispatch_withdraw;

/* The exit status of an operation that failed: what the policy forbids is a check that failed, and
 * printed here; all else is left in @error. */
int cmd_dispatch_failed(GError **error);
