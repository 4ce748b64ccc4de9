/* manual.h - the manual pages, in roff, from the tables of commands and settings. */
#pragma once

#include "cli/command.h"

/* concert(1). Caller frees. */
char *manual_commands(const Command *const *commands);

/* concert.conf(5). Caller frees. */
char *manual_settings(void);
