#include "cli/commands.h"

const Command *const *commands_list(void)
{
    static const Command *const commands[] = {
        &cmd_version,
        NULL,
    };
    return commands;
}
