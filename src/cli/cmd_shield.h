/* cmd_shield.h - the subcommands of `concert shield`, a file each. */
#pragma once

#include "cli/command.h"

extern const Command shield_check;
extern const Command shield_compile;
extern const Command shield_export;
extern const Command shield_consumer;
extern const Command shield_show;
extern const Command shield_approve;
extern const Command shield_never_block;
extern const Command shield_propose;
extern const Command shield_release;
extern const Command shield_releases;
extern const Command shield_rollback;
extern const Command shield_standing;
