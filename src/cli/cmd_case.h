/* cmd_case.h - the subcommands of `concert case` that do more than the procedure's table says. */
#pragma once

#include "cli/command.h"

extern const Command cmd_case_import, cmd_case_export;
