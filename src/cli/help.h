/* help.h - the help of commands, for the screen and as manual pages, from the table of commands. */
#pragma once

#include "cli/command.h"

/* `concert --help` */
void help_print_all(const Command *const *commands);

/* `concert <path> --help` */
void help_print(const Command *command, const char *path);

/* The text of concert(1) and concert.conf(5) in roff. Caller frees. */
char *help_manual(const Command *const *commands);
char *help_manual_settings(void);
