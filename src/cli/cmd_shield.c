/* cmd_shield.c - `concert shield`: indicators for those who look for them and who block. */
#include "cli/cmd_shield.h"

#include "cli/commands.h"

const Command cmd_shield = {
    .name = "shield",
    .summary = "give indicators to those who look for them and who block",
    .subcommands =
        (const Command *const[]){&shield_compile, &shield_show, &shield_check, &shield_export,
                                 &shield_consumer, &shield_propose, &shield_approve,
                                 &shield_releases, &shield_release, &shield_rollback,
                                 &shield_never_block, &shield_standing, NULL},
};
