/* cmd_policy.h - the subcommands of `concert policy`; each is defined in the file of its name. */
#pragma once

#include "cli/command.h"

extern const Command cmd_policy_explain;
